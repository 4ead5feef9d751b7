"""Finds our modules as Python does, without pytest's rewriting of assertions.

pytest rewrites each module of a distribution that brings a plugin. What an installer
compiled is of no use to it, and what it compiles itself it keeps only where it may
write: else every run of every project would compile all that it loads of us, for
assertions that we do not have.

It is there while pytest runs. The list of finders lives as long as the interpreter, and
whoever stands in it keeps all of pytest alive through a collection of garbage more.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

_PACKAGE = "pytest_llmlat."
_TESTS = "pytest_llmlat.benchmarks"
"""Tests that are run where they are installed; their assertions are rewritten."""


class PlainFinder:
    """Finds our modules as Python does, before pytest's own finder is asked."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Return where a module of ours is; ``None`` for every other one."""
        del target
        if not name.startswith(_PACKAGE) or name.startswith(_TESTS):
            return None
        return PathFinder.find_spec(name, path)


def find_plainly() -> None:
    """Find our modules without rewriting from now on."""
    if PlainFinder not in sys.meta_path:
        sys.meta_path.insert(0, PlainFinder)


def find_as_usual() -> None:
    """Leave our modules to the other finders again."""
    if PlainFinder in sys.meta_path:
        sys.meta_path.remove(PlainFinder)
