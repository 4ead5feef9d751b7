"""Write the tables of a report's article from its runs, as Markdown.

    python tests/report_tables.py FOLDER > tables.md

``FOLDER`` is one that ``benchmarks/report.sh`` made, or what the archive of an article
(``docs/reports/*/records.tar.gz``) holds. No figure of an article is typed by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.figures import (
    bounds,
    money,
    per_second,
    rate,
    ratio,
    seconds,
    size,
)
from pytest_llmlat.values.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

RUNS = (
    *("small", "torch", "cascade", "mlx", "slower", "lora"),
    *("engines", "engine", "tuned", "drafts", "gate", "load"),
)
"""Steps of report.sh that leave a run, those first that answered all tasks."""
WAYS = (
    *("smollm2-135m", "smollm2-135m-hf", "smollm2-135m-hf-int8"),
    *("smollm2-135m-hf-torchao", "bf16", "mlx"),
)
"""One model in several libraries and types of numbers."""
Summary = dict[str, Any]


def summaries(folder: Path) -> dict[str, Summary]:
    """Return what the runs below a folder found, by the name of the step."""
    found = {}
    for name in RUNS:
        places = [*folder.glob(f"{name}/summary.json")]
        places += sorted(folder.glob(f"runs/{name}/*/summary.json"))
        if places:
            found[name] = json.loads(places[-1].read_text("utf-8"))
    return found


def article(found: Mapping[str, Summary]) -> Iterator[str]:
    """Yield the lines of all tables that these runs allow."""
    yield from ["## What each run found", "", *sentences(found), ""]
    yield from ["## All rows", "", *rows(found), ""]
    if "small" in found:
        yield from ["## Tasks", "", *tasks(found["small"]), ""]
    yield from ["## One model, several ways", "", *ways(found), ""]
    if "load" in found:
        yield from ["## Load", "", *loads(found["load"]), ""]
    for name, summary in found.items():
        if summary["verdicts"]:
            yield from [f"## Verdicts of {name}", "", *verdicts(summary), ""]


def sentences(found: Mapping[str, Summary]) -> list[str]:
    """Return a line for each run: the sentence that it ended with."""
    lines = ([name, summary["sentence"] or ""] for name, summary in found.items())
    return _table(["run", "what it says"], lines)


def rows(found: Mapping[str, Summary]) -> list[str]:
    """Return a line for each row of each run, with what a right answer costs."""
    header = [
        *("run", "model", "answers", "quality", "guessing", "balanced"),
        *("half within", "95 % within", "tok/s", "memory", "1,000 right answers cost"),
    ]
    return _table(
        header,
        (_row(run, row) for run, all_ in found.items() for row in all_["models"]),
    )


def tasks(summary: Summary) -> list[str]:
    """Return a line for each task: quality and time of every model beside guessing."""
    cells: dict[str, dict[str, Any]] = {}
    for cell in summary["cells"]:
        cells.setdefault(cell["task"], {})[cell["model"]] = cell
    models = list(dict.fromkeys(cell["model"] for cell in summary["cells"]))
    header = ["task", "metric", "guessing"]
    for model in models:
        header += [model, "half within"]
    lines = []
    for task, by_model in cells.items():
        first = next(iter(by_model.values()))
        line = [task, first["metric"], ratio(first["chance"])]
        for model in models:
            cell = by_model.get(model)
            line += (
                ["", ""]
                if cell is None
                else [_bounds(cell["quality"]), seconds(cell["e2e_s"]["p50"])]
            )
        lines.append(line)
    return _table(header, lines)


def ways(found: Mapping[str, Summary]) -> list[str]:
    """Return a line for each way to run one model, on the tasks that all of them had.

    Times are ratios to the first way: the geometric mean over tasks of the ratio of
    median times of an answer.
    """
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    for run in ("small", "torch", "mlx", "slower"):
        for cell in found.get(run, {}).get("cells", ()):
            if cell["model"] in WAYS:
                cells.setdefault(cell["model"], {})[cell["task"]] = cell
    every = [set(by_task) for by_task in cells.values()]
    tasks_ = sorted(set.intersection(*every)) if every else []
    if not tasks_:
        return []
    first = next(iter(cells.values()))
    header = ["way", "quality", "e2e, ratio", "ttft, ratio", "tok/s", "memory"]
    return [
        f"Tasks: {', '.join(tasks_)}.",
        "",
        *_table(
            header,
            (_way(name, by_task, first, tasks_) for name, by_task in cells.items()),
        ),
    ]


def _way(
    name: str,
    own: Mapping[str, dict[str, Any]],
    first: Mapping[str, dict[str, Any]],
    tasks_: Sequence[str],
) -> list[str]:
    speeds = [own[task]["decode_tokens_per_s"] for task in tasks_]
    sizes = [own[task]["peak_rss_bytes"] for task in tasks_]
    return [
        name,
        ratio(fmean(own[task]["quality"]["value"] for task in tasks_)),
        *(
            f"{geometric_mean(_p50(own, first, task, what) for task in tasks_):.2f}"
            for what in ("e2e_s", "ttft_s")
        ),
        rate(fmean(speed for speed in speeds if speed is not None)),
        size(None if None in sizes else max(sizes)),
    ]


def _p50(
    own: Mapping[str, dict[str, Any]],
    first: Mapping[str, dict[str, Any]],
    task: str,
    what: str,
) -> float:
    return float(own[task][what]["p50"] / first[task][what]["p50"])


def loads(summary: Summary) -> list[str]:
    """Return a line for each level of a load."""
    header = [
        "load",
        "requests/s",
        "ttft p50",
        "ttft p95",
        "e2e p50",
        "within the bounds",
    ]
    return _table(
        header,
        (
            [
                cell["scenario"],
                per_second(cell["requests_per_s"]),
                seconds(cell["ttft_s"]["p50"]),
                seconds(cell["ttft_s"]["p95"]),
                seconds(cell["e2e_s"]["p50"]),
                ratio(cell["good_share"]),
            ]
            for cell in summary["cells"]
        ),
    )


def verdicts(summary: Summary) -> list[str]:
    """Return a line for each verdict of the gate."""
    return _table(
        ["verdict", "cell", "figure", "change", "interval"],
        (
            [
                one["outcome"],
                one["cell"],
                one["quantity"],
                _change(one["change"]),
                f"{_change(one['low'])} to {_change(one['high'])}",
            ]
            for one in summary["verdicts"]
        ),
    )


def _row(run: str, row: Mapping[str, Any]) -> list[str]:
    name = row["model"]
    return [
        run,
        name if row["scenario"] == "single" else f"{name}, {row['scenario']}",
        str(row["samples"]),
        _bounds(row["quality"]),
        ratio(row["chance"]),
        _bounds(row["balanced"]),
        seconds(row["e2e_s"]["p50"]),
        seconds(row["e2e_s"]["p95"]),
        rate(row["decode_tokens_per_s"]),
        size(row["peak_rss_bytes"]),
        _cost(row.get("cost_per_correct")),
    ]


def _bounds(told: Mapping[str, Any]) -> str:
    return bounds(Estimate(value=told["value"], low=told["low"], high=told["high"]))


def _cost(told: Mapping[str, Any] | None) -> str:
    """Write a thousandfold cost; where nothing was right, at least so much."""
    if told is None or (told["value"] is None and told["low"] is None):
        return "-"
    low, value, high = (
        None if told[end] is None else money(1000 * told[end])
        for end in ("low", "value", "high")
    )
    return f"over {low}" if value is None else f"{value} [{low}, {high or '-'}]"


def _change(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _table(header: list[str], lines: Iterable[list[str]]) -> list[str]:
    rule = ["---"] * len(header)
    whole = ([cell.replace("|", " ") for cell in line] for line in lines)
    return [f"| {' | '.join(line)} |" for line in (header, rule, *whole)]


if __name__ == "__main__":
    sys.stdout.write("\n".join(article(summaries(Path(sys.argv[1])))) + "\n")
