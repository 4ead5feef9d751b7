"""``llmlat history``: points of runs, what joins them, the picture and the page."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.report.history import (
    History,
    Point,
    Timeline,
    draw,
    find_changes,
    history_of,
    history_plot,
    joined,
    page_text,
)
from pytest_llmlat.report.history.points import letter
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.results import Estimate
from tests.unit.builders import a_cell
from tests.unit.stored_runs import HERE, HOSTILE, ODD, a_stored_run, answers, failures

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

POINT = Point(
    run="r",
    started="2026-01-01T00:00:00+00:00",
    commit=None,
    machine=0,
    partial=False,
    disturbed=None,
    figures=(
        ("samples", Estimate(value=24)),
        ("quality", Estimate(value=0.5, low=0.4, high=0.6)),
        ("balanced", Estimate(value=0.5)),
    ),
    revision="r1",
    setting="s1",
    asked="a1",
)
OTHER = {**HERE, "cpu": "another", "cores": 8}


def days(tmp_path: Path, *runs: dict[str, Any]) -> Path:
    """Store a run of each day and return their folder."""
    folder = tmp_path / ".llmlat" / "runs"
    for day, run in enumerate(runs, start=1):
        cells = run.pop("cells", [answers()])
        started = f"2026-01-{day:02}T00:00:00+00:00"
        a_stored_run(folder / f"r{day}", *cells, **{"started": started, **run})
    return folder


def history(folder: Path) -> History:
    """Return the history of all runs in a folder, in which nothing is wrong."""
    return history_of(map(open_run, folder.iterdir()), balance="geometric")


def timeline(*points: Point) -> Timeline:
    """Return points of one cell, named in order."""
    return Timeline(
        cell=a_cell(),
        points=tuple(replace(p, run=f"r{n}") for n, p in enumerate(points)),
    )


def lines(line: Timeline) -> list[list[str]]:
    """Return the runs that are joined."""
    return [[point.run for point in points] for points in joined(line)]


def test_points_are_in_the_order_of_time(tmp_path: Path) -> None:
    """By when runs began, and not by their folders' names."""
    folder = days(
        tmp_path,
        {"started": "2026-03-01T00:00:00+00:00", "cells": [answers(right=6)]},
        {"started": "2026-02-01T00:00:00+00:00", "cells": [answers(right=12)]},
    )

    found = history(folder)

    assert found.runs == ("r2", "r1")
    (line,) = found.timelines
    assert [point.figure("quality").value for point in line.points] == [0.5, 0.25]
    assert [point.figure("e2e_p50_s").value for point in line.points] == [1.002, 1.002]
    assert lines(line) == [["r2", "r1"]]


def test_every_run_is_counted_with_the_same_mean(tmp_path: Path) -> None:
    """Whatever its session called balanced."""
    folder = days(
        tmp_path,
        {"settings": {"balance": "arithmetic"}, "cells": [answers(right=12)]},
        {"settings": {"balance": "harmonic"}, "cells": [answers(right=12)]},
    )

    (line,) = history(folder).timelines

    first, second = line.points
    assert first.figure("balanced") == second.figure("balanced")


def test_two_machines_are_two_lines(tmp_path: Path) -> None:
    """Their latencies are not comparable; a version of ours alone makes no other."""
    newer = {**HERE, "pytest-llmlat": "1"}
    folder = days(
        tmp_path,
        {},
        {"environment": OTHER},
        {"environment": newer},
        {"environment": OTHER},
    )

    found = history(folder)

    (line,) = found.timelines
    assert lines(line) == [["r1", "r3"], ["r2", "r4"]]
    assert len(found.machines) == 2
    assert set(found.differences(1)) == {
        "cpu: another, not this one",
        "cores: 8, not 2",
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"revision": "r2"}, "the task changed"),
        ({"setting": "s2"}, "the model's settings changed"),
        ({"asked": "a2"}, "other samples"),
    ],
)
def test_what_is_not_comparable_is_not_joined(
    change: dict[str, Any], told: str
) -> None:
    """The line breaks there, and the point says why."""
    line = timeline(POINT, POINT, replace(POINT, **change), replace(POINT, **change))

    assert lines(line) == [["r0", "r1"], ["r2", "r3"]]
    assert [line.changes(point) for point in line.points] == [(), (), (told,), ()]


def test_a_change_is_seen_across_another_machine() -> None:
    """Each point is compared with the one before it on its own machine."""
    elsewhere = replace(POINT, machine=1, revision="r2")
    line = timeline(POINT, elsewhere, POINT, elsewhere)

    assert lines(line) == [["r0", "r2"], ["r1", "r3"]]
    assert all(line.changes(point) == () for point in line.points)


