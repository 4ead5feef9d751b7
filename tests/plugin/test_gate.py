"""The gate as a user meets it: options, verdicts, exit statuses and messages.

The scripted models take milliseconds; one that is to be found slower takes far
longer, so that a busy machine changes no verdict.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pytest_llmlat.measure import cell as runner
from pytest_llmlat.measure import cell_warnings
from pytest_llmlat.store import baselines
from pytest_llmlat.store.baselines import baseline_files
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
"""What is not there is told when it is loaded."""


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


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give the project, on a machine that is always at rest."""
    at_rest(monkeypatch)
    made = Gated(project)
    made.samples(COUNT)
    made.limits()
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


# Stored runs


@pytest.mark.parametrize(
    ("typed", "ini", "name"),
    [
        ("--llm-save-baseline", "", "baseline.json"),
        ("--llm-save-baseline=deep/base.json", "", "deep/base.json"),
        ("-q", "llm_save_baseline = kept.json", "kept.json"),
    ],
)
def test_a_run_is_stored_where_it_is_said(
    gated: Gated, typed: str, ini: str, name: str
) -> None:
    """By its usual name, by another one, or by that of the ini file."""
    gated.ini(ini)

    result = gated.run(typed)

    assert result.ret == OK
    stored = baselines.load(gated.folder / name)
    assert [cell.cell.id for cell in stored.cells] == [CELL]
    assert len(stored.cells[0].records) == COUNT


def test_a_path_in_the_ini_file_starts_at_the_ini_file(
    gated: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever pytest is started from, it is the same file."""
    gated.save()
    gated.ini("llm_baseline = baseline.json", "llm_tolerance = e2e=300% ttft=300%")
    below = gated.folder / "below"
    below.mkdir()
    monkeypatch.chdir(below)

    result = gated.run("-c", "../tox.ini", "--rootdir=..", "..")

    assert result.ret == OK
    assert "quality" in gated.outcomes()


@pytest.mark.parametrize("name", ["test_models.py", "tox.ini"])
def test_what_is_no_baseline_is_not_written_over(gated: Gated, name: str) -> None:
    """Without ``=`` the file to run is taken for the file to write."""
    before = (gated.folder / name).read_text("utf-8")

    result = gated.run("--llm-save-baseline", name)

    check_refused(result, f"--llm-save-baseline: *{name} is no baseline*")
    assert (gated.folder / name).read_text("utf-8") == before
    assert not gated.project.runs


def test_a_run_that_was_cut_short_is_not_stored(gated: Gated) -> None:
    """After Ctrl-C the exit status stays 2, and the gate says what is lacking."""
    gated.save()
    before = gated.baseline.read_bytes()
    gated.project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            if record.sample == "t005":
                raise KeyboardInterrupt
        """
    )

    result = gated.project.run_apart("--llm-save-baseline")

    assert result.ret == INTERRUPTED
    assert gate_line(result).endswith("FAILED")
    assert gated.baseline.read_bytes() == before


@pytest.mark.parametrize(
    "models", [["faulty"], ["wise", "gone"], ["gone"], ["wise", "faulty"]]
)
def test_a_run_with_errors_is_not_stored(gated: Gated, models: list[str]) -> None:
    """A sample that broke, or a model that was not loaded and has no cell at all."""
    result = gated.run("--llm-save-baseline", *(f"--llm={name}" for name in models))

    assert result.ret == FAILED
    assert not gated.baseline.exists()
    result.stdout.fnmatch_lines(["FAILED * - *records*baseline.json*not saved*"])


def test_a_run_in_which_all_is_skipped_is_not_stored(gated: Gated) -> None:
    """There is nothing to store, and that is no success."""
    result = gated.run("--llm-save-baseline", "--llm=away")

    result.assert_outcomes(skipped=1)
    assert result.ret == FAILED
    assert not gated.baseline.exists()


def test_a_regressed_run_does_not_replace_its_baseline(gated: Gated) -> None:
    """Else the next run would be compared with what was refused."""
    gated.save()
    before = gated.baseline.read_bytes()

    result = gated.compare("--llm-save-baseline", "--llm-models=worse.toml")

    assert result.ret == FAILED
    assert gated.baseline.read_bytes() == before


# Compared with a stored run


