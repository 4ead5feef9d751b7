"""The result of a race, as reports and files have it, at any moment of the race."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.confidence_sequences import BoundedMean, NormalMean
from pytest_llmlat.tuning.importance import weights
from pytest_llmlat.tuning.race import ALPHA, CONFIDENCE
from pytest_llmlat.tuning.trial_pairs import (
    GAIN_OF,
    Interval,
    contributions,
    fixed_interval,
    level,
)
from pytest_llmlat.values.tuning_race import (
    ConfirmedGain,
    RacedSetting,
    RaceFigure,
    TuningRace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.tuning.goal import Goal
    from pytest_llmlat.tuning.proposals import Proposer
    from pytest_llmlat.tuning.race import Race, Racer
    from pytest_llmlat.tuning.trial_pairs import GainOf, TrialPair
    from pytest_llmlat.values.search_space import SearchSpace

_LEVEL = 1 - CONFIDENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceSubject:
    """What a race is about, beside its settings."""

    model: str
    device: str
    tasks: tuple[str, ...]
    space: SearchSpace
    listed: int | None
    """Number of settings that differ from today's."""
    key: str
    """Digest of what is raced and how."""


def result_of(
    race: Race,
    subject: RaceSubject,
    proposer: Proposer,
    *,
    entry: str | None,
    contended: bool,
    notes: Sequence[str],
) -> TuningRace:
    """Return what is known of a race by now.

    Args:
        race: at its end, or before.
        subject: what it is about.
        proposer: who proposed the settings.
        entry: lines of a catalogue for the winner.
        contended: others used the machine.
        notes: further remarks.
    """
    told = _ranked(race)
    best = race.chosen or next((r for r in race.alive if r.gain > 0), None)
    looked = min((r.items for r in race.racers if r.items), default=0)
    how, keys = weights(
        subject.space,
        {r.setting: _early(race, r, looked) for r in race.racers if r.items},
        proposer,
    )
    return TuningRace(
        model=subject.model,
        device=subject.device,
        tasks=subject.tasks,
        goal=race.goal.told,
        goal_kind=race.goal.kind,
        end=race.end,
        best=None if best is None else best.setting.name,
        confirmed=_confirmed(race),
        entry=entry if race.end == "winner" else None,
        raced=tuple(told),
        beside=_beside(race, best),
        importance=how,
        keys=keys,
        proposed=proposer.by,
        settings=subject.listed,
        requests=race.requests,
        full=race.plan.full,
        seconds=race.seconds,
        contended=contended,
        notes=(*notes, *([] if race.note is None else [race.note])),
        key=subject.key,
    )


def _early(race: Race, racer: Racer, items: int) -> float:
    """Return a gain on the items that all settings were measured on."""
    found = contributions(
        racer.pairs[:items], GAIN_OF[race.goal.kind], balance=race.goal.balance
    )
    return math.fsum(found.values()) / len(found) if found else 0.0


def _ranked(race: Race) -> list[RacedSetting]:
    """Return all settings: the longest in the race first, then the best."""
    racers = sorted(
        (racer for racer in race.racers if racer.items or racer.left),
        key=lambda r: (r.left is not None and r is not race.chosen, -r.items, -r.gain),
    )
    most = max((racer.items for racer in racers), default=0)
    shown = [(racer, _changes(racer.pairs, race.goal)) for racer in racers]
    points = [
        (quality.mean, time.mean)
        for racer, (quality, time, _) in shown
        if racer.items == most and racer.left != "failed"
    ]
    points.append((0.0, 0.0))
    return [
        RacedSetting(
            name=racer.setting.name,
            left=None if racer is race.chosen else racer.left,
            why=None if racer is race.chosen else racer.why,
            items=racer.items,
            requests=racer.requests,
            seconds=racer.seconds,
            quality=_estimate(quality),
            time=_as_time(time),
            gain=_as_gain(gain, race.goal),
            on_front=racer.items == most
            and racer.left != "failed"
            and _on_front((quality.mean, time.mean), points),
        )
        for racer, (quality, time, gain) in shown
    ]


