"""How many examples a test draws that is content with fewer than others."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> int:
    """Return a number of examples, or that of the profile where it has fewer.

    A number in ``@settings`` holds in every profile, that of ``tox -e quick`` too.
    """
    return min(examples, settings().max_examples)
