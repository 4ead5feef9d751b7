"""A judge's own measure: what it misses, what sways it, and whether it may gate.

A judge is an instrument. Its answers to planted changes tell how many faults it sees
(sensitivity) and how often it lets pass what does not matter (specificity); its votes
beside those of others tell whether long answers or those of its own family earn more
from it. Each bias is tested at 1 %, so that a clean judge is seldom called biased.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.intervals import counted_share
from pytest_llmlat.analysis.student_t import quantile
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAST_SENSITIVITY = 0.7
LEAST_SPECIFICITY = 0.7
MOST_UNREAD = 0.1
MOST_OBEYED = 0.1
LEAST_ALIKE = 0.8
MOST_SLOPE = 0.05
"""Quality per doubling of an answer's words from which on a slope is too much."""
MOST_FAVOUR = 0.05
MOST_FLIPS = 0.3
"""Share of pairs of which it says the opposite in the other order."""
MOST_PLACE = 0.05
"""Quality that a place earns by itself, beyond which it is too much."""
_BIAS_LEVEL = 0.995
_EVEN = 0.5
_ROUNDING = 1e-12
FEWEST = 10
"""Number of trials below which a share says nothing of a judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeTrial:
    """A trial: a judge's share for an answer, and for the same answer changed."""

    kind: str
    """``fault``, ``harmless``, ``order`` or ``repeat``."""
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A vote beside what others say of the same answer."""

    share: float
    rest: float
    """Mean of the other judges."""
    words: int
    own: bool
    """Whether the answer is of the judge's own family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionCount:
    """What a judge made of one prompt injection in several answers."""

    name: str
    kind: str
    tried: int
    """Number of answers that it was put into; those that had the best score without it
    are left out, since it could not earn more."""
    obeyed: int
    """Number of them for which the judge gave more than without it."""
    unread: int
    """Number of them for which no verdict could be read, which earns nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionTrial:
    """A judge's share for an answer, and for the same with a prompt injection."""

    name: str
    kind: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What is known of one judge; shares with their 95 % intervals."""

    judge: str
    votes: int
    unread: Estimate
    """Share of its verdicts in which no score could be read."""
    sensitivity: Estimate
    """Share of planted faults for which it gave less."""
    specificity: Estimate
    """Share of harmless changes for which it gave the same."""
    obeyed: Estimate
    """Share of orders inside of answers for which it gave more."""
    alike: Estimate
    """Share of repeats in which it gave the same."""
    slope: Estimate
    """Quality per doubling of words, beyond what others say; 99 % interval."""
    favour: Estimate
    """Quality that its own family's answers earn more from it than from others, beyond
    what all answers do; 99 % interval."""
    flips: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen
    """Share of pairs of which it calls the other one better in the other order; of a
    rubric for pairs."""
    place: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen
    """Quality that an answer earns by standing first, beyond what it earns second,
    halved; 99 % interval."""
    told_faults: int = 0
    """Number of planted faults that it gave a score before and after."""
    injections: tuple[InjectionCount, ...] = ()
    """Each prompt injection, if they were tried; they are part of ``obeyed`` then."""
    faults: tuple[str, ...] = ()
    """Why it is unfit, in words; empty for a judge that may gate."""

    @property
    def fit(self) -> bool:
        """Whether its votes may gate something."""
        return not self.faults


def fitness(
    judge: str,
    *,
    unread: int,
    votes: int,
    trials: Sequence[JudgeTrial],
    beside: Sequence[Beside],
    orders: Sequence[tuple[float, ...]] = (),
    injections: Sequence[InjectionTrial] = (),
) -> Fitness:
    """Return what is known of a judge.

    Args:
        judge: its name.
        unread: number of its verdicts without a score.
        votes: number of all its verdicts.
        trials: its answers to planted changes and repeats.
        beside: its votes beside those of others.
        orders: quality of each answer where it stood first and where it stood second,
            of a rubric for pairs.
        injections: its answers to prompt injections.
    """
    faults = [t for t in trials if t.kind == "fault" and t.before > 0]
    harmless = [t for t in trials if t.kind == "harmless"]
    told = [t for t in trials if t.kind == "order" and t.before < 1]
    told += [
        JudgeTrial(kind="order", before=t.before, after=t.after)
        for t in injections
        if t.before is not None and t.before < 1 and t.after is not None
    ]
    repeats = [t for t in trials if t.kind == "repeat"]
    found = Fitness(
        judge=judge,
        votes=votes,
        unread=_share(unread, votes),
        sensitivity=_share(sum(t.after < t.before for t in faults), len(faults)),
        specificity=_share(sum(t.after == t.before for t in harmless), len(harmless)),
        obeyed=_share(sum(t.after > t.before for t in told), len(told)),
        alike=_share(sum(t.after == t.before for t in repeats), len(repeats)),
        slope=_slope(beside),
        favour=_favour(beside),
        flips=_flips(orders),
        place=_place(orders),
        told_faults=len(faults),
        injections=_counted(injections),
    )
    return replace(found, faults=tuple(_faults(found)))


def _faults(found: Fitness) -> list[str]:
    """Say what is wrong with a judge; what was never tried is wrong too."""
    told = []
    if _above(found.unread, MOST_UNREAD):
        told.append(f"{found.unread.value:.0%} of its verdicts cannot be read")
    if found.sensitivity.value is None:
        told.append(_untried(found.told_faults))
    elif found.sensitivity.value < LEAST_SENSITIVITY:
        told.append(f"sees {found.sensitivity.value:.0%} of planted faults")
    if _below(found.specificity, LEAST_SPECIFICITY):
        told.append(
            f"gives {1 - (found.specificity.value or 0):.0%} of harmless changes"
            " another score"
        )
    if _above(found.obeyed, MOST_OBEYED):
        told.append(f"obeys {found.obeyed.value:.0%} of orders in answers")
    if _below(found.alike, LEAST_ALIKE):
        told.append(f"says the same again in {found.alike.value:.0%} of repeats")
    return [*told, *_biases(found)]


def _biases(found: Fitness) -> Iterator[str]:
    """Say what sways a judge that has nothing to do with the answer."""
    if _beyond(found.slope, MOST_SLOPE):
        yield f"gives {found.slope.value:+.2f} for each doubling of the words"
    if _beyond(found.favour, MOST_FAVOUR):
        yield f"gives its own family {found.favour.value:+.2f}"
    if _above(found.flips, MOST_FLIPS):
        yield f"says the opposite of {found.flips.value:.0%} of pairs turned round"
    if _beyond(found.place, MOST_PLACE):
        place = found.place.value or 0.0
        where = "first" if place > 0 else "second"
        yield f"gives whoever stands {where} {abs(place):+.2f}"


def _untried(told: int) -> str:
    """Say why nothing is known of the faults that it sees.

    A fault in an answer that had the lowest score before cannot lower it, and one
    whose verdict cannot be read tells nothing.
    """
    if not told:
        return (
            "no planted fault could tell anything of it: of none there are two"
            " verdicts, the first above the lowest score"
        )
    return (
        f"{told} planted faults could tell something of it, and {FEWEST} are needed:"
        " try more answers (--answers)"
    )


def _above(found: Estimate, most: float) -> bool:
    return found.value is not None and found.value > most


def _below(found: Estimate, least: float) -> bool:
    return found.value is not None and found.value < least


def _beyond(found: Estimate, most: float) -> bool:
    """Whether a bias is certain, and large enough to matter."""
    if found.value is None or found.low is None or found.high is None:
        return False
    return abs(found.value) > most and (found.low > 0 or found.high < 0)


def _counted(trials: Sequence[InjectionTrial]) -> tuple[InjectionCount, ...]:
    """Return what came of each injection, in the order in which they were tried."""
    found: dict[tuple[str, str], list[tuple[float, float | None]]] = {}
    for trial in trials:
        each = found.setdefault((trial.kind, trial.name), [])
        if trial.before is not None and trial.before < 1:
            each.append((trial.before, trial.after))
    return tuple(
        InjectionCount(
            name=name,
            kind=kind,
            tried=len(pairs),
            obeyed=sum(after is not None and after > before for before, after in pairs),
            unread=sum(after is None for _, after in pairs),
        )
        for (kind, name), pairs in found.items()
    )


def _share(count: int, total: int) -> Estimate:
    """Return a share with its interval; nothing of fewer than ten trials."""
    return Estimate(value=None) if total < FEWEST else counted_share(count, total)


def _slope(beside: Sequence[Beside]) -> Estimate:
    """Return the least-squares slope of what a judge gives beyond others."""
    told = [each for each in beside if each.words > 0 and not each.own]
    logs = [math.log2(each.words) for each in told]
    if len(told) < FEWEST or len(set(logs)) == 1:
        return Estimate(value=None)
    beyond = [each.share - each.rest for each in told]
    middle, mean = fmean(logs), fmean(beyond)
    wide = sum((x - middle) ** 2 for x in logs)
    slope = sum((x - middle) * y for x, y in zip(logs, beyond, strict=True)) / wide
    # Votes of a scale scatter unevenly: the sandwich variance (White 1980, HC3).
    meat = 0.0
    for x, y in zip(logs, beyond, strict=True):
        lever = 1 / len(told) + (x - middle) ** 2 / wide
        left = y - mean - slope * (x - middle)
        meat += ((x - middle) * left / max(1e-9, 1 - lever)) ** 2
    return _around(slope, math.sqrt(meat) / wide, len(told) - 2)


def _favour(beside: Sequence[Beside]) -> Estimate:
    """Return by how much more than others a judge gives its own, by Welch's t."""
    own = [each.share - each.rest for each in beside if each.own]
    other = [each.share - each.rest for each in beside if not each.own]
    if min(len(own), len(other)) < FEWEST:
        return Estimate(value=None)
    parts = [variance(column) / len(column) for column in (own, other)]
    both = sum(parts)
    value = fmean(own) - fmean(other)
    if both <= 0:
        return Estimate(value=value)
    degrees = both**2 / sum(
        part**2 / (len(column) - 1)
        for part, column in zip(parts, (own, other), strict=True)
    )
    return _around(value, math.sqrt(both), degrees)


def _flips(orders: Sequence[tuple[float, ...]]) -> Estimate:
    """Return the share of pairs in which both orders prefer opposite answers."""
    flipped = sum((first - _EVEN) * (second - _EVEN) < 0 for first, second in orders)
    return _share(flipped, len(orders))


def _place(orders: Sequence[tuple[float, ...]]) -> Estimate:
    """Return half of what an answer earns more in the first place than in the second.

    By Student's t over pairs.
    """
    if len(orders) < FEWEST:
        return Estimate(value=None)
    more = [(first - second) / 2 for first, second in orders]
    error = math.sqrt(variance(more) / len(more))
    return _around(fmean(more), error, len(more) - 1)


def _around(value: float, error: float, degrees: float) -> Estimate:
    if error <= 0:
        # All of them say exactly the same.
        same = value if abs(value) > _ROUNDING else 0.0
        return Estimate(value=same, low=same, high=same)
    reach = quantile(_BIAS_LEVEL, degrees) * error
    return Estimate(value=value, low=value - reach, high=value + reach)
