"""The race: settings are looked at on more and more items until one is left.

A setting leaves when it is worse than the best for certain, or when the budget of the
next look has no room for it; which of the two is told of each. The best one is
confirmed on items that none was chosen on, so that its gain carries no winner's curse:
that one test, of one setting, decides whether there is a winner.

The measuring itself is asked for through a protocol, so that a race runs the same on a
scripted landscape.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.analysis.confidence_sequences import NormalMean
from pytest_llmlat.tuning.race_plan import OF_A_CONFIRMED_ITEM, OF_A_PAIR
from pytest_llmlat.tuning.trial_pairs import (
    GAIN_OF,
    contributions,
    fixed_interval,
    within,
)
from pytest_llmlat.values.tuning_race import GUESSING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.tuning.goal import Goal
    from pytest_llmlat.tuning.proposals import Proposer
    from pytest_llmlat.tuning.race_plan import RacePlan
    from pytest_llmlat.tuning.trial_pairs import ItemKey, TrialPair
    from pytest_llmlat.values.search_space import Setting
    from pytest_llmlat.values.tuning_race import LeftFor, RaceEnd

ALPHA = 0.05
"""Probability at most that any setting leaves as worse for certain and is not."""
CONFIDENCE = 0.95
"""Confidence of the gain that is confirmed."""
_FEWEST = 5
"""Pairs without which nothing is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of measuring a setting on some items, beside today's."""

    pairs: tuple[TrialPair, ...] = ()
    requests: int = 0
    seconds: float = 0.0
    failed: int = 0
    """Answers of the setting that broke where today's did not."""
    problem: str | None = None
    """Reason why the setting cannot be measured; ``None`` where it was."""


class TrialMeasurer(Protocol):
    """Whoever measures settings."""

    def look(self, number: int, setting: Setting, items: range) -> Look:
        """Measure a setting in turn with today's.

        Args:
            number: of the setting in this race, from 1.
            setting: what to change.
            items: places of the items, in an order by chance.
        """
        ...

    def confirm(self, number: int, setting: Setting, items: range) -> Look:
        """Measure it A B B A beside today's; as :meth:`look` else."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Racer:
    """A setting in a race, and what is known of it."""

    number: int
    setting: Setting
    pairs: list[TrialPair] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    items: int = 0
    failed: int = 0
    left: LeftFor | None = None
    """Reason for which it left; ``None`` while it is in the race."""
    why: str | None = None
    gains: dict[ItemKey, float] = field(default_factory=dict)
    """What each item tells of its gain over today's setting."""

    @property
    def gain(self) -> float:
        """The gain over today's setting, as far as it is known."""
        if not self.gains:
            return -math.inf
        return math.fsum(self.gains.values()) / len(self.gains)


