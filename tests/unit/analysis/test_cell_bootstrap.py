"""Quality and speed of a cell under a load that went round its samples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.cell_bootstrap import (
    KeptBootstraps,
    answer_time,
    bootstrap_cells,
    items_of,
)
from pytest_llmlat.analysis.resampling import resampled_sums, resampled_sums_of
from tests.unit.builders import (
    a_cell,
    a_grade,
    a_record,
    a_sample,
    a_task,
    a_timing,
    an_error,
    an_overflow,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.analysis.cell_bootstrap import CellBootstrap
    from pytest_llmlat.values.records import Record


def bootstrap_cell(records: list[Record], seed: int) -> CellBootstrap:
    """Bootstrap one cell, as all cells of a run are."""
    return bootstrap_cells([items_of(records)], seed)[0]


def asked(
    sample: str, number: int, *, value: float = 1.0, seconds: float = 1.0
) -> Record:
    """Return what one request about a sample gave."""
    record = a_record(sample, value=value, timing=a_timing(seconds))
    return replace(record, round=number)


def test_an_answer_has_a_time_and_a_failure_has_none() -> None:
    """What never came has no latency that could be averaged."""
    cut = replace(a_record(finish="timeout"), timing=a_timing(0.5, end_s=2.0))

    assert answer_time(a_record(timing=a_timing(0.5, 1.5, end_s=9.0))) == 1.5
    assert answer_time(an_error()) is None
    assert answer_time(an_overflow()) is None
    assert answer_time(cut) is None


def test_a_time_out_has_no_speed() -> None:
    """Nor has an error or a prompt that was turned away."""
    cut = replace(a_record("t", value=0.0, finish="timeout"), timing=a_timing(0.1))

    assert (
        bootstrap_cell([a_record(), cut, an_error(), an_overflow()], 0).speed == 0.5 / 4
    )


def test_every_request_counts_alike() -> None:
    """The figures of a cell are means over its requests, not over its samples."""
    records = [
        asked("a", 0, seconds=1.0),
        asked("a", 1, value=0.0, seconds=3.0),
        asked("a", 2, value=0.0, seconds=3.0),
        asked("b", 0, seconds=1.0),
    ]

    bootstrap = bootstrap_cell(records, 0)

    assert bootstrap.value == bootstrap.quality == 2 / 4
    assert bootstrap.speed == pytest.approx((0.5 + 0.25 + 0.25 + 0.5) / 4)


def test_rounds_of_unequal_length_are_drawn_by_sample() -> None:
    """Each draw is the mean over all requests of the samples that it drew."""
    import numpy as np

    records = [
        asked("b", 0, value=0.0, seconds=3.0),
        asked("a", 0, seconds=1.0),
        asked("c", 0, value=0.0, seconds=1.0),
        asked("b", 1, value=1.0, seconds=1.0),
        asked("a", 1, value=1.0, seconds=3.0),
    ]
    weights = resampled_sums(np.eye(3), seed="5|reasoning/sums")
    requests = weights @ np.array([2.0, 2.0, 1.0])

    bootstrap = bootstrap_cell(records, 5)

    right = weights @ np.array([2.0, 1.0, 0.0])
    speed = weights @ np.array([0.75, 0.75, 0.5])
    assert bootstrap.quality_draws == pytest.approx(right / requests)
    assert bootstrap.speed_draws == pytest.approx(speed / requests)


def test_the_order_in_which_answers_came_draws_no_other_samples() -> None:
    """Two models under a load stay a pair, whichever request ended first."""
    records = [asked(f"s{n % 4}", n // 4, value=n % 3 == 0) for n in range(10)]

    first, second = bootstrap_cell(records, 1), bootstrap_cell(records[::-1], 1)

    assert (first.quality_draws == second.quality_draws).all()
    assert first.speed_draws == pytest.approx(second.speed_draws)


def test_asking_again_says_no_more_of_a_detail() -> None:
    """Further figures are drawn by sample too."""
    base = [a_record(f"s{n}", value=float(n % 2)) for n in range(6)]
    once = [
        replace(r, grade=replace(r.grade, details=(("x", n / 6),)))
        for n, r in enumerate(base)
    ]
    often = [replace(record, round=n) for n in range(4) for record in once]

    (name, narrow), (same, wide) = (
        bootstrap_cell(often, 0).details[0],
        bootstrap_cell(once, 0).details[0],
    )

    assert name == same == "x"
    assert narrow.value == pytest.approx(wide.value)
    assert (narrow.low, narrow.high) == pytest.approx((wide.low, wide.high))


def test_a_corpus_that_was_asked_often_is_no_surer() -> None:
    """Counts of a corpus add up, and its interval stays that of its sentences."""
    pytest.importorskip("sacrebleu")
    task = a_task("translation/x", extractor="text", metric="chrf++")
    cell = a_cell(task=task.name)
    pairs = [("Der Hund", "Der Hund"), ("Die Katze", "Der Kater"), ("ja", "nein")]
    once = [
        replace(
            a_record(f"s{n}", cell=cell),
            metric="chrf++",
            grade=a_grade("chrf++", answer, task, a_sample("s", right)),
        )
        for n, (answer, right) in enumerate(pairs)
    ]
    often = [replace(record, round=n) for n in range(5) for record in once]

    assert bootstrap_cell(often, 0).value == pytest.approx(
        bootstrap_cell(once, 0).value
    )
    assert bootstrap_cell(often, 0).value_draws == pytest.approx(
        bootstrap_cell(once, 0).value_draws
    )


def test_one_sample_has_the_same_draw_every_time() -> None:
    """However often it was asked: from one item nothing is known of others."""
    bootstrap = bootstrap_cell([asked("a", n, value=float(n % 2)) for n in range(6)], 0)

    assert bootstrap.value == 0.5
    assert set(bootstrap.value_draws) == {0.5}


def some_answers(task: str, count: int, value: float) -> list[Record]:
    """Return the answers of a cell, the first of them worth ``value``."""
    cell = a_cell(task=task)
    worth = [value, *[1.0] * (count - 1)]
    return [a_record(f"s{n}", value=v, cell=cell) for n, v in enumerate(worth)]


def figures(cell: CellBootstrap) -> tuple[object, ...]:
    """Return all of a bootstrap as values that can be compared."""
    draws = (cell.value_draws, cell.quality_draws, cell.speed_draws)
    numbers = (cell.value, cell.quality, cell.speed, cell.details)
    return (*numbers, *(each.tobytes() for each in draws))


def test_a_cell_that_is_done_is_not_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is what it would be; another seed, answer or task is another cell."""
    cells = [
        items_of(some_answers(*each))
        for each in (("reasoning/a", 3, 0.0), ("reasoning/b", 3, 0.0))
    ]
    drawn: list[int] = []

    def counted(columns: Any, *, seed: str) -> Any:  # noqa: ANN401 - as it is
        drawn.append(len(columns))
        return resampled_sums_of(columns, seed=seed)

    monkeypatch.setattr(
        "pytest_llmlat.analysis.cell_bootstrap.resampled_sums_of", counted
    )
    kept = KeptBootstraps()
    alone = bootstrap_cells(cells[:1], 0, kept)
    both = bootstrap_cells(cells, 0, kept)
    changed = items_of(some_answers("reasoning/a", 3, 0.5))

    assert drawn == [1, 1]
    assert figures(both[0]) == figures(alone[0])
    assert list(map(figures, both)) == list(map(figures, bootstrap_cells(cells, 0)))
    assert kept.get(cells[0], 1) is None
    assert kept.get(changed, 0) is None
    kept.close()


def test_where_no_file_can_be_made_it_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full or read-only disk makes a run slower, and breaks none."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    (cell,) = [items_of(some_answers("reasoning/a", 3, 0.0))]
    kept = KeptBootstraps()

    first, second = (bootstrap_cells([cell], 0, kept)[0] for _ in range(2))

    assert kept.get(cell, 0) is None
    assert figures(first) == figures(second)
    kept.close()
