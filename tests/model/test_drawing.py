"""Real models draw what their distribution says, by the seed of each request."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface.token_sampling import TokenDrawing
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.token_meter import Meter
from tests.model.local import local
from tests.model.test_batches import together
from tests.model.test_embedded import tiny_gpt2

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Generation

QUESTION = Request(prompt="Once upon a time", chat=False, max_new_tokens=12)


def drawn(seed: int, *, temperature: float = 1.0, top_p: float = 1.0) -> Request:
    """Return a request that draws its answer."""
    how = Sampling(temperature=temperature, top_p=top_p, seed=seed)
    return replace(QUESTION, seed=seed, sampling=how)


def answered(backend: Backend, request: Request) -> Generation:
    """Ask alone."""
    return backend.generate(request, Meter(SystemClock()))


def test_the_seed_decides_and_nothing_before_it(backend: Backend) -> None:
    """The same seed gives the same, whatever was asked between."""
    first = answered(backend, drawn(1))
    others = [answered(backend, drawn(seed)).text for seed in (2, 3, 4)]

    assert answered(backend, drawn(1)) == first
    assert len({first.text, *others}) > 1
    assert first.sampling == Sampling(temperature=1.0, seed=1)


def test_the_smallest_nucleus_holds_the_likeliest_token(backend: Backend) -> None:
    """It is greedy decoding then, whatever the temperature and the seed."""
    greedy = answered(backend, QUESTION)

    assert greedy.sampling is not None
    assert greedy.sampling.greedy
    for seed in (1, 2):
        narrow = answered(backend, drawn(seed, temperature=1.5, top_p=1e-6))
        assert narrow.text == greedy.text


@pytest.fixture
def tiny(tmp_path: Path) -> Backend:
    """A random GPT-2 through transformers."""
    model = ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu",),
        weights=str(tiny_gpt2(tmp_path)),
    )
    return local(Deployment(model=model, device="cpu"))


def test_a_row_of_a_batch_is_drawn_as_it_would_be_alone(tiny: Backend) -> None:
    """Its tokens do not depend on who else is in the batch."""
    requests = [drawn(seed, top_p=0.95) for seed in (1, 2, 3)]

    generations, _ = together(tiny, requests, "padded")

    assert generations == [answered(tiny, request) for request in requests]
    assert len({g.text for g in generations}) == 3


def test_continuous_batches_do_not_draw(tiny: Backend) -> None:
    """They have one seed for all; told by name, or padded where nobody insists."""
    with pytest.raises(Unsupported, match="with one seed, and these have several"):
        together(tiny, [drawn(1), drawn(2)], "continuous")


@pytest.mark.parametrize(
    ("temperature", "top_p"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.85), (2.0, 0.5)]
)
def test_tokens_come_as_often_as_their_probability(
    temperature: float, top_p: float
) -> None:
    """Beside what transformers' own filters leave of the same scores."""
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    request = drawn(7, temperature=temperature, top_p=top_p)
    draw = TokenDrawing(torch, "cpu", [request])
    times = 20_000

    counts = Counter(int(draw(None, scores).argmax(-1)) for _ in range(times))

    left = scores / temperature
    if top_p < 1:
        left = transformers.TopPLogitsWarper(top_p)(None, left)
    expected = left.softmax(-1)[0].tolist()
    shares = [counts[token] / times for token in range(4)]
    assert shares == pytest.approx(expected, abs=0.015)
