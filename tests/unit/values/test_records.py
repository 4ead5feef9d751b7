"""Timings follow from stamps to the nanosecond; what is not there is ``None``."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values import cell_facts, records
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.families import FAMILIES
from pytest_llmlat.values.timing import NS_PER_S, Timing
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task

STAMPS = st.lists(
    st.tuples(st.integers(0, 10**12), st.integers(1, 9)), min_size=1, max_size=20
).map(sorted)


def a_timing(
    *stamps: tuple[int, int], start: int = 0, end: int | None = None
) -> Timing:
    """Return a timing of (nanosecond, tokens) stamps."""
    last = stamps[-1][0] if stamps else start
    return Timing(
        start_ns=start,
        end_ns=last if end is None else end,
        stamps_ns=tuple(stamp for stamp, _ in stamps),
        stamp_tokens=tuple(count for _, count in stamps),
    )


def test_durations_of_a_known_answer() -> None:
    """Each figure is the difference of its two stamps, to the nanosecond."""
    timing = a_timing(
        (1_000_000_101, 1), (1_000_000_201, 1), (1_000_000_501, 1), start=1, end=10**10
    )

    assert timing.ttft_s == 1_000_000_100 / NS_PER_S
    assert timing.e2e_s == 1_000_000_500 / NS_PER_S
    assert timing.tpot_s == 400 / NS_PER_S / 2
    assert timing.itl_s == (100 / NS_PER_S, 300 / NS_PER_S)


def test_a_first_chunk_of_several_tokens_costs_no_time_after_it() -> None:
    """Only the tokens that came after the first stamp divide the time after it."""
    timing = a_timing((100, 5), (300, 2), (700, 1))

    assert timing.tpot_s == 600 / NS_PER_S / 3


@pytest.mark.parametrize("tokens", [1, 7])
def test_a_single_stamp_has_no_time_per_token(tokens: int) -> None:
    """One token, or one chunk, leaves nothing to take the time between."""
    timing = a_timing((100, tokens))

    assert timing.tpot_s is None
    assert timing.itl_s == ()


def test_an_answer_without_content_ends_when_the_backend_does() -> None:
    """Without a token there is no first one, and the whole call was the wait."""
    timing = a_timing(start=5, end=25)

    assert timing.ttft_s is None
    assert timing.tpot_s is None
    assert timing.e2e_s == 20 / NS_PER_S


def test_reasoning_and_queue_count_from_the_start() -> None:
    """Both have an instant of their own, and are absent without it."""
    plain = a_timing((100, 1), start=10)
    timing = replace(plain, reasoning_ns=50, sent_ns=30)

    assert (plain.ttfr_s, plain.queue_s) == (None, None)
    assert (timing.ttfr_s, timing.queue_s) == (40 / NS_PER_S, 20 / NS_PER_S)
    assert timing.ttft_s == plain.ttft_s


@given(STAMPS)
def test_the_parts_add_up_to_the_whole(stamps: list[tuple[int, int]]) -> None:
    """The first token and all gaps after it make the end-to-end time."""
    timing = a_timing(*stamps)
    first = timing.ttft_s

    assert first is not None
    assert sum(timing.itl_s, start=first) == pytest.approx(timing.e2e_s)
    assert len(timing.itl_s) == len(stamps) - 1


def test_a_cell_is_known_by_its_parts() -> None:
    """The id names task, model, device and scenario, in this order."""
    cell = a_cell("m", "cuda", "sentiment/polarity", "single")

    assert cell.id == "sentiment/polarity|m|cuda|single"
    assert cell.family == "sentiment"


def test_a_deployment_is_known_by_model_and_device() -> None:
    """Its id is a part of the ids of its cells."""
    deployment = a_deployment(device="mps")

    assert deployment.id == "parrot|mps"


def test_a_sample_names_the_column_that_is_missing() -> None:
    """A column is looked up by name."""
    sample = a_sample(tests="assert True")

    assert sample.field("tests") == "assert True"
    with pytest.raises(KeyError, match="nothing"):
        sample.field("nothing")


def test_options_have_defaults() -> None:
    """A setting that the catalogue leaves out is the caller's default."""
    model = ModelSpec(
        name="m",
        backend="gguf",
        devices=("cpu",),
        options=(("threads", 2),),
        dtype=(("cpu", "float32"),),
    )
    task = replace(a_task(), options=(("language", "de"),))

    assert (model.option("threads"), model.option("context", 7)) == (2, 7)
    assert (model.dtype_on("cpu"), model.dtype_on("cuda")) == ("float32", None)
    assert (task.option("language"), task.option("k")) == ("de", None)


