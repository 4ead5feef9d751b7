"""A race finds the best setting, names none where there is none, and tells why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tuning.goal import Goal
from pytest_llmlat.tuning.proposals import DrawnSettings, ListedSettings
from pytest_llmlat.tuning.race import Look, Race
from pytest_llmlat.tuning.race_plan import TuningBudget, planned
from pytest_llmlat.tuning.race_result import RaceSubject, result_of
from pytest_llmlat.values.search_space import Setting
from tests.unit.tuning.landscape import (
    SETTINGS,
    SPACE,
    TODAY,
    Landscape,
    Truth,
    flat,
    hilly,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.tuning_race import TuningRace

ITEMS = 120
OTHERS = [setting for setting in SETTINGS if setting != TODAY]
FEW = OTHERS[::6]


def race_on(
    land: Landscape,
    *,
    settings: list[Setting] = FEW,
    goal: Goal | None = None,
    budget: TuningBudget | None = None,
    seconds: Callable[[], float] = lambda: 0.0,
) -> Race:
    """Prepare a race."""
    plan = planned(
        [1] * land.items,
        settings=len(settings),
        budget=budget or TuningBudget(),
        where="budget",
    )
    proposer = ListedSettings(settings, seed=land.seed)
    return Race(
        land,
        proposer,
        goal=goal or Goal(),
        plan=plan,
        seconds=seconds,
        tell=lambda _: None,
    )


def told(race: Race) -> TuningRace:
    """Return the result of a race."""
    subject = RaceSubject(
        model="m", device="cpu", tasks=("t",), space=SPACE, listed=len(FEW), key="k"
    )
    proposer = ListedSettings((), seed=0)
    return result_of(race, subject, proposer, entry="x", contended=False, notes=())


@pytest.mark.slow
def test_the_best_wins_and_is_confirmed_on_other_items() -> None:
    """The gain that is told is of items that no look had."""
    land = Landscape(truth=hilly, items=ITEMS, seed=1)
    race = race_on(land)

    race.run()

    best = max(FEW, key=land.score)
    found = told(race)
    assert race.end == found.end == "winner"
    assert race.chosen is not None
    assert land.score(race.chosen.setting) > 0.95 * land.score(best)
    looked = {item for _, items in land.asked[:-1] for item in items}
    assert not looked & set(land.asked[-1][1])
    assert race.requests == land.requests <= race.plan.requests
    assert found.confirmed is not None
    assert found.confirmed.gain.low is not None
    assert found.confirmed.gain.low > 0
    assert found.entry == "x"
    assert {one.name for one in found.raced} == {one.name for one in FEW}


@pytest.mark.slow
def test_a_flat_landscape_has_no_winner() -> None:
    """The luckiest of many is not called better; that is told, with no lines."""
    ends = []
    for seed in range(8):
        race = race_on(Landscape(truth=flat, items=60, seed=seed))
        race.run()
        ends.append(told(race).end)
        assert told(race).entry == (None if ends[-1] == "no better" else "x")

    assert ends.count("no better") >= 7


def test_a_setting_that_is_worse_leaves_for_certain() -> None:
    """It is not asked again, and the reason names what it is worse than."""
    bad = Setting((("threads", 1), ("quantization", "int3"), ("batch", 64)))

    def truth(setting: Setting) -> Truth:
        return Truth(4.0, 0.1) if setting == bad else hilly(setting)

    land = Landscape(truth=truth, items=ITEMS, seed=1)
    budget = TuningBudget(requests=2000)
    race = race_on(land, settings=[*FEW[:3], bad], budget=budget)
    race.run()

    (racer,) = (racer for racer in race.racers if racer.setting == bad)
    assert racer.left == "worse"
    assert "worse than" in str(racer.why)
    assert racer.items < race.plan.looks[-1]


def test_the_fastest_must_be_good_enough() -> None:
    """A setting that answers worse is not taken however fast it is."""
    fast = Setting((("threads", 4), ("quantization", "int3"), ("batch", 256)))
    good = Setting((("threads", 4), ("quantization", "none"), ("batch", 256)))

    def truth(setting: Setting) -> Truth:
        times = {fast: 0.2, good: 0.5}
        return replace(hilly(setting), time=times.get(setting, 1.0))

    land = Landscape(truth=truth, items=200, seed=2, changed=0.02)
    goal = Goal(kind="fastest", tolerated=0.05)
    race = race_on(land, settings=[fast, good], goal=goal)
    race.run()

    assert race.end == "winner"
    assert race.chosen is not None
    assert race.chosen.setting == good
    assert told(race).raced[0].gain.value == pytest.approx(0.5, abs=0.1)


def test_what_breaks_leaves_with_its_reason() -> None:
    """An answer that breaks where today's does not, or a load that fails."""
    land = Landscape(truth=hilly, items=60, seed=0)

    class Breaking(Landscape):
        def look(self, number: int, setting: Setting, items: range) -> Look:
            look = land.look(number, setting, items)
            if number == 1:
                return Look(problem="out of memory")
            return replace(look, failed=1) if number == 2 else look

    breaking = Breaking(truth=hilly, items=60, seed=0)
    race = race_on(breaking, settings=FEW[:4])
    race.run()

    assert [racer.left for racer in race.racers[:2]] == ["failed", "failed"]
    assert race.racers[0].why == "out of memory"
    found = {one.name: one for one in told(race).raced}
    assert found[race.racers[0].setting.name].gain.value is None


