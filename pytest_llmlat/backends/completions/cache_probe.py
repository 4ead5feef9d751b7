"""Does a server keep the prompts that it has seen? Asked twice, it tells.

A long prompt is sent twice. Where the second time the server says that it had kept it,
or is much faster, twice over, it keeps prompts (a prefix cache). The texts are new each
time, so that an earlier run is no matter, and one token is asked for.
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.values.records import Request
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Response

LENGTHS = (120, 500, 1200)
"""Words of the probe, the shortest first: for a slow server it is all there is. Ones
that keep only prompts from 1,024 tokens on are met by the longest; a longer one is sent
where the shorter one took no time."""
_QUICK_S = 1.0
MOST_S = 20.0
"""When so much was spent on a server no more is asked, and what is not known then is
taken for the worse."""
_KEPT = 0.5
"""Share from which on the prompt was kept, not only what all prompts begin with."""
_FASTER = 0.5
_LEAST_S = 0.001
"""What no clock could see is no saving."""
_WORDS = (
    *("river", "table", "green", "seven", "house", "paper", "winter", "music"),
    *("stone", "bread", "morning", "glass", "letter", "garden", "silver", "road"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwiceAsked:
    """One prompt, sent twice."""

    first_s: float
    again_s: float
    cached: float | None
    """The share of it that the server says it had kept; ``None`` where it says none."""

    @property
    def faster(self) -> bool:
        """Whether the second time was much faster."""
        saved = self.first_s - self.again_s
        return self.again_s < _FASTER * self.first_s and saved > _LEAST_S

    @property
    def told(self) -> bool:
        """Whether the server says that it had kept the prompt."""
        return self.cached is not None and self.cached >= _KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFinding:
    """What came of a probe."""

    keeps: bool | None
    """``None`` where that could not be found out."""
    believed: bool = True
    """Whether what the server says of kept tokens can be right."""
    letters: int = 0
    """How long the longest prompt was that it was tried with."""


class CacheProbe:
    """Asks one server, and judges what it answers."""

    def __init__(self, ask: Callable[[Request], Response], *, chat: bool) -> None:
        """Ask nothing yet.

        Args:
            ask: sends a request and waits for its end.
            chat: whether the model chats.
        """
        self._ask = ask
        self._chat = chat
        self._words = LENGTHS[0]
        self._spent_s = 0.0

    def find(self) -> ProbeFinding:
        """Find out whether the server keeps prompts: two requests, or a few more."""
        finding = ProbeFinding(keeps=None)
        for words in LENGTHS:
            self._words = words
            pair = self.twice()
            if pair is None:
                return finding
            finding = ProbeFinding(keeps=False, letters=len(_text(words)))
            if pair.told:
                return replace(finding, keeps=True)
            if pair.faster and self._again_faster():
                return replace(finding, keeps=True, believed=pair.cached is None)
            if pair.first_s > _QUICK_S:
                break
        return finding

    @property
    def _over(self) -> bool:
        """Whether so much was spent that no more is asked."""
        return self._spent_s > MOST_S

    def _again_faster(self) -> bool:
        """Whether another prompt is much faster too, or there is no time to ask."""
        if self._over:
            return True
        more = self.twice()
        return more is not None and more.faster

    def kept_off(self, finding: ProbeFinding) -> bool:
        """Whether a prompt is read anew, as requests are sent now; twice over."""
        for _ in range(2):
            pair = None if self._over else self.twice()
            if pair is None:
                return False
            says = finding.believed and pair.cached is not None
            if pair.told if says else pair.faster:
                return False
        return True

    def twice(self) -> TwiceAsked | None:
        """Send one new prompt twice; ``None`` where that says nothing."""
        request = Request(
            prompt=_text(self._words), chat=self._chat, max_new_tokens=1, stop=()
        )
        first, again = self._ask(request), self._ask(request)
        self._spent_s += _seconds(first) + _seconds(again)
        if not (_sound(first) and _sound(again)):
            return None
        return TwiceAsked(
            first_s=_seconds(first), again_s=_seconds(again), cached=_share(again)
        )


def _text(words: int) -> str:
    """Return a text whose very beginning no server has seen."""
    # Of no importance but that it is new.
    source = random.Random(secrets.token_hex(8))  # noqa: S311 - no secret
    return " ".join(source.choice(_WORDS) for _ in range(words)) + "."


def _sound(response: Response) -> bool:
    generation, transport = response.generation, response.transport
    if generation is None or generation.finish == "context":
        return False
    # One that was sent again has waited in between.
    return transport is None or not transport.retries


def _seconds(response: Response) -> float:
    return (response.timing.end_ns - response.timing.start_ns) / NS_PER_S


def _share(response: Response) -> float | None:
    generation = response.generation
    if generation is None or generation.cached_tokens is None:
        return None
    tokens = generation.prompt_tokens
    return generation.cached_tokens / tokens if tokens else None
