"""When pairs are enough, and what the gate says of a cell that was stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.gate.changes import changes
from pytest_llmlat.gate.judging import judge
from pytest_llmlat.gate.looks import AT_LOOKS, Looks, sequences
from pytest_llmlat.gate.match import Match
from pytest_llmlat.gate.pairing import pair
from pytest_llmlat.gate.tolerances import GateRules
from pytest_llmlat.gate.until_decided import UntilDecided
from pytest_llmlat.values.stopping import Stopping
from tests.unit.builders import a_cell, a_record, a_timing, some_facts
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Verdict

WHOLE = {"quality": 0.02, "balanced": 0.02, "e2e": 0.05, "ttft": 0.05}
WIDE = {"quality": 0.3, "balanced": 0.3, "e2e": 0.3}
WAVE = (0.0, 0.02, -0.02, 0.01, -0.01)
"""What pairs differ in, as a share; its mean is 0."""
CALM = settings(max_examples=at_most(20), deadline=None)


def answer(
    number: int,
    model: str = "parrot",
    *,
    seconds: float = 1.0,
    right: bool = True,
    streamed: bool = False,
) -> Record:
    """Return an answer to a sample."""
    took = a_timing(end_s=seconds)
    return a_record(
        f"s{number:03}",
        cell=a_cell(model),
        value=float(right),
        timing=a_timing(seconds / 2, seconds) if streamed else took,
    )


def times(number: int) -> float:
    """Return the time of an answer that varies a little from pair to pair."""
    return 1 + WAVE[number % len(WAVE)]


def followed(
    ours: Callable[[int], Record],
    *,
    pairs: int = 60,
    tolerated: dict[str, float] | None = None,
    among: int = 1,
    streamed: bool = False,
) -> tuple[int, str | None]:
    """Ask a rule after each pair: how many there were, and why they were enough."""
    rule = UntilDecided(
        tolerated or WHOLE, balance="geometric", among=among, planned=pairs
    )
    for number in range(pairs):
        theirs = answer(number, "owl", streamed=streamed)
        clear = rule.after([ours(number)], [theirs])
        if clear is not None:
            assert clear.by_time is ("quality" not in clear.why)
            return number + 1, clear.why
    return pairs, None


def test_a_clear_slowdown_ends_a_cell_early() -> None:
    """Which quantities are worse is said, in their order."""
    used, why = followed(lambda n: answer(n, seconds=1.2 * times(n)))

    assert used <= 12
    assert why == "regression of e2e"
    used, why = followed(
        lambda n: answer(n, seconds=1.2 * times(n), streamed=True), streamed=True
    )
    assert why == "regression of e2e and ttft"


def test_a_clear_loss_of_quality_ends_a_cell_early() -> None:
    """With equal times, and an answer that is still right now and then."""
    used, why = followed(lambda n: answer(n, right=n % 5 == 0, seconds=times(n)))

    assert used <= 30
    assert why == "regression of quality"


def test_what_is_tolerable_for_certain_ends_a_cell_early() -> None:
    """In both halves and in their balance."""
    used, why = followed(lambda n: answer(n, seconds=times(n)), tolerated=WIDE)

    assert used < 40
    assert why == "no worse than is tolerated"


@pytest.mark.slow
def test_equal_answers_so_far_do_not_pass_by_themselves() -> None:
    """With 60 pairs a loss of 0.02 may not have shown, though times are clear."""
    assert followed(lambda n: answer(n, seconds=times(n))) == (60, None)


@pytest.mark.slow
def test_what_is_within_the_tolerance_is_no_regression() -> None:
    """Four per cent slower beside five: measuring goes on."""
    assert followed(lambda n: answer(n, seconds=1.04 * times(n))) == (60, None)


def test_of_few_pairs_nothing_is_said() -> None:
    """A spread is not known from them, however large the change is."""
    used, why = followed(lambda n: answer(n, seconds=50 * times(n)), pairs=4)

    assert (used, why) == (4, None)
    assert followed(lambda n: answer(n, seconds=50 * times(n)))[0] >= 5


def test_more_cells_ask_more_of_each() -> None:
    """The level is shared out, so that a session is wrong no more often."""
    alone, _ = followed(lambda n: answer(n, seconds=1.12 * times(n)))
    many, why = followed(lambda n: answer(n, seconds=1.12 * times(n)), among=1000)

    assert alone < many
    assert why == "regression of e2e"


@pytest.mark.slow
def test_a_latency_that_the_candidate_has_lost_keeps_measuring() -> None:
    """It would pass without it; one that neither side has is not waited for."""
    tolerated = {**WIDE, "ttft": 0.3}

    lost = followed(
        lambda n: answer(n, seconds=times(n)), tolerated=tolerated, streamed=True
    )
    neither = followed(lambda n: answer(n, seconds=times(n)), tolerated=tolerated)

    assert lost == (60, None)
    assert neither[1] == "no worse than is tolerated"


@pytest.mark.slow
def test_prompts_that_one_server_kept_end_no_cell() -> None:
    """Their times are not gated; a loss of quality is one all the same."""

    def kept(number: int, *, right: bool) -> Record:
        own = answer(number, seconds=1.5 * times(number), right=right)
        return replace(own, prompt_tokens=10, cached_tokens=9)

    assert followed(lambda n: kept(n, right=True)) == (60, None)
    assert followed(lambda n: kept(n, right=False))[0] < 30


def judged(
    count: int,
    ours: Callable[[int], Record],
    stopping: Stopping | None,
    *,
    in_turn: bool = True,
    same_answers: bool = False,
) -> dict[str, Verdict]:
    """Judge a cell of so many pairs; by quantity."""
    records = tuple(ours(number) for number in range(count))
    match = Match(
        facts=replace(some_facts(a_cell(), planned=count), stopping=stopping),
        records=records,
        against="owl",
        reference=tuple(answer(number, "owl") for number in range(count)),
        in_turn=in_turn,
        same_answers=same_answers,
    )
    return {v.quantity: v for v in judge([match], GateRules(), balance="geometric")}


EARLY = Stopping(planned=60, used=12, why="regression of e2e")
WAITED = Stopping(planned=60, used=60, why=None)


def test_a_cell_that_was_stopped_is_a_regression_at_the_end_too() -> None:
    """The gate's verdict is by the rule's own interval, and its note says how far."""
    found = judged(12, lambda n: answer(n, seconds=1.2 * times(n)), EARLY)

    assert found["e2e"].outcome == "regression"
    assert "stopped after 12 of 60 pairs (regression of e2e)" in str(found["e2e"].note)
    assert found["quality"].outcome == "inconclusive"


def test_the_interval_of_a_stopped_cell_is_wider() -> None:
    """One of a fixed number would be too sure of what it was stopped at."""
    slow = lambda n: answer(n, seconds=1.2 * times(n))  # noqa: E731 - used twice
    stopped, planned = judged(12, slow, EARLY)["e2e"], judged(12, slow, None)["e2e"]

    assert stopped.low is not None
    assert planned.low is not None
    assert stopped.low < planned.low < planned.high < stopped.high  # type: ignore[operator]


@pytest.mark.slow
def test_equal_answers_pass_only_if_all_pairs_were_measured() -> None:
    """Those that were not asked may differ."""
    same = lambda n: answer(n, seconds=times(n))  # noqa: E731 - used twice

    early = judged(12, same, EARLY, same_answers=True)["quality"]
    whole = judged(60, same, WAITED, same_answers=True)["quality"]

    assert early.outcome == "inconclusive"
    assert whole.outcome == "pass"
    assert "all 60 pairs were measured" in str(judged(60, same, WAITED)["e2e"].note)


def test_a_stopped_cell_is_not_compared_with_a_stored_run() -> None:
    """Its number of samples was not fixed before: nothing is said for certain."""
    found = judged(12, lambda n: answer(n, seconds=3.0), EARLY, in_turn=False)

    assert {v.outcome for v in found.values()} == {"inconclusive"}
    assert "no test of a fixed number" in str(found["e2e"].note)


@CALM
@given(
    alpha=st.sampled_from((0.001, 0.03, 0.1)),
    slower=st.floats(0.8, 1.4),
    count=st.integers(8, 30),
)
def test_both_parts_of_the_level_are_used_and_no_more(
    alpha: float, slower: float, count: int
) -> None:
    """At the end an interval is what both parts leave; while looking, one of them."""
    ours = [answer(n, seconds=slower * times(n)) for n in range(count)]
    pairs = pair(ours, [answer(n, "owl") for n in range(count)])
    planned = changes(pairs, ["e2e"], balance="geometric")["e2e"]
    sequence = sequences(pairs, ["e2e"], balance="geometric", planned=count)["e2e"]
    early = planned.looked_at(Looks(sequence=sequence, early=True))
    whole = planned.looked_at(Looks(sequence=sequence, early=False))

    at_looks = sequence.interval(AT_LOOKS * alpha)
    rest = planned.interval((1 - AT_LOOKS) * alpha)
    assert early.interval(alpha) == at_looks
    assert whole.interval(alpha) == (
        max(at_looks[0], rest[0]),
        min(at_looks[1], rest[1]),
    )
    assert early.p >= whole.p


def test_a_figure_that_is_no_mean_has_nothing_to_look_at() -> None:
    """Corpus scores are tested at the end; until then all changes are possible."""
    change = changes(
        pair([answer(n) for n in range(9)], [answer(n, "owl") for n in range(9)]),
        ["quality"],
        balance="geometric",
    )["quality"]

    early = change.looked_at(Looks(sequence=None, early=True))

    assert early.interval(0.1) == (-1.0, 1.0)
    assert early.p == 1.0


@pytest.mark.slow
def test_a_loss_of_score_is_bounded_by_its_halves() -> None:
    """The interval holds the loss that is there, and its p-value goes with it."""
    ours = [answer(n, seconds=4.0 * times(n), right=n % 2 == 0) for n in range(80)]
    pairs = pair(ours, [answer(n, "owl") for n in range(80)])
    score = sequences(pairs, ["balanced"], balance="geometric", planned=60)["balanced"]
    loss = changes(pairs, ["balanced"], balance="geometric")["balanced"].estimate

    low, high = score.interval(0.1)

    assert 0 < low < loss < high < 1
    p = score.p_above(0.0)
    assert 0 < p < 0.05
    assert score.interval(2 * p * 1.01)[0] >= 0
    assert score.p_above(0.9) == 1.0


@pytest.mark.parametrize("why", [None, "regression of e2e"])
def test_how_far_a_cell_got_is_told_in_words(why: str | None) -> None:
    """The number that was planned stands in both."""
    told = Stopping(planned=60, used=60 if why is None else 12, why=why)

    assert "60 pairs" in told.told
    assert told.early is (why is not None)
