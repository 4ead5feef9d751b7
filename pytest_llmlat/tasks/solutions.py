"""Reference solutions, run with their rows' own tests before a model is measured.

A row whose own solution fails is passed by no model: its tests are broken, or need
something of a program that cannot be judged here. That is an error of the data and not
a model's 0. Passed solutions are remembered in the user's cache, by the digest of all
that decided it, and not run again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.grading import extractors
from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox import ProgramLimits, inside
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.values.entities import Sample, Task

_PATIENCE = 10
"""Factor on the usual time limit for a solution that has failed once."""
_PROGRAM = re.compile(
    r"\n\s*\S|^\s+\S|[=(]|\b(?:def|class|return|lambda|import|pass)\b"
)
"""Pattern of a program; a word or a remark in a solution's column is none."""
_TOLD = 5
"""Rows that a complaint names at most."""


class PassedSolutions:
    """A store of solutions that passed their tests, kept from run to run."""

    def __init__(self, folder: Path | None, *, place: str = "auto") -> None:
        """Know what has passed before.

        Args:
            folder: where that is kept; ``None`` for as long as this object.
            place: which sandbox was asked for: what passes in one may need what
                another forbids.
        """
        self._place = place
        self._file = folder and folder / "solutions" / f"{_version()}.txt"
        self._known: set[str] = set()
        if self._file is not None:
            with suppress(OSError, UnicodeDecodeError):
                self._known.update(self._file.read_text("ascii").split())

    def check(
        self, task: Task, samples: Iterable[Sample], sandbox: Callable[[], Sandbox]
    ) -> None:
        """Run the solutions of samples, unless they are known to pass.

        Args:
            task: its metric runs programs, each right or wrong; else nothing is run.
            samples: those that are to be measured.
            sandbox: opens the place where programs run, if one has to.

        Raises:
            BadCatalogue: names the rows whose solution fails, and what the tests said.
            SandboxUnavailable: there is no place to run them.
        """
        metric = METRICS[task.metric]
        if metric.run is None or not metric.binary:
            return
        passed: list[str] = []
        failed: list[str] = []
        for sample in samples:
            key = _digest(task, sample, self._place)
            if key in self._known or not _PROGRAM.search(sample.reference):
                continue
            wrong = _wrong(task, sample, sandbox)
            if wrong is None:
                passed.append(key)
            else:
                place = sample.where or f"task {task.name!r}"
                failed.append(f"{place}, id {sample.id!r}: {wrong}")
        self._keep(passed)
        if failed:
            raise BadCatalogue(_complaint(task, failed))

    def _keep(self, keys: list[str]) -> None:
        """Remember what passed; a cache that cannot be written is none."""
        self._known.update(keys)
        if not keys or self._file is None:
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="ascii") as file:
                # At once, since other processes add to it as well.
                file.write("".join(f"{key}\n" for key in keys))


def _complaint(task: Task, failed: list[str]) -> str:
    more = f" (and {len(failed) - _TOLD} more)" if len(failed) > _TOLD else ""
    return (
        f"{failed[0].partition(', id ')[0]}: task {task.name!r}: {len(failed)} of the"
        " rows' own solutions do not pass their own tests, so no model could:"
        f" {'; '.join(failed[:_TOLD])}{more}. Mend those rows, or leave them out with"
        f" 'where'; a row without a solution has no {task.reference!r}"
    )


def _wrong(task: Task, sample: Sample, sandbox: Callable[[], Sandbox]) -> str | None:
    """Say why a sample's own solution fails, ``None`` if it passes."""
    source = EXTRACTORS[task.extractor](sample.reference, task, sample).value
    run = METRICS[task.metric].run
    if source is None or run is None:
        return "there is no program in it"
    found = run(source, task, sample, sandbox())
    if found.correct:
        return None
    # A busy machine may have been too slow, which is no fault of the row.
    again = run(source, _patient(task), sample, sandbox())
    return None if again.correct else again.note or "it fails"


def _patient(task: Task) -> Task:
    """Return a task with a longer time limit for programs."""
    time_s = float(task.option("time_s", ProgramLimits().time_s) or 0)
    options = {**dict(task.options), "time_s": _PATIENCE * time_s}
    return replace(task, options=tuple(options.items()))


def _digest(task: Task, sample: Sample, place: str) -> str:
    """Return the digest of a solution, its tests, and where and how it is run."""
    content = [task.extractor, task.metric, task.options, place, sample.reference]
    text = json.dumps([content, sample.fields], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@cache
def _version() -> str:
    """Return the digest of the code that reads and judges, and of its Python."""
    found = hashlib.sha256(sys.version.encode())
    for folder in (*inside.__path__, *extractors.__path__):
        for path in sorted(Path(folder).glob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
