"""``--llm-vary``: one model in many settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.test_options import check_usage_error

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SLOW = """
[models.snail]
backend = "scripted"
devices = ["cpu"]
options = { answer = "4", ttft_s = 0.05 }
"""


def test_each_setting_is_a_model_of_its_own(project: Project) -> None:
    """The entry itself is measured first, then the product."""
    result = project.run(
        "--llm=parrot", "--llm-vary=ttft_s=0.001,0.002 tpot_s=0", "-k", "reasoning"
    )

    result.assert_outcomes(passed=3)
    names = [cell["model"] for cell in project.summary()["cells"]]
    assert sorted(names) == [
        "parrot",
        "parrot[ttft_s=0.001,tpot_s=0]",
        "parrot[ttft_s=0.002,tpot_s=0]",
    ]


def test_a_setting_that_cannot_be_read_is_told_at_the_start(project: Project) -> None:
    """With the grammar, and before anything is collected."""
    check_usage_error(
        project.run("--llm=parrot", "--llm-vary=threads"),
        "ERROR: --llm-vary: 'threads' is no setting; write KEY=VALUE*",
    )
    check_usage_error(
        project.run("--llm=parrot", "--llm-vary=dtype=float16"),
        "ERROR: --llm-vary: dtype: 'parrot' runs through scripted*",
    )


def test_two_in_turn_are_not_varied(project: Project) -> None:
    """There would be several candidates beside one reference."""
    check_usage_error(
        project.run("--llm=parrot", "--llm-against=owl", "--llm-vary=ttft_s=0.1"),
        "ERROR: --llm-against=owl: takes one candidate*--llm-vary makes several*",
    )


@pytest.mark.parametrize("text", ["ttft_s=0.001", "ttft_s=default,0.001"])
def test_the_ini_file_may_say_it(project: Project, text: str) -> None:
    """As every option."""
    project.write(
        "pytest.ini",
        "[pytest]\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
        f"llm_vary = {text}\n",
    )
    project.run("--llm=parrot", "-k", "reasoning").assert_outcomes(passed=2)


def test_the_best_setting_is_told_with_the_lines_to_paste(project: Project) -> None:
    """On the terminal, in ``report.md`` and in ``summary.json``."""
    project.write("models.toml", SLOW)
    result = project.run("--llm=snail", "--llm-vary=ttft_s=0.001", "-k", "reasoning")

    result.stdout.fnmatch_lines(
        [
            "snail on cpu: best balance snail[[]ttft_s=0.001[]], +0.* beside the*",
            "  Pareto front of quality and e2e p50: snail[[]ttft_s=0.001[]]",
            "  for a catalogue (--llm-models FILE):",
            "    [[]models.snail[]]",
            '    options = { answer = "4", ttft_s = 0.001 }',
            "best balance: snail[[]ttft_s=0.001[]] on cpu, *",
        ]
    )
    (tuning,) = project.summary()["tunings"]
    assert tuning["best"] == "snail[ttft_s=0.001]"
    assert tuning["gain"]["difference"]["value"] > 0
    assert "### Settings" in (project.runs[-1] / "report.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("vary", "told"),
    [
        (
            "contxet=16",
            "*model 'parrot[[]contxet=16]': unknown option 'contxet'*context*",
        ),
        ("context=few", "*option context = 'few': must be a whole number of*"),
        ("slower=much", "*option slower = 'much': must be a number above 0*"),
        ("temperature=hot", "*option temperature = 'hot': must be a number of*"),
        ("structured=5", "*option structured = 5: must be true or false"),
    ],
)
def test_a_typo_is_told_before_the_first_token(
    project: Project, vary: str, told: str
) -> None:
    """No model is loaded, also not the one as its entry says."""
    result = project.run("--llm=parrot", f"--llm-vary={vary}", "-m", "cpu")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])
    assert not project.runs
