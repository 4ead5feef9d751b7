"""What ``report.html`` costs to build and to open; run by hand, never in CI.

    python tests/perf/page.py many        # 100,000 records: time, memory, size, opening
    python tests/perf/page.py usual       # 10 models x 6 families x 200 samples

Records are simulated, with texts of the length that the bundled tasks have, and made
one by one: what is held is the page's own. The scoreboard is made before and apart.
Opening needs playwright and a Chromium of the system.
"""

from __future__ import annotations

import random
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.page import write_page
from pytest_llmlat.values.cell_facts import CellFacts
from pytest_llmlat.values.families import FAMILIES
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.timing import NS_PER_S, Timing
from tests.unit.page_contents import reader_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.results import Scoreboard

LETTERS = {"summarization": (2400, 350), "sentiment": (400, 10)}
"""Of a prompt and of an answer; those of other families are in between."""
USUAL = (700, 450)
OPENINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a run is."""

    models: int
    tasks: int
    samples: int

    def cells(self) -> Iterator[Cell]:
        """Yield its cells."""
        names = list(FAMILIES)
        for model in range(self.models):
            for task in range(self.tasks):
                family = names[task % len(names)]
                yield Cell(
                    model=f"model-{model}",
                    device="cpu",
                    task=f"{family}/task{task}",
                    family=family,
                    scenario="single",
                )

    def records(self) -> Iterator[Record]:
        """Yield its records, cell by cell."""
        words = _words()
        for place, cell in enumerate(self.cells()):
            source = random.Random(place)  # noqa: S311 - no secret
            for number in range(self.samples):
                yield _record(cell, number, words, source)


SIZES = {
    "many": Size(models=10, tasks=50, samples=200),
    "usual": Size(models=10, tasks=6, samples=200),
}


def _words() -> list[str]:
    source = random.Random(0)  # noqa: S311 - no secret
    letters = "etaoinshrdlcumwfgypbvk"
    return [
        "".join(source.choices(letters, k=source.randint(2, 9))) for _ in range(4000)
    ]


def _text(words: list[str], letters: int, source: random.Random) -> str:
    return " ".join(source.choices(words, k=max(1, letters // 6)))


def _record(cell: Cell, number: int, words: list[str], source: random.Random) -> Record:
    asked, answered = LETTERS.get(cell.family, USUAL)
    own = random.Random(f"{cell.task}|{number}")  # noqa: S311 - the same of every model
    right = source.random() < 0.6
    first = source.lognormvariate(-1.5, 0.3)
    last = first + source.lognormvariate(0.0, 0.5)
    answer = _text(words, answered, source)
    return Record(
        cell=cell,
        sample=f"{cell.family}-{number:05}",
        difficulty="easy",
        prompt=_text(words, asked, own),
        reference=_text(words, answered, own),
        answer=answer,
        extracted=answer[:40],
        finish="timeout" if source.random() < 0.01 else "stop",
        error=None,
        timing=Timing(
            start_ns=0,
            end_ns=round(last * NS_PER_S),
            stamps_ns=(round(first * NS_PER_S), round(last * NS_PER_S)),
            stamp_tokens=(1, answered // 5),
        ),
        prompt_tokens=asked // 5,
        output_tokens=answered // 5 + 1,
        token_source="tokenizer",  # noqa: S106 - no password
        metric="accuracy",
        grade=Grade(value=float(right), correct=right),
        unparsed=False,
        truncated=False,
        refused=False,
        empty=False,
        budget_s=2.0,
        chance=0.0,
    )


def board_of(size: Size) -> Scoreboard:
    """Return the run's scoreboard."""
    facts = [
        CellFacts(
            cell=cell,
            planned=size.samples,
            finished=True,
            load_s=None,
            warmup_s=None,
            peak_rss_bytes=None,
            peak_device_bytes=None,
            wall_s=None,
            task_revision=None,
        )
        for cell in size.cells()
    ]
    return scoreboard(facts, size.records(), balance="geometric", seed=0)


def build(size: Size, path: Path) -> None:
    """Write the page and print what it took, making the records included."""
    start = time.process_time()
    made = sum(1 for _ in size.records())
    making = time.process_time() - start
    board = _board_elsewhere(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, busy = time.perf_counter(), time.process_time()
    write_page(path, {"id": "perf", "seconds": 1.0}, board, reader_of(size.records()))
    spent, busy = time.perf_counter() - start, time.process_time() - busy
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{made} records: {spent:.1f} s, {busy:.1f} s of processor time, of which"
        f" {making:.1f} s to make the records; peak {after / 1024:.0f} MB,"
        f" {before / 1024:.0f} MB before; {path.stat().st_size / 1e6:.2f} MB"
    )


def _board_elsewhere(size: Size) -> Scoreboard:
    """Make the scoreboard in another process: its memory is not the page's."""
    with ProcessPoolExecutor(1) as pool:
        return pool.submit(board_of, size).result()


def open_in_browser(path: Path) -> None:
    """Print how long the page takes until it is there, and until it is drawn."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only here

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for _ in range(OPENINGS):
            page = browser.new_page()
            page.goto(path.as_uri(), wait_until="commit")
            page.wait_for_selector(
                "html[data-plots]", state="attached", timeout=120_000
            )
            ready, drawn = page.locator("html").evaluate(
                "html => [performance.getEntriesByType('navigation')[0]"
                ".domContentLoadedEventEnd, performance.now()]"
            )
            print(f"DOM ready {ready / 1000:.2f} s, plots drawn {drawn / 1000:.2f} s")
            page.close()
        browser.close()


def main(kind: str) -> None:
    """Build one page and open it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        build(SIZES[kind], path)
        open_in_browser(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
