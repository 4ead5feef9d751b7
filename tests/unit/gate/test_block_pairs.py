"""Two cells whose load was offered in blocks, as the gate compares them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.gate.block_pairs import block_pairs
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.pairing import LATENCIES, log_ratios
from pytest_llmlat.gate.tolerances import GateRules
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict

SIZE = 4
"""Requests of a block."""


def side(
    model: str,
    factors: list[float],
    *,
    failing: str | None = None,
    noise: float = 0.0,
) -> tuple[Record, ...]:
    """Return the records of blocks, each as much slower as a factor says.

    Args:
        model: whose they are.
        factors: of both blocks of each pair.
        failing: sample that breaks in its first round.
        noise: by which single requests differ, as a share.
    """
    cell = a_cell(model, scenario="concurrent:2")
    source = random.Random(model)  # noqa: S311 - a draw
    found = []
    for pair, factor in enumerate(factors):
        for number in (0, 1):
            for place in range(SIZE):
                name = f"s{pair * SIZE + place:03}"
                if name == failing and not number:
                    found.append(an_error(name, cell=cell))
                    continue
                took = (1 + place) * factor * (1 + noise * source.uniform(-1, 1))
                timing = a_timing(took / 4, took)
                found.append(
                    replace(a_record(name, cell=cell), timing=timing, round=number)
                )
    return tuple(found)


def matched(ours: tuple[Record, ...], theirs: tuple[Record, ...]) -> Match:
    """Return two cells that offered their load in turn."""
    facts = [
        replace(
            some_facts(own[0].cell),
            planned=len(own),
            visits=(SIZE,) * (len(own) // SIZE),
        )
        for own in (ours, theirs)
    ]
    return Match(
        facts=facts[0],
        records=ours,
        against="owl",
        reference=theirs,
        beside=facts[1],
        in_turn=True,
    )


def verdicts(match: Match) -> dict[str, Verdict]:
    """Return the verdicts by quantity."""
    found = judge([match], GateRules(), balance="geometric")
    return {verdict.quantity: verdict for verdict in found}


def test_pairs_of_blocks_have_the_mean_log_ratio_of_their_samples() -> None:
    """Each pair of blocks is one value, however many requests it has."""
    factors = [1.1, 1.3, 0.9, 1.0, 1.2, 1.0]

    found = block_pairs(matched(side("parrot", factors), side("owl", [1.0] * 6)))

    assert found is not None
    assert len(found.pairs.samples) == 6
    ratios = log_ratios(found.pairs, "e2e")
    assert [
        round(2.718281828459045**each, 6) for each in ratios if each is not None
    ] == factors


def test_what_disturbs_one_block_is_one_value_and_not_many() -> None:
    """Two blocks of eight are twice as slow: single requests would make it certain."""
    factors = [1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    match = matched(
        side("parrot", factors, noise=0.02), side("owl", [1.0] * 8, noise=0.02)
    )

    by_blocks = verdicts(match)["e2e"]
    one_by_one = verdicts(replace(match, facts=replace(match.facts, visits=())))["e2e"]

    assert by_blocks.outcome == "inconclusive"
    assert by_blocks.low is not None
    assert one_by_one.low is not None
    assert by_blocks.low < one_by_one.low


def test_a_slower_model_is_a_regression_by_its_blocks() -> None:
    """The verdict says what was compared, and its number of pairs is of samples."""
    match = matched(
        side("parrot", [1.3] * 8, noise=0.05), side("owl", [1.0] * 8, noise=0.05)
    )

    found = verdicts(match)

    assert found["e2e"].outcome == "regression"
    assert found["e2e"].change == pytest.approx(0.3, abs=0.02)
    assert found["e2e"].samples == 8 * SIZE
    assert "8 pairs of blocks of 4 requests or more, A B B A" in str(found["e2e"].note)
    assert "blocks" not in str(found["quality"].note)


def test_the_number_that_would_decide_is_of_samples() -> None:
    """Nobody asks for blocks: more samples make more of them."""
    factors = [1.0, 1.15, 1.05, 1.2, 1.0, 1.12]
    match = matched(side("parrot", factors), side("owl", [1.0] * 6))

    found = verdicts(match)["e2e"]

    assert found.outcome == "inconclusive"
    assert found.needed_samples is not None
    assert found.needed_samples > 6 * SIZE
    assert found.needed_samples % SIZE == 0


def test_a_request_that_failed_takes_its_block_with_it_in_no_latency() -> None:
    """The others of its block are compared; the failure weighs on quality."""
    ours = side("parrot", [1.1] * 6, failing="s002")

    found = block_pairs(matched(ours, side("owl", [1.0] * 6)))

    assert found is not None
    for name in LATENCIES[:2]:
        ratios = log_ratios(found.pairs, name)
        assert [
            round(2.718281828459045**each, 6) for each in ratios if each is not None
        ] == [1.1] * 6


def test_too_few_blocks_decide_nothing() -> None:
    """Four values have no spread worth the name."""
    match = matched(side("parrot", [2.0] * 4), side("owl", [1.0] * 4))

    found = verdicts(match)

    assert {each.outcome for each in found.values()} == {"inconclusive"}
    assert "4 pairs of blocks tell nothing; at least 5 are needed" in str(
        found["e2e"].note
    )


def test_blocks_whose_answers_are_not_all_there_are_no_pairs() -> None:
    """Where it is unknown which block an answer is of, nothing is judged by it."""
    match = matched(side("parrot", [2.0] * 6), side("owl", [1.0] * 6))
    odd = replace(match, facts=replace(match.facts, visits=(SIZE,) * 11))

    assert verdicts(odd)["e2e"].outcome == "inconclusive"
