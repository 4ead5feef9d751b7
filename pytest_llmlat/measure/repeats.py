"""Repeats of a question, each with a seed of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.sampling import GREEDY, Sampling, seed_of

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Request


def drawn(request: Request, sampling: Sampling, *, sample: str, number: int) -> Request:
    """Return a request with the sampling of its cell and the seed of its repeat.

    A greedy one has a seed of its own too: a server may draw where it should not.

    Args:
        request: with the seed of the session.
        sampling: of the cell.
        sample: the id of what is asked.
        number: which of the repeats it is, from 0.
    """
    seed = seed_of(request.seed, sample=sample, number=number)
    how = GREEDY if sampling.greedy else replace(sampling, seed=seed)
    return replace(request, seed=seed, sampling=how)


def rounds_in_turn(repeats: int) -> int:
    """Return how often each of two models in turn (A B B A) is asked a sample.

    The number is even, so that neither is always the first, and at least as asked for.
    """
    return 2 * ((repeats + 1) // 2)
