"""Changes over many runs: steps, creeps, and none where there is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.gate.change_points import FEWEST, MOST, ChangeKind, changes_of
from pytest_llmlat.gate.level_splits import dependence, split
from tests.unit.example_counts import at_most

RUNS = 24


def noise(runs: int, *, depends: float = 0.0, seed: int = 1) -> list[float]:
    """Return log times of runs that differ by two per cent, for no reason."""
    np = pytest.importorskip("numpy")
    source = np.random.default_rng(seed)
    fresh = source.normal(0.0, 0.02 * math.sqrt(1 - depends**2), runs)
    found = [float(fresh[0])]
    for each in fresh[1:]:
        found.append(depends * found[-1] + float(each))
    return found


def stepped(at: int, size: float, *, seed: int = 1) -> list[float]:
    """Return the same with a step."""
    return [
        value + (size if place >= at else 0.0)
        for place, value in enumerate(noise(RUNS, seed=seed))
    ]


@pytest.mark.parametrize("size", [0.1, -0.1])
def test_a_step_is_found_where_it_is(size: float) -> None:
    """With its size and its sign."""
    ((change,),) = changes_of([stepped(15, size)])

    assert change.kind is ChangeKind.STEP
    assert change.first == pytest.approx(15, abs=1)
    assert (change.start, change.end) == (0, RUNS - 1)
    assert change.change == pytest.approx(size, abs=0.02)
    assert change.p < 0.01


def test_a_creep_is_no_row_of_steps() -> None:
    """One per cent a run, which no gate beside the run before sees."""
    values = [value + 0.01 * place for place, value in enumerate(noise(20))]

    ((change,),) = changes_of([values])

    assert change.kind is ChangeKind.CREEP
    assert (change.start, change.end) == (0, 19)
    assert change.change == pytest.approx(0.19, abs=0.03)


def test_what_was_mended_in_part_is_two_steps() -> None:
    """A second change does not hide the first: levels are not taken for noise."""
    values = [
        value + (0.0, 0.3, 0.15)[place // 8] for place, value in enumerate(noise(RUNS))
    ]

    (found,) = changes_of([values])

    assert [change.kind for change in found] == [ChangeKind.STEP] * 2
    assert [change.first for change in found] == [8, 16]
    assert [change.change > 0 for change in found] == [True, False]
    assert (found[0].end, found[1].start) == (15, 8)


@pytest.mark.slow
@pytest.mark.parametrize("depends", [0.0, 0.5])
def test_stable_runs_have_no_change(depends: float) -> None:
    """At most one history of twenty; also where a run depends on the one before."""
    told = sum(
        any(changes_of([noise(20, depends=depends, seed=seed)])) for seed in range(40)
    )

    assert told <= 5


def test_equal_runs_that_depend_on_each_other_look_so() -> None:
    """Half of the deviation is the run's before; it is estimated rather too large."""
    np = pytest.importorskip("numpy")

    assert dependence(np.array(noise(100, depends=0.5)), 1) > 0.5
    assert dependence(np.array(noise(100)), 1) < 0.5


@pytest.mark.slow
def test_many_series_are_judged_together() -> None:
    """What is rare in one series is not rare in one of fifty."""
    weak = stepped(12, 0.034)
    others = [noise(RUNS, seed=seed) for seed in range(2, 51)]

    assert changes_of([weak])[0]
    assert not changes_of([weak, *others])[0]


def test_a_quality_that_never_varied_and_then_fell_is_a_step() -> None:
    """Greedy answers are the same in each run; beside no noise all is certain."""
    ((change,),) = changes_of([[0.75] * 9 + [0.7] * 5])

    assert change.first == 9
    assert change.change == pytest.approx(-0.05)


def test_one_odd_run_at_the_end_is_no_level() -> None:
    """Two runs at least are one; the gate has judged that run by itself."""
    assert changes_of([[0.75] * 19 + [0.7]]) == [()]


def test_too_few_runs_tell_nothing() -> None:
    """Nor does a series without any."""
    assert changes_of([]) == []
    assert changes_of([[], [1.0], [0.0, 0.0, 9.0, 9.0, 9.0][: FEWEST - 1]]) == [()] * 3


def test_a_series_that_never_varies_takes_nothing_from_others() -> None:
    """What cannot change by chance costs no share of the level."""
    still = [[0.75] * 10 for _ in range(30)]
    values = noise(10)
    values[5:] = [value + 0.2 for value in values[5:]]

    assert changes_of([values])[0]
    assert changes_of([values, *still]) == [changes_of([values])[0], *[()] * 30]


@pytest.mark.slow
def test_of_very_many_runs_the_newest_are_looked_at() -> None:
    """Places are those in the whole series."""
    values = [5.0] * 50 + noise(MOST)
    values[-20:] = [value + 0.2 for value in values[-20:]]

    (found,) = changes_of([values])

    assert [change.first for change in found] == [50 + MOST - 20]
    assert found[0].start == 50


@settings(max_examples=at_most(25))
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=6, max_size=12))
def test_the_same_runs_say_the_same(values: list[float]) -> None:
    """The seed is fixed; every p is a probability, and every place a run's."""
    np = pytest.importorskip("numpy")

    one, other = (split(np.array(values), draws=99) for _ in range(2))

    assert one == other
    assert 0 < one.p <= 1
    assert 2 <= one.place <= len(values) - 2
