"""Two measurements side by side: which samples, and what of each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.gate.pairing import LATENCIES, Side, known, log_ratios, pair
from pytest_llmlat.values.records import Finish, Grade, Record
from tests.unit.builders import a_record, a_timing, an_error, an_overflow

if TYPE_CHECKING:
    from pytest_llmlat.values.timing import Timing

E2E, TTFT, TPOT = range(3)


def side_of(*records: Record) -> Side:
    """Return what is made of all answers to one sample."""
    (side,) = pair(records, records).candidate
    return side


def timed(timing: Timing, *, finish: Finish = "stop", sample: str = "s1") -> Record:
    """Return an answer with this timing; a wrong one if it did not stop."""
    value = float(finish == "stop")
    return a_record(sample, value=value, timing=timing, finish=finish)


def test_one_answer_stands_for_itself() -> None:
    """Without rounds, a side is its record's own figures."""
    side = side_of(timed(a_timing(0.25, 0.5, 0.75)))

    assert (side.value, side.correct, side.cut) == (1.0, True, False)
    assert side.speed == pytest.approx(1 / 1.75)
    assert side.logs == pytest.approx((math.log(0.75), math.log(0.25), math.log(0.25)))


def test_rounds_are_averaged() -> None:
    """Figures by their mean, latencies by the mean of their logarithms."""
    first = replace(
        timed(a_timing(1.0, 2.0)), grade=Grade(value=0.5, counts=(1.0, 4.0))
    )
    second = replace(
        timed(a_timing(2.0, 8.0)), round=1, grade=Grade(value=0.25, counts=(3.0, 0.0))
    )
    side = side_of(first, second)

    assert side.value == 0.375
    assert side.speed == pytest.approx((1 / 3 + 1 / 9) / 2)
    assert side.counts == (2.0, 2.0)
    geometric = (math.log(4.0), math.log(math.sqrt(2)), math.log(math.sqrt(6)))
    assert side.logs == pytest.approx(geometric)


def test_rounds_that_agree_are_right_or_wrong() -> None:
    """Where they differ an answer is neither."""
    right, wrong = a_record(), a_record(value=0.0)

    assert side_of(right, right).correct is True
    assert side_of(wrong, wrong).correct is False
    assert side_of(right, wrong).correct is None
    assert side_of(replace(right, grade=Grade(value=1.0))).correct is None


def test_a_round_that_failed_leaves_the_latency_of_the_other() -> None:
    """It still weighs on quality and on speed."""
    side = side_of(timed(a_timing(1.0)), an_error("s1"))

    assert side.logs[E2E] == pytest.approx(0.0)
    assert (side.value, side.speed) == (0.5, 0.25)


def test_pairs_are_in_the_order_of_names() -> None:
    """However they were measured, both sides are about the same samples."""
    ours = [a_record(name, value=float(name == "b")) for name in "cabx"]
    theirs = [a_record(name, value=float(name == "c")) for name in "ybca"]

    pairs = pair(ours, theirs)

    assert pairs.samples == ("a", "b", "c")
    assert [side.first.sample for side in pairs.candidate] == ["a", "b", "c"]
    assert [side.first.sample for side in pairs.baseline] == ["a", "b", "c"]
    assert [side.value for side in pairs.candidate] == [0.0, 1.0, 0.0]
    assert [side.value for side in pairs.baseline] == [0.0, 0.0, 1.0]


def test_what_only_one_side_has_is_told() -> None:
    """Missing is what the baseline has; added is what it has not."""
    pairs = pair([a_record(n) for n in "zbc"], [a_record(n) for n in "cyxa"])

    assert pairs.samples == ("c",)
    assert pairs.missing == ("a", "x", "y")
    assert pairs.added == ("b", "z")


def test_nothing_in_common_is_no_pair() -> None:
    """Nor is there one where a side is empty."""
    assert pair([a_record("a")], [a_record("b")]).samples == ()
    assert pair([], []).candidate == ()
    assert pair([], [a_record("b")]).missing == ("b",)


def test_an_error_has_no_latency() -> None:
    """Breaking early is not answering fast; it counts as an answer of no worth."""
    side = side_of(an_error(seconds=0.001))

    assert side.logs == (None, None, None)
    assert (side.value, side.speed, side.correct) == (0.0, 0.0, False)


