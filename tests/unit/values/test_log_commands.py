"""No text from elsewhere gives a command to a runner of continuous integration."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.report.figures import printable
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.log_commands import without_commands

OBEYED = re.compile(r"^\s*::[A-Za-z]|##[A-Za-z]*\[|section_start:\d|travis_fold:|^--- ")
PIECES = [
    "--- ",
    "section_start:1",
    "travis_fold:start:x",
    "::",
    ":",
    "#",
    "##",
    "[",
    "]",
    "vso",
    "add-mask",
    " ",
    "a",
    "\n",
    "error",
]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        ("  ::set-output name=a::b", "  : :set-output name=a::b"),
        ("no ##vso[task.setvariable]x", "no # #vso[task.setvariable]x"),
        ("##[error]all is well", "# #[error]all is well"),
        ("##teamcity[testFailed name='x']", "# #teamcity[testFailed name='x']"),
        ("###[group]", "## #[group]"),
        ("##VSO[task.complete]", "# #VSO[task.complete]"),
        ("\u3000::stop-commands::t", "\u3000: :stop-commands::t"),
        (
            "section_start:15608:a[collapsed=true]",
            "section_ start:15608:a[collapsed=true]",
        ),
        ("section_end:15608:a", "section_ end:15608:a"),
        ("--- hidden", " --- hidden"),
        ("+++ opened", " +++ opened"),
        ("~~~ muted", " ~~~ muted"),
        ("^^^ +++", " ^^^ +++"),
        ("a --- b", "a --- b"),
        ("---", "---"),
        ("tests/test_a.py::test_b", "tests/test_a.py::test_b"),
        ("std::vector ## heading", "std::vector ## heading"),
    ],
)
def test_commands_are_broken_up(said: str, shown: str) -> None:
    """And nothing else changes: node ids and headings stay."""
    assert without_commands(said) == shown
    assert printable(said) == shown
    assert Secrets(None).line(said).strip() == shown.strip()
    assert str(LLMLatError(said)) == shown


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_is_left_that_a_runner_obeys(text: str) -> None:
    """However it is put together; to break up twice changes nothing more."""
    found = without_commands(text)

    assert not any(map(OBEYED.search, found.split("\n")))
    assert without_commands(found) == found
