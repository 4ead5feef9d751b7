"""Words for a setting that is worth keeping: its entry of a catalogue, to be copied."""

from __future__ import annotations


def entry_lines(entry: str) -> list[str]:
    """Return the lines of an entry, below one that says where it belongs.

    Args:
        entry: TOML of a catalogue of models.
    """
    return [
        "  for a catalogue (--llm-models FILE):",
        *(f"    {line}" for line in entry.splitlines()),
    ]
