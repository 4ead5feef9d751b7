"""Every command that the README and the docs show has only options that exist."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from pytest_llmlat.command import COMMANDS, parser
from pytest_llmlat.plugin.option_table import OPTIONS
from tests.pages import Typed, Written, shown, steps

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
OF_OTHERS = {
    *("--pyargs", "--collect-only", "--co", "--rootdir", "--junitxml", "--showlocals"),
    *("--durations", "--lf", "--reruns", "--timeout", "--benchmark-skip"),
    *("-n", "-m", "-k", "-p", "-x", "-q", "-s", "-v", "-vv", "-o", "-c", "-W"),
}
"""Options of pytest and of its other plugins that pages show."""


def ids(page: Path) -> str:
    """Name a page by where it lies."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_a_page_shows_no_option_that_is_not_there(page: Path) -> None:
    """A reader who types it is not told that it is unknown."""
    ours = {option.flag for option in OPTIONS.values()}
    unknown: list[str] = []
    for program, *words in shown(page):
        if program == "pytest":
            names = {re.split(r"[=.…]", word)[0] for word in words if word[0] == "-"}
            unknown += [
                f"pytest … {name}"
                for name in names - ours - OF_OTHERS
                if not re.fullmatch(r"-n\d+", name)
            ]
        elif not _is_understood(words):
            unknown.append(f"llmlat {' '.join(words)}")

    assert unknown == []


def _is_understood(words: list[str]) -> bool:
    """Whether the parser takes these words after ``llmlat``."""
    if words[0] not in COMMANDS:
        return words[0].startswith("-")
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            parser([words[0]]).parse_args(words)
        except SystemExit as ended:
            return ended.code == 0
    return True


@pytest.mark.parametrize("page", TUTORIALS, ids=ids)
def test_a_tutorial_has_something_to_type(page: Path) -> None:
    """Its commands are blocks that the test of tutorials can find and run."""
    typed = [step for step in steps(page) if isinstance(step, Typed)]

    assert len(typed) >= 2


def test_steps_are_read_as_a_reader_takes_them(tmp_path: Path) -> None:
    """Files, commands over two lines, what they end with, and what is only read."""
    page = tmp_path / "page.md"
    page.write_text(
        '```toml title="a.toml"\nx = 1\n```\n\n```\npip install x\n```\n'
        "<!-- exits 1 -->\n```console\n$ pytest a \\\n  -q\nout\n"
        "$ llmlat show # why\n```\n"
        "<!-- read only: no card -->\n```console\n$ pytest -m a6000\n```\n"
        "<!-- exits 0 1 -->\n<!-- with: --llm-samples 2 -->\n"
        "```console\n$ pytest b\n```\n",
        "utf-8",
    )

    assert list(steps(page)) == [
        Written("a.toml", "x = 1\n"),
        Typed(("pytest", "a", "-q"), statuses=(1,)),
        Typed(("llmlat", "show"), statuses=(1,)),
        Typed(("pytest", "-m", "a6000"), runs=False),
        Typed(("pytest", "b", "--llm-samples", "2"), statuses=(0, 1)),
    ]
