"""From the text of an answer to its grade: extract, then judge."""