def _on_front(own: tuple[float, float], points: Sequence[tuple[float, float]]) -> bool:
    """Whether no point is at least as good in both and better in one."""
    return not any(
        other[0] >= own[0] and other[1] >= own[1] and other != own for other in points
    )


def _changes(
    pairs: Sequence[TrialPair], goal: Goal
) -> tuple[Interval, Interval, Interval]:
    """Return the change of quality, of time and of the goal, valid at every look."""
    return (
        _sequence(pairs, "quality", goal),
        _sequence(pairs, "time", goal),
        _sequence(pairs, GAIN_OF[goal.kind], goal),
    )


def _sequence(pairs: Sequence[TrialPair], of: GainOf, goal: Goal) -> Interval:
    values = [*contributions(pairs, of, balance=goal.balance).values()]
    if not values:
        return Interval(math.nan, -math.inf, math.inf)
    mean = math.fsum(values) / len(values)
    if of == "quality":
        # Few answers change as a rule: with none changed, a variance tells nothing.
        most = max(1.0, *map(abs, values))
        low, high = BoundedMean(tuple(values), -most, most).interval(_LEVEL)
    else:
        low, high = NormalMean.of(values).interval(_LEVEL)
    return Interval(mean, min(mean, low), max(mean, high))


def _beside(race: Race, best: Racer | None) -> tuple[str, ...]:
    """Return the settings that cannot be told from the best."""
    if best is None:
        return ()
    level_ = ALPHA / race.pairs
    found = []
    for racer in race.racers:
        if racer is best or racer.left in ("worse", "quality", "failed"):
            continue
        if not racer.items:
            continue
        keys = [pair.key for pair in racer.pairs if pair.key in best.gains]
        gaps = [best.gains[k] - racer.gains[k] for k in keys if k in racer.gains]
        if race.worse_p(gaps) > level_:
            found.append(racer.setting.name)
    return tuple(found)


def _confirmed(race: Race) -> ConfirmedGain | None:
    """Return the gain on the items of the confirmation."""
    pairs, goal = race.confirmation, race.goal
    if not pairs:
        return None

    def fixed(of: GainOf) -> Interval:
        values = [*contributions(pairs, of, balance=goal.balance).values()]
        if not values:
            return Interval(math.nan, -math.inf, math.inf)
        return fixed_interval(values, CONFIDENCE)

    same = sum(pair.candidate.quality == pair.reference.quality for pair in pairs)
    balanced = goal.kind == "balance"
    return ConfirmedGain(
        items=len(pairs),
        gain=_as_gain(fixed(GAIN_OF[goal.kind]), goal),
        quality=_estimate(fixed("quality")),
        time=_as_time(fixed("time")),
        alike=same,
        before=level(pairs, "balance", balance=goal.balance) if balanced else None,
    )


def _as_gain(found: Interval, goal: Goal) -> RaceFigure:
    """Return a gain in the unit that is told: points, or the share that is saved."""
    if goal.kind == "balance":
        return _estimate(found)
    if math.isnan(found.mean):
        return RaceFigure(value=None)
    ends = [-_share(-end) for end in (found.mean, found.low, found.high)]
    return _estimate(Interval(*ends))


def _as_time(found: Interval) -> RaceFigure:
    """Return a gain of time as the change of it."""
    if math.isnan(found.mean):
        return RaceFigure(value=None)
    # The least gain is the longest time.
    ends = [_share(-end) for end in (found.mean, found.high, found.low)]
    return _estimate(Interval(*ends))


def _share(log_ratio: float) -> float:
    return math.expm1(log_ratio) if log_ratio < math.log(1e9) else math.inf


def _estimate(found: Interval) -> RaceFigure:
    if math.isnan(found.mean):
        return RaceFigure(value=None)
    if math.isinf(found.low) or math.isinf(found.high):
        return RaceFigure(value=found.mean)
    return RaceFigure(value=found.mean, low=found.low, high=found.high)
