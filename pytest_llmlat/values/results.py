"""Results: statistics of cells, rows over them, verdicts; all follows from records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.values.balance import BALANCES
from pytest_llmlat.values.estimate import Estimate as Estimate  # noqa: PLC0414 - theirs too

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cell_facts import Contention, Instrument, LoadFacts
    from pytest_llmlat.values.cost_budget import CostBudget
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.draft_counts import DraftCheck
    from pytest_llmlat.values.energy import EnergyFacts
    from pytest_llmlat.values.engine_facts import EngineFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.group_figures import GroupFigures
    from pytest_llmlat.values.judging_figures import JudgingFigures
    from pytest_llmlat.values.keeping_up import Steadiness
    from pytest_llmlat.values.load_answers import LoadAnswers
    from pytest_llmlat.values.node_facts import NodeFacts
    from pytest_llmlat.values.peer_facts import PeerFacts
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.records import Cell
    from pytest_llmlat.values.row_comparison import Answers, Comparison, Pace, WhyBetter
    from pytest_llmlat.values.sampling import DrawnAnswers
    from pytest_llmlat.values.searched_load import SearchedLoad
    from pytest_llmlat.values.sittings import ReusedAnswers, Sitting
    from pytest_llmlat.values.stopping import Stopping
    from pytest_llmlat.values.tuning_race import TuningRace

Outcome: TypeAlias = Literal["regression", "failed", "inconclusive", "warned", "pass"]
"""Outcome of the gate, worst first: a change for the worse; a limit that was missed
or a figure that is not there; nothing that can be told; a limit that may be missed;
good."""
OUTCOMES: tuple[Outcome, ...] = (
    "regression",
    "failed",
    "inconclusive",
    "warned",
    "pass",
)
FAILING: tuple[Outcome, ...] = ("regression", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Mean and nearest-rank percentiles, in seconds.

    A percentile is ``None`` below the number of values at which it differs from
    the maximum: p90 below 10, p95 below 20, p99 below 100. Where values were cut off
    by a time limit, a percentile among these is ``None``, and so is the mean: all
    that is known is that they are larger.
    """

    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None