def test_what_was_asked_and_how_is_told_apart(tmp_path: Path) -> None:
    """A smaller draw, another dtype or a task's revision breaks the line."""
    folder = days(
        tmp_path,
        {},
        {"cells": [answers(count=20)]},
        {"cells": [answers(count=20)], "facts": {"backend": (("dtype", "f16"),)}},
        {
            "cells": [answers(count=20)],
            "facts": {"backend": (("dtype", "f16"),), "task_revision": "ffff"},
        },
    )

    (line,) = history(folder).timelines

    assert [line.changes(point) for point in line.points] == [
        (),
        ("other samples",),
        ("the model's settings changed",),
        ("the task changed",),
    ]


def test_a_cell_without_answers_has_points_without_times(tmp_path: Path) -> None:
    """Missing is missing, and not 0."""
    folder = days(tmp_path, {"cells": [failures()]})

    (line,) = history(folder).timelines

    (point,) = line.points
    assert point.figure("e2e_p50_s") == Estimate(value=None)
    assert point.figure("quality").value == 0.0


@pytest.mark.parametrize("alike", ["repeats", "cluster"])
def test_answers_that_are_alike_make_the_interval_of_the_median_no_narrower(
    tmp_path: Path, alike: str
) -> None:
    """Twice the answers, which tell no more: it is the one of half of them."""
    twice = [replace(record, round=1) for record in answers()]
    if alike == "cluster":
        twice = [replace(r, sample=f"{r.sample}b", round=0) for r in twice]
    together = [
        replace(r, cluster=r.sample.removesuffix("b")) if alike == "cluster" else r
        for r in (*answers(), *twice)
    ]
    folder = days(tmp_path, {"cells": [answers()]}, {"cells": [together]})
    lines = history(folder).timelines

    once, both = (p.figure("e2e_p50_s") for line in lines for p in line.points)
    assert once.low is not None
    assert once.high is not None
    assert both.low == pytest.approx(once.low, abs=1e-3)
    assert both.high == pytest.approx(once.high, abs=1e-3)


def test_an_end_of_the_median_that_is_not_known_is_no_end(tmp_path: Path) -> None:
    """Of few answers, most of which were cut off, nobody knows the upper one."""
    late = [replace(record, finish="timeout") for record in answers()[2:]]
    folder = days(tmp_path, {"cells": [[*answers()[:2], *late]]})

    (line,) = history(folder).timelines

    (point,) = line.points
    assert point.figure("e2e_p50_s").high is None


def test_machines_have_letters() -> None:
    """Short ones, as long as there are few."""
    assert [letter(n) for n in (0, 1, 25, 26, 53)] == ["A", "B", "Z", "A1", "B2"]


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


@pytest.fixture
def odd(tmp_path: Path) -> History:
    """Give the history of oddly named cells on two machines."""
    pytest.importorskip("matplotlib", reason="the extra 'plots' is not installed")
    cells = [answers(ODD), answers(HOSTILE), failures("_hidden")]
    return history(
        days(
            tmp_path,
            {"cells": cells},
            {"cells": cells, "environment": {**OTHER, "cpu": HOSTILE}},
            {"cells": [answers(ODD, count=3)], "commit": HOSTILE},
        )
    )


@pytest.mark.slow
def test_the_page_asks_for_nothing_and_runs_nothing(odd: History) -> None:
    """No script, no link, no address; names are text, whatever they hold."""
    text = page_text(odd, find_changes(odd))

    page = Page(text)
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    assert "second \N{REPLACEMENT CHARACTER}<script>line" in page.text
    assert not {"\x1b", "\u202e"} & set(text)
    names = [name for name, _ in page.attributes]
    assert not [name for name in names if name.startswith("on")]
    # The names of XML's own dialects are the only addresses, and are not fetched.
    fetched = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "://" not in fetched
    assert not re.search(r"url\((?!#)|@import|href=\"(?!#)", fetched)


@pytest.mark.slow
def test_the_page_has_a_row_for_each_point(odd: History) -> None:
    """The figures of the picture, to be read and copied."""
    page = Page(page_text(odd, find_changes(odd)))

    assert page.tags.count("tr") == 1 + sum(len(t.points) for t in odd.timelines)
    assert page.tags.count("svg") == 1
    assert "other samples" in page.text


