"""Which models run on which devices, and which samples all of them answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.session.matrix import cell, deployments, on_device
from pytest_llmlat.tasks.sample_draw import draw
from tests.unit.builders import a_deployment, a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_llmlat.values.entities import Sample

EVERYWHERE = ("cpu", "cuda", "a6000", "mps")
STRATA = st.lists(st.sampled_from("abcd"), min_size=1, max_size=60)
SEEDS = st.integers(0, 2**32)


def run_on(
    present: Sequence[str],
    named: Collection[str] = (),
    devices: Sequence[str] = EVERYWHERE,
) -> list[str]:
    """Return the devices that one model runs on."""
    model = a_model(devices=devices)
    return [d.device for d in deployments([model], present=present, named=named)]


def samples(strata: Sequence[str]) -> list[Sample]:
    """Return one sample for each stratum named, in this order."""
    return [
        replace(a_sample(f"s{number}"), stratum=stratum)
        for number, stratum in enumerate(strata)
    ]


def ids(drawn: Sequence[Sample]) -> list[str]:
    """Return the ids of samples."""
    return [sample.id for sample in drawn]


@pytest.mark.parametrize(
    ("present", "named", "expected"),
    [
        (["cpu"], [], ["cpu"]),
        (["cpu", "cuda"], [], ["cpu", "cuda"]),
        (["cpu", "cuda", "a6000"], [], ["cpu", "a6000"]),
        (["cpu", "cuda", "a6000"], ["a6000"], ["cpu", "a6000"]),
        (["cpu", "cuda", "a6000"], ["cuda"], ["cpu", "cuda", "a6000"]),
        (["cpu"], ["mps"], ["cpu", "mps"]),
        (["cpu", "endpoint"], [], ["cpu"]),
    ],
)
def test_a_model_runs_on_what_is_present_or_named(
    present: list[str], named: list[str], expected: list[str]
) -> None:
    """An A6000 is not measured twice, as itself and as CUDA, unless both are named."""
    assert run_on(present, named) == expected


def test_cuda_serves_a_model_that_does_not_name_the_a6000() -> None:
    """The special name stands in for the general one only where a model has both."""
    present = ["cpu", "cuda", "a6000"]

    assert run_on(present, devices=["cpu", "cuda"]) == ["cpu", "cuda"]


def test_an_a6000_that_is_only_named_hides_no_other_card() -> None:
    """``-m "not a6000"`` names a device that is not here; CUDA still runs."""
    assert "cuda" in run_on(["cpu", "cuda"], ["a6000"])


@pytest.mark.parametrize(
    ("devices", "named", "expected"),
    [
        (("cpu", "hf"), (), ["cpu"]),
        (("cpu", "hf"), ("hf",), ["cpu", "hf"]),
        (("cuda", "hf"), (), []),
        (("hf",), (), ["hf"]),
        (("endpoint",), (), ["endpoint"]),
    ],
)
def test_the_cloud_is_asked_only_where_it_is_named(
    devices: tuple[str, ...], named: tuple[str, ...], expected: list[str]
) -> None:
    """A token in the environment is no wish to pay for what could run here."""
    found = deployments(
        [a_model(devices=devices)], present=("cpu", "hf", "endpoint"), named=named
    )

    assert [deployment.device for deployment in found] == expected


@pytest.mark.parametrize(
    ("devices", "named", "expected"),
    [
        (("cpu", "cuda"), (), ["cpu", "cuda"]),
        (("cpu", "cuda"), ("h100",), ["cpu", "cuda", "h100"]),
        (("cpu",), ("h100",), ["cpu"]),
        (("cpu", "cuda"), ("gpu_a10",), ["cpu", "cuda", "gpu_a10"]),
        (("cuda",), ("a6000",), ["cuda"]),
        (("cpu",), ("hf", "xpu"), ["cpu"]),
        (EVERYWHERE, ("xpu",), ["cpu", "cuda", "xpu"]),
        (("cuda", "h100"), (), ["h100"]),
        (("gpu_h100", "cuda"), (), ["gpu_h100"]),
    ],
)
def test_an_unusual_device_is_there_for_who_names_it(
    devices: tuple[str, ...], named: tuple[str, ...], expected: list[str]
) -> None:
    """An H100 is CUDA, until somebody asks for it or an entry says so."""
    present = [d for d in ("cpu", "cuda", "h100", "gpu_h100") if d in devices]

    assert run_on([*present, "cpu", "cuda"], named, devices) == expected


def test_a_special_device_has_the_dtype_of_the_general_one() -> None:
    """Its weights are loaded as the entry says for CUDA."""
    model = replace(a_model(devices=["cuda"]), dtype=(("cuda", "float16"),))

    placed = on_device(model, "h100")

    assert placed is not None
    assert placed.dtype_on("h100") == "float16"
    assert on_device(model, "cuda") is model
    assert on_device(model, "cpu") is None


def test_deployments_keep_the_order_asked_for() -> None:
    """Models come as they were typed, each once, devices as the entry prefers them."""
    models = [a_model("b", devices=["cuda", "cpu"]), a_model("a"), a_model("b")]
    models[2] = models[0]

    found = deployments(models, present=["cpu", "cuda"], named=())

    assert [d.id for d in found] == ["b|cuda", "b|cpu", "a|cpu"]


def test_a_cell_bears_the_names_of_its_parts() -> None:
    """What one item measures is told by its id."""
    made = cell(a_deployment(device="mps"), a_task("sentiment/x"), "single")

    assert made.id == "sentiment/x|parrot|mps|single"
    assert made.family == "sentiment"


@given(STRATA, st.integers(0, 70), SEEDS)
def test_a_draw_is_in_proportion(strata: list[str], count: int, seed: int) -> None:
    """Each stratum has its share, rounded to one of the two whole numbers beside it."""
    whole = samples(strata)

    drawn = draw(whole, count, seed=seed, salt="task")

    assert len(drawn) == min(count, len(whole))
    sizes = Counter(strata)
    got = Counter(sample.stratum for sample in drawn)
    for stratum, size in sizes.items():
        exact = len(drawn) * size / len(whole)
        assert abs(got[stratum] - exact) < 1


@given(STRATA, st.integers(0, 70), SEEDS)
def test_a_draw_keeps_the_order(strata: list[str], count: int, seed: int) -> None:
    """Samples come once each and in their own order."""
    whole = samples(strata)

    drawn = draw(whole, count, seed=seed, salt="task")

    places = [whole.index(sample) for sample in drawn]
    assert places == sorted(set(places))


@given(STRATA, st.integers(0, 70), SEEDS)
def test_the_same_seed_draws_the_same_samples(
    strata: list[str], count: int, seed: int
) -> None:
    """Every model answers the same items: nothing else goes into the draw."""
    first = draw(samples(strata), count, seed=seed, salt="task")
    second = draw(samples(strata), count, seed=seed, salt="task")

    assert ids(first) == ids(second)


def test_seed_and_task_change_the_draw() -> None:
    """Another seed, or the same seed for another task, draws other samples."""
    whole = samples("ab" * 30)
    draws = {
        tuple(ids(draw(whole, 20, seed=seed, salt=salt)))
        for seed in (0, 1)
        for salt in ("a", "b")
    }

    assert len(draws) == 4


def test_a_draw_is_pinned() -> None:
    """A seed means the same samples in the next version too."""
    drawn = draw(samples("aabbbb"), 3, seed=0, salt="sentiment/polarity")

    assert ids(drawn) == ["s0", "s2", "s3"]


@pytest.mark.parametrize("count", [None, 4, 5, 10**18])
def test_all_samples_are_drawn_where_there_are_no_more(count: int | None) -> None:
    """A count of all samples or more is all of them, untouched."""
    whole = samples("abab")

    assert draw(whole, count, seed=0, salt="") == tuple(whole)


def test_every_sample_has_a_chance() -> None:
    """Over many seeds each sample of a stratum is drawn about equally often."""
    whole = samples("aaaa")
    counts = Counter(
        draw(whole, 1, seed=seed, salt="task")[0].id for seed in range(400)
    )

    assert sorted(counts) == ["s0", "s1", "s2", "s3"]
    assert min(counts.values()) > 60


def test_ties_between_strata_are_broken_by_the_seed() -> None:
    """Where shares are equal, no stratum is always the lucky one."""
    whole = samples("ab")
    lucky = {draw(whole, 1, seed=seed, salt="")[0].stratum for seed in range(20)}

    assert lucky == {"a", "b"}
