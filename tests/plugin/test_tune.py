"""``--llm-tune``: a race of settings in a run of pytest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin.test_options import check_usage_error

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

MODELS = """
[models.snail]
backend = "scripted"
devices = ["cpu"]
options = { script = "./owl.json", ttft_s = 0.02 }
"""
SPACE = "ttft_s=0.001,0.03"


@pytest.fixture
def snail(project: Project) -> Project:
    """Give a project with a slow model and enough samples to tune on."""
    project.write("models.toml", MODELS)
    rows = [
        {"id": f"s{n}", "question": f"What is {n} + {n}?", "answer": str(2 * n)}
        for n in range(1, 31)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    project.write("sums.jsonl", lines)
    answers = {f"What is {n} + {n}?": str(2 * n) for n in range(1, 31)}
    project.write("owl.json", json.dumps(answers))
    return project


@pytest.mark.slow
def test_the_winner_is_told_with_the_lines_to_paste(snail: Project) -> None:
    """One item for the model; on the terminal, in the files, and read again."""
    result = snail.run("--llm=snail", f"--llm-tune={SPACE}", "-k", "reasoning")

    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines(
        [
            "tuning: best balance of snail on cpu: [[]ttft_s=0.001[]], balanced +0.*",
            "  for a catalogue (--llm-models FILE):",
            "    [[]models.snail[]]",
            "*ttft_s = 0.001 }",
            "best balance of snail on cpu: [[]ttft_s=0.001[]]*",
        ]
    )
    (race,) = snail.summary()["races"]
    assert race["end"] == "winner"
    assert race["best"] == "ttft_s=0.001"
    assert race["confirmed"]["items"] >= 12
    assert race["confirmed"]["quality"]["value"] == 0
    assert "### Tuning" in (snail.runs[-1] / "report.md").read_text("utf-8")
    # Trials are no rows of the scoreboard; the confirmation is.
    assert {c["task"] for c in snail.summary()["cells"]} == {"reasoning/tiny#confirm"}


@pytest.mark.slow
def test_a_race_that_was_cut_short_goes_on(snail: Project) -> None:
    """What was measured is taken from there, and only the rest is asked."""
    snail.write(
        "conftest.py",
        "import pytest\n"
        "count = 0\n"
        "def pytest_llmlat_record(record):\n"
        "    global count\n"
        "    count += 1\n"
        "    if count == 20:\n"
        "        raise KeyboardInterrupt\n",
    )
    args = ("--llm=snail", f"--llm-tune={SPACE}", "-k", "reasoning")
    first = snail.run_apart(*args)

    first.stdout.fnmatch_lines(["*was cut short after 16 requests*--llm-tune-resume*"])
    snail.write("conftest.py", "")
    cut = snail.runs[-1]
    second = snail.run(*args, f"--llm-tune-resume={cut}")

    second.assert_outcomes(passed=1, deselected=1)
    second.stdout.fnmatch_lines(["*16 answers are of the run that it went on from*"])
    (race,) = snail.summary()["races"]
    assert race["end"] == "winner"
    assert len(snail.records()) == race["requests"]
    other = snail.run(*args[:1], "--llm-tune=ttft_s=0.001", f"--llm-tune-resume={cut}")
    check_usage_error(other, "ERROR: *raced other settings, tasks or samples*")


@pytest.mark.slow
def test_a_race_that_was_killed_goes_on(snail: Project) -> None:
    """Every answer was written down at once, and what was raced at the beginning."""
    snail.write(
        "conftest.py",
        "import os, signal\n"
        "count = 0\n"
        "def pytest_llmlat_record(record):\n"
        "    global count\n"
        "    count += 1\n"
        "    if count == 20:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    args = ("--llm=snail", f"--llm-tune={SPACE}", "-k", "reasoning")
    snail.run_apart(*args)
    snail.write("conftest.py", "")
    cut = snail.runs[-1]

    second = snail.run(*args, f"--llm-tune-resume={cut}")

    second.assert_outcomes(passed=1, deselected=1)
    second.stdout.fnmatch_lines(["*16 answers are of the run that it went on from*"])


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--llm-tune=ttfts=1,2",), "*--llm-tune: unknown key 'ttfts'*'ttft_s'*"),
        (("--llm-tune=ttft_s=-1",), "*option ttft_s = -1: must be a number of at*"),
        (("--llm-tune=dtype=float16",), "*--llm-tune: dtype: 'snail' runs through*"),
        (("--llm-tune=max_new_tokens=0", "--llm-task=reasoning"), "*above 0: 0*"),
        (("--llm-tune=adapter=./one",), "*unknown key 'adapter'*"),
        (("--llm-tune=shots=2", "--llm-task=reasoning"), "*shows no examples*"),
        (("--llm-tune=x",), "*--llm-tune: *is no setting; write KEY=VALUE*"),
        ((f"--llm-tune={SPACE}", "--llm-tune-for=best"), "*--llm-tune-for: 'best'*"),
        (
            (f"--llm-tune={SPACE}", "--llm-tune-for=cheapest"),
            "*where there is a price*",
        ),
        ((f"--llm-tune={SPACE}", "--llm-tune-budget=1h"), "*'1h' is no budget*"),
        ((f"--llm-tune={SPACE}", "--llm-vary=ttft_s=1"), "*--llm-vary has no place*"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(
    snail: Project, args: tuple[str, ...], told: str
) -> None:
    """With the option and the nearest name."""
    result = snail.run("--llm=snail", *args)

    check_usage_error(result, f"ERROR: {told}")
    assert not snail.runs


def test_a_budget_that_decides_nothing_ends_the_run(snail: Project) -> None:
    """Only the samples tell, which are read before anything is loaded."""
    result = snail.run(
        "--llm=snail",
        f"--llm-tune={SPACE}",
        "--llm-tune-budget=requests=30",
        "-k",
        "reasoning",
    )

    check_usage_error(result, "ERROR: *30 requests can decide nothing: * are needed*")
    assert not snail.runs
