"""Names of files in which made things tell how they were made."""

from __future__ import annotations

PROVENANCE = "training.json"
"""File in the folder of an adapter that was trained here: of which base (digests of
its files of weights), on which rows, by which recipe."""