FigureValue: TypeAlias = Estimate | Distribution | float | None
"""Value of a figure of a cell or a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The statistics of one cell."""

    cell: Cell
    planned: int | None
    """Samples to measure; ``None`` for a cell that was planned and never begun."""
    samples: int
    errors: int
    timeouts: int
    unparsed: int | None
    truncated: int | None
    refused: int | None
    empty: int | None
    cut_in_thought: int
    """Answers that were cut off before they had thought to the end."""
    partial: bool
    """Whether fewer samples were measured than planned."""
    metric: str | None
    quality: Estimate
    """Mean of the metric itself, between 0 and 1."""
    chance: float | None
    """The quality of guessing, averaged over what was asked."""
    normalized: Estimate
    """Quality with chance taken off; the score is made of it."""
    speed: Estimate
    balanced: Estimate
    geometric: float | None
    arithmetic: float | None
    harmonic: float | None
    proportional: float | None
    patient: float | None
    """Balanced score if wrong answers took as long as right ones, if sure and more."""
    score_bias: float | None
    """Bias of the balanced score of few items, positive for too high, if known."""
    details: tuple[tuple[str, Estimate], ...]
    """Further figures of the metric, such as ``rouge1``."""
    e2e_s: Distribution
    ttft_s: Distribution
    tpot_s: Distribution
    prompt_tokens: int | None
    output_tokens: int | None
    prefill_tokens_per_s: float | None
    decode_tokens_per_s: float | None
    requests_per_s: float | None
    """Answered requests a second; under a load, over its window."""
    output_tokens_per_s: float | None
    """Tokens a second of all requests together; ``decode_tokens_per_s`` is of one."""
    queue_s: Distribution
    """Wait from scheduled arrival to sending, where requests had to wait."""
    slo: str | None
    """Objectives that the three figures below are about."""
    good_share: float | None
    """Share of requests that met every objective; failed ones met none."""
    goodput_per_s: float | None
    """Answers a second that met every objective."""
    good_and_correct_per_s: float | None
    """Answers a second that met every objective and are right."""
    unjudged: int | None
    """Answers whose stamps do not tell it: they came in one piece or in bursts, or
    nobody counted their tokens. Where there is one, the three above are ``None``."""
    retries: int
    """Times that requests were sent again."""
    grouped: int
    """Answers in which some message carried several tokens."""
    load_s: float | None
    warmup_s: float | None
    wall_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    seconds_per_correct: float | None
    tokens_per_correct: float | None
    """Tokens of all judged requests for each right answer, thoughts included."""
    task_revision: str | None
    load: LoadFacts | None = None
    steadiness: Steadiness | None = None
    """Steadiness of its load; ``None`` where samples were offered one after the
    other."""
    instrument: Instrument | None = None
    contention: Contention | None = None
    backend: tuple[tuple[str, Scalar | None], ...] = ()
    warnings: tuple[str, ...] = ()
    drawn: DrawnAnswers | None = None
    """Sampling of its answers; ``None`` for a cell without records."""
    figures: tuple[tuple[str, Distribution], ...] = ()
    """Distributions that their definition alone says how to compute: ``itl_s``."""
    numbers: tuple[tuple[str, float | None], ...] = ()
    """Counts and ratios that their definition alone says how to compute."""
    averages: tuple[tuple[str, Estimate], ...] = ()
    """Means over requests that their definition alone says how to compute."""
    breakdown: tuple[GroupFigures, ...] = ()
    """Figures by turn and by the columns that the task names."""
    constraint: str | None = None
    """Digest of the schema or grammar that answers were held to; ``None`` for none."""
    stopping: Stopping | None = None
    """Pairs that it took where its result was looked at after each; else ``None``."""
    price: Price | None = None
    """What its model costs in money; ``None`` where its entry does not say."""
    energy: EnergyFacts | None = None
    steady_rss_bytes: int | None = None
    device_memory: tuple[DeviceMemory, ...] = ()
    cost_budget: CostBudget | None = None
    cost_score: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen
    no_cost: str | None = None
    """Reason why its cost score is not known, where one was asked for."""
    missed: tuple[tuple[str, float], ...] = ()
    """Share of requests that missed the objective, by latency."""
    engine: EngineFacts | None = None
    """Engine that was started for it; ``None`` where none was."""
    sittings: tuple[Sitting, ...] = ()
    """Later sittings that went on with it; empty where one measured all of it."""
    anew: str | None = None
    """Reason why what earlier sittings measured of it does not count."""
    reruns: int = 0
    """Times that its test ran again; the first measurement counts."""
    reused_answers: ReusedAnswers | None = None
    """Answers that were taken from other runs; ``None`` for none."""
    untimed: str | None = None
    """Reason why it has no figure of speed; ``None`` where it has some."""
    draft_check: DraftCheck | None = None
    """Check of its draft; ``None`` where there was none."""
    judging: JudgingFigures | None = None
    """What its judges did, and how far they can be trusted; ``None`` without any."""
    node: NodeFacts | None = None
    """Node that measured it; ``None`` where that was the run's own process."""
    peer: PeerFacts | None = None
    """Other tool that measured it; ``None`` where this project did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row of the scoreboard: a model on a device in a scenario, over its families."""

    model: str
    device: str
    scenario: str
    families: tuple[str, ...]
    samples: int
    errors: int
    timeouts: int
    grouped: int
    """Answers in which some message carried several tokens."""
    partial: bool
    quality: Estimate
    """Mean of the metric itself over families."""
    chance: float | None
    """Quality of guessing."""
    normalized: Estimate
    """Quality with chance taken off; the score is made of it."""
    above_guessing: bool | None
    """Whether its quality is above that of guessing for certain (95 %), over all
    families or in one of them; ``None`` where nothing was measured."""
    speed: Estimate
    balanced: Estimate
    e2e_s: Distribution
    ttft_s: Distribution
    tpot_s: Distribution
    decode_tokens_per_s: float | None
    peak_rss_bytes: int | None
    peak_device_bytes: int | None
    seconds_per_correct: float | None
    tokens_per_correct: float | None
    pareto: bool | None
    """Whether no other row of its comparison is at least as good in quality and e2e
    p50, and in cost where that is weighed, and better in one; ``None`` where it is not
    above guessing, for then it has no place beside others."""
    ranks: tuple[int, int] | None
    """Best and worst place in its comparison over all weights of quality from 0.3 to
    0.7."""
    budget_ranks: tuple[int, int] | None
    """Best and worst place over latency budgets from a quarter of those of the tasks to
    four times as long, at even weights."""
    bis: float | None
    """Balanced Integration Score, z(quality) - z(time), in its comparison; ``None``
    for a row that nothing was compared with."""
    figures: tuple[tuple[str, Distribution], ...] = ()
    """Distributions that their definition alone says how to compute, such as
    ``itl_s``."""
    numbers: tuple[tuple[str, float | None], ...] = ()
    """Counts and ratios that their definition alone says how to compute."""
    averages: tuple[tuple[str, Estimate], ...] = ()
    """Means over requests, each the mean over families."""
    cost_score: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen

    @property
    def id(self) -> str:
        """Id of the row, as it stands in contrasts."""
        return f"{self.model}|{self.device}|{self.scenario}"

    @property
    def point(self) -> tuple[float, float] | None:
        """(quality, e2e p50 in seconds), the plane on which rows are compared."""
        quality, seconds = self.quality.value, self.e2e_s.p50
        return None if quality is None or seconds is None else (quality, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A contrast of two rows: their scores, and each half alone.

    Bounds hold for all pairs of a comparison at once: those of scores and qualities
    together, and those of times.
    """

    row: str
    other: str
    difference: Estimate
    """Difference of the balanced scores."""
    certain: bool | None
    """Whether the row is better for certain (95 %); ``None`` where that cannot be
    told."""
    why: tuple[WhyBetter, ...] = ()
    """Ways in which it is better; empty where it is not."""
    longer: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen
    """Share by which the other row takes longer for the same samples (0.5 for half as
    long again); without a value where a request of either failed."""
    quality: Estimate = Estimate(value=None)  # noqa: RUF009 - it is frozen
    """Difference of the metric itself; positive where the row earns more."""
    pace: Pace | None = None
    """Pace of the row beside the other: faster or slower for certain."""
    answers: Answers | None = None
    """Answers of the row beside the other's: better or worse for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """A tuning: one model measured in several settings, on one device."""

    model: str
    """The entry that was varied."""
    device: str
    scenario: str
    front: tuple[str, ...]
    """Names of the variants that no other beats in both quality and e2e p50."""
    best: str
    """The variant of the best balanced score."""
    balanced: float
    """Balanced score of the best variant."""
    gain: Contrast | None
    """Contrast of the best with the entry itself; ``None`` where that is the best, or
    was not measured whole."""
    entry: str
    """The lines of a catalogue that make the model run so (TOML)."""
    left_out: tuple[str, ...] = ()
    """Variants that are not compared: they lack answers or were asked otherwise."""
    guessing: tuple[str, ...] = ()
    """Variants not above guessing for certain: none is recommended, be it the best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """The scoreboard: all results of a session."""

    summaries: tuple[Summary, ...]
    standings: tuple[Standing, ...]
    """Best balanced score first; those that are not above guessing come after."""
    verdicts: tuple[Verdict, ...] = ()
    """Worst first; empty where nothing was gated."""
    contrasts: tuple[Contrast, ...] = ()
    """The first row of each comparison against each other one, by their ids."""
    tunings: tuple[Tuning, ...] = ()
    """Tunings of the models that were measured in several settings."""
    races: tuple[TuningRace, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    """Comparisons of all scored rows: several rows first, then more families."""
    unscored: tuple[str, ...] = ()
    """Ids of the rows without a score: nothing measured, or no figure of speed."""
    searches: tuple[SearchedLoad, ...] = ()
    """Results of load searches, in the order of the run."""
    load_answers: tuple[LoadAnswers, ...] = ()
    """Answers under each load beside those alone, where the run has both."""
    balance: Balance = BALANCES[0]
    """Which mean is called balanced."""
    report: Path | None = None
    """The folder of the report, perhaps another than was asked for, if one was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A verdict of the gate on one quantity of one cell.

    A change is counted so that positive is worse: of a latency as a share (0.05 is five
    per cent slower), of quality and score in their own points.
    """

    cell: str
    """The candidate's cell id; ``all cells`` of their mean."""
    quantity: str
    """Quantity: ``quality``, ``balanced``, ``e2e``, ``ttft``, ``tpot``; of a limit also
    such as ``ttft_p95``; ``records`` of a cell that lacks them; ``rules`` of what a
    change makes of them; ``yardstick`` of what it cost."""
    outcome: Outcome
    against: str
    """Standard that it was judged by: name of a baseline or a model, or a limit."""
    baseline: float | None = None
    """Figure of the baseline, in seconds or as a ratio."""
    candidate: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    """Upper end of the 90 % interval of the change; wider where many are gated (Holm):
    each bound holds with 95 %."""
    tolerance: float | None = None
    samples: int | None = None
    """Number of pairs."""
    needed_samples: int | None = None
    """Samples that would decide what is inconclusive, in four cases of five."""
    needed_runs: int | None = None
    """Further stored runs that would decide it, where runs themselves differ."""
    needed_at_least: int | None = None
    """Samples or runs that would decide it in every second case."""
    note: str | None = None
    """Reason in words, where the figures do not say it."""

    @property
    def failing(self) -> bool:
        """Whether it fails the run."""
        return self.outcome in FAILING
