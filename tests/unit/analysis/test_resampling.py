"""Percentiles by their definition, intervals that cover, draws that repeat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis import resampling as statistics
from pytest_llmlat.analysis.resampling import (
    interval,
    resample_weights,
    resampled_sums,
    resampled_sums_of,
)
from pytest_llmlat.values.percentiles import distribution, percentile
from pytest_llmlat.values.results import Distribution

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DURATIONS = st.lists(st.floats(0, 1e6), min_size=1, max_size=120)
DRAWS = 400


def resampling_weights(
    count: int, *, seed: str, draws: int = 10_000
) -> NDArray[np.float64]:
    """Return how often each of so many items is drawn in each resample."""
    import numpy as np

    weights: NDArray[np.float64] = resampled_sums(np.eye(count), seed=seed, draws=draws)
    return weights


def nearest_rank(values: list[float], percent: int) -> float:
    """Return the least value that at least this share of all does not exceed."""
    return min(
        value
        for value in values
        if 100 * sum(other <= value for other in values) >= percent * len(values)
    )


@given(DURATIONS, st.sampled_from([50, 90, 95, 99]))
def test_percentiles_are_nearest_ranks(values: list[float], percent: int) -> None:
    """A percentile is a measured value, or ``None`` where it is just the slowest."""
    ranked = sorted(values)
    # The rank at which the definition is met, counted one by one.
    rank = next(
        k for k in range(1, len(ranked) + 1) if 100 * k >= percent * len(values)
    )

    found = percentile(ranked, percent)

    if rank == len(ranked) and percent > 50:
        assert found is None
    else:
        assert found == nearest_rank(values, percent)


@pytest.mark.parametrize(("percent", "least"), [(50, 1), (90, 10), (95, 20), (99, 100)])
def test_a_percentile_needs_enough_values(percent: int, least: int) -> None:
    """p90 takes 10 values, p95 20 and p99 100: below, it is only the maximum."""
    values = [float(number) for number in range(least)]

    assert percentile(values, percent) is not None
    assert percentile(values[:-1], percent) is None


def test_a_distribution_leaves_out_what_was_not_measured() -> None:
    """``None`` is no duration of 0."""
    assert distribution([None, 3.0, 1.0, None, 2.0]) == Distribution(mean=2.0, p50=2.0)


def test_a_distribution_of_nothing_is_empty() -> None:
    """Without a value every figure is absent."""
    assert distribution([None]) == Distribution()
    assert distribution([]).mean is None


@given(DURATIONS)
def test_a_distribution_is_in_order(values: list[float]) -> None:
    """Percentiles rise, and lie within what was measured."""
    found = distribution(values)
    known = [
        figure
        for figure in (found.p50, found.p90, found.p95, found.p99)
        if figure is not None
    ]

    assert known == sorted(known)
    assert set(known) <= set(values)
    assert found.mean == pytest.approx(sum(values) / len(values))


@pytest.mark.slow
@given(st.integers(1, 30), st.text(max_size=8))
def test_a_resample_has_as_many_items_as_the_sample(count: int, seed: str) -> None:
    """Each row counts items drawn with replacement: whole numbers that add up."""
    weights = resampling_weights(count, seed=f"{seed}|x", draws=8)

    assert weights.shape == (8, count)
    assert (weights.sum(axis=1) == count).all()
    assert (weights >= 0).all()
    assert (weights == weights.round()).all()


def test_the_same_seed_draws_the_same_resamples() -> None:
    """Two models are resampled as a pair; another seed resamples anew."""
    first = resampling_weights(20, seed="0|task", draws=50)

    assert (first == resampling_weights(20, seed="0|task", draws=50)).all()
    assert (first != resampling_weights(20, seed="1|task", draws=50)).any()
    assert (first != resampling_weights(20, seed="0|ksat", draws=50)).any()


def test_every_item_is_drawn_alike() -> None:
    """No item is preferred: each is drawn once on average, with variance 1 - 1/n."""
    import numpy as np

    weights = resampling_weights(10, seed="fair")

    assert weights.mean(axis=0) == pytest.approx(np.ones(10), abs=0.05)
    assert weights.var(axis=0) == pytest.approx(np.full(10, 0.9), abs=0.06)


def test_all_columns_are_of_the_same_items() -> None:
    """Sums of a resample are of the rows that were drawn, whatever stands beside."""
    import numpy as np

    columns = np.array([[1.0, 10.0], [2.0, 20.0], [5.0, 50.0]])

    sums = resampled_sums(columns, seed="s", draws=30)

    assert sums.shape == (30, 2)
    assert (sums[:, 1] == 10 * sums[:, 0]).all()
    weights = resampling_weights(3, seed="s", draws=30)
    assert sums == pytest.approx(weights @ columns)


@pytest.mark.parametrize("at_a_time", [1, 7, 40])
def test_memory_does_not_change_the_resamples(
    monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    """Drawn in parts or at once, the resamples are the same."""
    whole = resampling_weights(5, seed="s", draws=11)
    monkeypatch.setattr(statistics, "_CELLS", at_a_time)

    assert (resampling_weights(5, seed="s", draws=11) == whole).all()


@given(st.integers(1, 30), st.text(max_size=8))
def test_weights_are_those_of_the_sums(count: int, seed: str) -> None:
    """Whoever sums many sets of columns draws the same resamples, row by row."""
    import numpy as np

    columns = np.arange(2.0 * count).reshape(count, 2)
    weights = resample_weights(count, seed=f"{seed}|x", draws=9)

    assert weights.shape == (9, count)
    assert weights.dtype == np.float32
    assert (weights.sum(axis=1) == count).all()
    assert (weights == resampling_weights(count, seed=f"{seed}|x", draws=9)).all()
    sums = resampled_sums(columns, seed=f"{seed}|x", draws=9)
    assert (weights @ columns == sums).all()


def test_there_are_as_many_weights_as_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand unless told, however few are held at a time."""
    whole = resample_weights(3, seed="s")
    assert whole.shape == (statistics.DRAWS, 3)

    monkeypatch.setattr(statistics, "_CELLS", 1000)
    assert (resample_weights(3, seed="s") == whole).all()
    assert (resample_weights(3, seed="t") != whole).any()


