"""A file for pytest-benchmark: the e2e of each cell, in the form of its storage.

``pytest-benchmark compare FILE``, its histograms and github-action-benchmark (tool
``pytest``) read it. A benchmark there is a cell here, and a round an answer::

    {"machine_info": {…}, "commit_info": {…}, "datetime": …, "version": …,
     "benchmarks": [{"group", "name", "fullname", "params", "param", "extra_info",
                     "options", "stats": {"min", "max", "mean", …, "data"}}]}

A time-out or an error is no timing: they are counted in ``extra_info``. So a cell whose
slow answers timed out looks faster there than it is, and only there.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from statistics import fmean, median, quantiles, stdev
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.answer_speed import answer_time
from pytest_llmlat.values.figure_columns import headline_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard, Summary

FORM = "5.3.1"
"""The version of pytest-benchmark whose form this is."""
_FENCE = 1.5
"""Quartile ranges beyond which a value is an outlier (Tukey)."""


def benchmark_text(
    run: Mapping[str, Any],
    board: Scoreboard,
    e2e_by_cell: Mapping[str, Sequence[float]],
) -> str:
    """Return the whole file.

    Args:
        run: what ``run.json`` says.
        board: the figures.
        e2e_by_cell: for each cell's id the e2e of its answers, in seconds and in the
            order in which they were measured. A cell that has none is left out, and
            named under ``left_out``, which pytest-benchmark does not look at.
    """
    told = [s for s in board.summaries if e2e_by_cell.get(s.cell.id)]
    lacking = [s for s in board.summaries if not e2e_by_cell.get(s.cell.id)]
    content = {
        "machine_info": _machine(run.get("environment") or {}),
        "commit_info": {
            "id": run.get("commit") or "unversioned",
            "time": None,
            "author_time": None,
            "dirty": None,
            "project": None,
            "branch": "(unknown)",
        },
        "benchmarks": [_benchmark(s, e2e_by_cell[s.cell.id]) for s in told],
        "left_out": [
            {
                "fullname": s.cell.id,
                "why": "no answer was timed",
                **headline_values(s),
            }
            for s in lacking
        ],
        "datetime": run.get("started"),
        "version": FORM,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def answer_times(records: Iterable[Record]) -> Iterator[float]:
    """Yield the e2e of every record that was answered, in seconds."""
    for record in records:
        time_s = answer_time(record)
        if time_s is not None:
            yield time_s


def _machine(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of the machine, without its name in the network."""
    return {
        "machine": environment.get("machine"),
        "system": environment.get("system"),
        "release": environment.get("release"),
        "python_version": environment.get("python"),
        "cpu": {
            "brand_raw": environment.get("cpu"),
            "count": environment.get("cores"),
        },
        "gpus": environment.get("gpus"),
    }


def _benchmark(summary: Summary, times_s: Sequence[float]) -> dict[str, Any]:
    cell = summary.cell
    # Rows of one task under one load stand together: these can be compared.
    return {
        "group": f"{cell.task}|{cell.scenario}",
        "name": f"{cell.task}[{cell.model}-{cell.device}-{cell.scenario}]",
        "fullname": cell.id,
        "params": {
            "model": cell.model,
            "device": cell.device,
            "scenario": cell.scenario,
        },
        "param": f"{cell.model}-{cell.device}-{cell.scenario}",
        "extra_info": {
            **headline_values(summary),
            "metric": summary.metric,
            "partial": summary.partial,
        },
        "options": {"timer": "perf_counter_ns", "warmup": True},
        "stats": statistics_of(times_s),
    }


def statistics_of(times_s: Sequence[float]) -> dict[str, Any]:
    """Return pytest-benchmark's statistics of some timings, at least one, in seconds.

    Quartiles are interpolated between values, the ends included. ``ops`` is how many
    answers a second there would be one after the other; 0 where they took no time.
    """
    ranked = sorted(times_s)
    mean, total = fmean(ranked), math.fsum(ranked)
    spread = stdev(ranked) if len(ranked) > 1 else 0.0
    if len(ranked) > 1:
        q1, _, q3 = quantiles(ranked, n=4, method="inclusive")
    else:
        q1 = q3 = ranked[0]
    low, high = q1 - _FENCE * (q3 - q1), q3 + _FENCE * (q3 - q1)
    inside = ranked[bisect_left(ranked, low) : bisect_right(ranked, high)]
    deviating = sum(abs(value - mean) > spread for value in ranked)
    outlying = len(ranked) - len(inside)
    return {
        "min": ranked[0],
        "max": ranked[-1],
        "mean": mean,
        "stddev": spread,
        "rounds": len(ranked),
        "median": median(ranked),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": outlying,
        "stddev_outliers": deviating,
        "outliers": f"{deviating};{outlying}",
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "ops": len(ranked) / total if total else 0.0,
        "total": total,
        "data": list(times_s),
        "iterations": 1,
    }
