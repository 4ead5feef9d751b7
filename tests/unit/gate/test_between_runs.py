"""How much times differ from run to run, and what that leaves to be said."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.gate import between_runs
from pytest_llmlat.gate.between_runs import (
    ALONE_SPREAD,
    CELL_SPREAD,
    RUN_SPREAD,
    RUN_WEIGHT,
    CellTimes,
    Spread,
    expected,
    own,
    scaled,
    summed,
    together,
)
from pytest_llmlat.gate.stored_runs import drift, spread_of_rounds, times_of_logs


def cell(change: float, *runs: float, noise: float = 0.0) -> CellTimes:
    """Return a cell whose stored runs had these mean log times."""
    return CellTimes(
        change=change,
        noise=noise,
        samples=24,
        runs={f"r{number}": value for number, value in enumerate(runs)},
    )


def test_one_run_says_nothing_of_how_runs_differ() -> None:
    """The stated prior stands for it, twice: the stored run and the candidate's."""
    between = own([cell(0.1, 1.0)])[0]

    assert between.variance == pytest.approx(2 * (ALONE_SPREAD**2 + CELL_SPREAD**2))


def test_runs_that_agree_are_not_believed_to_the_letter() -> None:
    """Two equal runs may be luck: what is left is a part of the prior."""
    moved = together([cell(0.0, 1.0, 1.0), cell(0.0, 2.0, 2.0)])

    assert moved.run.variance == pytest.approx(
        RUN_SPREAD**2 * RUN_WEIGHT / (RUN_WEIGHT + 1)
    )
    assert moved.run.degrees == RUN_WEIGHT + 1


def test_what_runs_differ_in_is_read_from_many_of_them() -> None:
    """With forty runs the prior hardly counts."""
    source = [0.05 * math.sin(7.3 * number) for number in range(40)]
    moved = together([cell(0.0, *source)])

    assert moved.run.variance == pytest.approx(variance(source), rel=0.1)
    assert moved.between.variance == pytest.approx(moved.run.variance * (1 + 1 / 40))


def test_noise_of_samples_is_not_counted_twice() -> None:
    """What means of runs differ in is partly their samples'."""
    quiet = together([cell(0.0, 0.9, 1.0, 1.1)])
    noisy = together([cell(0.0, 0.9, 1.0, 1.1, noise=0.008)])

    assert noisy.run.variance < quiet.run.variance
    assert noisy.noise.variance == 0.008


def test_all_cells_move_as_their_mean() -> None:
    """The change of all is the mean of theirs, and their noise averages out."""
    moved = together([cell(0.1, 1.0, noise=0.04), cell(0.3, 5.0, noise=0.04)])

    assert moved.change == pytest.approx(0.2)
    assert moved.noise.variance == pytest.approx(0.02)


def test_runs_without_a_cell_are_left_out_of_what_is_common() -> None:
    """Else the mean would move by who is in it."""
    some = replace(cell(0.0, 1.0, 1.1), runs={"r0": 1.0, "r1": 1.1})
    other = replace(cell(0.0, 9.0), runs={"r1": 9.0})

    assert together([some, other]).stored == 1


def test_a_cell_is_not_judged_by_its_own_change() -> None:
    """A regression of one cell does not widen its own interval, but the others'."""
    calm = [cell(0.0, 1.0, 1.0, 1.0) for _ in range(5)]
    odd = cell(0.5, 1.0, 1.0, 1.0)

    there, still = own([*calm, odd]), own([*calm, cell(0.0, 1.0, 1.0, 1.0)])

    assert there[5].variance == pytest.approx(still[5].variance)
    assert there[0].variance > 10 * still[0].variance


def test_cells_that_move_unlike_widen_each_other() -> None:
    """A neighbour that meets some cells and not others is seen by just that."""
    met = [cell(0.26 * (place % 3 == 0), 1.0) for place in range(6)]
    still = [cell(0.0, 1.0) for _ in range(6)]

    assert own(met)[0].variance > 3 * own(still)[0].variance


def test_stored_runs_tell_how_unlike_cells_move() -> None:
    """Two cells, of which one is 10 % slower in every second run."""
    steady = cell(0.0, *[1.0] * 8)
    other = cell(0.0, *[1.0, 1.1] * 4)
    between = own([steady, other])[0]

    assert between.variance > 4 * own([steady, steady])[0].variance


