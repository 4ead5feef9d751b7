"""Which changes a run could see: how the table follows from a baseline."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.power import SIZES, Visible, visible
from pytest_llmlat.report.power_lines import power_lines
from pytest_llmlat.store.baselines import BaselineCell
from pytest_llmlat.values.records import Grade
from tests.unit.builders import a_cell, a_record, a_timing, an_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Record


def stored(records: Sequence[Record], model: str = "parrot") -> BaselineCell:
    """Return a cell of a baseline."""
    return BaselineCell(
        cell=a_cell(model),
        task_revision="abc",
        backend=(),
        contended=None,
        warnings=(),
        records=tuple(records),
        answers={},
    )


def drawn(
    samples: int, *, between: float, within: float = 0.0, rounds: int = 1
) -> list[Record]:
    """Return half-right answers whose log e2e is spread by so much."""
    source = random.Random(3)  # noqa: S311 - no secret
    found = []
    for number in range(samples):
        own = source.gauss(0.0, between)
        for place in range(rounds):
            seconds = math.exp(own + source.gauss(0.0, within))
            record = a_record(
                f"s{number}", value=float(number % 2), timing=a_timing(seconds)
            )
            found.append(replace(record, round=place))
    return found


def table(
    records: Sequence[Record], *, latencies: int = 2, samples: int | None = None
) -> dict[int, Visible]:
    """Return the rows for one cell, by their number of samples."""
    rows = visible([stored(records)], latencies=latencies, samples=samples)
    return {row.samples: row for row in rows}


def slower(records: Sequence[Record], samples: int = 60) -> float:
    """Return which e2e a number of samples shows."""
    found = table(records)[samples].slower
    assert found is not None
    return found


def test_more_samples_show_smaller_changes() -> None:
    """Each row of the table sees less than the one before."""
    rows = list(table(drawn(60, between=0.3)).values())

    assert [row.samples for row in rows] == list(SIZES)
    shown = [row.slower for row in rows if row.slower is not None]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == len(set(shown)) == len(SIZES)
    worse = [row.worse for row in rows if row.worse is not None]
    assert worse == sorted(worse, reverse=True)


def test_four_times_the_samples_show_half_the_change() -> None:
    """On the logarithmic scale, as of every mean; hardly more where there are few."""
    rows = table(drawn(60, between=0.3))
    shown = {size: row.slower for size, row in rows.items()}

    assert shown[250] is not None
    assert shown[1000] is not None
    ratio = math.log1p(shown[250]) / math.log1p(shown[1000])
    assert ratio == pytest.approx(2.0, rel=0.02)


def test_a_wider_spread_hides_more() -> None:
    """What varies much is known less."""
    assert slower(drawn(60, between=0.1)) < slower(drawn(60, between=0.4))


def test_rounds_tell_how_much_one_sample_varies() -> None:
    """Long and short answers differ, which a comparison in pairs does not mind."""
    once = drawn(60, between=1.0, within=0.05)
    again = drawn(60, between=1.0, within=0.05, rounds=3)

    assert slower(again) < slower(once) / 5
    assert not any(row.paired for row in table(once).values())
    assert all(row.paired for row in table(again).values())


@pytest.mark.slow
def test_the_figure_is_that_of_a_textbook() -> None:
    """(z(alpha) + z(power)) times the standard error of a mean difference."""
    rows = table(drawn(1000, between=0.2), latencies=1)
    logs = [math.log(r.timing.e2e_s) for r in drawn(1000, between=0.2) if r.timing]
    middle = sum(logs) / 1000
    spread = math.sqrt(sum((value - middle) ** 2 for value in logs) / 999)
    error = math.sqrt(2) * spread / math.sqrt(1000)

    assert rows[1000].slower == pytest.approx(
        math.expm1((2.1280 + 0.8416) * error), rel=0.005
    )
    assert rows[1000].worse == pytest.approx(
        (2.1280 + 0.8416) * math.sqrt(2 * 0.25 / 1000), rel=0.005
    )


def test_more_that_is_gated_shows_less() -> None:
    """Holm's correction is for all quantities of all cells."""
    records = drawn(60, between=0.3)
    one = visible([stored(records)], latencies=1, samples=None)[0]
    two = visible([stored(records)], latencies=2, samples=None)[0]
    both = visible(
        [stored(records), stored(records, "owl")], latencies=2, samples=None
    )[0]

    assert one.slower is not None
    assert two.slower is not None
    assert both.slower is not None
    assert one.slower < two.slower < both.slower


