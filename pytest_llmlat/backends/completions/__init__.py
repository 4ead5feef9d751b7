"""What all OpenAI-compatible servers have in common."""
