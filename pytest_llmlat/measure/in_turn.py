"""Two cells measured in turn, so that whatever disturbs one disturbs both."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pytest_llmlat.measure import scenarios
from pytest_llmlat.measure.cell import (
    CellMeasurement,
    measure_again,
)
from pytest_llmlat.measure.cut_off import told_if_cut_off
from pytest_llmlat.measure.enough_pairs import PairsSoFar
from pytest_llmlat.measure.in_blocks import run_in_blocks
from pytest_llmlat.measure.own_answers import whole_items
from pytest_llmlat.measure.repeats import rounds_in_turn
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pytest_llmlat.measure.cell import LoadedModel, Tools
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.stopping import StoppingRule

    MeasureInTurn: TypeAlias = Callable[
        [tuple[Plan, Plan], tuple[LoadedModel, LoadedModel], Tools], None
    ]
    """Measures two cells, each on its model, and decides how they take turns."""


def run_pair(
    plans: tuple[Plan, Plan],
    models: tuple[LoadedModel, LoadedModel],
    tools: Tools,
    rule: StoppingRule | None = None,
) -> None:
    """Measure two models on the same samples, in turn.

    Each sample, or whole conversation, is asked four times, A B B A or B A A B as the
    seed says: whatever makes the machine slower for a while meets both alike. Of more
    repeats, again so for each two. Of a load it is each block, and of two engines of
    which memory holds one too.

    Args:
        plans: of the candidate's cell and of the reference's, of the same samples.
        models: the candidate and the reference, both loaded.
        tools: what they are measured with.
        rule: asked after each pair whether they are enough; ``None`` to measure all.
    """
    if plans[0].apart or plans[0].scenario != SINGLE:
        run_in_blocks(plans, models, tools)
        return
    cells = [
        CellMeasurement(plan, model, tools, alone=False)
        for plan, model in zip(plans, models, strict=True)
    ]
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{plans[0].seed}|{plans[0].task.name}")  # noqa: S311 - an order
    pairs = PairsSoFar(plans[0], rule)
    with scenarios.settled(), told_if_cut_off(*cells):
        for cell in cells:
            cell.warm_up()
        measure_again(*cells)
        rounds = rounds_in_turn(plans[0].repeats)
        for places in whole_items(plans[0].samples):
            for first in range(0, rounds, 2):
                a, b = cells if source.random() < 0.5 else reversed(cells)  # noqa: PLR2004 - a coin
                for cell, number in ((a, 0), (b, 0), (b, 1), (a, 1)):
                    for place in places:
                        cell.ask(place * rounds + first + number)
            both = (cells[0].records, cells[1].records)
            if pairs.enough(places, *both, lambda: any(c.disturbed for c in cells)):
                break
    for cell in cells:
        cell.finish(None, stopping=pairs.stopping)


def run_with_yardstick(
    plans: tuple[Plan, Plan], models: tuple[LoadedModel, LoadedModel], tools: Tools
) -> None:
    """Measure a cell, and before or after each of its requests a yardstick.

    Whatever makes the machine slower for a while is then in the times of both. Which
    of the two comes first changes from request to request, as the seed says.

    Args:
        plans: of the cell and of the yardstick's, of the same samples.
        models: what each is measured on.
        tools: what they are measured with.
    """
    cells = [
        CellMeasurement(plan, model, tools, alone=False, in_turn=False)
        for plan, model in zip(plans, models, strict=True)
    ]
    # random() is the one method whose sequence Python promises to keep.
    source = random.Random(f"{plans[0].seed}|{plans[0].task.name}")  # noqa: S311 - an order
    with scenarios.settled(), told_if_cut_off(*cells):
        for cell in cells:
            cell.warm_up()
        measure_again(*cells)
        for place in range(plans[0].planned):
            for cell in cells if source.random() < 0.5 else reversed(cells):  # noqa: PLR2004 - a coin
                cell.ask(place)
    for cell in cells:
        cell.finish(None)
