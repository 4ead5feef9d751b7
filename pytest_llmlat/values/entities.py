"""Models, tasks and samples, as catalogues say them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.values.confidential import (
    as_address,
    as_command,
    as_option,
    as_secret,
    revealed,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.confidential import Secret, WebAddress
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.ranking import RankBy

Scalar: TypeAlias = str | int | float | bool

ShotDraw: TypeAlias = Literal["each", "once", "first"]
"""Draw of few-shot examples: anew for each item, once for all of them, or the first of
the file."""

DIFFICULTIES = ("easy", "medium", "hard")
"""The usual difficulties in their order; a task's data may have others."""
DATA_SUFFIXES = tuple(
    f"{kind}{packed}"
    for kind in (".jsonl", ".json", ".csv", ".tsv", ".parquet")
    for packed in ("", ".gz")
)
"""Endings of the data files that can be read."""
GENERATED = "generated:"
"""Beginning of the source of a task whose items are drawn, not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """An entry of the model catalogue: weights, their backend, and their devices."""

    name: str
    """Name that the user types and every report shows."""
    backend: str
    """A key of the backend table, such as ``gguf`` or ``transformers``."""
    devices: tuple[str, ...]
    """Devices that this entry may run on, in order of preference."""
    weights: str | None = None
    """A hub id, a folder or a file; the backend knows which."""
    package: str | None = None
    """Python package inside which ``weights`` (a file pattern) lies."""
    extra: str | None = None
    """The extra of this project that installs ``package``."""
    revision: str | None = None
    """Pinned commit on the hub, or the version of the package."""
    adapter: str | None = None
    """A LoRA adapter on top: a folder or a hub id."""
    adapter_revision: str | None = None
    """The pinned commit of the adapter."""
    dtype: tuple[tuple[str, str], ...] = ()
    """(device, dtype) pairs; a device without one uses the weights' own."""
    trust_remote_code: bool = False
    """Whether Python code that comes with the weights may be run."""
    chat: bool | None = None
    """Whether prompts take the chat form; ``None`` where the weights tell."""
    url: WebAddress | str | None = None
    """Address of a server of the OpenAI kind, such as ``http://host:8000/v1``; once
    made, an entry has it as a ``WebAddress``."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key for ``url``; never the
    key."""
    headers: tuple[tuple[str, Secret | str], ...] = ()
    """(name, value) pairs that go with every request to ``url``; ``${NAME}`` in a value
    stands for an environment variable. Once made, an entry has values as ``Secret``."""
    system: str | None = None
    """System prompt of every chat; ``None`` for that of the task."""
    chat_template_kwargs: tuple[tuple[str, Scalar], ...] = ()
    """Switches of the chat template, such as ``enable_thinking``; they come before
    those of a task."""
    engine: str | None = None
    """Name of the engine that is started to serve it, such as ``vllm``."""
    command: Secret | str | None = None
    """Command that starts a server for it, ``{port}`` standing for the port; one that
    holds a key is a ``Secret``."""
    steps: tuple[ModelSpec, ...] = ()
    """Models of a cascade, in the order of asking; empty for any other model."""
    go_on: tuple[GoOn, ...] = ()
    """Rule of going on for each step but the last."""
    price: Price | None = None
    """What it costs in money; ``None`` where nobody says."""
    options: tuple[tuple[str, Scalar | Secret], ...] = ()
    """Settings that only its backend knows; one that holds a key is a ``Secret``."""
    file: str = field(default="", compare=False)
    """Catalogue that it stands in, for a complaint; empty if in none."""
    taken: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """(option, entry of a catalogue that it was taken from) where it is another."""

    def __post_init__(self) -> None:
        """Take what must not be shown as what is not shown."""
        headers = tuple([(name, as_secret(value)) for name, value in self.headers])
        options = tuple([(name, as_option(name, each)) for name, each in self.options])
        object.__setattr__(self, "url", as_address(self.url))
        if isinstance(self.command, str):
            object.__setattr__(self, "command", as_command(self.command))
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "options", options)

    def option(self, key: str, default: Scalar | None = None) -> Scalar | None:
        """Return the backend setting ``key``, or ``default``."""
        value = dict(self.options).get(key, default)
        return None if value is None else revealed(value)

    @property
    def chat_settings(self) -> tuple[tuple[str, Scalar], ...]:
        """Settings of its chats, by which runs that differ in them are told apart."""
        system = () if self.system is None else (("system", self.system),)
        switches = (
            (f"chat_template_kwargs.{name}", value)
            for name, value in self.chat_template_kwargs
        )
        return (*system, *switches)

    def dtype_on(self, device: str) -> str | None:
        """Return the dtype to load on ``device``, ``None`` for the weights' own."""
        return dict(self.dtype).get(device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A model on a device: it is loaded once and serves many cells."""

    model: ModelSpec
    device: str

    @property
    def id(self) -> str:
        """The two names, as they stand in a cell's id."""
        return f"{self.model.name}|{self.device}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTurn:
    """A sample's turn of a conversation, and the messages before it."""

    conversation: str
    """Id of the row, which all turns of the conversation share."""
    number: int
    """Number of this user message, from 1."""
    text: str
    """The user message."""
    system: str | None = None
    """System prompt of the conversation."""
    earlier: tuple[tuple[str, str | None], ...] = ()
    """User messages before, each with the answer from the data; ``None`` for the
    model's own."""
    asked_before: tuple[str | None, ...] = ()
    """Ids of the samples of the earlier messages; ``None`` for one that is not
    asked."""
    graded: bool = True
    """Whether the data know a right answer."""

    @property
    def continues(self) -> bool:
        """Whether a turn of the same conversation is asked before it."""
        return any(self.asked_before)

    @property
    def own_answers(self) -> tuple[str, ...]:
        """The ids of the turns before whose answers by the model it needs."""
        return tuple(
            asked
            for asked, (_, given) in zip(self.asked_before, self.earlier, strict=True)
            if given is None and asked is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """One message of a conversation, written in the entry of a task."""

    role: str
    content: str
    """Template; it sees the columns of a row."""
    further: tuple[tuple[str, str | bool], ...] = ()
    """Further keys of the message, such as the column of the right answer; texts are
    templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One item of a task, or one turn of an item that is a conversation."""

    id: str
    difficulty: str | None
    """Difficulty by its row, such as ``hard`` or ``Level 5``."""
    stratum: str
    """Stratum of a stratified draw: difficulty and label."""
    fields: tuple[tuple[str, object], ...]
    """Columns of its row, for the prompt and the metric."""
    reference: str
    """The right answer, as a person reads it in a report. Where tests decide, a program
    that passes them; empty if there is none."""
    further: tuple[str, ...] = ()
    """Other answers that are just as right as the reference."""
    where: str = field(default="", compare=False)
    """Place of its row, such as ``FILE:3``, for a complaint; empty if it has none."""
    turn: ConversationTurn | None = None
    """Its turn of a conversation; ``None`` for a question that stands alone."""

    @property
    def item(self) -> str:
        """What is drawn and resampled whole: the conversation, or the sample alone."""
        return self.id if self.turn is None else self.turn.conversation

    @property
    def graded(self) -> bool:
        """Whether a right answer is known."""
        return self.turn is None or self.turn.graded

    @property
    def references(self) -> tuple[str, ...]:
        """Every right answer, the one that a person reads first."""
        return (self.reference, *self.further)

    def field(self, name: str) -> object:
        """Return one column; ``KeyError`` names the column that is missing."""
        return dict(self.fields)[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """A public data set: on the hub, or in a local copy."""

    hub: str
    """Id on the hub, such as ``openai/gsm8k``."""
    config: str | None
    split: str
    revision: str | None
    """The pinned commit; without one nothing is loaded from the hub."""
    file: str
    """The name of a local copy, below the folder given with ``--llm-data``."""
    local_only: str | None = None
    """Reason why the rows on the hub are of no use and a local copy is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """Few-shot examples: answered questions before each question of a task."""

    count: int
    """Number of examples; 0 for none."""
    answer: str
    """Template of an example's answer; it sees the columns of the example's row."""
    split: str | None = None
    """Split of the public set that examples are drawn from."""
    file: str | None = None
    """File that examples are drawn from: of a public set its local copy below the
    folder of data; ``None`` beside no ``split``: the task's own rows, the asked one
    left out."""
    where: str | None = None
    """An expression that is true for the rows that may be drawn."""
    draw: ShotDraw = "each"
    turns: bool = False
    """Whether they are earlier questions and answers of a chat, not text before it."""
    between: str = "\n\n"
    """Separator of examples, and of the last from the question, where they are text."""

    @property
    def own_rows(self) -> bool:
        """Whether they are drawn from the task's own rows."""
        return self.split is None and self.file is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSplit:
    """The rows that an adapter may be trained on: others than those of the task."""

    answer: str
    """Template of the text that is learnt behind a question; it sees the columns."""
    split: str | None = None
    """Split of the public set; ``None`` for that of the task, or for a file."""
    file: str | None = None
    """File of the rows: of a public set its local copy below the folder of data."""
    where: str | None = None
    """An expression that is true for the rows that may be learnt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task: data set, prompt, generation, extractor, metric and latency budget."""

    name: str
    """``family/short``, such as ``sentiment/polarity``."""
    family: str
    title: str
    source: str
    """A data file, or ``generated:KIND``; empty for a public set."""
    chat_prompt: str | None = None
    """Template of the question to a model that chats; needed where one is asked."""
    completion_prompt: str | None = None
    """Template of the few-shot text that a base model continues; needed where one is
    asked."""
    extractor: str
    metric: str
    max_new_tokens: int
    budget_s: float
    """Latency, in seconds, at which an answer earns half of the speed score."""
    cost_budget: CostBudget | None = None
    """Cost at which an answer earns half of the cost score; ``None`` where nobody says,
    and then cost cannot be weighed."""
    chance: float | None = None
    """Quality of guessing, taken off before scoring; ``None`` where it is computed from
    the task's samples."""
    chat_stop: tuple[str, ...] = ()
    completion_stop: tuple[str, ...] = ()
    thinking_tokens: int | None = None
    """Tokens of thought at most, beside ``max_new_tokens``; ``None`` where those are
    the bound of both."""
    labels: tuple[str, ...] = ()
    reference: str = "reference"
    """Column that holds the right answer, or a list of right answers."""
    references: str | None = None
    """The column that holds the list of all right answers, where there are several."""
    mapping: tuple[tuple[str, str], ...] = ()
    """(our field, an expression over the source's columns)."""
    where: str | None = None
    """An expression that is true for the rows that count; ``None`` for all."""
    public: PublicSet | None = None
    """The public set that the rows come from, where there is no ``source``."""
    options: tuple[tuple[str, Scalar], ...] = ()
    """Settings of the extractor, the metric and the source, such as ``language``."""
    temperature: float = 0.0
    """Temperature of sampling; 0 takes the likeliest token. A model's entry may have
    one of its own."""
    top_p: float = 1.0
    """Share of the probability that tokens are drawn from."""
    repeats: int = 1
    """Number of times that each sample is asked."""
    chat: bool | None = None
    """Whether it is asked as a chat; ``None`` leaves that to the model."""
    preface: str = ""
    """Text before the examples and the question, in the first message of a chat."""
    system: str | None = None
    """System prompt of its chats."""
    chat_template_kwargs: tuple[tuple[str, Scalar], ...] = ()
    """Switches of the chat template, such as ``enable_thinking``."""
    shots: Shots | None = None
    train: TrainSplit | None = None
    """Rows for ``llmlat train-adapter``; ``None`` where the entry names none."""
    prompts: tuple[tuple[str, str], ...] = ()
    """(name, template) of alternative prompts, to be compared with its own."""
    messages: str | tuple[MessageTemplate, ...] | None = None
    """An expression over a row that gives the messages of a conversation, or their
    templates; ``None`` where each row is one question."""
    breakdown: tuple[str, ...] = ()
    """Columns of a row by whose values quality and latency are told apart."""
    only_by_name: bool = False
    """Whether it runs only where it is named, although its rows are bundled or in a
    file."""
    cluster: str | None = None
    """Column whose value groups samples that are alike, such as the text that they are
    questions about; ``None`` where each stands alone."""
    schema: Constraint | None = None
    """JSON schema that every right answer fits; answers are held to it."""
    grammar: Constraint | None = None
    """Constraint on answers in place of the schema."""
    ranked: RankBy | None = None
    """Figure by which its options are ranked, where the answer is the one that the
    model finds likeliest; ``None`` where an answer is written."""
    continuation: str | None = None
    """Template of the text behind the prompt for an option that is ranked."""

    @property
    def constraint(self) -> Constraint | None:
        """Constraint on answers, unless a model's entry says otherwise."""
        return self.schema if self.grammar is None else self.grammar

    @property
    def by_name_only(self) -> bool:
        """Whether it runs only where it is named itself, not with its family."""
        drawn = self.source.startswith(GENERATED)
        return self.only_by_name or self.public is not None or drawn

    def option(self, key: str, default: Scalar | None = None) -> Scalar | None:
        """Return the setting ``key`` of extractor, metric or source, or ``default``."""
        return dict(self.options).get(key, default)
