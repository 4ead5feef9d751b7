"""Cells that are read by several processes: the same figures, whatever happens."""

from __future__ import annotations

import math
import os
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Self

import pytest

from pytest_llmlat.analysis import worker_processes as processes
from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.analysis.worker_processes import in_processes
from pytest_llmlat.store.run_reader import open_run
from tests.unit.stored_runs import a_stored_run, answers, failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

NUMBERS = [4.0, 9.0, 16.0]
ROOTS = [2.0, 3.0, 4.0]


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.slow
def test_processes_give_what_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every figure and every complaint, in the same order."""
    folder = a_stored_run(
        tmp_path / "runs" / "a", answers(right=9), answers("owl"), failures("lark")
    )
    with (folder / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(f'{{"cell": "{answers()[0].cell.id}", "sample": 3}}\n')
    run = open_run(folder)
    told: dict[int, list[str]] = {1: [], 0: []}
    boards = {}
    for many, own in told.items():
        monkeypatch.setattr(processes, "MANY", many * 10**9)
        boards[many] = board_of(run, balance="geometric", seed=0, tell=own.append)

    assert boards[0] == boards[1]
    assert told[0] == told[1]
    assert "1 of its lines left out" in told[0][0]


@pytest.mark.slow
def test_many_are_read_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, by other processes than this one."""
    monkeypatch.setattr(processes, "MANY", 3)

    assert list(in_processes(math.sqrt, NUMBERS, 3)) == ROOTS
    marks = list(in_processes(eval, ["__import__('os').getpid()"] * 2, 3))
    assert os.getpid() not in marks


def test_few_are_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process costs more than it gains; and one core has none to spare."""
    monkeypatch.setattr(processes, "ProcessPoolExecutor", None)

    assert list(in_processes(math.sqrt, NUMBERS, processes.MANY - 1)) == ROOTS
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert list(in_processes(math.sqrt, NUMBERS, processes.MANY)) == ROOTS


class _Failing:
    """A pool whose processes are ended after the first result."""

    error: BaseException = BrokenProcessPool("killed")

    def __init__(self, *_: object, **__: object) -> None:
        """Take what a pool takes."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def map(self, function: Callable[[Any], Any], each: Iterable[Any]) -> Iterator[Any]:
        """Answer once."""
        yield function(next(iter(each)))
        raise self.error


@pytest.mark.parametrize("error", [BrokenProcessPool("killed"), OSError("no room")])
def test_what_processes_do_not_read_is_read_here(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Nothing is read twice, and nothing is left out."""
    monkeypatch.setattr(processes, "ProcessPoolExecutor", _Failing)
    monkeypatch.setattr(_Failing, "error", error)

    assert list(in_processes(math.sqrt, NUMBERS, processes.MANY)) == ROOTS