def test_variances_add_up_and_the_worst_known_counts() -> None:
    """Satterthwaite: between the least and the sum of the degrees of freedom."""
    both = summed([Spread(1.0, 4), Spread(1.0, 12)])

    assert both.variance == 2.0
    assert both.degrees == pytest.approx(4 / (1 / 4 + 1 / 12))
    assert summed([]) == Spread(0.0, math.inf)
    assert summed([Spread(2.0, 3), Spread(0.0, 1)]) == Spread(2.0, 3.0)


def test_more_runs_are_worth_more() -> None:
    """And the step from one to two replaces the prior of a lone run."""
    one = own([cell(0.0, 1.0)])[0]
    three = Spread(0.001, 6)

    assert expected(one, 1, 1).variance == pytest.approx(
        (RUN_SPREAD**2 + CELL_SPREAD**2) * 1.5
    )
    assert expected(one, 1, 4).variance < expected(one, 1, 1).variance
    assert expected(three, 3, 2).variance == pytest.approx(0.001 * 1.2 / (4 / 3))
    assert expected(three, 3, 2).degrees == 8


@given(
    st.lists(
        st.tuples(
            st.floats(-1, 1),
            st.lists(st.floats(-1, 1), min_size=3, max_size=3),
            st.floats(0, 0.1),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_variance_is_never_less_than_what_the_prior_leaves(
    rows: list[tuple[float, list[float], float]],
) -> None:
    """However lucky the stored runs are, an interval has a width."""
    cells = [cell(change, *runs, noise=noise) for change, runs, noise in rows]
    least = scaled(Spread(RUN_SPREAD**2 * RUN_WEIGHT / (RUN_WEIGHT + 2), 1), 3).variance

    for found in own(cells):
        assert found.variance >= least * 0.999
        assert found.degrees >= between_runs.RUN_WEIGHT / 2


def test_neighbours_that_are_alike_say_less() -> None:
    """Times that stay high for a while are fewer samples than they look."""
    alike = [math.sin(place / 8) for place in range(64)]
    shuffled = [alike[(place * 29) % 64] for place in range(64)]

    assert drift(alike).variance > 0.01
    assert drift(shuffled).variance < drift(alike).variance / 3
    assert fmean(alike) == pytest.approx(fmean(shuffled))


def test_few_samples_cannot_tell_a_drift() -> None:
    """Below three batches nothing is said of it."""
    assert drift([0.0, 1.0, 0.0]).variance == 0.0
    assert drift([1.0]).variance == 0.0


def test_rounds_that_move_tell_what_runs_differ_in() -> None:
    """Where that is more than the stored runs show; calm rounds tell nothing."""
    (known,) = own([cell(0.1, 1.0, 1.0, 1.0)])
    (moved,) = own([replace(cell(0.1, 1.0, 1.0, 1.0), rounds=Spread(0.01, 3))])
    (calm,) = own([replace(cell(0.1, 1.0, 1.0, 1.0), rounds=Spread(0.0, 3))])

    assert calm == known
    assert moved.variance > known.variance
    assert moved.degrees == known.degrees + 3


def test_what_samples_differ_in_is_no_difference_of_rounds() -> None:
    """Neither what a sample has in all rounds, nor what it has in one by chance."""
    base = [0.0, 1.0, 5.0, 2.0]
    assert spread_of_rounds([base, base, base]).variance == 0.0
    moved = spread_of_rounds([base, [x + 0.1 for x in base]])
    assert moved.variance == pytest.approx(0.005)
    assert moved.degrees == 1
    # The same for half of the samples and the other way for the rest.
    mixed = [x + (0.1 if n % 2 else -0.1) for n, x in enumerate(base)]
    assert spread_of_rounds([base, mixed]).variance == 0.0


@pytest.mark.parametrize("rounds", [[], [[1.0, 2.0]], [[1.0], [2.0]]])
def test_of_one_round_or_one_sample_nothing_is_told(rounds: list[list[float]]) -> None:
    """A variance needs two."""
    assert spread_of_rounds(rounds) == between_runs.NOTHING


@pytest.mark.parametrize("looks", [1.0, 2.0, 4.0])
def test_more_looks_make_the_candidates_side_surer_alone(looks: float) -> None:
    """What stored runs differ in by their samples is what it was."""
    ours = {f"s{n}": 0.1 * (n % 3) for n in range(12)}
    stored = {"a": ours, "b": ours}
    found = times_of_logs(
        ours, stored, estimate=0.0, error=0.01, drifts=False, looks=looks
    )

    assert found is not None
    assert found.cell.noise == pytest.approx(0.01**2 / (1 / looks + 1 / 2))
    assert found.cell.sampled == pytest.approx(0.01**2)
    assert together([found.cell]).sampled.variance == pytest.approx(0.01**2)
