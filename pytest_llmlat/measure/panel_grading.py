"""Judging: a panel of models grades the answers of a run, after all timing is done."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends import open_backend
from pytest_llmlat.judges.judge_prompts import SYSTEM, judge_prompt, verdict_constraint
from pytest_llmlat.judges.lineages import lineage, lineage_of
from pytest_llmlat.judges.panel_votes import panel_grade, without_own
from pytest_llmlat.judges.verdict_reading import read_verdict
from pytest_llmlat.machine.device_table import is_present, present_devices
from pytest_llmlat.machine.devices import look
from pytest_llmlat.measure.judge_requests import ask_judge
from pytest_llmlat.store.vote_cache import VoteCache, vote_key
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import DeviceAbsent, LLMLatError, UsageError
from pytest_llmlat.values.judge_votes import Vote
from pytest_llmlat.values.protocols import Constraining
from pytest_llmlat.values.records import Grade, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.judge_votes import PanelRule, Rubric
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Record, Response

METRIC = "uncalibrated_judge"
"""Metric of records that a panel graded: the name says in every table what it is."""
VERDICT_TOKENS = 160
"""Tokens at most of a verdict: a sentence and a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel: who judges what by which rubric."""

    judges: tuple[ModelSpec, ...]
    rubric: Rubric
    rule: PanelRule = "mean"
    in_flight: int = 8
    """How many requests a judge's server is asked at once."""
    tokens: int = VERDICT_TOKENS


def check_panel(panel: Panel) -> None:
    """Refuse a panel that cannot judge, before anybody is asked.

    Raises:
        UsageError: no judge, or two of one name.
    """
    names = [judge.name for judge in panel.judges]
    if not names:
        raise UsageError("a panel needs a judge: name one with --judge NAME")
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"--judge {name}: is named twice; one model has one vote, and two"
                " alike would agree with themselves"
            )


def judged(
    records: Sequence[Record],
    panel: Panel,
    *,
    cache: Path | None,
    tell: Callable[[str], None],
) -> list[Record]:
    """Return records with the votes of a panel, and the grades that they come to.

    An answer that broke, timed out or is empty is worth nothing, whatever judges say.
    One on which no vote counts is not graded, and no figure of quality has it.

    Args:
        records: of one run.
        panel: who judges.
        cache: folder of the user's caches, where votes are kept.
        tell: gets a sentence for each judge: how far it came, and what it cost.

    Raises:
        LLMLatError: a judge cannot be loaded.
    """
    check_panel(panel)
    votes: dict[int, list[Vote]] = defaultdict(list)
    asked = [n for n, record in enumerate(records) if record.answer and record.answered]
    known = VoteCache(cache)
    try:
        for judge in panel.judges:
            cast = cast_votes([records[n] for n in asked], judge, panel, known)
            for number, vote in zip(asked, cast, strict=True):
                votes[number].append(vote)
            tell(_told(judge.name, cast))
    finally:
        known.close()
    return [
        graded(record, votes[number], panel.rule)
        for number, record in enumerate(records)
    ]


def graded(record: Record, votes: Sequence[Vote], rule: PanelRule) -> Record:
    """Return a record with its votes, and the grade that they come to."""
    own = record.cell.model
    told = tuple(without_own(votes, own, lineage_of(own)))
    grade = panel_grade(told, rule)
    there = bool(record.answer) and record.answered
    if grade is None and not there:
        grade = Grade(value=0.0, note="no answer to judge")
    return replace(
        record,
        metric=METRIC,
        chance=0.0,
        grade=grade or Grade(value=0.0, note="no vote that counts"),
        graded=grade is not None,
        unparsed=False,
        votes=told,
    )


def cast_votes(
    records: Sequence[Record], judge: ModelSpec, panel: Panel, known: VoteCache
) -> list[Vote]:
    """Return one judge's vote on each record, in their order.

    Raises:
        LLMLatError: the judge cannot be loaded.
    """
    place = _place(judge)
    backend = open_backend(place, SystemClock())
    try:
        return _votes(records, place, backend, panel, known)
    finally:
        backend.close()