def test_the_same_model_passes(gated: Gated) -> None:
    """Every quantity has a verdict in summary.json, report.md and on the terminal."""
    gated.save()

    result = gated.compare("--llm-tolerance=e2e=300% ttft=300% balanced=0.3")

    assert result.ret == OK
    assert gated.outcomes() == dict.fromkeys(
        ("quality", "balanced", "e2e", "ttft"), "pass"
    )
    for verdict in gated.verdicts().values():
        assert verdict["cell"] == CELL
        assert verdict["against"].endswith("baseline.json")
        assert verdict["samples"] == COUNT
    assert gate_line(result) == "gate: 4 pass: passed"
    report = (gated.project.runs[-1] / "report.md").read_text("utf-8")
    assert "baseline.json" in report
    assert "pass" in report


def test_a_model_that_answers_worse_fails(gated: Gated) -> None:
    """Its item fails with the figures of both, and the exit status is 1."""
    gated.save()

    result = gated.compare("--llm-models=worse.toml")

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED
    quality = gated.verdicts()["quality"]
    assert (quality["outcome"], quality["change"]) == ("regression", 0.5)
    assert (quality["baseline"], quality["candidate"]) == (1.0, 0.5)
    result.stdout.fnmatch_lines(["*REGRESSION*quality*1.000 → 0.500*-0.500*"])
    assert gate_line(result).endswith("FAILED")


def test_a_model_that_is_slower_fails(gated: Gated) -> None:
    """Its latencies are regressions, and its quality is not."""
    gated.save()

    result = gated.compare("--llm-models=slower.toml")

    assert result.ret == FAILED
    found = gated.verdicts()
    assert found["quality"]["outcome"] == "pass"
    for name in ("e2e", "ttft"):
        assert found[name]["outcome"] == "regression"
        assert found[name]["change"] > 0.5


def test_a_wide_tolerance_passes_it(gated: Gated) -> None:
    """From the command line, by its scope; what is worse for certain is told."""
    gated.save()

    result = gated.compare(
        "--llm-models=slower.toml",
        "--llm-tolerance=sentiment@wise: e2e=90000% ttft=90000% balanced=1",
    )

    assert result.ret == OK
    assert gated.outcomes()["e2e"] == "pass"
    assert "worse" in str(gated.verdicts()["e2e"]["note"])


def test_a_tolerance_of_another_scope_does_not(gated: Gated) -> None:
    """One for another task or model changes nothing here."""
    gated.save()

    result = gated.compare(
        "--llm-models=slower.toml",
        "--llm-tolerance=reasoning: e2e=90000% ttft=90000%",
        "--llm-tolerance=@dull: e2e=90000% ttft=90000%",
    )

    assert result.ret == FAILED
    told = gated.project.summary()["verdicts"]
    assert ("e2e", "regression") in {(v["quantity"], v["outcome"]) for v in told}
    assert [v["against"] for v in told if v["quantity"] == "tolerance"] == [
        "reasoning",
        "@dull",
    ]


def _absent(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_text("", "utf-8")


def _cut(path: Path) -> None:
    path.write_text(path.read_text("utf-8")[:400], "utf-8")


def _other(path: Path) -> None:
    path.write_text('{"a": 1}', "utf-8")


def _tampered(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("2026", "2025"), "utf-8")
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, "created": "never"}), "utf-8")


