"""One gate of several workers, and the power that is told before a run."""

from __future__ import annotations

import pytest

from tests.plugin.gated import (
    CELL,
    FAILED,
    OK,
    Gated,
    check_refused,
    gate_line,
    model,
)


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
    # A disturbed machine has some more told, of the time that its rounds differ in.
    assert len({(v["cell"], v["quantity"]) for v in told}) == len(told) >= 8
    worse = {(v["cell"], v["quantity"]) for v in told if v["outcome"] == "regression"}
    # The balance has fallen as well; whether that is certain is for the times to say.
    assert worse - {(CELL, "balanced")} == {(CELL, "quality")}
    assert gate_line(result).endswith("FAILED")


@pytest.mark.usefixtures("apart")
def test_workers_that_measured_nothing_do_not_pass(gated: Gated) -> None:
    """The controller hears from them that there were cells, measured or not."""
    gated.save()

    gated.ini("llm_baseline = baseline.json")

    result = gated.project.run_apart("-n2", "--llm=away")

    assert result.ret == FAILED
    assert gate_line(result) == "gate: 1 failed: FAILED"


@pytest.mark.parametrize("options", [(), ("-q",)])
def test_power_is_told_before_the_run(gated: Gated, options: tuple[str, ...]) -> None:
    """A table of what each number of samples shows, however little is printed."""
    gated.save()

    result = gated.compare("--llm-power", "--collect-only", *options)

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
