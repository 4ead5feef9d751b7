"""Whether a draft changes answers: some are asked again without it.

Speculative decoding keeps a guessed token only where the model would have chosen it, so
that a greedy answer is the same as without. In practice many tokens are read at once,
which rounds otherwise than one at a time. So some requests are made again without the
draft, after all others, and the answers that differ are counted.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.draft_counts import DraftCheck
from pytest_llmlat.values.protocols import Drafting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Record, Request

CHECKED = 16
"""Requests at most that are made again."""


def check_draft(
    requests: Sequence[Request],
    records: Sequence[Record],
    backend: Backend | Server[Any],
    clock: Clock,
    *,
    seed: int,
) -> DraftCheck | None:
    """Return how many answers differ from those without a draft.

    Args:
        requests: as they were made.
        records: what came of each.
        backend: who answered.
        clock: of the requests; their times count for nothing.
        seed: of the draw of those that are made again.

    Returns:
        ``None`` where there is no draft, or no greedy answer to make again.
    """
    if backend.remote or not isinstance(backend, Drafting) or not backend.drafts:
        return None
    greedy = [
        (request, record)
        for request, record in zip(requests, records, strict=True)
        # Of a conversation the next turn would find what this one has left.
        if record.draft is not None
        and request.sampling.greedy
        and request.conversation is None
    ]
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{seed}|draft")  # noqa: S311 - no secret
    drawn = sorted(greedy, key=lambda _: source.random())[:CHECKED]
    same = []
    with backend.undrafted():
        for request, record in drawn:
            again = ask(request, backend, clock).generation
            if again is not None:
                same.append(again.text == record.answer)
    return DraftCheck(checked=len(same), changed=same.count(False)) if same else None
