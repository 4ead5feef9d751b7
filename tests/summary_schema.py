"""What docs say of the figures of ``summary.json``, written from their definitions.

python tests/summary_schema.py     # docs/summary.schema.json, docs/reference.md
"""

from __future__ import annotations

import json
from pathlib import Path

from pytest_llmlat.report.summary_schema import figure_list, with_figures

DOCS = Path(__file__).resolve().parents[1] / "docs"
SCHEMA = DOCS / "summary.schema.json"
REFERENCE = DOCS / "reference.md"


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
