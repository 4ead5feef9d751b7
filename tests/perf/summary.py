"""How long a summary takes, and how much memory; run by hand.

    python tests/perf/summary.py                    # 1,000,000 records in 60 cells
    python tests/perf/summary.py RECORDS [FOLDER]   # kept in FOLDER, and read from it

Makes a run of ten models and six families, every record of another sample, which is the
most that there is to resample; then reads it as ``llmlat report`` does and writes
``summary.json``. Making and reading are processes of their own: the peak that is told
is that of reading alone. Other jobs on the machine make it slower: beside the time that
passed stands the processor's.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_llmlat.analysis.stored_run import asked_for, board_of
from pytest_llmlat.grading.metrics.chrf import BLEU_ORDERS, CHRF_ORDERS
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.journal import RECORDS, SUMMARY, Journal
from pytest_llmlat.store.json_lines import json_object
from pytest_llmlat.store.run_reader import open_run, told_of
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import Timing

MODELS = 10
FAMILIES = {
    "summarization": "rouge",
    "code_completion": "tests_pass",
    "code_debugging": "tests_pass",
    "sentiment": "accuracy",
    "translation": "chrf++",
    "reasoning": "accuracy",
}
TOKENS = 20
DIFFERENT = 1_000
"""Records of a cell of which nothing is alike; the others repeat their times."""
PROMPT = "Read the following text and answer in one sentence. " * 3
ANSWER = "The answer that follows from the text is this one. " * 2


def make(folder: Path, records: int) -> None:
    """Write a run of so many records."""
    journal = Journal(folder)
    journal.open({"id": "perf", "started": "2026-01-01T00:00:00+00:00"})
    cells = [
        Cell(model=f"m{n}", device="cpu", task=f"{f}/x", family=f, scenario="single")
        for n in range(MODELS)
        for f in FAMILIES
    ]
    each = records // len(cells)
    source = random.Random(0)  # noqa: S311 - figures, not secrets
    with (folder / RECORDS).open("w", encoding="ascii") as file:
        for cell in cells:
            journal.add(_facts(cell, each))
            lines = [
                json.dumps(json_object(_record(cell, number, source))) + "\n"
                for number in range(min(each, DIFFERENT))
            ]
            # The others have another sample and speed: to make a million of all else
            # would take longer than to read them.
            for number in range(each):
                line = lines[number % DIFFERENT]
                own = f'"sample": "s{number % DIFFERENT:06}"'
                line = line.replace(own, f'"sample": "s{number:06}"')
                budget = f'"budget_s": {1.0 + number / each}'
                file.write(line.replace('"budget_s": 1.0', budget))


def _facts(cell: Cell, planned: int) -> CellFacts:
    return CellFacts(
        cell=cell,
        planned=planned,
        finished=True,
        load_s=1.0,
        warmup_s=0.1,
        peak_rss_bytes=10**9,
        peak_device_bytes=None,
        wall_s=100.0,
        task_revision="0123456789abcdef",
    )


def _record(cell: Cell, number: int, source: random.Random) -> Record:
    start = at = source.randrange(10**12, 10**13)
    stamps = []
    for _ in range(TOKENS):
        at += source.randrange(10**6, 10**8)
        stamps.append(at)
    return Record(
        cell=cell,
        sample=f"s{number:06}",
        difficulty="easy",
        prompt=PROMPT,
        reference=source.choice(["positive", "negative"]),
        answer=ANSWER,
        extracted=source.choice(["positive", "negative"]),
        finish="stop",
        error=None,
        timing=Timing(
            start_ns=start,
            end_ns=at + 1000,
            stamps_ns=tuple(stamps),
            stamp_tokens=(1,) * TOKENS,
        ),
        prompt_tokens=40,
        output_tokens=TOKENS,
        token_source="tokenizer",  # noqa: S106 - who counted
        metric=FAMILIES[cell.family],
        grade=_grade(cell.family, source),
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=1.0,
        chance=0.5 if cell.family == "sentiment" else 0.0,
    )


def _grade(family: str, source: random.Random) -> Grade:
    value = source.random()
    if family == "summarization":
        rouge = tuple((f"rouge{name}", value) for name in "12L")
        return Grade(value=value, details=rouge)
    if family == "translation":
        chrf = [n for _ in range(CHRF_ORDERS) for n in (90, 95, source.randrange(90))]
        bleu = [20, 21, *sorted(source.sample(range(20), BLEU_ORDERS), reverse=True)]
        return Grade(
            value=value,
            details=(("chrf++", value), ("bleu", value / 2)),
            counts=tuple(map(float, (*chrf, *bleu, 20, 19, 18, 17))),
        )
    return Grade(value=float(value < 0.6), correct=value < 0.6)


def read(folder: Path) -> None:
    """Summarise a run and tell what it took."""
    begin, spent = time.perf_counter(), time.process_time()
    run = open_run(folder)
    opened = time.perf_counter()
    asked = asked_for(run)
    board = board_of(run, balance=asked.balance, seed=asked.seed, slo=asked.slo)
    text = summary_text(told_of(run), board)
    (folder / SUMMARY).write_text(text, "utf-8")
    end = time.perf_counter()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Of the processes that read, each is at most as large as the largest of them.
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak = own + min(4, os.cpu_count() or 1) * largest
    count = sum(summary.samples for summary in board.summaries)
    print(
        f"{count} records in {len(board.summaries)} cells:"
        f" {end - begin:.1f} s passed ({opened - begin:.1f} s to open),"
        f" {time.process_time() - spent:.1f} s of processor,"
        f" peak {peak / 2**20:.2f} GiB at most, of all processes together,"
        f" load average {os.getloadavg()[0]:.1f}"
    )


def main(arguments: list[str]) -> None:
    """Make a run if there is none, and read it in a process of its own."""
    if arguments[:1] == ["read"]:
        read(Path(arguments[1]))
        return
    records = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments[1] if len(arguments) > 1 else temporary) / "a" / "perf"
        if not folder.exists():
            make(folder, records)
        size = (folder / RECORDS).stat().st_size
        print(f"{size / 2**20:.0f} MiB of records, {size / records:.0f} bytes each")
        subprocess.run(  # noqa: S603 - this very file
            [sys.executable, __file__, "read", str(folder)], check=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