@pytest.mark.slow
def test_the_picture_tells_machines_apart_by_mark_and_colour(odd: History) -> None:
    """The first two of a palette that the colour-blind can tell apart."""
    drawn = draw(odd, "svg", find_changes(odd)).decode("utf-8")

    assert drawn.startswith("<?xml")
    assert "#0072b2" in drawn.lower()
    assert "#d55e00" in drawn.lower()
    assert "machine B: " in drawn


@pytest.mark.slow
def test_the_picture_is_the_same_each_time(odd: History) -> None:
    """Nothing of it is of the clock, so that it can be committed."""
    assert draw(odd, "svg", find_changes(odd)) == draw(odd, "svg", find_changes(odd))


def test_a_picture_of_very_many_cells_is_drawn_smaller(
    odd: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PNG holds no more than so many points; the rows share what there is."""
    monkeypatch.setattr(history_plot, "_MOST_PIXELS", 100)

    drawn = draw(odd, "png", find_changes(odd))

    assert drawn.startswith(b"\x89PNG")
    assert int.from_bytes(drawn[20:24], "big") <= 100


def test_history_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each cell and run, then what the machines are."""
    folder = days(tmp_path, {}, {"environment": OTHER}, {"cells": [answers(right=6)]})

    assert main(["history", str(folder)]) == 0

    told = capsys.readouterr()
    assert told.err == ""
    header, *rows = told.out.splitlines()
    assert "quality [95 %]" in header
    assert [row.split()[1:4] for row in rows[:3]] == [
        ["r1", "1a2b3c4d5e", "A"],
        ["r2", "1a2b3c4d5e", "B"],
        ["r3", "1a2b3c4d5e", "A"],
    ]
    assert "machine B: cpu: another, not this one" in told.out


def test_history_tells_programs_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures with their intervals, and why points are not comparable."""
    folder = days(tmp_path, {}, {"cells": [answers(count=6)]})

    assert main(["history", str(folder), "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    (cell,) = told["cells"]
    first, second = cell["points"]
    assert first["quality"]["value"] == 1.0
    assert first["machine"] == second["machine"] == "A"
    assert (first["changes"], second["changes"]) == ([], ["other samples"])


def test_history_can_be_narrowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To some cells, and to the newest runs."""
    both = {"cells": [answers(), answers("owl")]}
    folder = days(tmp_path, dict(both), dict(both), dict(both))

    arguments = ["--cell", "owl", "--last", "2", "--json"]
    assert main(["history", str(folder), *arguments]) == 0

    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert "owl" in cell["cell"]
    assert [point["run"] for point in cell["points"]] == ["r2", "r3"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--cell", "ow"], "unknown cell 'ow'"),
        (["--last", "0"], "--last 0: must be"),
    ],
)
def test_what_history_cannot_show_is_told(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As misuse."""
    folder = days(tmp_path, {})

    assert main(["history", str(folder), *arguments]) == 2

    assert told in capsys.readouterr().err


def test_a_run_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are shown; where none is left there is nothing to show."""
    folder = days(tmp_path, {}, {})
    (folder / "r1" / "run.json").write_text("{", "utf-8")

    assert main(["history", str(folder)]) == 0
    told = capsys.readouterr()
    (folder / "r2" / "run.json").write_text("{", "utf-8")
    assert main(["history", str(folder)]) == 2

    assert "r2" in told.out
    assert "left out:" in told.err
    assert "no run in it that can be read" in capsys.readouterr().err


def test_a_history_of_nothing_is_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs in which no cell was measured."""
    folder = days(tmp_path, {"cells": []})

    assert main(["history", str(folder)]) == 0

    assert capsys.readouterr().out.startswith("cell  run")


def test_history_writes_what_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page, a picture and a drawing, wherever they are to be."""
    pytest.importorskip("matplotlib", reason="the extra 'plots' is not installed")
    folder = days(tmp_path, {"cells": []}, {})
    paths = {name: tmp_path / f"h.{name}" for name in ("html", "png", "svg")}

    flags = {"html": "--out", "png": "--png", "svg": "--svg"}
    asked = [f"{flags[name]}={path}" for name, path in paths.items()]
    assert main(["history", str(folder), *asked]) == 0

    told = capsys.readouterr().out
    assert all(f"written {path}" in told for path in paths.values())
    assert paths["html"].read_text("utf-8").startswith("<!doctype html>")
    assert paths["png"].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in paths["svg"].read_text("utf-8")


def test_a_picture_without_matplotlib_says_what_to_install(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table needs nothing of it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    folder = days(tmp_path, {})

    assert main(["history", str(folder)]) == 0
    assert main(["history", str(folder), "--png", str(tmp_path / "h.png")]) == 1

    assert "pip install 'pytest-llmlat[plots]'" in capsys.readouterr().err