def test_every_record_type_is_frozen_and_slotted() -> None:
    """Values cross modules; none is changed on the way, none grows attributes."""
    kinds = [
        kind
        for module in (records, cell_facts)
        for kind in vars(module).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    ]

    assert len(kinds) > 10
    for kind in kinds:
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]
        assert "__slots__" in vars(kind), kind


def test_there_are_six_families() -> None:
    """The families are those that the project promises."""
    assert sorted(FAMILIES) == [
        "code_completion",
        "code_debugging",
        "reasoning",
        "sentiment",
        "summarization",
        "translation",
    ]


def spread(stamps: int, tokens: int, *, gap: int = 100) -> Timing:
    """Return an answer of which a server told only all tokens together."""
    timing = a_timing(*((gap * (n + 1), 1) for n in range(stamps)))
    return replace(timing, spread_tokens=tokens)


def test_of_a_sum_of_tokens_the_first_stamp_has_its_share() -> None:
    """Twelve tokens in four messages are nine after the first, not eleven."""
    timing = spread(stamps=4, tokens=12)

    assert timing.later_tokens == 9
    assert timing.tpot_s == pytest.approx(300 / NS_PER_S / 9)


def test_a_sum_that_does_not_divide_is_not_rounded() -> None:
    """The share of a message need not be whole."""
    timing = spread(stamps=3, tokens=10)

    assert timing.later_tokens == pytest.approx(10 * 2 / 3)


@pytest.mark.parametrize("stamps", [0, 1])
def test_a_sum_in_one_message_has_no_time_per_token(stamps: int) -> None:
    """There is nothing to take the time between."""
    timing = spread(stamps=stamps, tokens=50)

    assert timing.later_tokens == 0
    assert timing.tpot_s is None


@given(st.integers(2, 60), st.integers(0, 400))
def test_a_sum_makes_decoding_look_no_faster_than_it_can_be(
    stamps: int, more: int
) -> None:
    """Never faster than if every token but one had come after the first stamp."""
    timing = spread(stamps=stamps, tokens=stamps + more)

    assert timing.tpot_s is not None
    fastest = sum(timing.itl_s) / (stamps + more - 1)
    assert timing.tpot_s >= fastest * (1 - 1e-9)
    assert timing.later_tokens >= stamps - 1


def test_a_sum_of_one_token_each_is_like_single_tokens() -> None:
    """Told as a sum or one by one, the same answer has the same time per token."""
    timing = spread(stamps=5, tokens=5)

    assert timing.tpot_s == pytest.approx(replace(timing, spread_tokens=None).tpot_s)


def test_later_tokens_are_those_after_the_first_stamp() -> None:
    """Counted where every stamp has its own count."""
    assert a_timing((100, 5), (300, 2), (700, 1)).later_tokens == 3
    assert a_timing((100, 5)).later_tokens == 0
    assert a_timing().later_tokens == 0


def test_a_message_of_several_tokens_is_marked() -> None:
    """Its gaps are not those of tokens; a sum says the same of some message."""
    assert not a_timing((100, 1), (200, 1)).grouped
    assert not a_timing().grouped
    assert a_timing((100, 1), (200, 2)).grouped
    assert a_timing((100, 3)).grouped
    assert spread(stamps=4, tokens=12).grouped
