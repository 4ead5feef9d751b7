"""Checks of what is to be measured in turn with another model or prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.measure.load_blocks import (
    FEWEST_BLOCKS,
    blocks_of,
    shortest_block,
)
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.values.scenario import Scenario
    from pytest_llmlat.values.settings import Settings, Spelled


def check_requests(
    settings: Settings, loads: Sequence[Scenario], spelled: Spelled, *, where: str
) -> None:
    """Refuse a number of requests for what is asked in turn, one by one.

    Args:
        settings: of the session.
        loads: scenarios that were asked for; empty for those of each test.
        spelled: how the user writes a setting.
        where: what is to be measured in turn.

    Raises:
        UsageError: says what has a place there.
    """
    if settings.requests is None or (loads and SINGLE not in loads):
        return
    raise UsageError(
        f"{where}: asks each sample twice of each side; {spelled('requests')} has no"
        f" place there, {spelled('samples')} has; of a load it has one, where"
        f" {spelled('scenarios')} names it"
    )


def check_in_turn(plan: Plan, settings: Settings, spelled: Spelled) -> None:
    """Refuse what cannot be measured in turn: a load is, in blocks.

    Of two engines of which memory holds one, single requests are asked in blocks too.

    Args:
        plan: of the cell.
        settings: of the session.
        spelled: how the user writes a setting.

    Raises:
        UsageError: says what has no place there, or how many requests are needed.
    """
    option = "prompts" if settings.prompts else "against"
    where = f"{spelled(option)}: {plan.scenario.name}"
    if plan.scenario == SINGLE:
        if plan.apart:
            _check_apart(plan, settings, spelled, where=where)
        return
    least = shortest_block(plan.scenario)
    if least is None:
        raise UsageError(
            f"{where}: its requests arrive all at once, and a block of them would be"
            f" another load: use concurrent:N, or compare by {spelled('baseline')}"
        )
    if settings.until_decided:
        raise UsageError(
            f"{where}: {spelled('until_decided')} looks at pairs of single requests,"
            f" and a load is measured in blocks; use the scenario {SINGLE.name!r}"
        )
    if settings.save_baseline is not None and plan.scenario.kind == "server":
        raise UsageError(
            f"{where}: each block begins with an empty queue, and a stored run of them"
            " would look faster than a load in one piece: leave"
            f" {spelled('save_baseline')} out"
        )
    if settings.clients > 1:
        raise UsageError(
            f"{where}: its blocks go to two servers in turn, and client processes know"
            f" one: leave {spelled('clients')} out"
        )
    blocks = len(blocks_of(plan))
    if blocks < FEWEST_BLOCKS:
        needed, rounds = least * FEWEST_BLOCKS, plan.planned_in_turn
        raise UsageError(
            f"{where}: a load is compared in blocks of {least} requests or more, A B B"
            f" A, and {FEWEST_BLOCKS} such pairs of blocks are the fewest that decide"
            f" anything: {rounds // 2} requests of each side in each round make"
            f" {blocks}; ask {needed} samples ({spelled('samples')}), or go round those"
            f" that there are with {spelled('requests')} {2 * needed}"
        )


def _check_apart(
    plan: Plan, settings: Settings, spelled: Spelled, *, where: str
) -> None:
    """Refuse single requests in blocks that would decide nothing.

    Raises:
        UsageError: says what has no place there, or how many samples are needed.
    """
    why = "memory holds one of the two engines, so that each is started for a block"
    if settings.until_decided:
        raise UsageError(
            f"{where}: {why}, and {spelled('until_decided')} looks at pairs of single"
            f" requests: leave it out"
        )
    if len(blocks_of(plan)) < FEWEST_BLOCKS:
        raise UsageError(
            f"{where}: {why}, and {FEWEST_BLOCKS} pairs of blocks are the fewest that"
            f" decide anything: ask {FEWEST_BLOCKS} samples or more"
            f" ({spelled('samples')})"
        )
