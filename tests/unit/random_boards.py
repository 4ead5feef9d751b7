"""Boards drawn at random, with everything that a record may be; seeded."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.chrf import BLEU_ORDERS, CHRF_ORDERS
from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
from pytest_llmlat.values.records import Grade, Record, Transport
from pytest_llmlat.values.timing import NS_PER_S, Timing
from tests.unit.builders import a_cell, a_record, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Cell, Finish

_FINISHES: tuple[Finish, ...] = (
    *("stop",) * 12,
    *("length", "context", "timeout", "timeout", "error"),
)
_FINE: tuple[Finish, ...] = ("stop", "stop", "length")
_LABELS = ("positive", "negative", "mixed")
_METRICS = {"translation": "chrf++", "summarization": "rouge"}
TASKS = (
    "reasoning/sums",
    "reasoning/truth",
    "sentiment/polarity",
    "translation/de",
    "summarization/news",
)


def a_random_run(
    seed: int, *, models: int = 1, samples: int = 12, failures: bool = True
) -> tuple[list[CellFacts], list[Record]]:
    """Return facts and records of a run: loads, queues, failures and rounds.

    Records of different cells are mixed up, as under pytest-xdist. One more cell was
    begun and has no records.

    Args:
        seed: draws all of it.
        models: how many, each with cells of every kind.
        samples: of each cell.
        failures: whether requests may break or be given up.
    """
    source = random.Random(seed)  # noqa: S311 - figures, not secrets
    facts, records = [some_facts(a_cell("none"), planned=3, finished=False)], []
    for number in range(models):
        for task in TASKS:
            for scenario in ("single", "concurrent:4"):
                cell = a_cell(f"m{number}", task=task, scenario=scenario)
                own = _records(cell, source, samples, failures=failures)
                records += own
                facts.append(_facts(cell, source, len(own)))
    source.shuffle(records)
    return facts, records


def _facts(cell: Cell, source: random.Random, planned: int) -> CellFacts:
    load = LoadFacts(
        window_s=source.uniform(1, 9),
        ended=source.choice([0, planned]),
        failed=1,
        before=1,
        after=2,
        in_flight=4,
        send_lag_p99_s=None,
        loop_lag_p99_s=0.001,
        cpu_share=0.5,
        client_limited=None,
    )
    return replace(
        some_facts(cell, planned=planned + source.randrange(2)),
        load=None if cell.scenario == "single" else load,
    )


def _records(
    cell: Cell, source: random.Random, samples: int, *, failures: bool
) -> list[Record]:
    rounds = 1 if cell.scenario == "single" else 2
    finishes = _FINISHES if failures else _FINE
    return [
        _record(cell, source, f"s{number:02}", turn, source.choice(finishes))
        for turn in range(rounds)
        for number in range(samples)
        if turn == 0 or number % 3
    ]


def _record(
    cell: Cell, source: random.Random, sample: str, turn: int, finish: Finish
) -> Record:
    lost = finish in ("error", "timeout", "context")
    timing = None if finish == "context" else _timing(source, lost=lost)
    return replace(
        a_record(sample, cell=cell, finish=finish),
        round=turn,
        answer=None if lost else source.choice(["4", "It is 5.", ""]),
        extracted=None if lost else source.choice([*_LABELS, "4", None]),
        reference=source.choice(_LABELS),
        error="RuntimeError: broken" if finish == "error" else None,
        timing=timing,
        prompt_tokens=source.choice([5, 7, 9]),
        output_tokens=None if lost else source.randrange(1, 9),
        metric=_METRICS.get(cell.family, "accuracy"),
        grade=_grade(cell.family, source, lost=lost),
        unparsed=source.random() < 0.1,
        truncated=finish == "length",
        refused=source.random() < 0.1,
        empty=source.random() < 0.1,
        budget_s=source.choice([0.5, 2.0]),
        chance=0.5 if cell.task == "reasoning/truth" else 0.0,
        transport=_transport(source) if cell.scenario != "single" else None,
    )


def _timing(source: random.Random, *, lost: bool) -> Timing:
    start = source.randrange(10**14, 2 * 10**14)
    at, stamps = start, []
    for _ in range(source.randrange(2) if lost else source.randrange(9)):
        at += source.randrange(10**6, NS_PER_S)
        stamps.append(at)
    tokens = tuple(source.choice([1, 1, 1, 3]) for _ in stamps)
    end_ns = at + source.randrange(1, 10**8)
    spread = source.choice([None, None, 17]) if stamps else None
    return Timing(
        start_ns=start,
        end_ns=end_ns,
        stamps_ns=tuple(stamps),
        # Where only the sum is known, messages are counted.
        stamp_tokens=tokens if spread is None else (1,) * len(stamps),
        spread_tokens=spread,
        sent_ns=source.choice([None, min(start + source.randrange(10**6), end_ns)]),
    )


def _transport(source: random.Random) -> Transport:
    return Transport(
        request_id="r",
        status=200,
        reused=True,
        dns_s=None,
        connect_s=None,
        tls_s=None,
        retries=source.randrange(2),
    )


def _grade(family: str, source: random.Random, *, lost: bool) -> Grade:
    if family == "translation":
        value = 0.0 if lost else source.random()
        chrf = [
            float(count)
            for _ in range(CHRF_ORDERS)
            for count in (20 + source.randrange(9), 25, source.randrange(20))
        ]
        matches = [source.randrange(5) for _ in range(BLEU_ORDERS)]
        totals = [source.randrange(5, 9) for _ in range(2 + BLEU_ORDERS)]
        bleu = [*totals[:2], *matches, *totals[2:]]
        return Grade(
            value=value,
            details=(("chrf++", value), ("bleu", value / 2)),
            counts=(*chrf, *map(float, bleu)),
        )
    if family == "summarization":
        value = source.random()
        some = (("rouge1", source.random()), ("rouge2", source.random()))
        return Grade(value=value, details=some[: source.randrange(1, 3)])
    right = not lost and source.random() < 0.6
    return Grade(value=float(right), correct=right)
