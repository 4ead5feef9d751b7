"""The gate as a user meets it: stored runs, verdicts, exit statuses and messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.store import baselines
from pytest_llmlat.store.baselines import baseline_files
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from tests.plugin.gated import (
    CELL,
    COUNT,
    FAILED,
    INTERRUPTED,
    OK,
    Gated,
    check_refused,
    gate_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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

    result = gated.compare("--llm-tolerance=e2e=90000% ttft=90000% balanced=1")

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

    result = gated.compare("--llm-tolerance=e2e=90000% ttft=90000% balanced=1")

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
