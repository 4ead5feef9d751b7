"""From the name of a task to its prompts and samples."""
