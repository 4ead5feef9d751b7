"""An opened judge: it is asked about answers, and its replies become votes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_llmlat.backends import open_backend
from pytest_llmlat.judges.judge_prompts import (
    SYSTEM,
    judge_prompts,
    verdict_constraint,
)
from pytest_llmlat.judges.lineages import lineage, lineage_of
from pytest_llmlat.judges.panel_votes import in_both_orders
from pytest_llmlat.judges.verdict_reading import read_verdict
from pytest_llmlat.machine.device_table import is_present, present_devices
from pytest_llmlat.machine.devices import look
from pytest_llmlat.measure.judge_requests import AskedFreely, ask_judge
from pytest_llmlat.store.vote_cache import VoteCache, vote_key
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import DeviceAbsent, LLMLatError
from pytest_llmlat.values.judge_votes import Vote
from pytest_llmlat.values.protocols import Constraining
from pytest_llmlat.values.records import Record, Request
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

    from pytest_llmlat.measure.judge_panel import Panel
    from pytest_llmlat.measure.judge_requests import JudgeAllowance
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.records import Generation, Response

OpenJudge: TypeAlias = Callable[[ModelSpec], AbstractContextManager[Any]]
"""Opens a judge's backend, and frees it at the end."""
_FITNESS = "fitness"
"""What stands in place of a prompt in the key of a judge's fitness."""


@contextmanager
def opened_here(judge: ModelSpec) -> Iterator[Backend | Server[Any]]:
    """Open a judge on the first device of its entry that is here.

    Raises:
        DeviceAbsent: none of them is.
        LLMLatError: it cannot be loaded.
    """
    backend = open_backend(place_of(judge), SystemClock())
    try:
        yield backend
    finally:
        backend.close()


def place_of(judge: ModelSpec) -> Deployment:
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


def _freely(_: ModelSpec) -> JudgeAllowance:
    return AskedFreely()


def _unseen(_judge: str, _done: int, _planned: int) -> None:
    """Show nothing."""


def family_by_name(record: Record) -> frozenset[str]:
    """Return the family that the name of a model tells, where nothing else does."""
    return frozenset({lineage_of(record.cell.model)})


def reference_of(record: Record) -> str | None:
    """Return the right answer beside which an answer is judged in pairs."""
    return record.reference or None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingTools:
    """Tools of judging: where votes are kept, and who follows it."""

    cache: Path | None
    """Folder of the user's caches, where votes are kept; ``None`` to keep none."""
    open: OpenJudge = opened_here
    allowance: Callable[[ModelSpec], JudgeAllowance] = _freely
    """Returns what a judge may spend."""
    progress: Callable[[str, int, int], None] = _unseen
    """Gets a judge's name, how many of its questions are answered, and of how many."""
    other: Callable[[Record], str | None] = reference_of
    """Returns the answer that another is held against by a pairwise rubric; ``None``
    where there is none."""
    family: Callable[[Record], frozenset[str]] = family_by_name
    """Returns the families of the model that gave an answer: a judge of one of them has
    no say on it."""


