"""A run that looks like a real one, made up from a seed: for tests and screenshots."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.values.cell_facts import CellFacts, Contention, Instrument, LoadFacts
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.results import Scoreboard, Verdict
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.records import Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTask:
    """What a made-up task is like."""

    name: str
    metric: str
    budget_s: float
    tokens: int
    chance: float
    question: str
    answer: str
    ease: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModel:
    """How good and how fast a made-up model is."""

    name: str
    skill: float
    tokens_per_s: float
    ttft_s: float


TASKS = (
    DemoTask(
        name="summarization/articles",
        metric="rouge",
        budget_s=4.0,
        tokens=60,
        chance=0.0,
        question="Summarise the article in a sentence.\n\nThe harbour council voted on"
        " Tuesday to widen the northern channel so that larger ferries can call at the"
        " town all year round. Work begins in spring and is to last eleven months.",
        answer="The council will widen the harbour's northern channel for larger"
        " ferries, starting in spring.",
        ease=0.45,
    ),
    DemoTask(
        name="code_completion/functions",
        metric="tests_pass",
        budget_s=8.0,
        tokens=120,
        chance=0.0,
        question="Complete the function.\n\ndef median(values: list[float]) -> float:\n"
        '    """Return the middle value; the mean of the two for an even number."""\n',
        answer="    ranked = sorted(values)\n    half = len(ranked) // 2\n"
        "    if len(ranked) % 2:\n        return ranked[half]\n"
        "    return (ranked[half - 1] + ranked[half]) / 2\n",
        ease=0.5,
    ),
    DemoTask(
        name="code_debugging/bugs",
        metric="tests_pass",
        budget_s=8.0,
        tokens=140,
        chance=0.0,
        question="Find and mend the bug.\n\ndef last(items):\n"
        "    return items[len(items)]\n",
        answer="def last(items):\n    return items[-1]\n",
        ease=0.35,
    ),
    DemoTask(
        name="sentiment/polarity",
        metric="accuracy",
        budget_s=1.0,
        tokens=3,
        chance=0.5,
        question="Is the review positive or negative?\n\nThe soup was cold, yet the"
        " waiter laughed it off and the pudding was the best I have had.",
        answer="positive",
        ease=0.8,
    ),
    DemoTask(
        name="translation/en-de",
        metric="rouge",
        budget_s=3.0,
        tokens=40,
        chance=0.0,
        question="Translate into German: The train to the coast leaves at nine.",
        answer="Der Zug an die Küste fährt um neun Uhr ab.",
        ease=0.6,
    ),
    DemoTask(
        name="reasoning/arithmetic",
        metric="accuracy",
        budget_s=5.0,
        tokens=80,
        chance=0.0,
        question="A box holds 12 pencils. Mara buys 5 boxes and gives away 17 pencils."
        " How many has she left?",
        answer="5 boxes of 12 are 60 pencils. 60 - 17 = 43. The answer is 43.",
        ease=0.55,
    ),
)
MODELS = (
    DemoModel(name="llama2-7b", skill=0.92, tokens_per_s=26.0, ttft_s=0.31),
    DemoModel(name="llama2-7b-lora", skill=1.0, tokens_per_s=24.0, ttft_s=0.34),
    DemoModel(name="smollm2-1.7b", skill=0.78, tokens_per_s=74.0, ttft_s=0.12),
    DemoModel(name="smollm2-135m", skill=0.42, tokens_per_s=210.0, ttft_s=0.03),
)
LEVELS = (1, 2, 4, 8, 16, 32)


def a_demo(
    samples: int = 30, seed: int = 1, models: tuple[DemoModel, ...] = MODELS
) -> tuple[dict[str, Any], Scoreboard, list[Record]]:
    """Return a run, its board and its records: models x families, and a sweep."""
    source = random.Random(seed)  # noqa: S311 - no secret
    facts: list[CellFacts] = []
    records: list[Record] = []
    for model in models:
        for task in TASKS:
            cell = _cell(model, task)
            records += _answers(cell, model, task, samples, source)
            facts.append(_facts(cell, samples, busy=model.name == "llama2-7b"))
    for model in models[2:3]:
        for level in LEVELS:
            found, fact = _loaded(model, level, samples, source)
            records += found
            facts.append(fact)
    board = scoreboard(facts, records, balance="geometric", seed=0)
    return RUN, replace(board, verdicts=VERDICTS), records


def _cell(model: DemoModel, task: DemoTask, scenario: str = "single") -> Cell:
    return Cell(
        model=model.name,
        device="a6000",
        task=task.name,
        family=task.name.partition("/")[0],
        scenario=scenario,
    )


def _answers(
    cell: Cell, model: DemoModel, task: DemoTask, count: int, source: random.Random
) -> Iterator[Record]:
    for number in range(count):
        tokens = max(1, round(task.tokens * source.lognormvariate(0.0, 0.35)))
        ttft_s = model.ttft_s * source.lognormvariate(0.0, 0.2)
        right = source.random() < task.ease * model.skill + 0.12
        finish: Finish = "timeout" if source.random() < _limit(model, task) else "stop"
        yield _record(
            cell, task, number, ttft_s, tokens / model.tokens_per_s, tokens,
            right=right, finish=finish, source=source,
        )  # fmt: skip


def _limit(model: DemoModel, task: DemoTask) -> float:
    return 0.1 if task.tokens > 100 and model.tokens_per_s < 30 else 0.0


def _record(  # noqa: PLR0913 - a record is of many parts
    cell: Cell,
    task: DemoTask,
    number: int,
    ttft_s: float,
    rest_s: float,
    tokens: int,
    *,
    right: bool,
    finish: Finish,
    source: random.Random,
    queue_s: float | None = None,
) -> Record:
    judged = task.metric != "rouge"
    timed_out = finish == "timeout"
    good = right and not timed_out
    value = float(good) if judged else _share(good, source)
    first, last = (round(s * NS_PER_S) for s in (ttft_s, ttft_s + rest_s))
    if timed_out:
        last = round(30 * NS_PER_S)
    answer = task.answer if good else task.answer[::-1][: max(12, tokens)]
    return Record(
        cell=cell,
        sample=f"{cell.family}-{number:03}",
        difficulty=("easy", "medium", "hard")[number % 3],
        prompt=f"{task.question}\n\n(item {number})",
        reference=task.answer,
        answer=answer,
        extracted=answer.strip()[:24] if good or number % 5 else None,
        finish=finish,
        error="no answer within 30 s" if timed_out else None,
        timing=Timing(
            start_ns=0,
            end_ns=last,
            stamps_ns=(first, last),
            stamp_tokens=(1, max(0, tokens - 1)),
            sent_ns=None if queue_s is None else round(queue_s * NS_PER_S),
        ),
        prompt_tokens=len(task.question) // 4,
        output_tokens=tokens,
        token_source="tokenizer",  # noqa: S106 - no password
        metric=task.metric,
        grade=Grade(value=value, correct=good if judged else None),
        unparsed=not good and number % 5 == 0,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=task.budget_s,
        chance=task.chance,
    )


def _share(good: bool, source: random.Random) -> float:  # noqa: FBT001 - a draw
    return min(1.0, max(0.0, source.gauss(0.62 if good else 0.3, 0.12)))


def _loaded(
    model: DemoModel, level: int, count: int, source: random.Random
) -> tuple[list[Record], CellFacts]:
    """Return one point of a sweep: throughput levels off, and waiting begins."""
    task = TASKS[5]
    cell = _cell(model, task, f"concurrent:{level}")
    slower = 1.0 + level / 9
    records = [
        _record(
            cell, task, number,
            model.ttft_s * slower * source.lognormvariate(0.0, 0.25),
            task.tokens / model.tokens_per_s * slower * source.lognormvariate(0.0, 0.2),
            task.tokens, right=source.random() < task.ease * model.skill + 0.12,
            finish="error" if level == 16 and number == 3 else "stop", source=source,
        )
        for number in range(count)
    ]  # fmt: skip
    spent_s = math.fsum(r.timing.e2e_s for r in records if r.timing) / level
    limited = "the client's thread was busy 97 % of the time" if level == 32 else None
    load = LoadFacts(
        window_s=spent_s,
        ended=count,
        failed=int(level == 16),
        before=level,
        after=level,
        in_flight=level,
        send_lag_p99_s=0.001,
        loop_lag_p99_s=0.002,
        cpu_share=0.3,
        client_limited=limited,
    )
    return records, replace(_facts(cell, count), load=load, instrument=INSTRUMENT)


def _facts(cell: Cell, planned: int, *, busy: bool = False) -> CellFacts:
    contended = busy and cell.family == "translation"
    return CellFacts(
        cell=cell,
        planned=planned,
        finished=True,
        load_s=4.2,
        warmup_s=0.4,
        peak_rss_bytes=2_300_000_000,
        peak_device_bytes=None if "135m" in cell.model else 14_200_000_000,
        wall_s=80.0,
        task_revision="0123456789abcdef",
        backend=(("dtype", "bfloat16"), ("library", "transformers")),
        contention=Contention(
            others_cores=1.2 if contended else 0.02,
            steal=0.0,
            load_average=1.0,
            throttled=0,
            gpu_processes=0,
            contended="other processes used 1.2 cores" if contended else None,
        ),
    )


INSTRUMENT = Instrument(streams=8, requests=200, bias_s=0.00012, jitter_p99_s=0.0009)
RUN: dict[str, Any] = {
    "id": "20260114-093012-7c1e",
    "started": "2026-01-14T09:30:12+00:00",
    "seconds": 1834.2,
    "commit": "5912b46a0c1dd17f8a1c0d2c9f2f1b5f8f1c2d3e",
    "settings": {"models": [m.name for m in MODELS], "samples": 30, "seed": 0},
    "environment": {
        "python": "3.11.7",
        "system": "Linux",
        "release": "6.1.0",
        "machine": "x86_64",
        "cpu": "AMD EPYC 7402P",
        "cores": 24,
        "gpus": "NVIDIA RTX A6000",
        "pytest-llmlat": "0.1.0",
        "pytest": "9.2.0",
        "torch": "2.13.0",
        "transformers": "5.1.0",
    },
}
VERDICTS = (
    Verdict(
        cell="code_debugging/bugs|llama2-7b-lora|a6000|single",
        quantity="e2e",
        outcome="regression",
        against="main",
        baseline=5.02,
        candidate=5.71,
        change=0.137,
        low=0.081,
        high=0.196,
        tolerance=0.05,
        samples=30,
    ),
    Verdict(
        cell="reasoning/arithmetic|llama2-7b-lora|a6000|single",
        quantity="quality",
        outcome="inconclusive",
        against="main",
        baseline=0.667,
        candidate=0.633,
        change=0.033,
        low=-0.09,
        high=0.16,
        tolerance=0.02,
        samples=30,
        needed_samples=1400,
    ),
    *(
        Verdict(
            cell=f"{task.name}|llama2-7b-lora|a6000|single",
            quantity="balanced",
            outcome="pass",
            against="main",
            baseline=0.601,
            candidate=0.612,
            change=-0.011,
            low=-0.03,
            high=0.012,
            tolerance=0.02,
            samples=30,
        )
        for task in TASKS
    ),
)
