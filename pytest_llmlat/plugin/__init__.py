"""The pytest plugin ``llmlat``, found without pytest's rewriting of assertions."""

from __future__ import annotations

from pytest_llmlat.plugin.plain_finder import find_plainly

find_plainly()

from pytest_llmlat.plugin.hooks import *  # noqa: E402, F403 - what pytest looks for here
