"""Models of this process through transformers, and adapters through peft."""
