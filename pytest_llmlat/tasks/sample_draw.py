"""The seeded, stratified draw of a task's samples."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.entities import Sample

_MOST_UNMEASURED = 64


def draw(
    samples: Sequence[Sample], count: int | None, *, seed: int, salt: str
) -> tuple[Sample, ...]:
    """Draw ``count`` items, in proportion to their strata, in their own order.

    An item is a sample, or a whole conversation with all its turns. The draw depends
    on the seed and on ``salt`` (the task's name) alone, so that every model and every
    run answers the same items.

    Args:
        samples: the whole task.
        count: how many items; all if ``None`` or more than there are.
        seed: of the session.
        salt: keeps draws of different tasks apart.
    """
    items: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        items[sample.item].append(sample)
    if count is None or count >= len(items):
        return tuple(samples)
    strata: dict[str, list[int]] = defaultdict(list)
    for index, (first, *_) in enumerate(items.values()):
        strata[first.stratum].append(index)
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{seed}|{salt}")  # noqa: S311 - a draw, not a secret
    shuffled = {
        name: sorted(indices, key=lambda _: source.random())
        for name, indices in sorted(strata.items())
    }
    sizes = _shares({k: len(v) for k, v in shuffled.items()}, count, source)
    chosen = {i for name, size in sizes.items() for i in shuffled[name][:size]}
    return tuple(
        sample
        for i, turns in enumerate(items.values())
        if i in chosen
        for sample in turns
    )


def in_chance_order(
    samples: Sequence[Sample], item: Callable[[Sample], str], *, seed: int, salt: str
) -> tuple[Sample, ...]:
    """Return samples in random order, so that the first ones stand for all.

    Args:
        samples: in any order.
        item: what each belongs to; what is alike stays together, in its own order.
        seed: of the session.
        salt: keeps orders of different tasks apart.
    """
    items: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        items[item(sample)].append(sample)
    source = random.Random(f"{seed}|{salt}|order")  # noqa: S311 - an order, not a secret
    drawn = sorted(items.values(), key=lambda _: source.random())
    return tuple(sample for own in drawn for sample in own)


def unmeasured(
    samples: Sequence[Sample], drawn: Sequence[Sample], *, seed: int, salt: str
) -> tuple[Sample, ...]:
    """Return samples that were not drawn, for requests that do not count.

    Args:
        samples: the whole task.
        drawn: those of them that are measured.
        seed: of the session.
        salt: keeps those of different tasks apart.
    """
    measured = {sample.id for sample in drawn}
    others = [sample for sample in samples if sample.id not in measured]
    source = random.Random(f"{seed}|{salt}|unmeasured")  # noqa: S311 - a draw, not a secret
    return tuple(sorted(others, key=lambda _: source.random())[:_MOST_UNMEASURED])


def _shares(sizes: dict[str, int], count: int, source: random.Random) -> dict[str, int]:
    """Divide ``count`` in proportion to ``sizes``, by largest remainder."""
    total = sum(sizes.values())
    exact = {name: count * size / total for name, size in sizes.items()}
    shares = {name: math.floor(share) for name, share in exact.items()}
    # Ties between remainders are broken by the seed, not by the alphabet.
    order = sorted(
        exact, key=lambda name: (shares[name] - exact[name], source.random())
    )
    for name in order[: count - sum(shares.values())]:
        shares[name] += 1
    return shares
