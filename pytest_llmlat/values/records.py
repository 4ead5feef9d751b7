"""Requests, responses, grades and records: what was asked, and what was measured.

Each is a frozen value that crosses modules; dictionaries stay at the file border.
Abbreviations, as the field uses them (``timing`` defines each): ``e2e`` end to end,
``ttft`` time to first token, ``tpot`` time per output token after the first, ``itl``
inter-token latency, ``ttfr`` time to the first token of a thought. Instants are ``_ns``
(``time.perf_counter_ns``), durations ``_s`` (floats). What could not be measured is
``None``, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from pytest_llmlat.values.sampling import GREEDY, Sampling
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS, ThoughtTags

if TYPE_CHECKING:
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.draft_counts import DraftCounts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.going_on import StepTaken
    from pytest_llmlat.values.judge_votes import Vote
    from pytest_llmlat.values.ranking import Likelihood, RankedOption
    from pytest_llmlat.values.timing import Timing

Finish: TypeAlias = Literal["stop", "length", "context", "timeout", "error"]
TokenSource: TypeAlias = Literal["tokenizer", "usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: model x device x task x scenario, which one pytest item measures."""

    model: str
    device: str
    task: str
    family: str
    scenario: str

    @property
    def id(self) -> str:
        """The identity by which runs are compared; never pytest's node id."""
        return f"{self.task}|{self.model}|{self.device}|{self.scenario}"

    @property
    def row(self) -> tuple[str, str, str]:
        """Row of the scoreboard: model, device and scenario.

        Under another load a model is not as fast.
        """
        return self.model, self.device, self.scenario


