"""Models that grade: metrics for which a model reads the answers."""
