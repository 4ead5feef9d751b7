"""Two cells measured in blocks, A B B A: loads, and engines that never run together."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pytest_llmlat.measure import scenarios
from pytest_llmlat.measure.cell import CellMeasurement, measure_again
from pytest_llmlat.measure.cut_off import told_if_cut_off
from pytest_llmlat.measure.load_blocks import places_of_blocks
from pytest_llmlat.measure.managed_servers import rest, wake
from pytest_llmlat.measure.successive_loads import joined_loads
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from pytest_llmlat.measure.cell import LoadedModel, Tools
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.cell_facts import LoadFacts


def run_in_blocks(
    plans: tuple[Plan, Plan], models: tuple[LoadedModel, LoadedModel], tools: Tools
) -> None:
    """Measure two models in blocks, each of which is warmed up anew.

    Args:
        plans: of the candidate's cell and of the reference's, of the same samples.
        models: the candidate and the reference, both loaded.
        tools: what they are measured with.
    """
    cells: list[CellMeasurement] = []
    for side, (plan, model) in enumerate(zip(plans, models, strict=True)):
        if plan.apart:
            rest(models[1 - side].backend)
        cells.append(CellMeasurement(plan, model, tools, alone=False))
    turns = _Turns(plans[0], models, cells)
    loads: list[LoadFacts | None] = [None, None]
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{plans[0].seed}|{plans[0].task.name}")  # noqa: S311 - an order
    pairs = places_of_blocks(plans[0])
    with scenarios.settled(), told_if_cut_off(*cells):
        turns.warm_up()
        for number, pair in enumerate(pairs):
            a, b = (0, 1) if source.random() < 0.5 else (1, 0)  # noqa: PLR2004 - a coin
            if number > 0:
                turns.rest_both()
            for side, half in ((a, 0), (b, 0), (b, 1), (a, 1)):
                load = turns.ask(side, pair[half], 2 * number + half)
                loads[side] = joined_loads(loads[side], load)
    visits = tuple(len(block) for pair in pairs for block in pair)
    for cell, load in zip(cells, loads, strict=True):
        cell.finish(load, visits=visits)


class _Turns:
    """Whose turn it is, of two cells of which perhaps only one model runs at a time."""

    def __init__(
        self,
        plan: Plan,
        models: tuple[LoadedModel, LoadedModel],
        cells: list[CellMeasurement],
    ) -> None:
        """Begin with the second one's, which was made ready last."""
        self._plan, self._models, self._cells = plan, models, cells
        self._warm: set[int] = set()

    def warm_up(self) -> None:
        """Warm both up; of single requests, measure some of the kept answers again."""
        if not self._plan.apart:
            for cell in self._cells:
                cell.warm_up()
        elif self._plan.scenario == SINGLE:
            for side in (1, 0):
                if self._cells[side].places_again:
                    self._begin(side)
                    measure_again(self._cells[side])

    def rest_both(self) -> None:
        """Let both rest, so that no two pairs of blocks have a start in common.

        Starts differ, and pairs that share one would confirm each other.
        """
        if self._plan.apart:
            for model in self._models:
                rest(model.backend)

    def ask(self, side: int, places: range, number: int) -> LoadFacts | None:
        """Ask one side a block; returns what was measured of its load."""
        self._begin(side)
        cell = self._cells[side]
        if self._plan.scenario != SINGLE:
            return cell.ask_block(places, number)
        for place in places:
            cell.ask(place)
        return None

    def _begin(self, side: int) -> None:
        """Start the model of a side, if it rests, and warm up what was started."""
        if not self._plan.apart:
            return
        rest(self._models[1 - side].backend)
        if wake(self._models[side].backend) or side not in self._warm:
            self._cells[side].warm_up()
            self._warm.add(side)
