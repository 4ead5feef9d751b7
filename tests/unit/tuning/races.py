"""Results of races, as reports and files get them."""

from __future__ import annotations

from pytest_llmlat.values.tuning_race import (
    ConfirmedGain,
    KeyWeight,
    RacedSetting,
    RaceFigure,
    TuningRace,
)

CERTAIN = RaceFigure(value=0.1, low=0.05, high=0.15)
SAME = RaceFigure(value=0.0, low=-0.1, high=0.1)
FASTER = RaceFigure(value=-0.4, low=-0.45, high=-0.35)
NOTHING = RaceFigure(value=None)

A_RACE = TuningRace(
    model="gpt2",
    device="cpu",
    tasks=("sentiment/polarity",),
    goal="best balance",
    goal_kind="balance",
    end="winner",
    best="threads=2",
    confirmed=ConfirmedGain(
        items=30, gain=CERTAIN, quality=SAME, time=FASTER, alike=28, before=0.5
    ),
    entry='[models.gpt2]\nbackend = "gguf"\n',
    raced=(
        RacedSetting(
            name="threads=2",
            left=None,
            why=None,
            items=40,
            requests=80,
            seconds=12.5,
            quality=SAME,
            time=FASTER,
            gain=CERTAIN,
            on_front=True,
        ),
        RacedSetting(
            name="threads=4",
            left="failed",
            why="out of memory",
            items=0,
            requests=0,
            seconds=1.0,
            quality=NOTHING,
            time=NOTHING,
            gain=NOTHING,
            on_front=False,
        ),
    ),
    beside=("threads=3",),
    importance="main effects, share of variance",
    keys=(KeyWeight(key="threads", share=0.9),),
    proposed="listed",
    settings=2,
    requests=280,
    full=560,
    seconds=60.0,
    contended=True,
    notes=("a note",),
    key="0" * 16,
)
