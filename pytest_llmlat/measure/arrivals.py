"""How samples are offered, in MLPerf's sense of a scenario, as names and as instants.

=================  ==============================================================
``single``         one after the other, each when the one before is done and graded
``offline``        all at once
``concurrent:N``   closed loop: N in flight, the next is sent when one has ended
``server:RATE``    open loop: RATE arrivals a second on average, whoever is ready
=================  ==============================================================
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pytest_llmlat.errors import UsageError
from pytest_llmlat.records import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.specs import Sample

Kind: TypeAlias = Literal["single", "offline", "concurrent", "server"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LEVELLED = ("concurrent", "server")
_GRAMMAR = (
    "write single, offline, concurrent:N or server:RATE; several levels as"
    " concurrent:1,2,4"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way of offering samples."""

    kind: Kind
    level: float | None = None
    """Requests in flight, or arrivals a second; ``None`` where there is no such."""

    @property
    def name(self) -> str:
        """As it stands in a cell's id, and as the user types it."""
        if self.level is None:
            return self.kind
        whole = self.level == int(self.level)
        return f"{self.kind}:{int(self.level) if whole else self.level!r}"

    @property
    def warm_up(self) -> int | None:
        """How many requests go before those that count; ``None``: a share of them."""
        if self.kind == "concurrent" and self.level is not None:
            return int(self.level)
        return None if self.kind == "server" else 0


SINGLE = Scenario(kind="single")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.")
_WARM_UP_SHARE = 0.1
_MOST_STREAMS = 1024


def parse(text: str, *, where: str) -> tuple[Scenario, ...]:
    """Return the scenarios that one option names.

    Args:
        text: such as ``single``, ``concurrent:1,2,4,8`` or ``server:2.5``.
        where: the option or the file, for the complaint.

    Raises:
        UsageError: shows the grammar.
    """
    kind, colon, levels = text.strip().partition(":")
    known: Kind | None = next((name for name in KINDS if name == kind), None)
    if known is None or bool(colon) != (known in LEVELLED):
        raise UsageError(f"{where}: {text!r} is no scenario; {_GRAMMAR}")
    if not colon:
        return (Scenario(kind=known),)
    return tuple(
        dict.fromkeys(
            Scenario(kind=known, level=_level(known, level, where=where))
            for level in levels.split(",")
        )
    )


def _level(kind: Kind, text: str, *, where: str) -> float:
    level = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    whole = kind == "server" or level == int(level if math.isfinite(level) else 0)
    if not (math.isfinite(level) and level > 0 and whole):
        what = "a rate above 0" if kind == "server" else "a whole number above 0"
        raise UsageError(f"{where}: {kind}:{text} is not {what}; {_GRAMMAR}")
    return level


def visits(
    samples: Sequence[Sample], requests: int | None
) -> tuple[tuple[Sample, int], ...]:
    """Return which sample is asked when, and in which round.

    Args:
        samples: the drawn samples of a task, at least one.
        requests: how many there are to be; goes round the samples where there are
            fewer, and stops early where there are more. ``None``: each once.
    """
    count = len(samples) if requests is None else requests
    return tuple((samples[n % len(samples)], n // len(samples)) for n in range(count))


def warm_up_requests(scenario: Scenario, measured: int) -> int:
    """Return how many requests go before those that count, to bring the load up."""
    if scenario.warm_up is not None:
        return scenario.warm_up
    return max(1, math.ceil(_WARM_UP_SHARE * measured))


def streams_of(scenario: Scenario, requests: int) -> int:
    """Return about how many requests a scenario has in flight, to try the clock with.

    Of an open loop nobody knows before; as many as arrive in a second stand for it.
    """
    expected = {
        "single": 1,
        "offline": requests,
        "concurrent": scenario.level or 1,
        "server": scenario.level or 1,
    }
    return min(_MOST_STREAMS, max(1, math.ceil(expected[scenario.kind])))


class Arrivals:
    """Poisson arrivals at a mean rate, fixed by a seed before the first is sent."""

    def __init__(self, rate: float, seed: int) -> None:
        """Draw nothing yet.

        Args:
            rate: arrivals a second.
            seed: of the session; the same seed gives the same instants.
        """
        # random() is the one method whose sequence Python promises to keep.
        self._source = random.Random(f"{seed}|{rate:.17g}")  # noqa: S311 - no secret
        self._rate = rate
        self._at_s = 0.0

    def next_ns(self) -> int:
        """Return the next arrival, in nanoseconds from the beginning."""
        self._at_s -= math.log(1.0 - self._source.random()) / self._rate
        return round(self._at_s * NS_PER_S)