def test_a_prompt_that_was_turned_away_has_no_latency() -> None:
    """There was no generation and no clock reading."""
    side = side_of(an_overflow())

    assert side.logs == (None, None, None)
    assert side.speed == 0.0


@pytest.mark.parametrize("stamps", [(), (0.5,), (0.5, 1.0)])
def test_a_time_out_counts_with_its_limit(stamps: tuple[float, ...]) -> None:
    """It took at least as long as it was waited for, whatever came before."""
    side = side_of(timed(a_timing(*stamps, end_s=30.0), finish="timeout"))

    assert side.logs[E2E] == pytest.approx(math.log(30.0))
    assert side.logs[TTFT] == pytest.approx(math.log(0.5 if stamps else 30.0))
    assert (side.speed, side.cut) == (0.0, True)


def test_the_start_of_the_clock_is_no_part_of_a_limit() -> None:
    """A time-out is as long as it was waited for, whenever it began."""
    timing = replace(a_timing(end_s=30.0), start_ns=20 * 10**9)

    assert side_of(timed(timing, finish="timeout")).logs[E2E] == pytest.approx(
        math.log(10.0)
    )


def test_an_answer_that_was_cut_at_its_length_has_its_own_time() -> None:
    """Only a time-out is waited for; this one ended at its last token."""
    side = side_of(timed(a_timing(0.5, 1.0, end_s=30.0), finish="length"))

    assert side.logs[E2E] == pytest.approx(0.0)
    assert not side.cut


def test_a_single_stamp_has_no_time_per_token() -> None:
    """Nor has an answer without any stamp a first one."""
    assert side_of(timed(a_timing(2.0))).logs[TPOT] is None
    whole = side_of(timed(a_timing(end_s=2.0)))
    assert whole.logs[E2E] == pytest.approx(math.log(2.0))
    assert whole.logs[TTFT:] == (None, None)


def test_no_time_at_all_is_not_known() -> None:
    """A clock that did not move gives no ratio."""
    assert side_of(timed(a_timing(0.0))).logs == (None, None, None)


def test_ratios_are_of_what_both_have() -> None:
    """Candidate over baseline, so that slower is positive; ``None`` holds its place."""
    ours = [timed(a_timing(1.0, 3.0), sample="a"), timed(a_timing(2.0), sample="b")]
    theirs = [
        timed(a_timing(2.0, 3.0), sample="a"),
        timed(a_timing(1.0, 5.0), sample="b"),
    ]
    pairs = pair(ours, theirs)

    assert log_ratios(pairs, "e2e") == pytest.approx([0.0, math.log(2 / 5)])
    assert log_ratios(pairs, "ttft") == pytest.approx([-math.log(2), math.log(2)])
    assert log_ratios(pairs, "tpot") == [pytest.approx(math.log(2)), None]
    assert [known(pairs.candidate, name) for name in LATENCIES] == [2, 2, 1]
    assert [known(pairs.baseline, name) for name in LATENCIES] == [2, 2, 2]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(10.0, 20.0, 0.0), (10.0, 5.0, math.log(2)), (10.0, 10.0, 0.0)],
)
def test_giving_up_is_never_faster(ours: float, theirs: float, expected: float) -> None:
    """A shorter time limit does not make a candidate quick."""
    late = timed(a_timing(end_s=ours), finish="timeout")
    for finish in ("stop", "timeout"):
        pairs = pair([late], [timed(a_timing(end_s=theirs), finish=finish)])
        assert log_ratios(pairs, "e2e") == [pytest.approx(expected)]


def test_a_baseline_that_was_given_up_may_be_beaten() -> None:
    """An answer within the time in which the baseline had none is faster."""
    late = timed(a_timing(end_s=20.0), finish="timeout")
    pairs = pair([timed(a_timing(end_s=10.0))], [late])

    assert log_ratios(pairs, "e2e") == [pytest.approx(-math.log(2))]


TIMES = st.dictionaries(
    st.sampled_from("abcdefgh"), st.lists(st.floats(0.01, 100), min_size=1, max_size=3)
)


def measured(times: dict[str, list[float]]) -> list[Record]:
    """Return the answers to each sample, one for each round."""
    return [
        replace(timed(a_timing(seconds), sample=name), round=number)
        for name, rounds in times.items()
        for number, seconds in enumerate(rounds)
    ]


