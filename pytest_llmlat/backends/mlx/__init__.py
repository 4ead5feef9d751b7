"""Models of this process through MLX."""
