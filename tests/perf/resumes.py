"""What becomes of runs that were killed at random moments and gone on with.

    python -m tests.perf.resumes                    # 10 moments of each way: 40 runs
    python -m tests.perf.resumes --moments 3 load   # of one way to measure
    python -m tests.perf.resumes --seed 7           # other moments

Run by hand on Linux, never in CI. Runs are those of ``tests/perf/kills.py``: one after
the other (``single``), a server under a load (``load``), batches in the own process
(``batch``), programs in a sandbox (``sandbox``), two cells each. Each is sent SIGKILL
and then gone on with (``--llm-resume``). In a row:

- ``resumed`` are those that passed and are whole; ``same`` have the very answers and
  grades of a run that was not killed;
- ``ended`` are answers that had ended when the signal came, ``most lost`` the most of
  one run that are not in its folder then; ``orphans`` are processes that outlived it;
- ``asked again`` are answers of one sample after the other that the second sitting
  asked for although the first had them, but for those that it compares the sittings by;
- ``apart`` are cells whose sittings were not of the same speed.
"""

from __future__ import annotations

import argparse
import ctypes
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.measure.instrument.calibration import pulse_server
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from tests.perf.kills import SUBREAPER, begun, children, kinds, left, started

if TYPE_CHECKING:
    from tests.perf.kills import Kind

MOMENTS = 10
COLUMNS = (
    *("runs", "resumed", "same", "ended", "most lost", "orphans"),
    *("asked again", "apart"),
)
CELLS = 2


def graded(folder: Path) -> dict[tuple[str, str, int], tuple[str | None, float]]:
    """Return answer and grade of each sample of a run."""
    (run,) = folder.iterdir()
    return {
        (cell.id, one.sample, one.round): (one.answer, one.grade.value)
        for cell, records in records_of(open_run(run), tell=lambda _: None)
        for one in records
    }


def trial(
    place: Path, name: str, kind: Kind, number: str, moment: float
) -> Counter[str]:
    """Kill a run at a moment, go on with it, and return what to count."""
    known = children()
    folder, log = place / name, place / name / f"{number}.log"
    process = started(place, name, kind, number)
    begun(log, process)
    time.sleep(moment)
    process.kill()
    process.wait()
    cut = left(folder, number, known)
    before = graded(folder / number)
    going_on = replace(kind, arguments=(*kind.arguments, "--llm-resume"))
    passed = started(place, name, going_on, number).wait() == 0
    after = left(folder, number, known)
    (run,) = (folder / number).iterdir()
    opened = open_run(run)
    sittings = [each for facts in opened.facts for each in facts.sittings]
    again = sum(each.pairs for each in sittings)
    asked = after.ended - cut.ended
    whole = graded(folder / "whole")
    found = Counter(
        {
            "runs": 1,
            "resumed": passed and after.whole and len(opened.facts) == CELLS,
            "same": graded(folder / number) == whole,
            "ended": cut.ended,
            "most lost": cut.ended - cut.kept,
            "orphans": cut.orphans + after.orphans,
            "asked again": asked - again - (len(whole) - len(before))
            if name in ("single", "sandbox")
            else 0,
            "apart": sum(each.apart is not None for each in sittings),
        }
    )
    print(f"{name} {number} {moment:.3f}: {cut} {dict(found)}", file=sys.stderr)
    if not passed:
        print((folder / f"{number}.out").read_text(), file=sys.stderr)
    return found


def trials(place: Path, name: str, kind: Kind, moments: int, seed: int) -> Counter[str]:
    """Return what to count of all moments of a way to measure."""
    draw = random.Random(f"{seed}|{name}")  # noqa: S311 - moments
    log = place / name / "whole.log"
    process = started(place, name, kind, "whole")
    begun(log, process)
    first = log.stat().st_mtime
    if process.wait():
        raise SystemExit((place / name / "whole.out").read_text())
    took = log.stat().st_mtime - first
    total: Counter[str] = Counter()
    for number in range(moments):
        found = trial(place, name, kind, str(number), draw.random() * took)
        most = max(total["most lost"], found.pop("most lost"))
        total.update(found)
        total["most lost"] = most
    return total


def main() -> None:
    """Print a row for each way to measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--moments", type=int, default=MOMENTS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    print("| way |", " | ".join(COLUMNS), "|")
    print("|---" * (len(COLUMNS) + 1) + "|")
    with tempfile.TemporaryDirectory() as text, pulse_server(awake=False) as pulse:
        for name, kind in kinds(pulse.port).items():
            if given.kinds and name not in given.kinds:
                continue
            found = trials(Path(text), name, kind, given.moments, given.seed)
            told = " | ".join(str(found[column]) for column in COLUMNS)
            print(f"| {name} | {told} |", flush=True)


if __name__ == "__main__":
    main()
