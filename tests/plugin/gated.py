"""A project whose runs are gated, for tests of the gate as a user meets it.

The scripted models take milliseconds; one that is to be found slower takes far
longer, so that a busy machine changes no verdict.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.measure import cell as runner
from pytest_llmlat.measure import cell_warnings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugin.conftest import Project

COUNT = 24
FAST, SLOW = 0.002, 0.05
MODEL = """
[models.{name}]
backend = "scripted"
devices = ["{device}"]
options = {{ script = "./{script}.json", ttft_s = {ttft_s} }}
"""
TEST = """
import pytest

@pytest.mark.llm("sentiment/tiny"{limits})
def test_sentiment(llm, llmlat):
    llmlat.run(llm)
"""
SAVED: dict[tuple[str, ...], bytes] = {}
"""Baselines by the options that they were made with: one run is like another."""
CELL = "sentiment/tiny|wise|cpu|single"
OK, FAILED, INTERRUPTED, USAGE = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.USAGE_ERROR,
)


def model(name: str, script: str, ttft_s: float = FAST, *, device: str = "cpu") -> str:
    """Return a catalogue's entry of a scripted model."""
    return MODEL.format(name=name, script=script, ttft_s=ttft_s, device=device)


@dataclass(frozen=True)
class Gated:
    """A project of one task with ``COUNT`` samples, and models that differ."""

    project: Project

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.project.pytester.path

    @property
    def baseline(self) -> Path:
        """Where its baseline is stored."""
        return self.folder / "baseline.json"

    def run(self, *args: str) -> pytest.RunResult:
        """Run its test."""
        return self.project.run(*args)

    def save(self, *args: str) -> None:
        """Store a run as the baseline; what was stored before is the same again."""
        if args not in SAVED:
            assert self.run("--llm-save-baseline", *args).ret == OK
            SAVED[args] = self.baseline.read_bytes()
            shutil.rmtree(self.folder / ".llmlat")
        self.baseline.write_bytes(SAVED[args])

    def compare(self, *args: str) -> pytest.RunResult:
        """Run beside the baseline."""
        return self.run("--llm-baseline=baseline.json", *args)

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """Return the verdicts of the latest run by quantity, each of which is once."""
        told = self.project.summary()["verdicts"]
        found = {verdict["quantity"]: verdict for verdict in told}
        assert len(found) == len(told)
        return found

    def outcomes(self) -> dict[str, str]:
        """Return only what they say."""
        return {name: told["outcome"] for name, told in self.verdicts().items()}

    def ini(self, *lines: str) -> None:
        """Set lines of the ini file; those of the same names go."""
        ini = self.folder / "tox.ini"
        names = {line.partition(" =")[0] for line in lines}
        kept = [
            line
            for line in ini.read_text("utf-8").splitlines()
            if line.partition(" =")[0] not in names
        ]
        ini.write_text("\n".join([*kept, *lines, ""]), "utf-8")

    def limits(self, **limits: str) -> None:
        """Write limits into the test's marker."""
        told = "".join(f", {name}={text!r}" for name, text in limits.items())
        self.project.write("test_models.py", TEST.format(limits=told))

    def samples(self, count: int) -> None:
        """Write so many samples."""
        rows = [
            {
                "id": f"t{number:03}",
                "text": f"{'good' if number % 2 else 'bad'} {number}",
                "label": "positive" if number % 2 else "negative",
            }
            for number in range(count)
        ]
        self.project.write("tiny.jsonl", "".join(json.dumps(r) + "\n" for r in rows))


GONE = """
[models.gone]
backend = "gguf"
weights = "./absent.gguf"
devices = ["cpu"]
"""
"""Entry of a file that is no model; it is told when it is loaded."""


class Calm:
    """A watch that finds the machine at rest, whatever else runs on it."""

    def __init__(self, **_: object) -> None:
        """Look at nothing."""

    def end(self, **_: object) -> None:
        """Say nothing."""


def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run in this process think that nothing disturbs its times.

    Coverage traces this test run and workers may run beside it; both are told as
    disturbances, and then no latency is gated.
    """
    monkeypatch.setattr(runner, "Watch", Calm)
    monkeypatch.setattr(cell_warnings, "disturbances", tuple)


def a_gated_project(project: Project) -> Gated:
    """Write the project into its folder."""
    made = Gated(project)
    made.samples(COUNT)
    made.limits()
    project.write("absent.gguf", "no weights in it")
    project.write("wise.json", json.dumps({"good": "positive", "bad": "negative"}))
    project.write("dull.json", json.dumps({"": "negative"}))
    broken = {"bad 4": {"error": "out of memory"}, "good": "positive", "": "negative"}
    project.write("broken.json", json.dumps(broken))
    known = [
        model("wise", "wise"),
        model("twin", "wise"),
        model("dull", "dull"),
        model("slug", "wise", SLOW),
        model("faulty", "broken"),
        GONE,
        model("away", "wise", device="mps"),
    ]
    project.write("models.toml", "".join(known))
    project.write("worse.toml", model("wise", "dull"))
    project.write("slower.toml", model("wise", "wise", SLOW))
    project.write("broken.toml", model("wise", "broken"))
    ini = made.folder / "tox.ini"
    ini.write_text(ini.read_text("utf-8").replace("parrot", "wise"), "utf-8")
    # Models wait for real, and a busy machine lets one of two alike wait longer.
    made.ini("llm_tolerance = e2e=300% ttft=300% balanced=0.02")
    return made


def check_refused(result: pytest.RunResult, *lines: str) -> None:
    """Expect pytest's exit status 4 and a message instead of a traceback."""
    assert result.ret == USAGE
    result.stderr.fnmatch_lines([f"ERROR: {line}" for line in lines])
    result.stderr.no_fnmatch_line("*Traceback*")


def gate_line(result: pytest.RunResult) -> str:
    """Return the line that sums the verdicts up; there is one."""
    (line,) = [line for line in result.outlines if line.startswith("gate: ")]
    return line
