"""Continuous batches of transformers, with stand-ins for its manager."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.huggingface.batches import (
    Continuous,
)
from pytest_llmlat.values.errors import OutOfMemory
from pytest_llmlat.values.token_meter import Meter
from tests.unit.backends.batch_library import (
    END,
    Library,
    a_request,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Generation, Request


def an_output(
    tokens: list[int], stamps: list[float] | None, error: str | None = None
) -> Any:  # noqa: ANN401 - stands for transformers' own
    """Return what continuous batching says of one request."""
    return SimpleNamespace(generated_tokens=tokens, timestamps=stamps, error=error)


def continued(
    library: Library, *requests: Request
) -> tuple[list[Generation], list[Meter]]:
    """Answer requests by continuous batching."""
    meters = [Meter(library.clock, request.stop) for request in requests]
    batches = Continuous(library.engine(), requests)
    return batches.generate(requests, meters, 2), meters


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put stand-ins in the place of what is loaded on use."""
    library = SimpleNamespace(ContinuousBatchingConfig=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "transformers", library)


def test_continuous_batching_is_stamped_by_the_library() -> None:
    """Its seconds are those of our clock; the end token is none of the answer."""
    outputs = {
        "a": an_output([1, 3, 2, END], [1.5, 2.0, 2.5, 3.0]),
        "b": an_output([4, 4, 4, 4], [1.5, 2.0, 2.5, 3.0, 3.5]),
    }
    library = Library(outputs=outputs)

    generations, meters = continued(library, a_request(2), a_request(1))

    assert [g.text for g in generations] == ["one two ", "four " * 4]
    assert [g.finish for g in generations] == ["stop", "length"]
    assert [g.output_tokens for g in generations] == [3, 4]
    assert meters[0].timing().stamps_ns == (1_500_000_000, 2_500_000_000)
    assert meters[0].timing().stamp_tokens == (1, 2)
    assert library.given["inputs"] == [[7, 7], [7]]
    assert library.given["record_timestamps"]
    assert library.given["max_new_tokens"] == 4


def test_no_prompt_is_shortened_by_the_beginning_of_another() -> None:
    """Blocks are not shared; as many are under way as the size says."""
    library = Library(outputs={"a": an_output([END], [1.0])})

    continued(library, a_request(1))

    config = library.given["continuous_batching_config"]
    assert (config.allow_block_sharing, config.max_requests_per_batch) == (False, 2)


def test_a_request_begun_anew_has_lost_its_stamps_so_fewer_are_tried() -> None:
    """A cache that was too small is want of memory: no stamp is invented."""
    library = Library(outputs={"a": an_output([1, 1, 1], [2.0])})

    with pytest.raises(OutOfMemory, match="no cache for 2 at once"):
        continued(library, a_request(1))


@pytest.mark.parametrize(
    ("outputs", "kind", "told"),
    [
        ({}, RuntimeError, "0 of 1 answers came: its thread ended"),
        ({"a": an_output([], [], "kernel broke")}, RuntimeError, "kernel broke"),
        ({"a": an_output([], [], "CUDA out of memory")}, OutOfMemory, "out of memory"),
    ],
)
def test_a_failure_in_the_library_s_thread_is_the_failure_of_all(
    outputs: dict[str, Any], kind: type[Exception], told: str
) -> None:
    """It is not taken for short answers."""
    with pytest.raises(kind, match=told):
        continued(Library(outputs=outputs), a_request(1))


def test_what_was_reserved_is_given_back() -> None:
    """The library's thread ends before anything else is asked of the model."""
    library = Library(kind="cuda")

    Continuous(library.engine(), [a_request(1)]).close()

    assert library.log == ["destroy", "empty"]


def test_continuous_batching_has_as_many_under_way_as_there_are() -> None:
    """Up to a bound."""
    batches = Continuous(Library().engine(), ())

    assert batches.first_size([a_request(1)] * 3) == 3
    assert batches.first_size([a_request(1)] * 3000) == 256