class Race:
    """A race of settings; its state may be read at any time."""

    def __init__(
        self,
        measurer: TrialMeasurer,
        proposer: Proposer,
        *,
        goal: Goal,
        plan: RacePlan,
        seconds: Callable[[], float],
        tell: Callable[[Race], None],
    ) -> None:
        """Prepare a race.

        Args:
            measurer: measures settings.
            proposer: says which.
            goal: what is to be best.
            plan: how many looks there are, and on how many items.
            seconds: since the race began.
            tell: called after each look.
        """
        self.goal, self.plan = goal, plan
        self.racers: list[Racer] = []
        self.end: RaceEnd = "interrupted"
        self.chosen: Racer | None = None
        self.confirmation: tuple[TrialPair, ...] = ()
        self.note: str | None = None
        self.requests = 0
        self._spent_s = 0.0
        self._measurer, self._proposer = measurer, proposer
        self._seconds, self._tell = seconds, tell

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return self._seconds()

    @property
    def alive(self) -> list[Racer]:
        """The settings in the race, the best so far first."""
        return sorted(
            (racer for racer in self.racers if racer.left is None),
            key=lambda racer: (not self._fits(racer), -racer.gain),
        )

    def run(self) -> None:
        """Run to the end; what was measured until an error or Ctrl-C is kept."""
        if self._first_look() and self._further_looks():
            self._confirm()
        self._tell(self)

    def _first_look(self) -> bool:
        """Look at each proposed setting; false where time is up before two."""
        plan = self.plan
        while len(self.racers) < plan.settings:
            proposed = self._proposer.propose(plan.settings - len(self.racers))
            if not proposed:
                break
            for setting in proposed:
                if not self._time_for(OF_A_PAIR * plan.looks[0]):
                    return self._cut_short()
                racer = Racer(number=len(self.racers) + 1, setting=setting)
                self.racers.append(racer)
                self._look(racer, range(plan.looks[0]))
                self._proposer.tell(setting, *_figures(racer))
        self._judge()
        if not any(racer.items for racer in self.racers):
            self.note = "no setting could be measured; the table says why"
            self.end = "undecided"
            return False
        return bool(self.alive) or self._nobody_better()

    def _cut_short(self) -> bool:
        """Go on with what was looked at, or say that it is too little."""
        self._judge()
        self.note = (
            f"time was up after {len(self.racers)} of {self.plan.settings} settings had"
            " had their first look"
        )
        if len(self.racers) > 1 and self.alive:
            return True
        self.end = "undecided"
        needed = self._rate * self.plan.requests / 60
        if self._rate:
            self.note += f"; about {math.ceil(needed)} minutes would be needed"
        return False

    def _further_looks(self) -> bool:
        """Look again at those that are left; false where none is better than today."""
        looks = self.plan.looks
        for place in range(1, len(looks)):
            before, items = looks[place - 1], looks[place]
            room = self._room(items - before, looks_left=len(looks) - place)
            alive = _spread([racer for racer in self.alive if racer.items == before])
            if room < 1 or (len(alive) == 1 and self._settled(alive[0])):
                break
            for racer in alive[room:]:
                racer.left = "budget"
                racer.why = f"no room for more than {room} at {items} samples"
            for racer in alive[:room]:
                if not self._time_for(OF_A_PAIR * (items - before)):
                    self.note = f"time was up before all were measured on {items}"
                    return self._some_better()
                self._look(racer, range(before, items))
            self._judge()
            self._tell(self)
            if not self.alive:
                return self._nobody_better()
        return self._some_better()

    def _settled(self, racer: Racer) -> bool:
        """Whether more looks at the last setting would change nothing."""
        return self.worse_p(list(racer.gains.values())) <= ALPHA / self.pairs

    def _room(self, items: int, *, looks_left: int) -> int:
        """Return how many settings the next look has room for."""
        left = self.plan.for_looks - self.requests
        cost = OF_A_PAIR * items * self._per_item
        allowed = int(left / looks_left / cost)
        return max(min(2, int(left / cost)), allowed)

    @property
    def _per_item(self) -> float:
        """Requests of one item, of one setting."""
        items = sum(racer.items for racer in self.racers)
        return max(1.0, self.requests / OF_A_PAIR / items) if items else 1.0

    @property
    def _rate(self) -> float:
        """Seconds of a request, loading included."""
        return self._spent_s / self.requests if self.requests else 0.0

    def _time_for(self, requests: float) -> bool:
        """Whether there is time for so many requests, and for the confirmation."""
        if self.plan.seconds is None:
            return True
        kept = OF_A_CONFIRMED_ITEM * self.plan.confirmed
        return self._seconds() + self._rate * (requests + kept) <= self.plan.seconds

    def _look(self, racer: Racer, items: range) -> None:
        """Measure a setting on further items."""
        begin = self._seconds()
        look = self._measurer.look(racer.number, racer.setting, items)
        seconds = max(look.seconds, self._seconds() - begin)
        self.requests += look.requests
        self._spent_s += seconds
        racer.requests += look.requests
        racer.seconds += seconds
        if look.problem is not None:
            racer.left, racer.why = "failed", look.problem
            return
        racer.failed += look.failed
        racer.items = items.stop
        racer.pairs += look.pairs
        racer.gains = self._gains(racer.pairs)
        if racer.pairs and not racer.gains:
            racer.left = "failed"
            racer.why = "nobody knows what it is to be judged by: see its records"
        if racer.failed:
            racer.left = "failed"
            racer.why = f"{racer.failed} answers broke where today's did not"

    def _gains(self, pairs: Sequence[TrialPair]) -> dict[ItemKey, float]:
        return contributions(pairs, GAIN_OF[self.goal.kind], balance=self.goal.balance)

    def _judge(self) -> None:
        """Let those leave that are worse than the best for certain."""
        level, goal = ALPHA / self.pairs, self.goal
        for racer in self.alive:
            if goal.kind != "balance" and self._below(racer, level):
                racer.left = "quality"
                racer.why = "its quality is too low for certain"
        alive = self.alive
        fitting = [racer for racer in alive if self._fits(racer)]
        best = fitting[0] if fitting and fitting[0].gain > 0 else None
        for racer in alive:
            if racer is best:
                continue
            keys = [pair.key for pair in racer.pairs]
            own = within(racer.gains, keys)
            rival = [0.0] * len(own) if best is None else within(best.gains, keys)
            if len(rival) != len(own):
                continue
            if self.worse_p([b - a for a, b in zip(own, rival, strict=True)]) <= level:
                than = "today's" if best is None else f"[{best.setting.name}]"
                racer.left, racer.why = "worse", f"worse than {than} for certain"

    @staticmethod
    def worse_p(differences: list[float]) -> float:
        """Return the p-value of a mean of at most 0, valid at every look."""
        if len(differences) < _FEWEST:
            return 1.0
        return NormalMean.of(differences).p_above(0.0)

    @property
    def pairs(self) -> int:
        """Pairs of settings, today's among them: which is the best nobody knows yet."""
        count = max(1, self.plan.settings)
        return count * (count + 1) // 2

    def _shortfall(self, racer: Racer) -> list[float]:
        """Return by how much each item's quality is below what the goal asks."""
        goal = self.goal
        if goal.floor is not None:
            return [goal.floor - pair.candidate.quality for pair in racer.pairs]
        gains = contributions(racer.pairs, "quality")
        return [-gain - (goal.tolerated or 0.0) for gain in gains.values()]

    def _below(self, racer: Racer, level: float) -> bool:
        """Whether its quality is too low for certain."""
        return self.worse_p(self._shortfall(racer)) <= level

    def _fits(self, racer: Racer) -> bool:
        """Whether its quality is high enough, as far as it is known."""
        if self.goal.kind == "balance" or not racer.pairs:
            return True
        lacking = self._shortfall(racer)
        return math.fsum(lacking) / len(lacking) <= 0

    def _some_better(self) -> bool:
        best = next(iter(self.alive), None)
        if best is None or best.gain <= 0 or not self._fits(best):
            return self._nobody_better()
        return True

    def _nobody_better(self) -> bool:
        self.end = "no better"
        return False

    def _confirm(self) -> None:
        """Measure the best beside today's on items that none was chosen on."""
        best = self.alive[0]
        begin = self.plan.looks[-1]
        self.chosen = best
        look = self._measurer.confirm(
            best.number, best.setting, range(begin, begin + self.plan.confirmed)
        )
        self.requests += look.requests
        if look.problem is not None or look.failed:
            best.left = "failed"
            best.why = look.problem or f"{look.failed} answers broke"
            self.end = "no better"
            return
        self.confirmation = look.pairs
        self.end = "winner" if self._confirmed() else "no better"

    def _confirmed(self) -> bool:
        """Whether the gain is certain, and no quality is lost that must not be."""
        values = [*self._gains(self.confirmation).values()]
        above = [p.candidate.quality - p.candidate.chance for p in self.confirmation]
        if above and fixed_interval(above, CONFIDENCE).low <= 0:
            # Among guessers the fastest would be the best.
            self.note = GUESSING
            return False
        if not values or fixed_interval(values, CONFIDENCE).low <= 0:
            return False
        goal, pairs = self.goal, self.confirmation
        if goal.kind == "balance":
            return True
        if goal.floor is not None:
            lacking = [goal.floor - pair.candidate.quality for pair in pairs]
        else:
            gains = contributions(pairs, "quality")
            lacking = [-gain - (goal.tolerated or 0.0) for gain in gains.values()]
        # Both must hold, so that each may be tested at the whole level.
        return fixed_interval(lacking, CONFIDENCE).high <= 0


def _spread(racers: Sequence[Racer]) -> list[Racer]:
    """Return settings, the best of each answer first, then the second of each.

    Settings with the same grades differ in time alone, which few items tell well;
    which answers are better takes many. So no answer is dropped for lack of room
    before that is known, because on the first few items it did worse by chance.

    Args:
        racers: of as many items each, best first.
    """
    places: dict[tuple[float, ...], int] = defaultdict(int)
    ranked = []
    for racer in racers:
        grades = tuple(pair.candidate.quality for pair in racer.pairs)
        ranked.append((places[grades], racer))
        places[grades] += 1
    return [racer for _, racer in sorted(ranked, key=lambda one: one[0])]


def _figures(racer: Racer) -> tuple[float, float] | tuple[None, None]:
    """Return how quality and speed changed; ``None`` of what could not be measured."""
    if not racer.pairs:
        return None, None
    quality = [*contributions(racer.pairs, "quality").values()]
    times = [*contributions(racer.pairs, "time").values()]
    if not times:
        return None, None
    return math.fsum(quality) / len(quality), math.fsum(times) / len(times)
