"""Whether a route does what is predicted of it; run by hand.

    python tests/perf/route.py planted [SIMULATIONS]     # a cascade that is better
    python tests/perf/route.py equal [SIMULATIONS]       # models that are alike
    python tests/perf/route.py dominated [SIMULATIONS]   # one better than the other

Answers are simulated; everything else is what ``llmlat route`` does. A route that was
chosen is then played through 12,000 fresh questions, which tells what it really does.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a script

from pytest_llmlat.analysis.routing.common_answers import answers_of_cells
from pytest_llmlat.analysis.routing.cross_fitting import RouteTable
from pytest_llmlat.analysis.routing.found_routes import find_routes
from tests.unit.builders import a_cell, a_record, a_timing, some_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.routes import FoundRoutes, Route

WORKERS = 2
FRESH = 12_000
SIZES = (40, 100)
TASKS = ("reasoning/sums", "sentiment/polarity", "summarization/news")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one model answers: easy questions, hard ones, and how long it takes."""

    easy: float
    """Share of easy questions that it answers well."""
    hard: float
    seconds: float
    told: float
    """Share of its wrong answers that nothing can be read in."""


PLANTED = {
    "small": Behaviour(easy=0.95, hard=0.1, seconds=0.15, told=0.85),
    "large": Behaviour(easy=0.95, hard=0.9, seconds=1.2, told=0.1),
}
"""The small one knows when it does not know."""
FLAT = {
    name: Behaviour(easy=0.7, hard=0.7, seconds=0.5, told=0.0)
    for name in ("one", "other")
}
"""Nothing tells which of them will be right."""
DOMINATED = {
    "best": Behaviour(easy=0.9, hard=0.7, seconds=0.3, told=0.3),
    "slow": Behaviour(easy=0.7, hard=0.5, seconds=0.6, told=0.3),
}
"""One is faster and better than the other, whatever is asked."""
LANDSCAPES = {"planted": PLANTED, "equal": FLAT, "dominated": DOMINATED}


def _cell(
    model: str,
    task: str,
    own: Behaviour,
    hard: Iterable[bool],
    lengths: Iterable[int],
    source: np.random.Generator,
) -> list[Record]:
    found = []
    for number, (is_hard, length) in enumerate(zip(hard, lengths, strict=True)):
        right = source.random() < (own.hard if is_hard else own.easy)
        unread = not right and source.random() < own.told
        spread = math.exp(source.normal(0.0, 0.3))
        seconds = own.seconds * spread
        record = a_record(
            f"q{number}",
            cell=a_cell(model, task=task),
            value=float(right),
            timing=a_timing(seconds / 4, seconds),
        )
        found.append(
            replace(
                record,
                prompt="x" * int(length),
                unparsed=unread,
                output_tokens=int(20 * spread),
            )
        )
    return found


def simulated(models: dict[str, Behaviour], size: int, seed: int) -> CommonAnswers:
    """Return answers of models to so many questions of three tasks."""
    source = np.random.default_rng(seed)
    cells = []
    for task in TASKS:
        hard = (source.random(size) < 0.4).tolist()
        lengths = source.integers(50, 500, size).tolist()
        for model, own in models.items():
            records = _cell(model, task, own, hard, lengths, source)
            facts = some_facts(records[0].cell, planned=size)
            cells.append((facts, records))
    cells.sort(key=lambda each: list(models).index(each[0].cell.model))
    return answers_of_cells(cells)


@cache
def _fresh(name: str) -> RouteTable:
    """Return the outcomes of routes on many fresh questions, made once a process."""
    answers = simulated(LANDSCAPES[name], FRESH // len(TASKS), 10**6)
    return RouteTable(answers, "geometric", seed=0)


def truth(name: str, route: Route) -> float:
    """Return the balanced score of a route on fresh questions."""
    return float(_fresh(name).training([route]).balanced[0, -1])


def _found(models: dict[str, Behaviour], size: int, seed: int) -> FoundRoutes:
    answers = simulated(models, size, seed)
    return find_routes(answers, balance="geometric", seed=seed, tolerance=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one simulated session says, beside what is true."""

    words: tuple[str, ...]
    better: bool
    inside: bool
    """Whether the truth lies in the predicted interval."""
    inside_narrow: bool
    """The same without what times may drift."""
    gain: float
    off: float
    """How much worse the route truly is than the best that there is."""


def _session(name: str, size: int, best: float, seed: int) -> Seen:
    found = _found(LANDSCAPES[name], size, seed)
    chosen = found.chosen[0]
    true = truth(name, chosen.route)
    wide, narrow = chosen.predicted, chosen.figures.balanced
    return Seen(
        words=chosen.route.steps,
        better=chosen.better and not chosen.route.alone,
        inside=(wide.low or 0.0) <= true <= (wide.high or 1.0),
        inside_narrow=(narrow.low or 0.0) <= true <= (narrow.high or 1.0),
        gain=(chosen.beside.difference.value or 0.0) if chosen.beside else 0.0,
        off=1 - true / best,
    )


def _table(name: str, simulations: int) -> None:
    found = _found(LANDSCAPES[name], 500, 10**7)
    best = max(truth(name, one.route) for one in (*found.models, *found.routes))
    print(f"{name}: best balanced score {best:.3f}")
    print(
        "| items | in the interval | without drift | called better | steps most"
        " chosen | true loss to the best |"
    )
    print("|---|---|---|---|---|---|")
    for size in SIZES:
        work = partial(_session, name, size // len(TASKS) + 1, best)
        with ProcessPoolExecutor(WORKERS) as pool:
            seen = list(pool.map(work, range(simulations)))
        words = [each.words for each in seen]
        most = max({*words}, key=words.count)
        print(
            f"| {(size // 3 + 1) * 3}"
            f" | {100 * np.mean([s.inside for s in seen]):.1f}"
            f" | {100 * np.mean([s.inside_narrow for s in seen]):.1f}"
            f" | {100 * np.mean([s.better for s in seen]):.1f}"
            f" | {' > '.join(most)} {100 * words.count(most) / len(words):.0f} %"
            f" | {100 * np.mean([s.off for s in seen]):.2f} % |",
            flush=True,
        )


def main() -> None:
    """Print the tables that were asked for."""
    asked = sys.argv[1]
    simulations = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for name in LANDSCAPES if asked == "all" else (asked,):
        _table(name, simulations)


if __name__ == "__main__":
    main()
