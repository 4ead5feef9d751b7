"""What this computer is, what it has, and what else it is doing."""
