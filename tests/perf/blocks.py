"""How often a load that is compared in blocks is judged wrongly; run by hand.

    python -m tests.perf.blocks [SESSIONS [SLOWER ...]]   # such as 200 0 0.05 0.1

Sessions are measured by the package's own code, two models in turn under a load, on a
clock that moves by script: a model takes its time for each request, times what disturbs
the machine at that instant. Then the gate judges them. Prints in how many sessions
anything was a regression: of two models that are the same, and of one that is ten per
cent slower; and the same where requests are paired one by one, as if there were no
blocks.
"""

from __future__ import annotations

import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.measure.cell import LoadedModel, Tools
from pytest_llmlat.measure.in_turn import run_pair
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.scenario import parse
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_deployment, a_model, a_sample, a_task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Generation, Record, Request
    from pytest_llmlat.values.token_meter import Meter

WORKERS = 2
SPREAD = 0.5
"""Of the times of different samples, on the log scale."""
TOKENS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What disturbs requests, all on the log scale."""

    name: str
    noise: float = 0.1
    """Standard deviation of one request."""
    drift: float = 0.0
    """Standard deviation of a disturbance that lasts."""
    lasts_s: float = 60.0
    """Time in which it forgets itself to 1/e; a request takes about one second."""
    neighbour: float = 0.0
    """By how much a neighbour slows, who is there a quarter of the time."""


MACHINES = (
    Machine(name="10 % a request"),
    Machine(name="drift of 10 %, 60 s", drift=0.1),
    Machine(name="neighbour of 30 %", neighbour=0.3),
)
WORLDS = (("concurrent:2", 24), ("concurrent:4", 96), ("server:0.5", 96))


class Disturbed:
    """The machine of one session, as slow as it is at each instant."""

    def __init__(self, machine: Machine, seed: str) -> None:
        """Begin somewhere in its course."""
        self._machine, self._source = machine, random.Random(seed)  # noqa: S311 - a draw
        self._drift = self._source.gauss(0, machine.drift)
        self._at_ns = 0
        self._near = self._source.random() < 0.25
        self._until_ns = 0.0

    def slowed(self, at_ns: int) -> float:
        """Return the log of how much longer a request takes now."""
        machine, source = self._machine, self._source
        kept = math.exp(-(at_ns - self._at_ns) / NS_PER_S / machine.lasts_s)
        fresh = machine.drift * math.sqrt(1 - kept**2)
        self._drift = kept * self._drift + source.gauss(0, fresh)
        self._at_ns = at_ns
        while at_ns > self._until_ns:
            self._near = not self._near
            mean_s = 40.0 if self._near else 120.0
            self._until_ns += source.expovariate(1 / mean_s) * NS_PER_S
        near = math.log1p(machine.neighbour) if self._near else 0.0
        return self._drift + near + source.gauss(0, machine.noise)


class Model:
    """A model of the process on such a machine."""

    remote: Literal[False] = False
    chat = True

    def __init__(
        self, machine: Disturbed, clock: ManualClock, *, slower: float
    ) -> None:
        """Take ``slower`` as much longer than the usual."""
        self._machine, self._clock, self._slower = machine, clock, 1 + slower
        self.facts: Mapping[str, Scalar | None] = {"context": 4096, "dtype": None}

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer after about a second, a quarter of it before the first token."""
        begin = self._clock.now_ns()
        usual = random.Random(request.prompt).gauss(0, SPREAD)  # noqa: S311 - a draw
        took = math.exp(usual + self._machine.slowed(begin)) * self._slower
        for number in range(TOKENS):
            share = (number + 1) / TOKENS
            self._clock.wait_until(begin + round(took * share * NS_PER_S))
            meter.token("4" if not number else " ")
        return meter.generation("stop", 5, sampling=request.sampling)

    def reset_device_peak(self) -> None:
        """There is no device."""

    def device_peak_bytes(self) -> int | None:
        """There is no device."""
        return None

    def close(self) -> None:
        """There is nothing to free."""


def session(
    scenario: str, samples: int, machine: Machine, slower: float, seed: int
) -> tuple[bool, bool]:
    """Return whether one session reports a regression, by blocks and one by one."""
    clock, facts, records = (
        ManualClock(1_000),
        dict[str, "CellFacts"](),
        list["Record"](),
    )
    disturbed = Disturbed(machine, f"{seed}|{machine.name}|{scenario}")
    models = [
        LoadedModel(
            deployment=a_deployment(a_model(name)),
            backend=Model(disturbed, clock, slower=more),
            load_s=0.0,
        )
        for name, more in (("new", slower), ("old", 0.0))
    ]
    plan = Plan(
        cell=a_cell("new", scenario=scenario),
        task=a_task(),
        samples=tuple(a_sample(f"q{number:03}") for number in range(samples)),
        seed=seed,
        revision="abc",
        scenario=parse(scenario, where="")[0],
    )
    tools = Tools(
        clock=clock,
        sandbox=None,
        on_facts=lambda told: facts.update({told.cell.model: told}),
        on_record=records.append,
    )
    beside = replace(plan, cell=a_cell("old", scenario=scenario))
    run_pair((plan, beside), (models[0], models[1]), tools)
    match = Match(
        facts=facts["new"],
        records=tuple(r for r in records if r.cell.model == "new"),
        against="old",
        reference=tuple(r for r in records if r.cell.model == "old"),
        beside=facts["old"],
        in_turn=True,
        same_answers=True,
    )
    alone = replace(match, facts=replace(match.facts, visits=()))
    return _worse(match), _worse(alone)


def _worse(match: Match) -> bool:
    found = judge([match], GateRules(), balance="geometric")
    return any(verdict.outcome == "regression" for verdict in found)


def main(sessions: int, slowdowns: Sequence[float]) -> None:
    """Print a line for each load and machine."""
    print(f"regressions of {sessions} sessions: by blocks (one by one)")
    told = "".join(f"{f'{slower:.0%} slower':>16}" for slower in slowdowns)
    print(f"{'load, samples':20} {'machine':22}{told}")
    with ProcessPoolExecutor(WORKERS) as pool:
        for scenario, samples in WORLDS:
            for machine in MACHINES:
                cells = []
                for slower in slowdowns:
                    one = partial(session, scenario, samples, machine, slower)
                    found = [*pool.map(one, range(sessions), chunksize=10)]
                    blocks, alone = (sum(own) for own in zip(*found, strict=True))
                    cells.append(f"{blocks:9d} ({alone:4d})")
                where = f"{scenario}, {samples}"
                print(f"{where:20} {machine.name:22}", *cells, flush=True)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        [float(each) for each in sys.argv[2:]] or [0.0, 0.1],
    )
