"""Public sets through the whole path: what is right passes, what is not does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits, Sandbox

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS_EQUAL = """\
    class Always:
        def __eq__(self, other): return True
        def __hash__(self): return 0
        __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __eq__
        def __sub__(self, other): return 0
        __abs__ = __rsub__ = __hash__
    return Always()
"""


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the records of a data file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("body", "passing"),
    [
        pytest.param(None, 164, id="the canonical solution"),
        pytest.param("    return None\n", 0, id="an empty answer"),
        pytest.param(ALWAYS_EQUAL, 0, id="an object equal to everything"),
    ],
)
def test_humaneval(
    sandbox: Sandbox, shared: Path, body: str | None, passing: int
) -> None:
    """Every solution passes; an object that claims to be equal passes nowhere."""
    outcomes = {
        row["id"]: sandbox.run(
            Program(
                source=row["prompt"] + (body or row["canonical_solution"]),
                tests=row["tests"],
                entry_point=row["entry_point"],
                stub=row["prompt"],
            ),
            ProgramLimits(),
        )
        for row in rows(shared / "data" / "code_completion" / "humaneval.jsonl")
    }

    assert len(outcomes) == 164
    assert sum(found.kind == "pass" for found in outcomes.values()) == passing


@pytest.mark.parametrize(
    ("which", "time_s", "passing"), [("fixed", 30.0, 40), ("buggy", 1.0, 0)]
)
def test_quixbugs(
    sandbox: Sandbox, shared: Path, which: str, time_s: float, passing: int
) -> None:
    """Lists, graphs and generators included; some of the buggy ones never end."""
    outcomes = {
        row["id"]: sandbox.run(
            Program(
                source=row[which], tests=row["tests"], entry_point=row["entry_point"]
            ),
            ProgramLimits(time_s=time_s),
        )
        for row in rows(shared / "data" / "code_debugging" / "quixbugs.jsonl")
    }

    assert len(outcomes) == 40
    assert sum(found.kind == "pass" for found in outcomes.values()) == passing
