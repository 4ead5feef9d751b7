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


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFacts:
    """What was measured of a load as a whole: many requests in flight.

    Requests that are not measured go before and after, so that the load is the same
    throughout.
    """

    window_s: float
    """In a closed loop the time in which as many answers come as were measured, at the
    rate between the first measured sending and the last measured end. Else from the
    first measured arrival to the last measured end, or to the next arrival if that is
    later."""
    ended: int
    """Requests that ended in the window, failed ones included."""
    failed: int
    """Those of them that broke or timed out, before any answer was read."""
    before: int
    """Requests sent to warm up; none of them is in the records."""
    after: int
    """Requests sent to keep up the load until the last measured one had ended."""
    in_flight: int
    """The most requests that were under way at once: sent to a server and not yet
    answered, so that none is among them that waits to be sent again."""
    send_lag_p99_s: float | None
    """From the scheduled arrival to the sending, where nothing had to be waited for
    but this client."""
    loop_lag_p99_s: float | None
    """How late this client woke up when it had asked to be woken."""
    cpu_share: float | None
    """Processor time of the client's thread over the time that passed."""
    client_limited: str | None
    """Why the figures are the client's rather than the server's; ``None`` if not."""
    uncounted_retries: int = 0
    """How often those that do not count were sent again, for a server turned them away
    or a connection broke."""
    uncounted_failed: int = 0
    """How many of those that do not count came to nothing."""
    batch: int | None = None
    """The most that a model of this process answered at once; 1 where its requests
    waited for each other, ``None`` for a server, which does not tell."""
    batching: str | None = None
    """How: ``padded`` or ``continuous``; ``None`` where each was answered alone."""
    batch_halved: int = 0
    """How often memory gave out and all was measured again with half as many."""
    batch_prepared: int = 0
    """Requests of the unmeasured batch before."""
    batch_checked: int | None = None
    """How many were asked again alone after the window; ``None``: nothing to check."""
    batch_changed: int | None = None
    """How many of these answers differ from those in the batch."""
    steady: bool | None = None
    """Whether, in an open loop, answers had become as slow as they were to be before
    any counted; ``None`` in other loads, and in runs of older versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """What else the machine did while a cell was measured; ``None`` is unknown."""

    others_cores: float | None
    """Cores that other processes used on average."""
    steal: float | None
    """Share of this machine's processor time that its host gave to others."""
    load_average: float | None
    """Of one minute, at the end of the cell."""
    throttled: int | None
    """How often a core was slowed down for heat."""
    gpu_processes: int | None
    """Processes of others on the GPUs of this machine, at the end of the cell."""
    contended: str | None
    """Why latencies of this cell prove nothing; ``None`` if they may."""
    gpu_throttled: float | None = None
    """For how long a GPU of the model was held below its application clocks by heat, as
    a share of the time that answers took; of the worst one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """How true the clock was, against a server of ours that logs its own writes."""

    streams: int
    """Requests in flight while it was tried."""
    requests: int
    bias_s: float
    """Mean of the reported minus the true TTFT."""
    jitter_p99_s: float
    """99th percentile of how far single TTFTs were from the true ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFacts:
    """What was measured once for a whole cell."""

    cell: Cell
    planned: int
    """How many samples were to be measured."""
    finished: bool
    """Whether all of them were."""
    load_s: float | None
    """Time to load the model; shared by all cells of a deployment."""
    warmup_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    wall_s: float | None
    """The whole cell: warm-up, samples and the work between them."""
    task_revision: str | None
    """Digest of what the task asks and accepts."""
    backend: tuple[tuple[str, Scalar | None], ...] = ()
    """What the backend says of itself: dtype, digest, context, template."""
    warnings: tuple[str, ...] = ()
    load: LoadFacts | None = None
    """``None`` where samples were offered one after the other."""
    instrument: Instrument | None = None
    """``None`` for a model in this process: nothing lies between it and the clock."""
    contention: Contention | None = None
    """``None`` until the cell is finished."""
    asked: str | None = None
    """Digest of what was asked and how: task, samples, sampling, repeats, seed and
    scenario; ``None`` in runs of older versions."""
    reruns: int = 0
    """How often its test ran again; the first measurement counts."""
    constraint: str | None = None
    """Digest of the schema or grammar that answers were held to; ``None`` for none."""
    constraint_compile_s: float | None = None
    """Time to make that ready, before all else; ``None`` also for a server."""
