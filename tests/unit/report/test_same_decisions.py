"""Terminal, Markdown and page say the same of rows, and only what was compared.

Which rows may be compared is told here by how the boards were drawn, and not by what
the code under test decides.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis.scoreboard import scoreboard_of
from pytest_llmlat.report.leaders import HALVES
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.notebook import board_html
from pytest_llmlat.report.page import write_page
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import scoreboard_lines
from tests.unit.builders import a_cell, a_record, a_timing, some_facts
from tests.unit.example_counts import at_most
from tests.unit.page_contents import reader_of

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

TASKS = ("reasoning/sums", "reasoning/logic", "sentiment/polarity")
PLACES = 16
"""The column of the page's scoreboard that has best and worst place."""
DRAWS = {"low": range(6), "high": range(3, 9), "few": range(4), "none": range(0)}
COMPARED = ("better than", *HALVES.values(), "not distinguishable from")
BEST = re.compile(r"best balance: (?P<best>[^,]+), \S+ \[[^\]]*\](?P<rest>.*)")


@dataclass(frozen=True)
class Drawn:
    """A row as it was drawn: what it was asked, and what came of it."""

    model: str
    scenario: str
    tasks: tuple[str, ...]
    draw: str
    seconds: float
    right: int
    """Every so manyth answer is right; 0 for none."""
    chance: float

    @property
    def name(self) -> str:
        """What sentences call it."""
        return f"{self.model} on cpu" + (
            "" if self.scenario == "single" else f" {self.scenario}"
        )

    @property
    def asked(self) -> tuple[object, ...]:
        """Rows that have the same may be compared, if they were asked anything."""
        return self.scenario, self.tasks, self.draw

    def cells(self) -> list[tuple[CellFacts, list[Record]]]:
        """Return what was measured."""
        return [self._cell(task) for task in self.tasks]

    def _cell(self, task: str) -> tuple[CellFacts, list[Record]]:
        cell = a_cell(self.model, task=task, scenario=self.scenario)
        records = [
            replace(
                a_record(
                    f"s{number}",
                    cell=cell,
                    value=float(self.right > 0 and number % self.right == 0),
                    timing=a_timing(self.seconds * (1 + number / 50)),
                ),
                chance=self.chance,
            )
            for number in DRAWS[self.draw]
        ]
        return some_facts(cell, planned=len(DRAWS["low"])), records


