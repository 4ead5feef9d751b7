"""A model card's part on results: ``model-index`` (YAML) and a table (Markdown).

Source: the metadata of model cards of the Hugging Face hub, section model-index. YAML
takes a JSON string for a text in double quotes, so that no name breaks out of it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.figures import bounds, placed, seconds
from pytest_llmlat.report.gfm import code, head, joined, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.values.results import Estimate, Summary

_TASK = "text-generation"
"""What the hub calls the task of a model that writes."""
_COLUMNS = ("task", "n", "metric", "quality [95 %]", "e2e p50", "ttft p50", "balanced")
_FIGURES = (3, 4, 5, 6)


def model_card(
    name: str, cells: Sequence[Summary], run: Mapping[str, Any], version: str
) -> str:
    """Return the front matter and the section of a card.

    Args:
        name: of the model, as the card has it.
        cells: of this model only; at least one.
        run: what ``run.json`` says.
        version: of this project.
    """
    where = ", ".join(
        dict.fromkeys(placed(s.cell.device, s.cell.scenario) for s in cells)
    )
    peers = dict.fromkeys(s.peer.measurer for s in cells if s.peer is not None)
    whose = " and ".join(peers) or f"pytest-llmlat {version}"
    told = f"{plain('Measured by')} {code(whose)} {plain('on')} {code(where)}"
    started = str(run.get("started") or "")
    lines = [
        "---",
        "model-index:",
        f"- name: {_text(name)}",
        "  results:",
        *(line for cell in cells for line in _result(cell, whose)),
        "---",
        "",
        "## Speed and quality",
        "",
        f"{told}, {code(started)}." if started else f"{told}.",
        "",
        *head(_COLUMNS, right=_FIGURES),
        *(joined(tuple(_cells(cell))) for cell in cells),
        "",
    ]
    return "\n".join(lines)


def _result(cell: Summary, whose: str) -> Iterator[str]:
    """Yield the YAML of a cell; a figure that is missing has no line."""
    metrics = [*_metrics(cell)]
    if not metrics:
        return
    yield f"  - task: {{type: {_TASK}}}"
    task = _text(cell.cell.task)
    yield f"    dataset: {{name: {task}, type: {task}}}"
    yield "    metrics:"
    for kind, name, value in metrics:
        yield f"    - {{type: {_text(kind)}, name: {_text(name)}, value: {value!r}}}"
    yield f"    source: {{name: {_text(whose)}}}"


def _metrics(cell: Summary) -> Iterator[tuple[str, str, float]]:
    """Yield (type, name, value) of each figure that is there."""
    device = placed(cell.cell.device, cell.cell.scenario)
    metric = cell.metric or "quality"
    if cell.peer is not None and cell.peer.metric is not None:
        metric = cell.peer.metric
    quality: dict[str, Estimate] = {
        metric: cell.quality,
        "balanced": cell.balanced,
    }
    for kind, found in quality.items():
        if found.value is not None:
            yield kind, f"{kind} ({cell.samples} samples)", round(found.value, 6)
    times = {"e2e_p50_s": cell.e2e_s.p50, "ttft_p50_s": cell.ttft_s.p50}
    for kind, value in times.items():
        if value is not None:
            yield kind, f"{kind} on {device}", round(value, 9)


def _cells(cell: Summary) -> Iterator[str]:
    peer = cell.peer
    metric = cell.metric if peer is None else peer.metric
    yield code(cell.cell.task)
    yield plain(str(cell.samples))
    yield code(metric or "-")
    yield plain(bounds(cell.quality))
    yield plain(seconds(cell.e2e_s.p50))
    yield plain(seconds(cell.ttft_s.p50))
    yield plain(bounds(cell.balanced))


def _text(text: str) -> str:
    """Return a YAML string; escaped, so that no letter is one of a terminal."""
    return json.dumps(text)
