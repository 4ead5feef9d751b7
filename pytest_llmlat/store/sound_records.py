"""Sound records: a line of a run's file is foreign input, and becomes figures.

What is not as it was written is refused where it is read, since a figure of it would be
wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pytest_llmlat.store.field_kinds import LARGEST, MOST, wrong_field
from pytest_llmlat.values.records import Finish, TokenSource
from pytest_llmlat.values.sound_grade import grade_fault, is_quality

if TYPE_CHECKING:
    from pytest_llmlat.values.going_on import StepTaken
    from pytest_llmlat.values.judge_votes import Vote
    from pytest_llmlat.values.ranking import RankedOption
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.timing import Timing

_FINISHES = get_args(Finish)
_SOURCES = (None, *get_args(TokenSource))
_TEXT = (str, type(None))
_NUMBER = (float, int)
_MARK = (bool, type(None))
_UNSOUND = "a text or a figure in it is not what it should be"


def check_record(record: Record) -> None:
    """Refuse a record that would become a wrong figure later, or none at all."""
    check_answer(record)
    if not _sound_rest(record):
        raise ValueError(_UNSOUND)


def check_answer(record: Record) -> None:
    """Refuse a record for one of its fields up to ``rendered``, which each has its own.

    In one expression, since there are a million records.
    """
    budget_s, chance, timing = record.budget_s, record.chance, record.timing
    asked, told = record.prompt_tokens, record.output_tokens
    transport = record.transport
    good = (
        type(record.sample) is str
        and type(record.prompt) is str
        and type(record.reference) is str
        and type(record.metric) is str
        and type(record.answer) in _TEXT
        and type(record.extracted) in _TEXT
        and type(record.error) in _TEXT
        and type(record.unparsed) in _MARK
        and type(record.truncated) in _MARK
        and type(record.refused) in _MARK
        and type(record.empty) in _MARK
        and record.finish in _FINISHES
        and type(record.difficulty) in _TEXT
        and type(record.labelled) is bool
        and record.token_source in _SOURCES
        and type(record.round) is int
        and 0 <= record.round <= MOST
        and (asked is None or (type(asked) is int and 0 <= asked <= MOST))
        and (told is None or (type(told) is int and 0 <= told <= MOST))
        and type(budget_s) in _NUMBER
        and 0 < budget_s < LARGEST
        and type(chance) in _NUMBER
        and -LARGEST < chance < 1
        and type(record.rendered) in _TEXT
        and grade_fault(record.grade) is None
        and is_quality(record.grade.value)
        and (timing is None or _sound_timing(timing))
        and (transport is None or not wrong_field(transport, {}))
    )
    if not good:
        raise ValueError(_UNSOUND)


def _sound_rest(record: Record) -> bool:
    """Whether the fields from ``steps`` on are sound, of mostly few values in a run."""
    thought, kept = record.thought_tokens, record.cached_tokens
    heat, top, draft = record.temperature, record.top_p, record.draft
    joules, took = record.energy_j, record.energy_s
    return (
        type(record.thoughts) in _TEXT
        and (thought is None or (type(thought) is int and 0 <= thought <= MOST))
        and type(record.cut_in_thought) is bool
        and (heat is None or _finite(heat))
        and (top is None or _finite(top))
        and (record.seed is None or _counted(record.seed))
        and type(record.system) in _TEXT
        and (kept is None or (type(kept) is int and 0 <= kept <= MOST))
        and type(record.head) in _TEXT
        and type(record.conversation) in _TEXT
        and type(record.cluster) in _TEXT
        and (record.turn is None or _counted(record.turn))
        and type(record.continues) is type(record.graded) is bool
        and type(record.constraint) in _TEXT
        and _counted(record.sitting)
        and type(record.reused) in _TEXT
        and (joules is None or (_finite(joules) and joules >= 0))
        and (took is None or (_finite(took) and took >= 0))
        and (draft is None or not wrong_field(draft, {}))
        and (not record.steps or all(map(_sound_step, record.steps)))
        and (not record.shots or {*map(type, record.shots)} == {str})
        and (not record.groups or all(map(_two_texts, record.groups)))
        and (not record.ranked or all(map(_sound_option, record.ranked)))
        and _soundly_judged(record)
    )


def _sound_timing(timing: Timing) -> bool:
    """Whether the readings are of a clock that goes forward, from start to end."""
    stamps, tokens = timing.stamps_ns, timing.stamp_tokens
    start, end, spread = timing.start_ns, timing.end_ns, timing.spread_tokens
    thought, sent, after = timing.reasoning_ns, timing.sent_ns, timing.thought_end_ns
    return (
        # A sum is an integer if all its parts are, and there is none if one is a text.
        type(sum(stamps, start) + end) is int
        and type(sum(tokens)) is int
        and sum(tokens) <= MOST
        and len(stamps) == len(tokens)
        and -MOST <= start <= end <= MOST
        and (
            not stamps
            or (
                start <= stamps[0]
                and stamps[-1] <= end
                and min(tokens) >= 0
                and sorted(stamps) == [*stamps]
            )
        )
        and (spread is None or (type(spread) is int and 0 <= spread <= MOST))
        and (thought is None or (type(thought) is int and start <= thought <= end))
        and (sent is None or (type(sent) is int and start <= sent <= end))
        and (after is None or (type(after) is int and start <= after <= end))
    )


def _soundly_judged(record: Record) -> bool:
    """Whether votes and label are such as judges and people can give."""
    label, votes = record.label, record.votes
    judged = not votes or all(map(is_sound_vote, votes))
    return judged and (label is None or is_quality(label))


def _sound_step(step: StepTaken) -> bool:
    return wrong_field(step, {}) is None and step.sound


def _two_texts(pair: tuple[object, ...]) -> bool:
    return len(pair) == 2 and type(pair[0]) is type(pair[1]) is str  # noqa: PLR2004 - a pair


def is_sound_vote(vote: Vote) -> bool:
    """Whether a vote is such as a judge can cast, and cost what can be paid."""
    if wrong_field(vote, {}) is not None:
        return False
    spent = (vote.seconds, vote.prompt_tokens, vote.output_tokens, vote.cost)
    return all(each is None or each >= 0 for each in spent) and all(
        map(is_quality, (*vote.orders, *(() if vote.share is None else (vote.share,))))
    )


def _sound_option(option: RankedOption) -> bool:
    return (
        type(option.answer) is str
        and type(option.text) is str
        and _counted(option.tokens)
        and _finite(option.logprob)
    )


def _counted(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) is int and -MOST <= value <= MOST


def _finite(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return type(value) in _NUMBER and -LARGEST < value < LARGEST