@st.composite
def drawn_rows(draw: st.DrawFn) -> list[Drawn]:
    """Draw rows of which some were asked the same."""
    tasks = st.sampled_from([TASKS[:1], TASKS[:2], TASKS, TASKS[2:]])
    return [
        Drawn(
            model=f"m{number}",
            scenario=draw(st.sampled_from(["single", "single", "concurrent:2"])),
            tasks=draw(tasks),
            draw=draw(st.sampled_from(["low", "low", "high", "few", "none"])),
            seconds=draw(st.sampled_from([0.25, 1.0, 4.0])),
            right=draw(st.sampled_from([0, 1, 2, 3])),
            chance=draw(st.sampled_from([0.0, 0.5])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]


@dataclass(frozen=True)
class Reports:
    """The same board, as each report tells it."""

    terminal: list[str]
    markdown: str
    notebook: str
    page: str

    @property
    def values(self) -> dict[str, Any]:
        """What the page's script works with."""
        block = re.search(r'id="values">(.*?)</script>', self.page, re.DOTALL)
        assert block is not None
        found: dict[str, Any] = json.loads(block[1])
        return found

    @property
    def answer(self) -> str:
        """The sentence on top of the page."""
        head = re.search(r"<h1.*?</h1>", self.page, re.DOTALL)
        assert head is not None
        return unescape(re.sub("<[^>]+>", "", head[0]))

    def table(self) -> list[list[str]]:
        """Return the texts of the page's scoreboard, and how each row is marked."""
        table = r'<table id="board".*?<tbody>(.*?)</tbody>'
        body = re.search(table, self.page, re.DOTALL)
        assert body is not None
        return [
            [
                *(re.findall(r'class="txt">(.*?)</span>', row)),
                *re.findall(r'data-tone="([^"]*)"', row),
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)
        ]


def reports(rows: list[Drawn], board: Scoreboard) -> Reports:
    """Write all reports of a board."""
    records = [record for row in rows for _, own in row.cells() for record in own]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        write_page(path, {"id": "r1"}, board, reader_of(records))
        page = path.read_text("utf-8")
    return Reports(
        terminal=scoreboard_lines(board),
        markdown=unescape(re.sub("</?code>", "", report_text({"id": "r1"}, board))),
        notebook=unescape(re.sub("<[^>]+>", "\n", board_html(board))),
        page=page,
    )


@pytest.fixture(autouse=True, scope="module")
def without_plots() -> Any:  # noqa: ANN401 - a generator of nothing
    """Leave the plotting library out: it is large, and says nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pytest_llmlat.report.page.plotting_library", lambda: None)
        yield


@pytest.mark.slow
@settings(
    max_examples=at_most(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(drawn_rows())
def test_all_reports_say_the_same_and_only_what_was_compared(
    rows: list[Drawn],
) -> None:
    """Best row, front and places, on boards of rows that were asked this or that."""
    cells = [cell for row in rows for cell in row.cells()]
    board = scoreboard_of(cells, balance="geometric", seed=0)
    told = reports(rows, board)
    by_name = {row.name: row for row in rows}

    best = _sentences_are_about_rows_that_were_asked_the_same(told, by_name, board)
    _the_page_begins_with_the_first_of_them(told, best)
    _fronts_agree(told, by_name, board)
    _places_are_within_a_comparison(told, by_name, board)


def _sentences_are_about_rows_that_were_asked_the_same(
    told: Reports, by_name: dict[str, Drawn], board: Scoreboard
) -> list[str]:
    """Return the best row of each sentence, by its name."""
    scores = {
        f"{s.model} on cpu{'' if s.scenario == 'single' else ' ' + s.scenario}": s
        for s in board.standings
    }
    found = []
    for line in told.terminal:
        match = BEST.fullmatch(line)
        if match is None:
            continue
        best = by_name[match["best"]]
        found.append(best.name)
        alike = {
            name
            for name, row in by_name.items()
            if row.asked == best.asked and row.draw != "none"
        }
        parts = match["rest"].split("; ")[1:]
        compared = {
            name
            for part in parts
            if part.startswith((*COMPARED, "not ranked"))
            for name in by_name
            if re.search(rf"{re.escape(name)}(,|$)", part)
        }
        listed = [part for part in parts if "others" in part]
        assert compared <= alike
        assert listed or compared == alike - {best.name}
        own = scores[best.name].balanced.value
        assert own is not None
        assert own == max(
            scores[name].balanced.value or 0.0
            for name in alike
            if scores[name].above_guessing
        )
        assert line in told.markdown
        assert line in told.notebook.splitlines()
    assert told.markdown.count("best balance: ") == len(found)
    return found


def _the_page_begins_with_the_first_of_them(told: Reports, best: list[str]) -> None:
    match = re.match("Best balance of quality and speed: ([^,]+),", told.answer)
    if match is None:
        # The first comparison may have no best row where a later one has.
        assert not best or told.answer.startswith("No row is ranked: ")
        assert "best" not in told.answer.lower()
    else:
        # The terminal ends with it.
        assert match[1] == best[-1].replace(" on cpu", "")
    page = unescape(re.sub("<[^>]+>", "", told.page))
    if len(best) > 1:
        assert all(f": best balance: {name}," in page for name in best)


def _fronts_agree(told: Reports, by_name: dict[str, Drawn], board: Scoreboard) -> None:
    lines = [line for line in told.terminal if "Pareto front of quality" in line]
    fronts = [line.rpartition(": ")[2].split(", ") for line in lines]
    several = [
        c for c in told.values["comparisons"] if len(c["rows"]) > 1 and c["ranked"]
    ]
    names = [row["label"] for row in told.values["rows"]]
    drawn = [
        [
            names[n]
            for f in c["fronts"]
            if (f["family"], f["axis"]) == (None, "e2e")
            for n in f["rows"]
        ]
        for c in several
    ]
    assert [[n.replace(" on cpu", "") for n in front] for front in fronts] == drawn
    assert all(line in told.markdown for line in lines)
    assert all(line in told.notebook.splitlines() for line in lines)
    starred = {
        line.split(" *")[0]
        for line in told.terminal
        if re.match(r"m\d \*", line) or re.match(r"m\d \(partial\) \*", line)
    }
    on = {name.split(" ")[0] for front in fronts for name in front if name != "-"}
    assert {star.split(" ")[0] for star in starred} == on
    marked = {row[1] for row in told.table() if row[-1].startswith("front")}
    assert marked == {name for front in drawn for name in front}
    # Nobody who is on a front is beaten by a row that was asked the same.
    points = {f"{s.model}|{s.scenario}": s.point for s in board.standings}
    placed = {f"{s.model}|{s.scenario}": s.above_guessing for s in board.standings}
    assert all(
        placed[f"{by_name[n].model}|{by_name[n].scenario}"]
        for front in fronts
        for n in front
        if n != "-"
    )
    for name in (n for front in fronts for n in front if n != "-"):
        own = by_name[name]
        mine = points[f"{own.model}|{own.scenario}"]
        assert mine is not None
        for other in by_name.values():
            theirs = points[f"{other.model}|{other.scenario}"]
            # Who only guesses is on no front, and beats nobody.
            ranked = placed[f"{other.model}|{other.scenario}"]
            if other.asked == own.asked and theirs is not None and ranked:
                assert not (theirs[0] > mine[0] and theirs[1] < mine[1])


def _places_are_within_a_comparison(
    told: Reports, by_name: dict[str, Drawn], board: Scoreboard
) -> None:
    values = told.values
    ranks = {
        row["id"]: row["ranks"]
        for row in json.loads(summary_text({"id": "r1"}, board))["models"]
    }
    labels = {row.name.replace(" on cpu", ""): row for row in by_name.values()}
    for comparison in values["comparisons"]:
        rows = [values["rows"][number] for number in comparison["rows"]]
        drawn = [labels[row["label"]] for row in rows]
        assert len({row.asked for row in drawn}) == 1
        alike = [r for r in by_name.values() if r.asked == drawn[0].asked]
        assert len(alike) == len(drawn)
        ranked = [row for row in rows if row["place"] is not None]
        assert ranked == [values["rows"][number] for number in comparison["ranked"]]
        scores = [row["figures"]["balanced"][0] for row in ranked]
        assert scores == sorted(scores, reverse=True)
        for row, score in zip(ranked, scores, strict=True):
            assert row["place"] == 1 + sum(other > score for other in scores)
    for row in told.table():
        own = labels[row[1]]
        places = ranks[f"{own.model}|cpu|{own.scenario}"]
        alone = sum(r.asked == own.asked for r in by_name.values()) == 1
        if own.draw == "none" or alone or places is None:
            assert row[PLACES] == "-"
            assert (row[0] == "-") or (alone and places is None)
        else:
            assert row[PLACES] == "\N{EN DASH}".join(map(str, sorted(set(places))))
