"""Batches compute with the threads of their model's entry; memory is given back."""

from __future__ import annotations

import ctypes
import gc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.threaded_batches import ThreadedBatches
from pytest_llmlat.backends.huggingface.torch_devices import Threads

if TYPE_CHECKING:
    from collections.abc import Callable


class Batches:
    """Notes with how many threads it is asked."""

    kind = "padded"
    own_queue = False

    def __init__(self, threads: list[int]) -> None:
        """Look at this count."""
        self.threads = threads
        self.seen: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method that notes its call."""

        def call(*_: object) -> str:
            self.seen.append((name, self.threads[0]))
            return name

        return call


def test_batches_are_prepared_and_answered_with_these_threads() -> None:
    """Else the facts would tell a number that the figures do not have."""
    count = [4]
    torch = SimpleNamespace(
        get_num_threads=lambda: count[0],
        set_num_threads=lambda wanted: count.__setitem__(0, wanted),
    )
    inner: Any = Batches(count)
    batches = ThreadedBatches(inner, Threads(torch, 1))

    batches.prepare([], 2)
    answers: object = batches.generate([], [], 2)
    size: object = batches.first_size([])
    batches.close()

    assert (batches.kind, batches.own_queue) == ("padded", False)
    assert (answers, size) == ("generate", "first_size")
    assert inner.seen[:2] == [("prepare", 1), ("generate", 1)]
    assert inner.seen[-1] == ("close", 4)
    assert count == [4]


@pytest.mark.parametrize("library", [SimpleNamespace(), None])
def test_a_c_library_without_such_a_function_is_left_alone(
    library: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Garbage is collected all the same."""

    def load(_: object) -> object:
        if library is None:
            raise OSError("no C library")
        return library

    collected = []
    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))

    free_memory()

    assert collected == [1]
