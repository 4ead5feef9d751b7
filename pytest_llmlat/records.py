"""The words of the project: what was asked, what was measured, what it comes to.

Each is a frozen value that crosses modules; dictionaries stay at the file border.

Abbreviations, as the field uses them:

==========  ==================================================================
``e2e``     end to end: from handing the prompt over to the last content token
``ttft``    time to first token, the first that carries content
``tpot``    time per output token after the first
``itl``     inter-token latency, one for every gap between two stamps
==========  ==================================================================

Instants are ``_ns`` (integers of ``time.perf_counter_ns``), durations that a person
reads are ``_s`` (floats). What could not be measured is ``None``, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

NS_PER_S = 1_000_000_000

Scalar: TypeAlias = str | int | float | bool
Finish: TypeAlias = Literal["stop", "length", "context", "error"]
TokenSource: TypeAlias = Literal["tokenizer", "usage"]
Difficulty: TypeAlias = Literal["easy", "medium", "hard"]

FAMILIES = (
    "summarization",
    "code_completion",
    "code_debugging",
    "sentiment",
    "translation",
    "reasoning",
)
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")
DATA_SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".parquet")
"""Endings of the data files that can be read."""
GENERATED = "generated:"
"""What the source of a task starts with whose items are drawn, not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """An entry of the model catalogue: which weights, run by what, where."""

    name: str
    """What the user types and every report shows."""
    backend: str
    """A key of the backend table, such as ``gguf`` or ``transformers``."""
    devices: tuple[str, ...]
    """The devices that this entry may run on, in order of preference."""
    weights: str | None = None
    """A hub id, a folder or a file; which of them, the backend knows."""
    package: str | None = None
    """The Python package inside which ``weights`` (a file pattern) lies."""
    extra: str | None = None
    """The extra of this project that installs ``package``."""
    revision: str | None = None
    """The pinned commit on the hub, or the version of the package."""
    adapter: str | None = None
    """A LoRA adapter on top: a folder or a hub id."""
    adapter_revision: str | None = None
    """The pinned commit of the adapter."""
    dtype: tuple[tuple[str, str], ...] = ()
    """(device, dtype) pairs; a device without one uses the weights' own."""
    chat: bool | None = None
    """Whether prompts take the chat form; ``None`` asks the weights."""
    options: tuple[tuple[str, Scalar], ...] = ()
    """Settings that only this backend knows."""

    def option(self, key: str, default: Scalar | None = None) -> Scalar | None:
        """Return the backend setting ``key``, or ``default``."""
        return dict(self.options).get(key, default)

    def dtype_on(self, device: str) -> str | None:
        """Return the dtype to load on ``device``, ``None`` for the weights' own."""
        return dict(self.dtype).get(device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A model on a device: what is loaded once and serves many cells."""

    model: ModelSpec
    device: str

    @property
    def id(self) -> str:
        """The two names, as they stand in a cell's id."""
        return f"{self.model.name}|{self.device}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One item of a task."""

    id: str
    difficulty: Difficulty | None
    stratum: str
    """What a stratified draw keeps in proportion: difficulty and label."""
    fields: tuple[tuple[str, object], ...]
    """The columns of its row, for the prompt and the metric."""
    reference: str
    """The right answer, as a person reads it in a report."""

    def field(self, name: str) -> object:
        """Return one column; ``KeyError`` names the column that is missing."""
        return dict(self.fields)[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """Where the rows of a public set lie: on the hub, or in a local copy."""

    hub: str
    """The id on the hub, such as ``openai/gsm8k``."""
    config: str | None
    split: str
    revision: str | None
    """The pinned commit; without one nothing is loaded from the hub."""
    file: str
    """The name of a local copy, below the folder given with ``--llm-data``."""
    local_only: str | None = None
    """Why the rows on the hub do not do and a local copy is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Data set, prompt, generation settings, extractor, metric and latency budget."""

    name: str
    """``family/short``, such as ``sentiment/polarity``."""
    family: str
    title: str
    source: str
    """A data file, or ``generated:KIND``; empty for a public set."""
    chat_prompt: str
    """Template of the question to a model that chats."""
    completion_prompt: str
    """Template of the few-shot text that a base model continues."""
    extractor: str
    metric: str
    max_new_tokens: int
    budget_s: float
    """The latency at which an answer earns half of the speed score."""
    chance: float = 0.0
    """The quality of guessing, taken off before scoring."""
    chat_stop: tuple[str, ...] = ()
    completion_stop: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reference: str = "reference"
    """The column that holds the right answer."""
    mapping: tuple[tuple[str, str], ...] = ()
    """(our field, an expression over the source's columns)."""
    where: str | None = None
    """An expression that is true for the rows that count; ``None`` for all."""
    public: PublicSet | None = None
    """The public set that the rows come from, where there is no ``source``."""
    options: tuple[tuple[str, Scalar], ...] = ()
    """Settings of the extractor, the metric and the source, such as ``language``."""

    @property
    def by_name_only(self) -> bool:
        """Whether it runs only where it is named itself, not with its family."""
        return self.public is not None or self.source.startswith(GENERATED)

    def option(self, key: str, default: Scalar | None = None) -> Scalar | None:
        """Return the setting ``key`` of extractor, metric or source, or ``default``."""
        return dict(self.options).get(key, default)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a backend answered."""

    text: str
    finish: Finish
    prompt_tokens: int | None
    output_tokens: int | None
    token_source: TokenSource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock readings of one generation, and what follows from them.

    ``stamps_ns[i]`` is when the text of ``stamp_tokens[i]`` more tokens was there.
    A stamp of several tokens is kept as it is: no gap is invented inside it.
    """

    start_ns: int
    """The prompt's text was handed to the backend (or was scheduled to be)."""
    end_ns: int
    """The backend gave control back: no more content can come."""
    stamps_ns: tuple[int, ...]
    stamp_tokens: tuple[int, ...]
    reasoning_ns: int | None = None
    """The first reasoning token, which is no content."""
    sent_ns: int | None = None
    """When the request really left, in an open loop."""

    @property
    def e2e_s(self) -> float:
        """Start to the last content token; to the end where there was no content."""
        last = self.stamps_ns[-1] if self.stamps_ns else self.end_ns
        return (last - self.start_ns) / NS_PER_S

    @property
    def ttft_s(self) -> float | None:
        """Start to the first content token."""
        if not self.stamps_ns:
            return None
        return (self.stamps_ns[0] - self.start_ns) / NS_PER_S

    @property
    def tpot_s(self) -> float | None:
        """Time per token after the first stamp; ``None`` for a single stamp.

        The divisor is output tokens - 1. Where the first stamp carried several
        tokens, none of them cost time after it, so all of them are left out.
        """
        later = sum(self.stamp_tokens[1:])
        if not later:
            return None
        return (self.stamps_ns[-1] - self.stamps_ns[0]) / NS_PER_S / later

    @property
    def itl_s(self) -> tuple[float, ...]:
        """Every gap between neighbouring stamps."""
        return tuple((b - a) / NS_PER_S for a, b in pairwise(self.stamps_ns))

    @property
    def ttfr_s(self) -> float | None:
        """Start to the first reasoning token."""
        if self.reasoning_ns is None:
            return None
        return (self.reasoning_ns - self.start_ns) / NS_PER_S

    @property
    def queue_s(self) -> float | None:
        """Scheduled arrival to sending, in an open loop."""
        if self.sent_ns is None:
            return None
        return (self.sent_ns - self.start_ns) / NS_PER_S


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
    difficulty: Difficulty | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval; ``None`` where there is none to be had."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Mean and nearest-rank percentiles, in seconds.

    A percentile is ``None`` below the number of values at which it differs from
    the maximum: p90 below 10, p95 below 20, p99 below 100.
    """

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The statistics of one cell."""

    cell: Cell
    planned: int
    samples: int
    errors: int
    timeouts: int
    unparsed: int
    truncated: int
    refused: int
    empty: int
    partial: bool
    """Fewer samples were measured than planned."""
    metric: str | None
    quality: Estimate
    """The metric itself, between 0 and 1."""
    normalized: Estimate
    """The same with chance taken off; what the score is made of."""
    speed: Estimate
    balanced: Estimate
    geometric: float | None
    arithmetic: float | None
    harmonic: float | None
    details: tuple[tuple[str, float], ...]
    e2e_s: Distribution
    ttft_s: Distribution
    tpot_s: Distribution
    prompt_tokens: int | None
    output_tokens: int | None
    prefill_tokens_per_s: float | None
    decode_tokens_per_s: float | None
    requests_per_s: float | None
    load_s: float | None
    warmup_s: float | None
    wall_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    seconds_per_correct: float | None
    correct_within_budget: float | None
    task_revision: str | None
    backend: tuple[tuple[str, Scalar | None], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row of the scoreboard: one model on one device over all its families."""

    model: str
    device: str
    families: tuple[str, ...]
    samples: int
    errors: int
    partial: bool
    quality: Estimate
    speed: Estimate
    balanced: Estimate
    e2e_s: Distribution
    ttft_s: Distribution
    tpot_s: Distribution
    decode_tokens_per_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    seconds_per_correct: float | None
    correct_within_budget: float | None
    pareto: bool | None
    """Whether no other row has both better quality and a lower e2e p50."""
    ranks: tuple[int, int] | None
    """Best and worst place over all weights of quality from 0.3 to 0.7."""
    bis: float | None
    """Balanced Integration Score, z(quality) - z(time), for two rows or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """All that a session's records come to."""

    summaries: tuple[Summary, ...]
    standings: tuple[Standing, ...]
    """Best balanced score first."""
