"""What docs say of the figures of ``summary.json``, written from their definitions.

python tests/summary_schema.py     # docs/summary.schema.json, docs/reference.md
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.figure_table import FIGURES

if TYPE_CHECKING:
    from pytest_llmlat.values.figure import FigureDefinition

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCHEMA = DOCS / "summary.schema.json"
REFERENCE = DOCS / "reference.md"


def with_figures(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with every figure as it is defined, none missing.

    Args:
        schema: of ``summary.json``; what it says of other members is kept.
    """
    filled = deepcopy(schema)
    for figure in FIGURES.values():
        _enter(filled["$defs"]["cell"], figure, figure.meaning)
        if figure.row_meaning is not None:
            _enter(filled["$defs"]["model"], figure, figure.row_meaning)
    return filled


def figure_list() -> str:
    """Return the table of figures that ``docs/reference.md`` has (Markdown)."""
    head = "| Figure | Unit | Better | Of | What it is |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{f.name}` | {f.unit} | {f.better or '-'} |"
        f" {'cell' if f.row_meaning is None else 'cell, row'} | {f.meaning} |\n"
        for f in FIGURES.values()
    )


def _enter(part: dict[str, Any], figure: FigureDefinition, meaning: str) -> None:
    part["properties"][figure.name] = {"description": meaning, **_kind(figure)}
    if figure.name not in part["required"]:
        part["required"].append(figure.name)


def _kind(figure: FigureDefinition) -> dict[str, Any]:
    if figure.shape != "number":
        return {"$ref": f"#/$defs/{figure.shape}"}
    number = "integer" if figure.unit in ("bytes", "count") else "number"
    kind: dict[str, Any] = {
        "type": [number, "null"] if figure.optional else number,
        "minimum": -1 if figure.unit == "difference" else 0,
    }
    bounded = figure.unit in ("ratio", "difference")
    return {**kind, "maximum": 1} if bounded else kind


def schema_text(text: str) -> str:
    """Return the schema with every figure as it is defined; other members stay."""
    filled = with_figures(json.loads(text))
    return json.dumps(filled, indent=2, ensure_ascii=False) + "\n"


def reference_text(text: str) -> str:
    """Return the reference with the table of figures in the place of its old one."""
    new = figure_list()
    before, head, rest = text.partition(new.partition("\n")[0])
    lines = (head + rest).splitlines(keepends=True)
    ends = (place for place, line in enumerate(lines) if not line.startswith("|"))
    return before + new + "".join(lines[next(ends, len(lines)) :])


if __name__ == "__main__":
    for path, written in ((SCHEMA, schema_text), (REFERENCE, reference_text)):
        path.write_text(written(path.read_text("utf-8")), "utf-8")