def _votes(
    records: Sequence[Record],
    place: Deployment,
    backend: Backend | Server[Any],
    panel: Panel,
    known: VoteCache,
) -> list[Vote]:
    rubric, judge = panel.rubric, place.model
    # The entry too: not every option shows in what a backend tells of itself.
    facts: dict[str, Scalar | None] = {**backend.facts, "entry": repr(judge)}
    requests = _requests(records, backend, panel)
    keys = [vote_key(facts, rubric.id, request.prompt) for request in requests]
    found = {key: vote for key in keys if (vote := known.find(key)) is not None}
    # Two models may give the same answer; it is judged once.
    new = dict(zip(keys, requests, strict=True))
    todo = [key for key in new if key not in found]
    blank = Vote(
        judge=judge.name,
        lineage=lineage(judge),
        rubric=rubric.id,
        score=None,
        share=None,
    )

    def keep(number: int, response: Response) -> None:
        vote = _vote(blank, response, rubric)
        found[todo[number]] = vote
        known.keep(todo[number], vote)

    ask_judge(
        [new[key] for key in todo],
        backend,
        SystemClock(),
        in_flight=panel.in_flight,
        on_response=keep,
    )
    asked = set(todo)
    votes = []
    for key in keys:
        vote = found[key]
        votes.append(vote if key in asked else replace(vote, seconds=None))
        asked.discard(key)
    return votes


def _requests(
    records: Iterable[Record], backend: Backend | Server[Any], panel: Panel
) -> list[Request]:
    constraint = _constraint(backend, panel)
    prompts = (
        judge_prompt(panel.rubric, record.prompt, record.reference, record.answer or "")
        for record in records
    )
    return [
        Request(
            prompt=prompt if backend.chat else f"{SYSTEM}\n\n{prompt}\n\n",
            chat=backend.chat,
            max_new_tokens=panel.tokens,
            system=SYSTEM if backend.chat else None,
            constraint=constraint,
        )
        for prompt in prompts
    ]


def _constraint(backend: Backend | Server[Any], panel: Panel) -> Constraint | None:
    """Return what holds verdicts to their form, where the backend can do that.

    Strict reading does as well; verdicts that cannot be read are counted.
    """
    if not isinstance(backend, Constraining):
        return None
    constraint = verdict_constraint(panel.rubric)
    try:
        backend.prepare_constraint(constraint)
    except LLMLatError:
        return None
    return constraint


def _vote(blank: Vote, response: Response, rubric: Rubric) -> Vote:
    generation = response.generation
    vote = replace(blank, seconds=response.timing.e2e_s)
    if generation is None:
        return replace(vote, problem="failed", why=response.error)
    found = read_verdict(generation.text, rubric)
    return replace(
        vote,
        score=found.score,
        share=None if found.score is None else rubric.share(found.score),
        why=found.why,
        problem=found.problem,
        prompt_tokens=generation.prompt_tokens,
        output_tokens=generation.output_tokens,
    )


def _place(judge: ModelSpec) -> Deployment:
    """Return where a judge runs: on the first device of its entry that is here.

    Raises:
        DeviceAbsent: none of them is.
    """
    inventory = look()
    for device in judge.devices:
        if is_present(device, inventory):
            return Deployment(model=judge, device=device)
    raise DeviceAbsent(
        f"judge {judge.name!r} runs on {', '.join(judge.devices)}; here there is"
        f" {', '.join(present_devices(inventory))}"
    )


def _told(name: str, cast: Sequence[Vote]) -> str:
    """Write what a judge did and what it cost, apart from what was measured."""
    seconds = [vote.seconds for vote in cast if vote.seconds is not None]
    tokens = sum(vote.output_tokens or 0 for vote in cast if vote.seconds is not None)
    scored = sum(vote.score is not None for vote in cast)
    told = f"judge {name}: {scored} of {len(cast)} verdicts read"
    problems = sorted({vote.problem for vote in cast if vote.problem})
    if problems:
        each = (f"{sum(v.problem == p for v in cast)} {p}" for p in problems)
        told += f" ({', '.join(each)})"
    if len(seconds) < len(cast):
        told += f"; {len(cast) - len(seconds)} known from before"
    return f"{told}; {sum(seconds):.1f} s and {tokens} tokens of its own"