class AnswerReader(Protocol):
    """A reader of answers to one question, which does not know the right one."""

    def __call__(self, text: str, *, truncated: bool = False) -> Extraction:
        """Return what is read in a text, which may have been cut at its limit."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to a backend."""

    prompt: str
    """The text of the question; the backend puts its chat template round it."""
    chat: bool
    """Whether it is a message to a model that chats or a text to continue."""
    max_new_tokens: int
    stop: tuple[str, ...] = ()
    seed: int = 0
    system: str | None = None
    """System prompt of a chat; ``None`` for none."""
    turns: tuple[tuple[str, str], ...] = ()
    """Earlier questions of a chat, each with its answer."""
    sampling: Sampling = GREEDY
    template: tuple[tuple[str, Scalar], ...] = ()
    """Switches of the chat template, such as ``enable_thinking``."""
    thinking_tokens: int | None = None
    """Tokens of thought at most; ``None`` for no bound."""
    thought_tags: tuple[ThoughtTags, ...] = THOUGHT_TAGS
    """Tags by which thoughts are told from the answer."""
    conversation: str | None = None
    """Name of the conversation, and of its repeat, that it is a turn of."""
    continues: bool = False
    """Whether a turn of the same conversation was asked before it, so that what was
    read then may be kept."""
    constraint: Constraint | None = None
    """Constraint on the answer, from its first token on; ``None`` for none."""
    continuations: tuple[str, ...] = ()
    """Texts whose likelihood behind the prompt is asked; nothing is generated then."""
    family: str | None = None
    """Family of its task, for a cascade; ``None`` where nobody needs it."""
    head: str = ""
    """Text before the prompt that makes it new for servers, and is none of the
    question's; empty without one, or where it stands elsewhere."""
    reads: AnswerReader | None = field(default=None, compare=False, repr=False)
    """How an answer to it is read, for a cascade; ``None`` where nobody needs it."""

    @property
    def most_tokens(self) -> int:
        """Tokens at most of an answer, with its thoughts."""
        return self.max_new_tokens + (self.thinking_tokens or 0)

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """The chat as (role, content) pairs, the question last."""
        first = () if self.system is None else (("system", self.system),)
        between = [
            (role, text)
            for turn in self.turns
            for role, text in zip(("user", "assistant"), turn, strict=True)
        ]
        return (*first, *between, ("user", self.prompt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generation: a backend's answer to one request."""

    text: str
    finish: Finish
    prompt_tokens: int | None
    output_tokens: int | None
    """All tokens that were generated, those of thoughts included."""
    token_source: TokenSource | None
    rendered: str | None = None
    """Prompt that the model really read, after its chat template; ``None`` if
    unknown."""
    thoughts: str | None = None
    """Thoughts before the answer; ``None`` where there were none."""
    thought_tokens: int | None = None
    """How many of the output tokens are thoughts, with their tags; ``None`` where that
    is unknown."""
    cut_in_thought: bool = False
    """Whether it was cut off before its thought had ended: there is no answer."""
    sampling: Sampling | None = None
    """Sampling of its tokens; ``None`` where that cannot be told."""
    cached_tokens: int | None = None
    """Prompt tokens that a server had kept and did not read anew; ``None`` where it
    does not say."""
    refusal: str | None = None
    """Words with which it declined, where a server gives them beside an empty
    answer."""
    likelihoods: tuple[Likelihood, ...] = ()
    """Likelihoods of the continuations that were asked about; nothing was generated
    then."""
    steps: tuple[StepTaken, ...] = ()
    """Models of a cascade that were asked or passed over, in that order; tokens are
    those of all of them. Empty for any other model."""
    draft: DraftCounts | None = None
    """Counts of speculative decoding; ``None`` where nothing was guessed, and of a
    server, which does not tell it of one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Network facts of one request to a server.

    A connection that was open already has no times: they are ``None``, not 0. Where a
    request was sent again, all of this is of the attempt that was answered last.
    """

    request_id: str | None
    """Server's name of the request, to be found in its log."""
    status: int | None
    """Status of the HTTP answer; ``None`` if none came."""
    reused: bool
    """Whether the connection had been open before."""
    dns_s: float | None
    connect_s: float | None
    tls_s: float | None
    retries: int
    """Times that it was sent again; its latency counts from the first time."""
    retried_for: tuple[str, ...] = ()
    """Reason of each retry, a short text such as ``429`` or ``connect``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response to one request: a generation, or the error instead."""

    generation: Generation | None
    timing: Timing
    """Clock readings, up to the failure where there is no generation."""
    error: str | None
    timed_out: bool = False
    """Whether it was given up at the time limit: the latency is at least what was
    measured."""
    transport: Transport | None = None
    """Network facts; ``None`` for a model in this process."""
    note: str | None = None
    """Oddity of an answer that counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """An extracted answer: what an extractor read in a text."""

    value: str | None
    """The normalised answer, or ``None`` if there is none to be found."""
    explicit: bool = False
    """Whether it was stated as the answer, not found by searching the text."""
    refused: bool = False
    """Whether the model declined to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The grade of one answer."""

    value: float
    """Quality, between 0 and 1; a cell has the mean."""
    correct: bool | None = None
    """Whether it is right, where the metric knows such a thing."""
    details: tuple[tuple[str, float], ...] = ()
    """Further figures of the same answer, such as ``rouge1``."""
    counts: tuple[float, ...] = ()
    """Sufficient statistics of a corpus metric, which add up over samples."""
    note: str | None = None
    """Remark of the judge, such as the test that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record: all that was measured of one sample in one cell and round."""

    cell: Cell
    sample: str
    round: int = 0
    difficulty: str | None = None
    labelled: bool = False
    """Whether the task lists its labels, so that macro-F1 is told beside accuracy."""
    prompt: str
    reference: str
    answer: str | None
    extracted: str | None
    finish: Finish
    error: str | None
    timing: Timing | None
    prompt_tokens: int | None
    output_tokens: int | None
    token_source: TokenSource | None
    metric: str
    grade: Grade
    unparsed: bool | None
    """Whether no answer was found in the text. Of this and the next three ``None`` is
    what another tool's files do not tell."""
    truncated: bool | None
    refused: bool | None
    empty: bool | None
    budget_s: float
    chance: float
    transport: Transport | None = None
    rendered: str | None = None
    """Prompt that the model really read, after its chat template; ``None`` if
    unknown."""
    steps: tuple[StepTaken, ...] = ()
    """Models of a cascade that were asked or passed over; tokens are those of all of
    them."""
    thoughts: str | None = None
    thought_tokens: int | None = None
    """Thought tokens among ``output_tokens``; ``None`` where that is unknown."""
    cut_in_thought: bool = False
    """Whether it was cut off before its thought had ended: there is no answer."""
    temperature: float | None = None
    """Temperature of its tokens, 0 for greedily; ``None`` if unknown."""
    top_p: float | None = None
    seed: int | None = None
    """Seed of its tokens; ``None`` for greedily, and if unknown."""
    system: str | None = None
    """System prompt; ``None`` for none, and where there is no chat."""
    shots: tuple[str, ...] = ()
    """Ids of the rows that were shown as examples, in that order."""
    cached_tokens: int | None = None
    """Tokens of ``prompt_tokens`` that had been kept from before; ``None`` where a
    server does not say, and of a model in this process outside of conversations, which
    keeps nothing."""
    head: str | None = None
    """Text put before the whole prompt, so that no server had seen its beginning; it is
    part of ``prompt``, or of ``system``. ``None`` for none."""
    conversation: str | None = None
    """Id of the conversation that it is a turn of; ``None`` for a question that stands
    alone."""
    turn: int | None = None
    """Number of the user message that was asked, from 1."""
    continues: bool = False
    """Whether a turn of the same conversation was asked before: what a server keeps of
    that prompt should serve this one, and flatters nobody."""
    graded: bool = True
    """Whether a right answer is known; else ``grade`` says nothing and no figure of
    quality counts it."""
    groups: tuple[tuple[str, str], ...] = ()
    """Fields by which figures are told apart, such as ``turn`` or ``depth``, with their
    values."""
    cluster: str | None = None
    """Common ground of its sample with others, such as the text that they are questions
    about; ``None`` where each stands alone."""
    ranked: tuple[RankedOption, ...] = ()
    """The options of an answer that was ranked, in the order of the task."""
    energy_j: float | None = None
    """Joules of its window, of all counters of its place; ``None`` where they do not
    tell, and under a load, which has one window for all."""
    energy_s: float | None = None
    """Length of that window: a little longer than its time."""
    draft: DraftCounts | None = None
    """Counts of speculative decoding; ``None`` where they are not known."""
    votes: tuple[Vote, ...] = ()
    """What judges said of the answer, in the order of the panel."""
    label: float | None = None
    """What people said of the answer by the judges' rubric, as quality between 0 and 1;
    ``None`` where nobody did."""

    @property
    def item(self) -> str:
        """Unit of resampling: the cluster, the conversation, or the sample alone.

        Answers of one item are alike, and tell less than as many of different items.
        """
        return self.cluster or self.conversation or self.sample

    constraint: str | None = None
    sitting: int = 1
    """Number of the sitting of its run that measured it."""
    reused: str | None = None
    """Id of the run that its answer was taken from, with its grade and without its
    times; ``None`` for one that was measured."""

    @property
    def answered(self) -> bool:
        """Whether there is an answer: the request neither broke nor timed out."""
        return self.finish not in ("error", "timeout")
