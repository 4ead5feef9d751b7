"""The words of the project: what was asked, what was measured, what it comes to.

Each is a frozen value that crosses modules; dictionaries stay at the file border.
Abbreviations, as the field uses them (``timing`` defines each): ``e2e`` end to end,
``ttft`` time to first token, ``tpot`` time per output token after the first, ``itl``
inter-token latency, ``ttfr`` time to the first token of a thought.

Instants are ``_ns`` (``time.perf_counter_ns``), durations ``_s`` (floats). What could
not be measured is ``None``, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.values.sampling import GREEDY, Sampling
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS, ThoughtTags

if TYPE_CHECKING:
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.ranking import Likelihood, RankedOption
    from pytest_llmlat.values.timing import Timing

Finish: TypeAlias = Literal["stop", "length", "context", "timeout", "error"]
TokenSource: TypeAlias = Literal["tokenizer", "usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Model x device x task x scenario: what one pytest item measures."""

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
        """What makes a row of the scoreboard: under another load it is not as fast."""
        return self.model, self.device, self.scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a backend is asked."""

    prompt: str
    """The text of the question; the backend puts its chat template round it."""
    chat: bool
    """Whether it is a message to a model that chats or a text to continue."""
    max_new_tokens: int
    stop: tuple[str, ...] = ()
    seed: int = 0
    system: str | None = None
    """What stands before a chat and says how to answer; ``None`` for nothing."""
    turns: tuple[tuple[str, str], ...] = ()
    """Earlier questions of a chat, each with its answer."""
    sampling: Sampling = GREEDY
    template: tuple[tuple[str, Scalar], ...] = ()
    """Switches of the chat template, such as ``enable_thinking``."""
    thinking_tokens: int | None = None
    """After how many tokens a model is to stop thinking; ``None`` for no bound."""
    thought_tags: tuple[ThoughtTags, ...] = THOUGHT_TAGS
    """What its thoughts are told from its answer by."""
    conversation: str | None = None
    """Names the conversation, and which of its repeats, that it is a turn of."""
    continues: bool = False
    """A turn of the same conversation was asked before it, so that what was read then
    may be kept."""
    constraint: Constraint | None = None
    """What the answer is held to, from its first token on; ``None`` for nothing."""
    continuations: tuple[str, ...] = ()
    """Texts whose likelihood behind the prompt is asked; then nothing is generated."""

    @property
    def most_tokens(self) -> int:
        """How many tokens an answer may have, with its thoughts."""
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
    """What a backend answered."""

    text: str
    finish: Finish
    prompt_tokens: int | None
    output_tokens: int | None
    """All tokens that were generated, those of thoughts included."""
    token_source: TokenSource | None
    rendered: str | None = None
    """What the model really read, after its chat template; ``None`` if unknown."""
    thoughts: str | None = None
    """What it thought before it answered; ``None`` where there was nothing."""
    thought_tokens: int | None = None
    """How many of the output tokens are thoughts, with their tags; ``None`` where that
    is unknown."""
    cut_in_thought: bool = False
    """It was cut off before it had thought to the end: there is no answer."""
    sampling: Sampling | None = None
    """How its tokens were drawn; ``None`` where that cannot be told."""
    cached_tokens: int | None = None
    """How many of the prompt's tokens a server had kept and did not read anew; ``None``
    where it does not say."""
    refusal: str | None = None
    """The words with which it declined, where a server gives them beside an answer that
    is empty."""
    likelihoods: tuple[Likelihood, ...] = ()
    """Of the continuations that were asked about; then nothing was generated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """What the network had to do with one request to a server.

    A connection that was open already has no times: they are ``None``, not 0. Where a
    request was sent again, all of this is of the attempt that was answered last.
    """

    request_id: str | None
    """As the server named the request, to be found in its log."""
    status: int | None
    """Of the HTTP answer; ``None`` if none came."""
    reused: bool
    """Whether the connection had been open before."""
    dns_s: float | None
    connect_s: float | None
    tls_s: float | None
    retries: int
    """How often it was sent again; its latency counts from the first time."""
    retried_for: tuple[str, ...] = ()
    """Why, one short text for each retry, such as ``429`` or ``connect``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came of one request: a generation, or what went wrong instead."""

    generation: Generation | None
    timing: Timing
    """Up to the failure, where there is no generation."""
    error: str | None
    timed_out: bool = False
    """It was given up at the time limit: the latency is at least what was measured."""
    transport: Transport | None = None
    """``None`` for a model in this process."""
    note: str | None = None
    """What is odd about an answer that counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What an extractor made of an answer."""

    value: str | None
    """The normalised answer, or ``None`` if there is none to be found."""
    explicit: bool = False
    """It was stated as the answer, not found by searching the text."""
    refused: bool = False
    """The model declined to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How good one answer is."""

    value: float
    """Between 0 and 1; what the cell's mean is taken of."""
    correct: bool | None = None
    """Right or wrong, where the metric knows such a thing."""
    details: tuple[tuple[str, float], ...] = ()
    """Further figures of the same answer, such as ``rouge1``."""
    counts: tuple[float, ...] = ()
    """Sufficient statistics of a corpus metric, which add up over samples."""
    note: str | None = None
    """What the judge has to say, such as the test that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was measured of one sample in one cell and round. All else is derived."""

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
    unparsed: bool
    truncated: bool
    refused: bool
    empty: bool
    budget_s: float
    chance: float
    transport: Transport | None = None
    rendered: str | None = None
    """What the model really read, after its chat template; ``None`` if unknown."""
    thoughts: str | None = None
    thought_tokens: int | None = None
    """How many of ``output_tokens`` are thoughts; ``None`` where that is unknown."""
    cut_in_thought: bool = False
    """It was cut off before it had thought to the end: there is no answer."""
    temperature: float | None = None
    """With which its tokens were drawn, 0 for greedily; ``None`` if unknown."""
    top_p: float | None = None
    seed: int | None = None
    """With which they were drawn; ``None`` for greedily, and if unknown."""
    system: str | None = None
    """What stood before the chat; ``None`` for nothing, and where there is no chat."""
    shots: tuple[str, ...] = ()
    """The ids of the rows that were shown as examples, in that order."""
    cached_tokens: int | None = None
    """How many of ``prompt_tokens`` had been kept from before; ``None`` where a server
    does not say, and of a model in this process outside of conversations, which keeps
    nothing."""
    head: str | None = None
    """What was put before the whole prompt, so that no server had seen its beginning;
    it stands in ``prompt``, or in ``system``. ``None`` for nothing."""
    conversation: str | None = None
    """The id of the conversation that it is a turn of; ``None`` for a question that
    stands alone."""
    turn: int | None = None
    """Which user message of it was asked, from 1."""
    continues: bool = False
    """A turn of the same conversation was asked before: what a server keeps of that
    prompt should serve this one, and flatters nobody."""
    graded: bool = True
    """Whether a right answer is known; else ``grade`` says nothing and no figure of
    quality counts it."""
    groups: tuple[tuple[str, str], ...] = ()
    """By what figures are told apart, such as ``turn`` or ``depth``, with its value."""
    cluster: str | None = None
    """What its sample has in common with others, such as the text that they are
    questions about; ``None`` where each stands alone."""
    ranked: tuple[RankedOption, ...] = ()
    """The options of an answer that was ranked, in the order of the task."""

    @property
    def item(self) -> str:
        """What is resampled whole: the cluster, the conversation, or the sample alone.

        Answers of one item are alike, and say less than as many of others.
        """
        return self.cluster or self.conversation or self.sample

    constraint: str | None = None

    @property
    def answered(self) -> bool:
        """Whether there is an answer: the request neither broke nor timed out."""
        return self.finish not in ("error", "timeout")