@dataclass(slots=True, kw_only=True)
class OpenedJudge:
    """A judge that is loaded, or the way to its server."""

    judge: ModelSpec
    backend: Backend | Server[Any]
    panel: Panel
    tools: JudgingTools
    known: VoteCache
    spent: bool = False
    """Whether it may not be asked any more."""
    _blank: Vote = field(init=False)
    _facts: dict[str, Scalar | None] = field(init=False)

    def __post_init__(self) -> None:
        """Note what it is, before it is asked, and whether it was tried before."""
        # The entry too: not every option shows in what a backend tells of itself.
        entry = repr(replace(self.judge, price=None))
        self._facts = {**self.backend.facts, "entry": entry}
        self._blank = Vote(
            judge=self.judge.name,
            lineage=lineage(self.judge),
            rubric=self.panel.rubric_id,
            score=None,
            share=None,
            fit=self.known.fitness(self.fitness_key),
        )

    @property
    def fitness_key(self) -> str:
        """Key by which it is kept whether it is fit."""
        return self._key(_FITNESS)

    def votes(
        self, records: Sequence[Record], known: VoteCache | None = None
    ) -> list[Vote]:
        """Return its vote on each record, in their order.

        Args:
            records: answers; with a pairwise rubric each has another answer beside it.
            known: votes from before; by default those of the user's cache.
        """
        cache = self.known if known is None else known
        constraint = self._constraint()
        asked = [
            [self._request(prompt, constraint) for prompt in self._prompts(record)]
            for record in records
        ]
        new = {self._key(r.prompt): r for requests in asked for r in requests}
        found = {
            key: vote for key in new if (vote := self._known(key, cache)) is not None
        }
        todo = [key for key in new if key not in found]
        self._ask([new[key] for key in todo], todo, found, cache)
        # Two models may give the same answer; it is asked once, and costs once.
        fresh = set(todo)
        return [
            self._joined([self._reply(r, found, fresh) for r in requests])
            for requests in asked
        ]

    def _ask(
        self,
        requests: Sequence[Request],
        keys: Sequence[str],
        found: dict[str, Vote],
        cache: VoteCache,
    ) -> None:
        allowance = self.tools.allowance(self.judge)
        done = 0

        def admit(request: Request, number: int) -> bool:
            self.spent = self.spent or not allowance.admit(request, number)
            return not self.spent

        def keep(number: int, response: Response) -> None:
            nonlocal done
            done += 1
            vote, cost = self._vote(response)
            found[keys[number]] = vote
            cache.keep(self._kept_as(keys[number], vote), vote)
            allowance.settle_vote(number, cost, vote.seconds or 0.0)
            self.tools.progress(self.judge.name, done, len(requests))

        try:
            ask_judge(
                requests,
                self.backend,
                SystemClock(),
                in_flight=self.panel.in_flight,
                admit=admit,
                waits=lambda request: not self.spent and allowance.waits(request),
                on_response=keep,
            )
        finally:
            allowance.end()

    def _known(self, key: str, cache: VoteCache) -> Vote | None:
        """Return a vote that was cast before, if it would be cast again."""
        for kept in (key, self._under_limit(key)):
            vote = cache.find(kept)
            if vote is not None and self._kept_as(key, vote) == kept:
                return vote
        return None

    def _kept_as(self, key: str, vote: Vote) -> str:
        """Return the key of a vote: with more tokens an unread one may be read."""
        return self._under_limit(key) if vote.problem == "unparsed" else key

    def _under_limit(self, key: str) -> str:
        return f"{key} {self.panel.tokens}"

    def _reply(self, request: Request, found: dict[str, Vote], fresh: set[str]) -> Vote:
        """Return the vote on one question, with what it cost if that was now."""
        key = self._key(request.prompt)
        vote = found.get(key)
        if vote is None:
            return replace(self._blank, problem="not asked")
        now = key in fresh
        fresh.discard(key)
        return replace(
            vote,
            lineage=self._blank.lineage,
            rubric=self._blank.rubric,
            fit=self._blank.fit,
            seconds=vote.seconds if now else None,
            cost=vote.cost if now else None,
        )

    def _joined(self, replies: list[Vote]) -> Vote:
        if not replies:
            return replace(self._blank, problem="not asked", why="nothing beside it")
        if self.panel.rubric.pairwise:
            return in_both_orders(*replies)
        (only,) = replies
        return only

    def _prompts(self, record: Record) -> tuple[str, ...]:
        rubric = self.panel.rubric
        beside = record.reference
        if rubric.pairwise:
            other = self.tools.other(record)
            if other is None:
                return ()
            beside = other
        return judge_prompts(rubric, record.prompt, beside, record.answer or "")

    def _request(self, prompt: str, constraint: Constraint | None) -> Request:
        chat = self.backend.chat
        return Request(
            prompt=prompt if chat else f"{SYSTEM}\n\n{prompt}\n\n",
            chat=chat,
            max_new_tokens=self.panel.tokens,
            system=SYSTEM if chat else None,
            constraint=constraint,
        )

    def _constraint(self) -> Constraint | None:
        """Return what holds verdicts to their form, where the backend can do that.

        Strict reading does as well; verdicts that cannot be read are counted.
        """
        if not isinstance(self.backend, Constraining):
            return None
        constraint = verdict_constraint(self.panel.rubric)
        try:
            self.backend.prepare_constraint(constraint)
        except LLMLatError:
            return None
        return constraint

    def _key(self, prompt: str) -> str:
        return vote_key(self._facts, self.panel.rubric.id, prompt)

    def _vote(self, response: Response) -> tuple[Vote, Decimal | None]:
        """Return the vote that a response is, and what it cost."""
        generation, rubric = response.generation, self.panel.rubric
        taken = response.timing.e2e_s
        if generation is None:
            failed = replace(
                self._blank, seconds=taken, problem="failed", why=response.error
            )
            return failed, None
        found = read_verdict(generation.text, rubric)
        cost = self._cost(generation, taken)
        price = self.judge.price
        vote = replace(
            self._blank,
            score=found.score,
            share=None if found.score is None else rubric.share(found.score),
            why=found.why,
            problem=found.problem,
            seconds=taken,
            prompt_tokens=generation.prompt_tokens,
            output_tokens=generation.output_tokens,
            cost=None if cost is None else float(cost),
            currency=None if cost is None or price is None else price.currency,
        )
        return vote, cost

    def _cost(self, generation: Generation, seconds: float) -> Decimal | None:
        price = self.judge.price
        if price is None:
            return None
        if not price.by_token:
            # Requests that are in flight together share the hour of a server.
            alone = not self.backend.remote
            return price.of_time(round(seconds * NS_PER_S)) if alone else None
        if generation.prompt_tokens is None or generation.output_tokens is None:
            return None
        cached = min(generation.cached_tokens or 0, generation.prompt_tokens)
        return price.of_tokens(
            generation.prompt_tokens, cached, generation.output_tokens
        )


@contextmanager
def opened(
    judge: ModelSpec, panel: Panel, tools: JudgingTools, known: VoteCache
) -> Iterator[OpenedJudge]:
    """Open a judge for a block.

    Raises:
        LLMLatError: it cannot be loaded.
    """
    with tools.open(judge) as backend:
        yield OpenedJudge(
            judge=judge, backend=backend, panel=panel, tools=tools, known=known
        )
