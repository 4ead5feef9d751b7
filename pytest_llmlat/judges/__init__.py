"""Judges: metrics for which a model reads the answers."""
