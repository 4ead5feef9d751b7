"""Scripted landscapes of settings, of which the truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - as many answers as a race needs

from pytest_llmlat.tuning.race import Look
from pytest_llmlat.tuning.trial_pairs import TrialAnswer, TrialPair
from pytest_llmlat.values.search_space import SearchSpace, Setting, SpaceKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

THREADS = {1: 1.0, 2: 0.62, 4: 0.45, 8: 0.5}
WEIGHTS = {
    "none": (1.0, 0.66),
    "int8": (0.72, 0.65),
    "int4": (0.6, 0.57),
    "int3": (0.55, 0.42),
}
"""Times, and shares of right answers."""
BATCH = {64: 1.06, 128: 1.0, 256: 0.97, 512: 1.02}
SPACE = SearchSpace(
    (
        SpaceKey(name="threads", values=tuple(THREADS)),
        SpaceKey(name="quantization", values=tuple(WEIGHTS)),
        SpaceKey(name="batch", values=tuple(BATCH)),
    )
)
TODAY = Setting((("threads", 1), ("quantization", "none"), ("batch", 128)))
SETTINGS = tuple(
    Setting((("threads", t), ("quantization", q), ("batch", b)))
    for t, q, b in product(THREADS, WEIGHTS, BATCH)
)
BUDGET_S = 1.0


@dataclass(frozen=True, slots=True)
class Truth:
    """Time of a setting, as a share of today's, and its share of right answers."""

    time: float
    right: float


def hilly(setting: Setting) -> Truth:
    """Return the truth of a landscape with one best region."""
    told = dict(setting.values)
    time, right = WEIGHTS[str(told["quantization"])]
    threads = THREADS[int(told["threads"])]
    return Truth(time=time * threads * BATCH[int(told["batch"])], right=right)


def flat(setting: Setting) -> Truth:  # noqa: ARG001 - it is the same everywhere
    """Return the truth of a landscape where every setting is as today's."""
    return Truth(time=1.0, right=0.66)


def noisy_flat(setting: Setting) -> Truth:  # noqa: ARG001 - as above
    """Return the same; its landscape changes answers and not how many are right."""
    return Truth(time=1.0, right=0.66)


@dataclass(slots=True, kw_only=True)
class Landscape:
    """A measurer of scripted settings."""

    truth: Callable[[Setting], Truth]
    items: int
    seed: int
    noise: float = 0.1
    """Standard deviation of the log time of a request."""
    wander: float = 0.15
    """Of what slows the machine from one item to the next, both sides alike."""
    changed: float = 0.15
    """Share of an item's difficulty that other weights see otherwise."""
    stalls: float = 0.02
    """Share of requests that take much longer."""
    requests: int = 0
    asked: list[tuple[str, range]] = field(default_factory=list)
    _source: Generator = field(init=False)
    _hard: np.ndarray = field(init=False)
    _long: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Draw the items."""
        self._source = np.random.default_rng([self.seed, 1])
        drawn = np.random.default_rng([self.seed, 2])
        self._hard = drawn.random(self.items)
        self._long = np.exp(drawn.normal(0.0, 0.4, self.items))

    def look(self, number: int, setting: Setting, items: range) -> Look:  # noqa: ARG002 - the protocol's
        """Answer once on each side."""
        return self._measured(setting, items, 1)

    def confirm(self, number: int, setting: Setting, items: range) -> Look:  # noqa: ARG002 - as above
        """Answer twice on each side."""
        return self._measured(setting, items, 2)

    def score(self, setting: Setting) -> float:
        """Return the true balanced score."""
        truth = self.truth(setting)
        source = np.random.default_rng(3)
        shape = (3, 50_000)
        spreads = np.array([[0.4], [self.wander], [self.noise]])
        logs = (spreads * source.normal(size=shape)).sum(axis=0)
        stalled = source.random(shape[1]) < self.stalls
        grid = np.exp(logs + stalled * source.exponential(1.0, shape[1]))
        speed = float(np.mean(1 / (1 + truth.time * grid / BUDGET_S)))
        return math.sqrt(truth.right * speed)

    def _measured(self, setting: Setting, items: range, times: int) -> Look:
        self.asked.append((setting.name, items))
        truth, today = self.truth(setting), self.truth(TODAY)
        pairs = []
        for item in items:
            slow = math.exp(self._source.normal(0.0, self.wander))
            pairs.append(
                TrialPair(
                    family="f",
                    task="t",
                    item=str(item),
                    candidate=self._answer(setting, item, truth, slow, times),
                    reference=self._answer(TODAY, item, today, slow, times),
                )
            )
        count = 2 * times * len(items)
        self.requests += count
        return Look(pairs=tuple(pairs), requests=count)

    def _answer(
        self, setting: Setting, item: int, truth: Truth, slow: float, times: int
    ) -> TrialAnswer:
        weights = str(dict(setting.values)["quantization"])
        own = np.random.default_rng([self.seed, 4, item, *weights.encode()]).random()
        seen = self._hard[item] if own > self.changed else (own / self.changed)
        log = self._source.normal(0.0, self.noise, times).mean()
        if self._source.random() < self.stalls:
            log += self._source.exponential(1.0)
        seconds = float(self._long[item] * truth.time * slow * math.exp(log))
        return TrialAnswer(
            quality=float(seen < truth.right),
            chance=0.0,
            speed=1 / (1 + seconds / BUDGET_S),
            seconds=seconds,
        )
