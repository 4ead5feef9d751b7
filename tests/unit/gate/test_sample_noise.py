"""How one sample varies from run to run, read off stored runs."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.sample_noise import sample_noise
from tests.unit.builders import a_record, a_timing, an_error

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record


def a_run(
    seed: int,
    *,
    samples: int = 400,
    noise: float = 0.1,
    first: float = 0.0,
    common: float = 0.0,
    alike: int = 1,
) -> list[Record]:
    """Return a run's records.

    Args:
        seed: of its noise; samples have the same usual times in all runs.
        samples: how many there are.
        noise: of all times.
        first: more of it that a first token has for itself.
        common: to all of its times.
        alike: so many neighbours have the same noise.
    """
    usual, source = random.Random(1), random.Random(seed)  # noqa: S311 - no secret
    records, own = [], 0.0
    for number in range(samples):
        if number % alike == 0:
            own = source.gauss(0, noise)
        end = usual.gauss(0, 0.5) + common + own
        begin = end - 3 + source.gauss(0, first)
        timing = a_timing(math.exp(begin), math.exp(end))
        records.append(a_record(f"s{number:04}", timing=timing))
    return records


@pytest.mark.slow
def test_noise_is_what_samples_vary_by_and_not_what_runs_do() -> None:
    """Neither the usual time of a sample nor a slow run is noise of it."""
    told = sample_noise([a_run(n, noise=0.1, common=0.3 * n) for n in range(3)])

    assert told.names[:2] == ("e2e", "ttft")
    assert math.sqrt(told.variances["e2e"]) == pytest.approx(0.1, rel=0.1)
    assert told.correlation[0, 1] == pytest.approx(1.0, abs=0.001)


@pytest.mark.slow
def test_first_tokens_with_noise_of_their_own_go_less_with_the_whole() -> None:
    """The correlation is that of the noise: 0.1 of 0.1 and 0.1 is 0.71."""
    runs = [a_run(n, noise=0.1, first=0.1, common=0.3 * n) for n in range(3)]
    told = sample_noise(runs)

    assert told.correlation[0, 1] == pytest.approx(math.sqrt(0.5), abs=0.06)
    assert math.sqrt(told.variances["ttft"]) == pytest.approx(0.141, rel=0.1)


@pytest.mark.slow
def test_neighbours_that_have_the_same_noise_are_alike() -> None:
    """Of ten that are, a mean varies about as that of a tenth of them does."""
    runs = [a_run(n, alike=10) for n in range(5)]

    assert sample_noise(runs).alike["e2e"] > 3
    assert abs(sample_noise([a_run(n) for n in range(5)]).alike["e2e"]) < 1


@pytest.mark.slow
def test_one_run_tells_it_by_its_rounds() -> None:
    """As the noise of a sample's mean over them."""
    first, second = a_run(1), a_run(2)
    rounds = first + [replace(record, round=1) for record in second]

    told = sample_noise([rounds])

    assert math.sqrt(told.variances["e2e"]) == pytest.approx(
        0.1 / math.sqrt(2), rel=0.1
    )
    assert told.alike["e2e"] == 0


def test_one_run_of_one_round_tells_nothing() -> None:
    """The spread between samples is no noise."""
    assert sample_noise([a_run(1)]).names == ()
    assert sample_noise([[an_error(f"s{n}") for n in range(9)]] * 2).names == ()


def test_a_latency_that_fewer_samples_have_is_left_out() -> None:
    """Then e2e is told alone."""

    def unstreamed(run: list[Record]) -> list[Record]:
        whole = [
            replace(r, timing=a_timing(end_s=1.0 + 0.01 * n)) for n, r in enumerate(run)
        ]
        return [*whole[:9], *run[9:]]

    told = sample_noise([unstreamed(a_run(n, samples=24)) for n in range(3)])

    assert "ttft" not in told.names
    assert told.names[0] == "e2e"
    assert told.correlation.shape == (len(told.names),) * 2


@pytest.mark.slow
def test_only_what_is_gated_is_kept() -> None:
    """The correlation is of these."""
    told = sample_noise([a_run(n, first=0.1) for n in range(3)]).only(("ttft",))

    assert told.names == ("ttft",)
    assert told.correlation.tolist() == [[pytest.approx(1.0)]]