def test_a_race_in_which_nothing_could_be_measured_decides_nothing() -> None:
    """That today's setting is the best is not known then."""

    class Broken(Landscape):
        def look(self, number: int, setting: Setting, items: range) -> Look:  # noqa: ARG002 - the protocol's
            return Look(problem="out of memory")

    race = race_on(Broken(truth=hilly, items=60, seed=0))
    race.run()

    assert told(race).end == "undecided"
    assert {one.why for one in told(race).raced} == {"out of memory"}


def test_time_that_is_up_says_what_would_be_needed() -> None:
    """After the first setting nothing can be decided; what was measured is told."""
    land = Landscape(truth=hilly, items=60, seed=0)
    race = race_on(
        land,
        budget=TuningBudget(seconds=100.0),
        seconds=lambda: 60.0 * len(land.asked),
    )
    race.run()

    found = told(race)
    assert found.end == "undecided"
    assert len(found.raced) == 1
    assert any("minutes would be needed" in note for note in found.notes)


def test_what_is_cut_short_is_told_as_far_as_it_got() -> None:
    """Ctrl-C in the third setting leaves two."""

    class Stopped(Landscape):
        def look(self, number: int, setting: Setting, items: range) -> Look:
            if number == 3:
                raise KeyboardInterrupt
            return Landscape.look(self, number, setting, items)

    race = race_on(Stopped(truth=hilly, items=60, seed=0))
    with pytest.raises(KeyboardInterrupt):
        race.run()

    found = told(race)
    assert found.end == "interrupted"
    assert sum(one.items > 0 for one in found.raced) == 2


@pytest.mark.slow
def test_a_race_goes_the_same_way_again() -> None:
    """With the same answers: what was measured can stand for measuring again."""
    first, second = (Landscape(truth=hilly, items=60, seed=3) for _ in range(2))
    race_on(first).run()
    race_on(second).run()

    assert first.asked == second.asked


@pytest.mark.slow
def test_what_mattered_is_told() -> None:
    """Threads and weights move the balance, the batch hardly does."""
    race = race_on(Landscape(truth=hilly, items=ITEMS, seed=1), settings=OTHERS)
    race.run()

    keys = {one.key: one.share for one in told(race).keys}
    assert told(race).importance == "main effects, share of variance"
    assert keys["batch"] < min(keys["threads"], keys["quantization"])
    assert sum(keys.values()) <= 1 + 1e-9


def test_settings_are_drawn_each_once() -> None:
    """And no more than the space has."""
    drawn = DrawnSettings(SPACE, seed=1)
    found = [*drawn.propose(40), *drawn.propose(1000)]

    assert len(found) == len(set(found)) <= len(SETTINGS)
    assert len(found) > 40
