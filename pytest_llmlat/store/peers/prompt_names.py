"""Names of samples by their prompts, where a tool draws ids anew in each run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.store.peers.peer_run import PeerAnswer

_DIGITS = 12


def named_by_prompt(answers: Sequence[PeerAnswer]) -> list[PeerAnswer]:
    """Return answers whose sample is named by what was asked, as far as it is known.

    A prompt that was asked several times is repeated, in the order of sending.
    """
    asked: Counter[str] = Counter()
    found = []
    for answer in sorted(answers, key=lambda a: a.start_ns or 0):
        if answer.prompt:
            digest = sha256(answer.prompt.encode("utf-8", "replace")).hexdigest()
            name = f"prompt-{digest[:_DIGITS]}"
            found.append(replace(answer, sample=name, repeat=asked[name]))
            asked[name] += 1
        else:
            found.append(answer)
    return found