def _newer(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    path.write_text(
        json.dumps({**content, "schema": baseline_files.SCHEMA + 1}), "utf-8"
    )


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (_absent, "there is no such file; make one with --llm-save-baseline*"),
        (_empty, "is empty*"),
        (_cut, "is cut off*"),
        (_other, "is no baseline of pytest-llmlat*"),
        (_tampered, "was changed after it was saved*"),
        (_newer, "was written by * in a newer form*"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bad_baseline_is_told_before_anything_runs(
    gated: Gated, harm: Callable[[Path], None], told: str
) -> None:
    """It is a usage error, and no model was loaded."""
    gated.save()
    harm(gated.baseline)

    check_refused(gated.compare(), f"baseline *baseline.json: {told}")

    assert not gated.project.runs


def test_a_bad_baseline_of_the_ini_file_is_told_while_tests_are_collected(
    gated: Gated,
) -> None:
    """Nobody typed it, so that only those who measure something hear of it."""
    gated.ini("llm_baseline = absent.json")

    result = gated.run()

    result.assert_outcomes(errors=1)
    assert result.ret == INTERRUPTED
    result.stdout.fnmatch_lines(["baseline *absent.json: there is no such file*"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert not gated.project.runs


@pytest.mark.parametrize(
    ("what", "outcome", "status"),
    [("fail", "failed", FAILED), ("warn", "warned", OK), ("pass", "pass", OK)],
)
def test_a_cell_that_the_baseline_lacks_is_what_was_asked_for(
    gated: Gated, what: str, outcome: str, status: int
) -> None:
    """It fails, is warned of or passes; it never goes without a word."""
    gated.save()

    result = gated.compare("--llm=wise", "--llm=dull", f"--llm-new-cells={what}")

    assert result.ret == status
    assert gated.outcomes()["records"] == outcome
    assert "has no such cell" in gated.verdicts()["records"]["note"]


def test_none_of_the_baselines_samples_is_failed(gated: Gated) -> None:
    """Another draw is not compared, and says which samples were looked for."""
    gated.save("--llm-samples=5")
    gated.project.write(
        "tiny.jsonl",
        "".join(
            json.dumps({"id": f"u{n}", "text": f"good {n}", "label": "positive"}) + "\n"
            for n in range(8)
        ),
    )

    result = gated.compare()

    assert result.ret == FAILED
    assert "--llm-seed" in gated.verdicts()["records"]["note"]


def test_fewer_samples_are_compared_and_told(gated: Gated) -> None:
    """The verdicts are about those that are there."""
    gated.save()

    gated.compare("--llm-samples=12")

    quality = gated.verdicts()["quality"]
    assert quality["samples"] == 12
    assert "12 of 24 samples of" in quality["note"]


def test_another_seed_is_another_draw(gated: Gated) -> None:
    """What both drew is compared; too few in common tell nothing."""
    gated.save("--llm-samples=8", "--llm-seed=1")

    gated.compare("--llm-samples=8", "--llm-seed=2")

    for verdict in gated.verdicts().values():
        told = str(verdict["note"])
        assert (
            "of 8 samples of" in told
            or "pairs tell nothing" in told
            or ("--llm-seed" in told)
        )


def stored_elsewhere(gated: Gated, **facts: Any) -> None:  # noqa: ANN401 - any fact
    """Write the latest run as a baseline of another machine."""
    run = open_run(gated.project.runs[-1])
    environment = gated.project.summary()["run"]["environment"]
    baselines.save(
        gated.baseline,
        facts=run.facts,
        records=[record for _, own in records_of(run) for record in own],
        environment={**environment, **facts},
        created="2026-01-01T00:00:00+00:00",
        plugin="0",
    )


def test_latencies_of_another_machine_are_inconclusive(gated: Gated) -> None:
    """They are told with the reason; quality is gated all the same."""
    gated.run()
    stored_elsewhere(gated, cpu="an abacus")

    result = gated.compare("--llm-models=slower.toml")

    assert result.ret == OK
    found = gated.verdicts()
    assert found["quality"]["outcome"] == "pass"
    for name in ("e2e", "ttft", "balanced"):
        assert found[name]["outcome"] == "inconclusive"
        assert "an abacus in the baseline" in found[name]["note"]
    assert "undecided" in gate_line(result)
    assert gated.compare("--llm-models=worse.toml").ret == FAILED
    assert gated.outcomes()["quality"] == "regression"


@pytest.mark.parametrize("place", ["command line", "ini file"])
def test_what_cannot_be_decided_fails_where_that_was_asked_for(
    gated: Gated, place: str
) -> None:
    """The items pass, and the last line of the table says FAILED."""
    gated.run()
    stored_elsewhere(gated, cpu="an abacus")
    if place == "ini file":
        gated.ini("llm_inconclusive = fail")
    typed = ["--llm-inconclusive=fail"] if place == "command line" else []

    result = gated.compare(*typed)

    assert result.ret == FAILED
    assert gate_line(result).endswith(": FAILED")
    assert gated.outcomes()["e2e"] == "failed"
    assert "inconclusive" in gated.verdicts()["e2e"]["note"]


def test_a_run_that_was_skipped_is_not_passed(gated: Gated) -> None:
    """A device that is absent leaves nothing to compare."""
    gated.save()

    result = gated.compare("--llm=away")

    result.assert_outcomes(skipped=1)
    assert result.ret == FAILED
    assert gate_line(result) == "gate: 1 failed: FAILED"
    result.stdout.fnmatch_lines(["*nothing was measured*"])
    result.stdout.no_fnmatch_line("written to *")


def test_a_run_that_chose_nothing_is_not_passed(gated: Gated) -> None:
    """Whether tests that measure nothing pass beside it or there are none."""
    gated.save()

    assert gated.compare("-k", "nothing").ret != OK
    assert gated.compare("--llm-task=reasoning").ret != OK
    gated.project.write("test_other.py", "def test_other(): ...\n")
    result = gated.compare("test_other.py")
    result.assert_outcomes(passed=1)
    assert result.ret == FAILED
    assert gated.run("--llm-against=dull", "test_other.py").ret == FAILED


def test_an_ini_files_baseline_does_not_fail_other_tests(gated: Gated) -> None:
    """Whoever runs only unrelated tests compares nothing and is told nothing."""
    gated.save()
    gated.ini("llm_baseline = baseline.json")
    gated.project.write("test_other.py", "def test_other(): ...\n")

    assert gated.run("test_other.py").ret == OK
    assert gated.run("--llm=away").ret == FAILED


def test_a_test_that_measures_nothing_is_not_passed(gated: Gated) -> None:
    """It asked for a model and never ran it."""
    gated.save()
    gated.project.write("test_models.py", "def test_it(llm): ...\n")

    assert gated.compare().ret == FAILED


def test_collecting_judges_nothing(gated: Gated) -> None:
    """``--collect-only`` with a baseline lists the items."""
    gated.save()

    assert gated.compare("--collect-only", "-q").ret == OK


def test_a_gate_that_passes_hides_no_failure(gated: Gated) -> None:
    """A test that fails for another reason fails the run."""
    gated.save()
    gated.project.write("test_other.py", "def test_other(): assert False\n")

    result = gated.compare("--llm-tolerance=e2e=300% ttft=300% balanced=0.3")

    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == FAILED
    assert gate_line(result) == "gate: 1 failed, 4 pass: FAILED"


def test_a_backend_that_breaks_fails_whatever_the_gate_says(gated: Gated) -> None:
    """One error of many is no regression, and no success."""
    gated.save()

    result = gated.compare("--llm-models=broken.toml")

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED


def test_an_interrupted_comparison_keeps_its_exit_status(gated: Gated) -> None:
    """What was cut short is failed by the gate, and 2 to whoever asks pytest."""
    gated.save()
    gated.project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            if record.sample == "t005":
                raise KeyboardInterrupt
        """
    )

    result = gated.project.run_apart("--llm-baseline=baseline.json")

    assert result.ret == INTERRUPTED
    assert gated.outcomes() == {"records": "failed"}
    assert gate_line(result) == "gate: 1 failed: FAILED"


# Two models in turn


def test_two_models_are_measured_in_turn(gated: Gated) -> None:
    """A B B A or B A A B on every sample, two rounds of each, and one verdict each."""
    result = gated.run("--llm-against=slug")

    result.assert_outcomes(passed=1)
    assert result.ret == OK
    records = gated.project.records()
    stamps = [record["timing"]["start_ns"] for record in records]
    assert stamps == sorted(stamps)
    fours = [records[place : place + 4] for place in range(0, len(records), 4)]
    assert len(fours) == COUNT
    orders = {"".join(record["model"][0] for record in four) for four in fours}
    assert orders == {"wssw", "swws"}
    for four in fours:
        assert len({record["sample"] for record in four}) == 1
        assert {(record["model"], record["round"]) for record in four} == {
            (name, number) for name in ("wise", "slug") for number in (0, 1)
        }
    assert {v["cell"] for v in gated.verdicts().values()} == {CELL}
    assert {v["against"] for v in gated.verdicts().values()} == {"slug"}
    assert gated.verdicts()["e2e"]["change"] < 0


def test_a_clear_result_ends_a_cell_early(gated: Gated) -> None:
    """All answers wrong: few pairs do, and all files say how many and why."""
    wrong = {"good": "negative", "bad": "positive"}
    gated.project.write("wrong.json", json.dumps(wrong))
    gated.project.write("more.toml", model("fool", "wrong"))
    files = ("--llm-models=models.toml", "--llm-models=more.toml")
    typed = (*files, "--llm=fool", "--llm-against=wise")

    result = gated.run(*typed, "--llm-until-decided")

    assert result.ret == FAILED
    assert gated.outcomes()["quality"] == "regression"
    cells = gated.project.summary()["cells"]
    stopping = cells[0]["stopping"]
    assert stopping["planned"] == COUNT
    assert 5 <= stopping["used"] < COUNT / 2
    assert stopping["why"].startswith("regression of quality")
    assert len(gated.project.records()) == 4 * stopping["used"]
    assert [cell["model"] for cell in cells] == ["fool", "wise"]
    for cell in cells:
        assert cell["stopping"] == stopping
        assert (cell["partial"], cell["planned"]) == (False, 2 * stopping["used"])
    how = f"*stopped after {stopping['used']} of {COUNT} pairs*"
    result.stdout.fnmatch_lines([how])


def test_what_is_not_clear_before_is_measured_whole(gated: Gated) -> None:
    """Equal answers of 24 pairs prove no quality by themselves; all of them pass."""
    result = gated.run("--llm-against=twin", "--llm-until-decided")

    assert result.ret == OK
    assert len(gated.project.records()) == 4 * COUNT
    assert gated.outcomes()["quality"] == "pass"
    (cell, _) = gated.project.summary()["cells"]
    assert cell["stopping"] == {"planned": COUNT, "used": COUNT, "why": None}


def test_what_is_tolerable_for_certain_ends_a_cell_early(gated: Gated) -> None:
    """With wide tolerances of both halves few pairs are enough for a pass."""
    gated.ini("llm_tolerance = e2e=99900% ttft=99900% balanced=1 quality=0.6")

    result = gated.run("--llm-against=twin", "--llm-until-decided")

    assert result.ret == OK
    assert set(gated.outcomes().values()) == {"pass"}
    assert len(gated.project.records()) < 4 * COUNT
    result.stdout.fnmatch_lines(["*of 24 pairs (no worse than is tolerated)*"])


def test_stopping_at_a_result_needs_pairs(gated: Gated) -> None:
    """Told before anything runs."""
    check_refused(
        gated.run("--llm-until-decided"),
        "--llm-until-decided: ends a cell when *--llm-against, or two prompts *",
    )
    check_refused(
        gated.run(
            "--llm-until-decided", "--llm-against=twin", "--llm-scenario=concurrent:2"
        ),
        "--llm-until-decided: concurrent:2: *",
    )
    assert not gated.project.runs


def test_the_hook_sees_both_models_in_their_order(gated: Gated) -> None:
    """Whoever follows a run sees what is on disk."""
    gated.project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            print("asked", record.cell.model, record.sample, record.round)
        """
    )

    result = gated.run("--llm-against=twin", "-s")

    seen = [line.split()[-3:] for line in result.outlines if "asked" in line]
    written = [
        [record["model"], record["sample"], str(record["round"])]
        for record in gated.project.records()
    ]
    assert seen == written
    assert len(seen) == 4 * COUNT


@pytest.mark.parametrize(
    ("candidate", "regressed"),
    [("dull", {"quality", "balanced"}), ("slug", {"e2e", "ttft", "balanced"})],
)
def test_a_candidate_that_is_worse_than_its_reference_fails(
    gated: Gated, candidate: str, regressed: set[str]
) -> None:
    """In its answers or in its time, as beside a stored run."""
    result = gated.run(f"--llm={candidate}", "--llm-against=wise")

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED
    found = {name for name, told in gated.outcomes().items() if told == "regression"}
    assert regressed - {"balanced"} <= found <= regressed


def test_both_models_are_freed(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference goes when its candidate goes, once each."""
    from pytest_llmlat.backends.scripted import Scripted  # noqa: PLC0415

    opened: list[object] = []
    closed: list[object] = []
    begin = Scripted.__init__

    def opening(self: Scripted, *args: Any, **named: Any) -> None:  # noqa: ANN401
        opened.append(self)
        begin(self, *args, **named)

    def closing(self: Scripted) -> None:
        closed.append(self)

    monkeypatch.setattr(Scripted, "__init__", opening)
    monkeypatch.setattr(Scripted, "close", closing)

    gated.run("--llm-against=twin")
    assert len(opened) == 2
    assert set(map(id, closed)) == set(map(id, opened))

    opened.clear()
    closed.clear()
    gated.run("--llm-yardstick=twin")
    assert len(opened) == 2
    assert set(map(id, closed)) == set(map(id, opened))

    opened.clear()
    closed.clear()
    gated.run("--llm-against=gone")
    # It is refused beforehand, or what was loaded until then is freed.
    assert len(opened) == len(closed) <= 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wise", "--llm-against=wise: is what --llm names too; *"),
        ("wiss", "--llm-against: unknown model 'wiss'; did you mean 'wise'*"),
    ],
)
def test_a_reference_that_cannot_be_one_is_told(
    gated: Gated, name: str, told: str
) -> None:
    """Before anything runs; from the ini file while the tests are collected."""
    check_refused(gated.run(f"--llm-against={name}"), told)
    gated.ini(f"llm_against = {name}")
    result = gated.run()
    assert result.ret == INTERRUPTED
    result.stdout.fnmatch_lines([told])
    assert not gated.project.runs


def test_a_reference_that_cannot_be_loaded_fails(gated: Gated) -> None:
    """It says what to do instead, whether it is broken or has no device here."""
    for name in ("gone", "away"):
        result = gated.run(f"--llm-against={name}")

        assert result.ret == FAILED
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"--llm-against={name}: cannot be loaded *"])


def test_a_load_is_not_measured_in_turn(gated: Gated) -> None:
    """It says what compares loads."""
    result = gated.run("--llm-against=twin", "--llm-scenario=concurrent:2")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["--llm-against: concurrent:2: *--llm-baseline*"])


def test_a_reference_that_breaks_is_no_pass(gated: Gated) -> None:
    """Beside a model that answers less, whatever is measured would look good."""
    result = gated.run("--llm-against=faulty")

    assert result.ret == FAILED
    assert gated.verdicts()["records"]["outcome"] == "failed"
    result.stdout.fnmatch_lines(["*faulty broke on 2 of 48*out of memory*"])


def test_a_reference_and_a_baseline_are_both_compared(gated: Gated) -> None:
    """Each quantity has a verdict beside each; the reference is not stored."""
    gated.save()

    gated.compare("--llm-against=twin", "--llm-save-baseline=both.json")

    # On a machine that stutters one may be a regression; then nothing is stored.
    sides = [
        v["against"].rpartition("/")[2]
        for v in gated.project.summary()["verdicts"]
        if v["cell"] != "-"
    ]
    assert sorted(sides) == ["baseline.json"] * 4 + ["twin"] * 4
    if (gated.folder / "both.json").exists():
        stored = baselines.load(gated.folder / "both.json")
        assert [cell.cell.model for cell in stored.cells] == ["wise"]


# Absolute limits


def test_limits_of_a_marker_that_are_kept_pass(gated: Gated) -> None:
    """Each has a verdict of its own, with the figure."""
    gated.limits(quality=">=0.8", ttft_p50="<= 5s", balanced=">=1%")

    result = gated.run()

    assert result.ret == OK
    assert gated.outcomes() == {
        "quality": "pass",
        "ttft_p50": "pass",
        "balanced": "pass",
    }
    assert gated.verdicts()["ttft_p50"]["against"] == "ttft_p50<=5s"


@pytest.mark.parametrize("place", ["marker", "ini file", "command line"])
def test_a_limit_that_is_missed_fails_its_item(gated: Gated, place: str) -> None:
    """The message shows the figure and the limit."""
    typed = []
    if place == "marker":
        gated.limits(quality=">=0.9")
    elif place == "ini file":
        gated.ini("llm_limit =", "    sentiment: quality>=0.9", "    e2e_p50<=1h")
    else:
        typed = ["--llm-limit=sentiment/tiny@dull: quality>=0.9"]

    result = gated.run("--llm=dull", *typed)

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED
    result.stdout.fnmatch_lines(["FAILED *quality *quality>=0.9 *0.500*"])
    assert gated.outcomes()["quality"] == "failed"
    assert gate_line(result).endswith("FAILED")


def test_a_limit_is_for_its_scope(gated: Gated) -> None:
    """A model that is not meant passes beside one that misses it."""
    result = gated.run(
        "--llm=wise", "--llm=dull", "--llm-limit=@dull: quality>=0.9 e2e_p50<=1h"
    )

    result.assert_outcomes(passed=1, failed=1)
    assert {v["cell"] for v in gated.verdicts().values()} == {
        "sentiment/tiny|dull|cpu|single"
    }


def test_a_limit_that_nothing_was_held_to_is_told(gated: Gated) -> None:
    """A typing error in its scope is no success without a word."""
    result = gated.run("--llm-limit=sentimnt: quality>=0.9")

    assert gated.outcomes() == {"quality": "warned"}
    result.stdout.fnmatch_lines(["*no cell of sentimnt was measured*"])


def test_a_tail_of_few_answers_is_not_gated(gated: Gated) -> None:
    """A limit on one fails, and says how many answers it takes."""
    gated.limits(ttft_p95="<=10s")

    result = gated.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*24 answers; p95 is gated from 60 on*"])
    gated.samples(60)
    assert gated.run().ret == OK
    assert gated.outcomes() == {"ttft_p95": "pass"}


def test_a_limit_that_may_be_missed_is_undecided(gated: Gated) -> None:
    """Half right of 24 is somewhere about 0.5, so that 0.6 cannot be told."""
    gated.limits(quality=">=0.6")

    result = gated.run("--llm=dull")

    assert result.ret == OK
    assert gated.outcomes() == {"quality": "inconclusive"}
    assert "straddles" in gated.verdicts()["quality"]["note"]
    assert gate_line(result) == "gate: 1 inconclusive: passed, 1 undecided"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            "--llm-limit=quality>0.6",
            "*'quality>0.6' is not understood; write FIGURE>=*",
        ),
        ("--llm-limit=speed_p50<=1", "*is not understood; *figures: quality*"),
        ("--llm-limit=e2e_p50<=fast", "*'fast' is not understood; write 2, 2.5s*"),
        ("--llm-limit=sentiment:", "*is not understood; *"),
        ("--llm-limit=quality>=60", "*is more than there is; did you mean %*"),
        ("--llm-tolerance=e2e", "*'e2e' is not understood; write NAME=VALUE*"),
        ("--llm-tolerance=e2e=quick", "*write a share such as 5% or 0.05*"),
        ("--llm-tolerance=itl=5%", "*names: quality, balanced, e2e, ttft, tpot"),
        ("--llm-tolerance=e2e=5% e2e=6%", "*'e2e' stands there twice*"),
        ("--llm-new-cells=ignore", "*must be one of fail, warn, pass, not 'ignore'"),
        ("--llm-inconclusive=warn", "*must be one of pass, fail, not 'warn'"),
    ],
)
def test_a_bad_expression_shows_the_grammar(
    gated: Gated, option: str, told: str
) -> None:
    """Before anything runs, with the option or the ini file's line."""
    flag, _, value = option.partition("=")
    check_refused(gated.run(option), f"{flag}: {told}")
    key = flag.removeprefix("--").replace("-", "_")
    gated.ini(f"{key} = {value}")
    check_refused(gated.run(), f"*tox.ini: {key}: {told}")
    assert not gated.project.runs


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"quality": "0.6"}, "*is not understood; write FIGURE>=BOUND*"),
        ({"e2e": "<=1s"}, "*unknown argument 'e2e'; it takes*e2e_p50*"),
        ({"e2e_p50": "<=soon"}, "*'soon' is not understood; write*"),
    ],
)
def test_a_bad_limit_of_a_marker_fails_its_module(
    gated: Gated, limits: Mapping[str, str], told: str
) -> None:
    """Which test it is stands before the message."""
    gated.limits(**limits)

    result = gated.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_models.py::test_sentiment: @*mark.llm: {told}"])


