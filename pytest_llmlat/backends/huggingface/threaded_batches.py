"""Batches that compute with as many processor threads as their model's entry says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.huggingface.torch_devices import Threads
    from pytest_llmlat.values.protocols import Batches
    from pytest_llmlat.values.records import Generation, Request
    from pytest_llmlat.values.token_meter import Meter


class ThreadedBatches:
    """Batches inside a number of threads; outside, things are as they were."""

    def __init__(self, batches: Batches, threads: Threads) -> None:
        """Wrap a way to answer many requests at once."""
        self._batches = batches
        self._threads = threads

    @property
    def kind(self) -> str:
        """What it is called in the facts of a load."""
        return self._batches.kind

    @property
    def own_queue(self) -> bool:
        """Whether it takes all requests at once."""
        return self._batches.own_queue

    def first_size(self, requests: Sequence[Request]) -> int:
        """Return how many to answer at once where nobody says."""
        return self._batches.first_size(requests)

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Do what need not be measured."""
        with self._threads:
            self._batches.prepare(requests, size)

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Answer a batch."""
        with self._threads:
            return self._batches.generate(requests, meters, size)

    def close(self) -> None:
        """Give back what was prepared."""
        self._batches.close()
