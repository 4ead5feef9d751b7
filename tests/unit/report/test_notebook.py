"""The scoreboard as a notebook shows it: every part is there, and none is HTML."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.report.leaders import leader_lines
from pytest_llmlat.report.loads import clock_lines, contention_lines
from pytest_llmlat.report.notebook import board_html
from pytest_llmlat.values.results import Scoreboard
from tests.unit.boards import HOSTILE, a_board

OURS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "p"}


class Tags(HTMLParser):
    """Collects which tags a page has, and which attributes."""

    def __init__(self, page: str) -> None:
        """Read ``page``."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_all_that_a_report_tells_is_told() -> None:
    """Models, cells, loads, verdicts, who is best, the clock, and what is wrong."""
    board = a_board("owl")

    page = board_html(board, folder="runs/1")

    text = re.sub(r"<[^>]*>", "", page)
    told = [*clock_lines(board), *contention_lines(board), *leader_lines(board)]
    assert len(told) > 1
    for line in told:
        assert escape(line) in text
    assert "warning: owl" in text
    assert "written to runs/1" in text
    assert page.count("<table>") == 2


def test_an_empty_board_is_an_empty_page() -> None:
    """Nothing was measured: no head of a table without rows."""
    assert board_html(Scoreboard(summaries=(), standings=())).count("<t") == 0


@given(st.one_of(st.just(HOSTILE), st.text()))
def test_no_text_becomes_html_or_controls_anything(name: str) -> None:
    """Names come from catalogues and servers; only our own tags are in the page."""
    page = board_html(a_board(name), folder=name)

    tags = Tags(page)
    assert tags.tags <= OURS
    assert tags.attributes <= {"class", "style"}
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)
