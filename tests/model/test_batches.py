"""Real models answer many requests together as they answer each alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_llmlat.measure.scenarios import BatchSettings
from pytest_llmlat.measure.scenarios.batching import in_batches
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.protocols import Batching
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.timing import NS_PER_S, Timing
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local
from tests.model.test_embedded import tiny_gpt2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend

PROMPTS = (
    "1, 2, 3, 4, 5,",
    "The capital of France is",
    "Hi",
    "Once upon a time there was a little girl who lived in a village near the",
    "Water boils at",
)
REQUESTS = [Request(prompt=prompt, chat=False, max_new_tokens=8) for prompt in PROMPTS]
# Ends by its stop string, while the others go on.
REQUESTS[0] = replace(REQUESTS[0], stop=("7",))


def together(
    backend: Backend, requests: Sequence[Request], kind: str
) -> tuple[list[Generation], list[Timing]]:
    """Answer requests in one batch."""
    assert isinstance(backend, Batching)
    meters = [Meter(SystemClock(), request.stop) for request in requests]
    for meter in meters:
        meter.start()
    batches = backend.batches(requests, kind)
    try:
        batches.prepare(requests, len(requests))
        generations = batches.generate(requests, meters, len(requests))
    finally:
        batches.close()
    return generations, [meter.timing() for meter in meters]


def alone(backend: Backend, requests: Sequence[Request]) -> list[Generation]:
    """Answer them one by one."""
    return [
        backend.generate(request, Meter(SystemClock(), request.stop))
        for request in requests
    ]


def test_a_padded_batch_answers_as_one_by_one(huggingface: Backend) -> None:
    """In float32, prompts of five lengths; padding may turn a near tie, no more."""
    generations, timings = together(huggingface, REQUESTS, "padded")
    expected = alone(huggingface, REQUESTS)

    same = [a == b for a, b in zip(generations, expected, strict=True)]
    assert same.count(True) >= 4
    assert [g.finish for g in generations] == [g.finish for g in expected]
    assert [g.prompt_tokens for g in generations] == [g.prompt_tokens for g in expected]
    assert generations[0].text == " 6, "
    for generation, timing in zip(generations, timings, strict=True):
        assert sum(timing.stamp_tokens) == generation.output_tokens
        assert list(timing.stamps_ns) == sorted(timing.stamps_ns)
        assert timing.start_ns < timing.stamps_ns[0]
    # It ended before the others, and was stamped no more.
    assert timings[0].stamps_ns[-1] < timings[1].stamps_ns[-1]


def test_continuous_batching_is_stamped_by_our_clock(huggingface: Backend) -> None:
    """The library's seconds lie between our own readings of the clock."""
    requests = [replace(request, stop=()) for request in REQUESTS[:2]]

    begin = SystemClock().now_ns()
    generations, timings = together(huggingface, requests, "continuous")

    assert generations == alone(huggingface, requests)
    for generation, timing in zip(generations, timings, strict=True):
        assert generation.output_tokens == 8
        assert begin < timing.stamps_ns[0] < timing.stamps_ns[-1] < timing.end_ns
        assert list(timing.stamps_ns) == sorted(timing.stamps_ns)


@pytest.fixture
def tiny(tmp_path: Path) -> Backend:
    """A random GPT-2: learned positions, no pad token."""
    folder = tiny_gpt2(tmp_path)
    model = ModelSpec(
        name="tiny", backend="transformers", devices=("cpu",), weights=str(folder)
    )
    return local(Deployment(model=model, device="cpu"))


def test_learned_positions_and_no_pad_token_change_nothing(tiny: Backend) -> None:
    """Positions are counted without the padding, whatever stands there."""
    generations, _ = together(tiny, REQUESTS, "padded")

    assert generations == alone(tiny, REQUESTS)
    assert len({g.text for g in generations}) > 1


def test_prompts_at_the_end_of_the_context_are_answered_as_alone(
    tiny: Backend,
) -> None:
    """Room for few tokens, for none, and for all, in one batch of 64 positions."""
    requests = [
        replace(REQUESTS[1], prompt="a " * words, max_new_tokens=20)
        for words in (50, 70, 3)
    ]

    generations, _ = together(tiny, requests, "padded")

    assert generations == alone(tiny, requests)
    assert [g.finish for g in generations] == ["length", "context", "length"]
    assert generations[0].output_tokens is not None
    assert 0 < generations[0].output_tokens < 20
    assert generations[2].output_tokens == 20


def test_a_load_in_batches_is_compared_with_answers_given_alone(tiny: Backend) -> None:
    """The whole way: batches of two, their window, and nothing changed."""
    clock = SystemClock()

    batched = in_batches(
        REQUESTS,
        cast("Batching", tiny),
        clock,
        settings=BatchSettings(size=2),
        seed=0,
    )

    assert batched.facts is not None
    assert (batched.facts.batch, batched.facts.batching) == (2, "padded")
    assert (batched.facts.batch_checked, batched.facts.batch_changed) == (5, 0)
    assert (batched.facts.ended, batched.facts.failed) == (5, 0)
    timings = [response.timing for response in batched.responses if response]
    assert len({timing.start_ns for timing in timings}) == 1
    window_ns = max(timing.end_ns for timing in timings) - timings[0].start_ns
    assert batched.facts.window_s == window_ns / NS_PER_S
