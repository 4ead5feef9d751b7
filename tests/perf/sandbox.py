"""What a sandboxed program costs; run by hand on a quiet machine, no test.

    python tests/perf/sandbox.py [CHOICE]

Prints the median of a trivial program, round by round, and, where the public data is
beside the checkout, the time for all HumanEval solutions.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from pytest_llmlat.grading.sandbox import Program, ProgramLimits, Sandbox, open_sandbox

HUMANEVAL = (
    Path(__file__).parents[2].parent / "shared/data/code_completion/humaneval.jsonl"
)
ROUNDS, REPEATS = 10, 30
TRIVIAL = Program(
    source="def add(a, b):\n    return a + b\n",
    tests="assert add(1, 2) == 3\n",
    entry_point="add",
)


def trivial_ms(sandbox: Sandbox) -> float:
    """Return the median time of one round, in milliseconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        sandbox.run(TRIVIAL, ProgramLimits())
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def humaneval_s(sandbox: Sandbox) -> tuple[float, int, int]:
    """Return the time for all canonical solutions, how many passed, how many are."""
    rows = [json.loads(line) for line in HUMANEVAL.read_text("utf-8").splitlines()]
    start = time.perf_counter()
    outcomes = [
        sandbox.run(
            Program(
                source=row["prompt"] + row["canonical_solution"],
                tests=row["tests"],
                entry_point=row["entry_point"],
                stub=row["prompt"],
            ),
            ProgramLimits(),
        )
        for row in rows
    ]
    passed = sum(outcome.kind == "pass" for outcome in outcomes)
    return time.perf_counter() - start, passed, len(rows)


def main() -> None:
    """Open the sandbox and print its figures."""
    start = time.perf_counter()
    sandbox = open_sandbox(*sys.argv[1:2])
    print(f"{sandbox.name}: opened in {time.perf_counter() - start:.3f} s")
    try:
        rounds = [trivial_ms(sandbox) for _ in range(ROUNDS)]
        print("trivial, ms:", *(f"{value:.2f}" for value in rounds))
        if HUMANEVAL.exists():
            seconds, passed, total = humaneval_s(sandbox)
            print(f"HumanEval: {passed} of {total} in {seconds:.2f} s")
    finally:
        sandbox.close()


if __name__ == "__main__":
    main()