@given(TIMES, TIMES)
def test_the_other_way_round_is_the_mirror(
    ours: dict[str, list[float]], theirs: dict[str, list[float]]
) -> None:
    """Whoever is the candidate, the pairs and the ratios are the same, negated."""
    there, back = (
        pair(measured(ours), measured(theirs)),
        pair(measured(theirs), measured(ours)),
    )

    assert there.samples == back.samples == tuple(sorted(ours.keys() & theirs.keys()))
    assert (there.missing, there.added) == (back.added, back.missing)
    assert there.candidate == back.baseline
    mirrored = [-(ratio or 0.0) for ratio in log_ratios(back, "e2e")]
    assert log_ratios(there, "e2e") == pytest.approx(mirrored)


@given(TIMES, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(
    times: dict[str, list[float]], shuffle: object
) -> None:
    """A journal may hold them in any order."""
    records = measured(times)
    mixed = list(records)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]

    one, other = pair(records, records), pair(mixed, mixed)

    assert one.samples == other.samples
    assert [s.speed for s in one.candidate] == pytest.approx(
        [s.speed for s in other.candidate]
    )
    assert [s.logs[E2E] for s in one.candidate] == pytest.approx(
        [s.logs[E2E] for s in other.candidate]
    )


def turn(
    number: int, value: float, seconds: float, *, graded: bool = True, name: str = "a"
) -> Record:
    """Return the record of a turn of a conversation."""
    record = a_record(f"{name}#{number}", value=value, timing=a_timing(seconds))
    return replace(record, conversation=name, turn=number, graded=graded)


def test_the_turns_of_a_conversation_are_one_pair() -> None:
    """They are not independent of each other; an ungraded one only takes time."""
    ours = [turn(1, 0.0, 1.0, graded=False), turn(2, 1.0, 4.0), turn(3, 0.0, 2.0)]
    theirs = [turn(1, 0.0, 1.0, graded=False), turn(2, 1.0, 2.0), turn(3, 1.0, 2.0)]

    pairs = pair(ours, theirs)

    assert (pairs.samples, pairs.compared) == (("a",), 3)
    (own,), (other,) = pairs.candidate, pairs.baseline
    assert (own.value, own.correct, other.value, other.correct) == (0.5, None, 1, True)
    assert log_ratios(pairs, "e2e") == [pytest.approx(math.log(2) / 3)]


def test_questions_about_one_text_are_one_pair() -> None:
    """A cluster weighs as much as a sample that stands alone."""
    ours = [
        replace(a_record(f"s{n}", value=float(n > 0)), cluster="text") for n in range(2)
    ]
    theirs = [replace(a_record(f"s{n}"), cluster="text") for n in range(2)]

    pairs = pair([*ours, a_record("z")], [*theirs, a_record("z")])

    assert (pairs.samples, pairs.compared) == (("text", "z"), 3)
    assert [side.value for side in pairs.candidate] == [0.5, 1.0]


def test_a_slow_turn_that_failed_makes_the_others_no_faster() -> None:
    """The conversation has no latency then, and that of the baseline is missed."""
    failed = replace(an_error("a#2"), conversation="a", turn=2)
    theirs = [turn(1, 1.0, 1.0), turn(2, 1.0, 60.0)]

    pairs = pair([turn(1, 1.0, 1.0), failed], theirs)
    mirrored = pair(theirs, [turn(1, 1.0, 1.0), failed])

    assert log_ratios(pairs, "e2e") == [None]
    assert known(pairs.baseline, "e2e") == 1
    assert log_ratios(mirrored, "e2e") == [0.0]


def test_of_a_conversation_that_was_cut_off_the_turns_count_that_both_have() -> None:
    """What is missing is told turn by turn; one without a graded turn is no pair."""
    theirs = [turn(1, 1.0, 1.0), turn(2, 0.0, 1.0)]
    more = [turn(1, 0.0, 1.0, graded=False, name="b"), turn(2, 1.0, 1.0, name="b")]

    pairs = pair([theirs[0], more[0]], theirs + more)

    assert (pairs.samples, pairs.missing) == (("a",), ("a#2", "b#2"))
    assert [side.value for side in pairs.baseline] == [1.0]