# Reports, workers, power


def test_headline_figures_are_properties_in_junit(gated: Gated) -> None:
    """Of items that pass and of those that fail alike."""
    gated.limits(quality=">=0.9")

    gated.run("--llm=wise", "--llm=dull", "--junitxml=junit.xml")

    tree = ET.parse(gated.folder / "junit.xml")  # noqa: S314 - our own file
    found = {
        properties["llm_cell"]: properties
        for case in tree.iter("testcase")
        for properties in [
            {p.get("name"): p.get("value") for p in case.iter("property")}
        ]
    }
    assert float(found[CELL]["llm_quality"] or "") == 1.0
    dull = found["sentiment/tiny|dull|cpu|single"]
    assert float(dull["llm_quality"] or "") == 0.5
    assert float(dull["llm_e2e_p50_s"] or "") > 0
    assert dull["llm_samples"] == str(COUNT)


def suite_sentence(folder: Path) -> str | None:
    """Return the sentence that JUnit's file has of the whole run."""
    tree = ET.parse(folder / "junit.xml")  # noqa: S314 - our own file
    (suite,) = tree.iter("testsuite")
    told = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    return told.get("llm_sentence")


@pytest.mark.parametrize("arguments", [(), ("--llm-limit=quality>=0.9",)])
def test_the_sentence_of_a_run_is_a_property_of_the_suite_in_junit(
    gated: Gated, arguments: tuple[str, ...]
) -> None:
    """It is the one that the files and the terminal have, with a gate and without."""
    gated.run("--llm=wise", "--llm=dull", "--junitxml=junit.xml", *arguments)

    sentence = gated.project.summary()["sentence"]
    assert sentence
    assert suite_sentence(gated.folder) == sentence


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run have workers of its own: these tests may run in some themselves."""
    pytest.importorskip("xdist")
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("apart")
def test_workers_share_one_gate(gated: Gated) -> None:
    """Verdicts come once, and a regression that a worker saw fails the run."""
    gated.save("--llm=wise", "--llm=dull")
    gated.project.write("worse.toml", model("wise", "dull") + model("dull", "dull"))

    result = gated.project.run_apart(
        "-n2",
        "--llm-baseline=baseline.json",
        "--llm=wise",
        "--llm=dull",
        "--llm-models=worse.toml",
    )

    assert result.ret == FAILED
    result.assert_outcomes(passed=1, failed=1)
    told = gated.project.summary()["verdicts"]
    assert len({(v["cell"], v["quantity"]) for v in told}) == len(told) == 8
    worse = [(v["cell"], v["quantity"]) for v in told if v["outcome"] == "regression"]
    assert worse == [(CELL, "quality")]
    assert gate_line(result).endswith("FAILED")


@pytest.mark.usefixtures("apart")
def test_workers_that_measured_nothing_do_not_pass(gated: Gated) -> None:
    """The controller hears from them that there were cells, measured or not."""
    gated.save()

    gated.ini("llm_baseline = baseline.json")

    result = gated.project.run_apart("-n2", "--llm=away")

    assert result.ret == FAILED
    assert gate_line(result) == "gate: 1 failed: FAILED"


def test_power_is_told_before_the_run(gated: Gated) -> None:
    """A table of what each number of samples shows, in the header."""
    gated.save()

    result = gated.compare("--llm-power", "--collect-only")

    assert result.ret == OK
    result.stdout.fnmatch_lines(
        [
            "seen with 80 %*samples*e2e*quality",
            f"{CELL} *24 * - *-0.*",
            "beside 1 stored run*",
            "quality as if*",
            "e2e: *add two more (--llm-save-baseline)",
        ]
    )
    assert gated.compare("--collect-only").ret == OK
    quiet = gated.compare("--collect-only")
    quiet.stdout.no_fnmatch_line("seen with 80 %*")


def test_power_of_all_samples_is_that_of_the_baseline(gated: Gated) -> None:
    """What the baseline has no answer to is compared with nothing."""
    gated.save()

    result = gated.compare("--llm-power", "--collect-only", "--llm-samples=all")

    rows = [line.split()[1] for line in result.outlines if line.startswith(CELL)]
    assert "24" in rows
    assert max(map(int, rows)) == 1000


@pytest.mark.parametrize("options", [(), ("-q",)])
def test_power_needs_a_baseline(gated: Gated, options: tuple[str, ...]) -> None:
    """Which is told however little is printed."""
    check_refused(
        gated.run("--llm-power", *options),
        "--llm-power: *name it with --llm-baseline=*",
    )


def test_without_the_plugin_nothing_is_gated(gated: Gated) -> None:
    """``-p no:llmlat`` leaves other tests as they were."""
    gated.project.write("test_other.py", "def test_other(): ...\n")
    (gated.folder / "tox.ini").write_text("[pytest]\n", "utf-8")

    result = gated.project.run_apart("-p", "no:llmlat", "test_other.py")

    assert result.ret == OK
    result.assert_outcomes(passed=1)