def test_the_number_that_will_be_measured_has_a_row() -> None:
    """That of the baseline, or a smaller one that was asked for."""
    records = drawn(42, between=0.3, rounds=2)

    assert 42 in table(records)
    assert 24 in table(records, samples=24)
    assert 42 not in table(records, samples=24)


def test_no_more_samples_than_the_baseline_has_are_compared() -> None:
    """All that a task has, or a thousand, are paired with those that are stored."""
    rows = table(drawn(42, between=0.3), samples=2**63 - 1)

    assert sorted(rows) == sorted({*SIZES, 42})


def test_answers_that_were_all_right_show_no_change_of_nothing() -> None:
    """Without spread, lost answers must still be so many that chance is unlikely."""
    rows = table([a_record(f"s{number}") for number in range(60)])

    worse = {size: row.worse for size, row in rows.items()}
    # So many lost and none won have a p below 0.05 / 3, the first share of quality.
    assert worse[60] == pytest.approx(5 / 60)
    assert worse[15] == pytest.approx(6 / 15)
    assert worse[1000] == pytest.approx(5 / 1000)


def test_what_no_loss_could_show_is_not_a_figure() -> None:
    """Of five answers even five lost ones may be chance, over all quantities."""
    rows = table([a_record(f"s{number}") for number in range(5)])

    assert rows[5].worse is None
    assert any(
        "5" in line.split() and line.endswith("-")
        for line in power_lines(list(rows.values()))
    )


def test_marks_that_are_no_right_or_wrong_show_by_their_spread() -> None:
    """Overlap with a reference varies less than right and wrong do."""

    def marked(low: float, high: float) -> list[Record]:
        return [
            replace(a_record(f"s{n}"), grade=Grade(value=low if n % 2 else high))
            for n in range(60)
        ]

    near, far = table(marked(0.4, 0.5))[60].worse, table(marked(0.1, 0.8))[60].worse

    assert near is not None
    assert far is not None
    assert 0 < near < far / 5
    assert table(marked(0.5, 0.5))[60].worse is None


def test_without_latencies_there_is_none_to_be_seen() -> None:
    """A baseline of errors has no e2e, and says so with a dash."""
    rows = table([an_error(f"s{number}") for number in range(20)])

    assert {row.slower for row in rows.values()} == {None}
    assert power_lines(list(rows.values()))[1].split()[2] == "-"


def test_the_lines_hold_every_row_and_what_they_rest_on() -> None:
    """Cell, samples, e2e and quality; that rounds are lacking is told."""
    once = power_lines(
        visible([stored(drawn(20, between=0.3))], latencies=2, samples=None)
    )
    again = power_lines(
        visible([stored(drawn(20, between=0.3, rounds=2))], latencies=2, samples=None)
    )

    assert once[0].split()[:4] == ["seen", "with", "80", "%"]
    assert len([line for line in once if line.startswith("reasoning/sums|")]) == 8
    assert any("+" in line and "%" in line and " -0." in line for line in once[1:])
    assert any("several rounds" in line for line in once)
    assert not any("several rounds" in line for line in again)


def test_a_table_without_rows_says_so() -> None:
    """There is no baseline without a cell, and nothing breaks on one."""
    assert power_lines([]) == ["llmlat power: the baseline holds no cells"]