def test_an_interval_is_of_95_percent() -> None:
    """It leaves one draw of forty on each side."""
    import numpy as np

    low, high = interval(np.arange(4001.0))

    assert low == pytest.approx(100)
    assert high == pytest.approx(3900)


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_an_interval_of_no_width_is_none(value: float) -> None:
    """Where no resample moves a figure, nothing is known of how far it may move."""
    import numpy as np

    draws = np.full(50, value) + np.linspace(0, 1e-15, 50)

    assert interval(draws) == (None, None)


def test_an_interval_is_of_plain_floats() -> None:
    """A numpy number would not pass through JSON or to another process."""
    import numpy as np

    low, high = interval(np.arange(100.0))

    assert (type(low), type(high)) == (float, float)


def covered(values: NDArray[np.float64], seed: int, truth: float) -> bool:
    """Whether the bootstrap interval of a mean holds the truth."""
    sums = resampled_sums(values[:, None], seed=str(seed), draws=DRAWS)
    low, high = interval(sums[:, 0] / len(values))
    return low is not None and high is not None and low <= truth <= high


@pytest.mark.slow
def test_the_interval_of_a_mean_covers_it() -> None:
    """In 300 experiments of 40 items about 95 of 100 intervals hold the true mean."""
    import numpy as np

    source = np.random.default_rng(20240607)
    hits = sum(
        covered(source.exponential(2.0, size=40), number, 2.0) for number in range(300)
    )

    # 40 skewed values cover a little less than their 95 %.
    assert 0.88 * 300 <= hits <= 0.98 * 300


@pytest.mark.parametrize(
    ("known", "censored", "expected"),
    [
        (10, 0, Distribution(mean=5.5, p50=5, p90=9)),
        (9, 1, Distribution(p50=5, p90=9)),
        (8, 2, Distribution(p50=5)),
        (5, 5, Distribution(p50=5)),
        (4, 6, Distribution()),
        (1, 1, Distribution(p50=1)),
        (1, 2, Distribution()),
        (0, 3, Distribution()),
        (19, 1, Distribution(p50=10, p90=18, p95=19)),
        (94, 6, Distribution(p50=50, p90=90)),
        (95, 5, Distribution(p50=50, p90=90, p95=95)),
    ],
)
def test_what_was_cut_off_ranks_above_all_that_is_known(
    known: int, censored: int, expected: Distribution
) -> None:
    """A percentile that falls among it is unknown, and so is the mean."""
    values = [float(number) for number in range(1, known + 1)]

    assert distribution(values[::-1], censored=censored) == expected


@given(DURATIONS, st.integers(1, 60), st.floats(0, 1e6))
def test_however_long_the_cut_off_took_the_percentiles_hold(
    values: list[float], censored: int, longer: float
) -> None:
    """Had they been waited for, each known percentile would have been the same."""
    waited = [max(values) + longer] * censored
    names = ("p50", "p90", "p95", "p99")

    found = distribution(values, censored=censored)

    whole = distribution([*values, *waited])
    for name in names:
        assert getattr(found, name) in (None, getattr(whole, name))
    assert found.mean is None


def test_what_could_not_be_measured_is_not_cut_off() -> None:
    """An answer without a first token has no rank; one that was given up has one."""
    found = distribution([None, 1.0, None, 2.0, None], censored=1)

    assert found == Distribution(p50=2.0)


def test_a_block_is_summed_alike_whichever_are_beside_it() -> None:
    """To the last bit, so that a cell has the same figures alone and in its run.

    As one product with the others they differed, by less than 1e-12.
    """
    import numpy as np

    source = np.random.default_rng(7)
    for rows in (2, 3, 17, 100, 301):
        blocks = [source.random((rows, width)) for width in (1, 2, 5, 3)]
        alone = [resampled_sums(block, seed="s", draws=DRAWS) for block in blocks]
        together = resampled_sums_of(blocks, seed="s", draws=DRAWS)
        product = resampled_sums(np.column_stack(blocks), seed="s", draws=DRAWS)

        assert all(map(np.array_equal, alone, together))
        np.testing.assert_allclose(np.column_stack(together), product, rtol=1e-12)


@given(alike=st.sampled_from([0.0, 1.0, 0.1, 1 / 3, math.nan]), rows=st.integers(1, 20))
def test_a_column_that_all_rows_share_is_summed_too(alike: float, rows: int) -> None:
    """Without a product it is as often its value as rows were drawn; others vary."""
    import numpy as np

    own = np.arange(float(rows))
    columns = np.column_stack([own, np.full(rows, alike), own * 2])

    sums = resampled_sums(columns, seed="s", draws=20)

    weights = resample_weights(rows, seed="s", draws=20)
    assert sums == pytest.approx(weights @ columns, nan_ok=True, rel=1e-6)
