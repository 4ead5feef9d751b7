"""Tests passed: whether a generated program does what its tests ask."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.grading.sandbox import Program, ProgramLimits
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.entities import Sample, Task


def run_tests(source: str, task: Task, sample: Sample, sandbox: Sandbox) -> Grade:
    """Run a program with the tests of its sample; it is right if all of them pass."""
    fields = dict(sample.fields)
    program = Program(
        source=source,
        tests=str(fields["tests"]),
        entry_point=str(fields["entry_point"]),
        stub=str(fields.get("prompt") or ""),
    )
    outcome = sandbox.run(program, _limits(task))
    passed = outcome.kind == "pass"
    return Grade(
        value=float(passed),
        correct=passed,
        note=f"{outcome.kind}: {outcome.note} [{sandbox.name}]",
    )


def _limits(task: Task) -> ProgramLimits:
    """Return what each program of a task may use, by the task's options."""
    usual = ProgramLimits()
    return ProgramLimits(
        time_s=float(task.option("time_s", usual.time_s) or 0),
        memory_bytes=int(task.option("memory_bytes", usual.memory_bytes) or 0),
        output_bytes=int(task.option("output_bytes", usual.output_bytes) or 0),
    )


def pass_at_k(n: int, c: int, k: int) -> float:
    """Estimate the chance that at least one of k drawn programs is right.

    Args:
        n: how many programs were drawn for the sample.
        c: how many of them pass all tests.
        k: how many one would draw.

    Returns:
        1 - C(n - c, k) / C(n, k), unbiased (Chen et al. 2021, section 2.1).
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        msg = f"pass_at_k needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}, k={k}"
        raise ValueError(msg)
    return 1 - comb(n - c, k) / comb(n, k)


_OPTIONS = (
    EntryOption(
        name="time_s",
        kind="float",
        least=0.001,
        most=86_400,
        meaning=f"seconds for each program; else {ProgramLimits().time_s:g}",
    ),
    EntryOption(
        name="memory_bytes",
        kind="float",
        least=1,
        most=2**53,
        meaning="bytes of memory for each program; else"
        f" {ProgramLimits().memory_bytes:,}",
    ),
    EntryOption(
        name="output_bytes",
        kind="float",
        least=1,
        most=2**53,
        meaning="bytes that a program may print; else"
        f" {ProgramLimits().output_bytes:,}",
    ),
)


def all_of_k(n: int, c: int, k: int) -> float:
    """Estimate the chance that all of k drawn answers are right (pass^k).

    Args:
        n: how many answers were drawn for the sample.
        c: how many of them are right.
        k: how many one would draw.

    Returns:
        C(c, k) / C(n, k), unbiased (Yao et al. 2024, tau-bench, section 3).
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        msg = f"all_of_k needs 0 <= c <= n and 1 <= k <= n, not n={n}, c={c}, k={k}"
        raise ValueError(msg)
    return comb(c, k) / comb(n, k)


METRIC = Metric(run=run_tests, binary=True, options=_OPTIONS)
