"""Changes over the runs of a history, found and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.report.history import (
    change_lines,
    find_changes,
    page_text,
)
from pytest_llmlat.values.cell_facts import Contention
from tests.unit.stored_runs import HERE, answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
from tests.unit.report.test_history import OTHER, days, history


def series(
    tmp_path: Path,
    *seconds: float,
    right: Sequence[int] = (),
    **told: Sequence[object],
) -> Path:
    """Store a run for each time, in which all answers take about that long."""
    spread = (0.0, 0.012, -0.009, 0.004, -0.013, 0.007, -0.002)
    return days(
        tmp_path,
        *(
            {
                "cells": [
                    answers(
                        right=right[n] if right else 18,
                        seconds=each * (1 + spread[n % len(spread)]),
                    )
                ],
                **{name: value[n] for name, value in told.items()},
            }
            for n, each in enumerate(seconds)
        ),
    )


@pytest.mark.slow
def test_a_slower_run_is_found_and_marked(tmp_path: Path) -> None:
    """It is told beside the first run of the new level, with its size."""
    changes = find_changes(history(series(tmp_path, *[1.0] * 9, *[1.12] * 7)))

    (change,) = changes.found
    assert (change.half, change.run, change.before, change.after) == (
        "e2e",
        "r10",
        9,
        7,
    )
    assert change.change == pytest.approx(0.12, abs=0.02)
    assert change.worse
    assert changes.at(change.cell, "r10") == (change,)
    assert "WORSE: e2e +1" in next(change_lines(changes)).text


@pytest.mark.slow
def test_a_creep_that_no_gate_sees_is_told(tmp_path: Path) -> None:
    """One per cent more each run, from the first to the last."""
    changes = find_changes(history(series(tmp_path, *(1.01**n for n in range(16)))))

    (change,) = changes.found
    assert (change.kind, change.since, change.run) == ("creep", "r1", "r16")
    assert change.change == pytest.approx(1.01**15 - 1, abs=0.03)


@pytest.mark.slow
def test_lost_answers_are_a_change_for_the_worse(tmp_path: Path) -> None:
    """And ones that are right again are one for the better."""
    right = [18] * 8 + [14] * 8
    lost = find_changes(history(series(tmp_path / "a", *[1.0] * 16, right=right)))
    won = find_changes(history(series(tmp_path / "b", *[1.0] * 16, right=right[::-1])))

    assert [c.half for c in lost.found] == ["quality"]
    assert lost.found[0].change == pytest.approx(4 / 24)
    assert [c.change for c in won.found] == [pytest.approx(-4 / 24)]
    assert (lost.worse, won.worse) == (True, False)


@pytest.mark.slow
def test_machines_are_never_joined_in_a_series(tmp_path: Path) -> None:
    """A slower machine is none of the model's changes, from whichever run on."""
    machines = [HERE] * 8 + [OTHER] * 8

    changes = find_changes(
        history(series(tmp_path, *[1.0] * 8, *[2.0] * 8, environment=machines))
    )

    assert not changes.found
    assert changes.series == 4


@pytest.mark.slow
def test_runs_that_lack_answers_or_were_disturbed_are_in_no_series(
    tmp_path: Path,
) -> None:
    """Neither cuts a series in two, nor moves it."""
    busy = Contention(
        others_cores=1.0,
        steal=0.0,
        load_average=None,
        throttled=None,
        gpu_processes=None,
        contended="others used 1.0 cores",
    )
    told = [{"planned": 24}, {"contention": busy}, {"planned": 60}]
    facts = [told[1] if n == 3 else told[2] if n == 5 else told[0] for n in range(14)]
    seconds = [9.0 if n in (3, 5) else 1.0 if n < 8 else 1.2 for n in range(14)]

    changes = find_changes(history(series(tmp_path, *seconds, facts=facts)))

    (change,) = changes.found
    assert (change.run, change.before, change.after) == ("r9", 6, 6)
    assert change.change == pytest.approx(0.2, abs=0.02)
    assert changes.disturbed == 1
    *_, summed_up = change_lines(changes)
    assert summed_up.text.endswith(
        "; runs of a cell whose times were disturbed and are in none: 1"
    )


def test_a_single_run_or_none_says_that_nothing_can_be_told(tmp_path: Path) -> None:
    """Which is not the same as no change."""
    one = find_changes(history(series(tmp_path / "a", 1.0)))
    none = find_changes(history(days(tmp_path / "b", {"cells": []})))

    assert [[line.text for line in change_lines(each)] for each in (one, none)] == [
        ["no series of 6 comparable runs: nothing can be told of changes"]
    ] * 2


@pytest.mark.slow
def test_history_fails_on_a_change_for_the_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If it is asked to; the newest runs alone may be stable again."""
    folder = str(series(tmp_path, *[1.0] * 9, *[1.12] * 7))

    assert main(["history", folder]) == 0
    assert main(["history", folder, "--fail-on-change"]) == 1
    told = capsys.readouterr().out
    assert main(["history", folder, "--fail-on-change", "--last", "7"]) == 0
    capsys.readouterr()
    assert main(["history", folder, "--fail-on-change", "--json"]) == 1

    assert told.splitlines()[-1].startswith("1 change for the worse in 2 series")
    found = json.loads(capsys.readouterr().out)
    assert found["changes"][0]["worse"] is True
    assert found["sentence"] == told.splitlines()[-1]


@pytest.mark.slow
def test_the_page_marks_what_got_worse(tmp_path: Path) -> None:
    """The row, the list above it, and a line in the drawing; first the sentence."""
    pytest.importorskip("matplotlib", reason="the extra 'plots' is not installed")
    found = history(series(tmp_path, *[1.0] * 9, *[1.12] * 7))

    text = page_text(found, find_changes(found))

    assert '<p class="answer">1 change for the worse' in text
    assert text.count('<tr class="worse">') == 1
    assert "#c92a2a" in text
