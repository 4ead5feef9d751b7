"""The sentence of the whole run in JUnit's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

# The fixture ``record_testsuite_property`` does the same, and reaches no test of a run
# whose tests are in other processes.
from _pytest.junitxml import xml_key

if TYPE_CHECKING:
    import pytest


def add_sentence(config: pytest.Config, sentence: str) -> None:
    """Add the property ``llm_sentence`` to the suite, if there is such a file.

    It was written before the run could be judged, so it is written once more.
    """
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        xml.add_global_property("llm_sentence", sentence)
        xml.pytest_sessionfinish()
