"""Every option on the command line and in the ini file, and what a bad one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


def check_usage_error(result: pytest.RunResult, *lines: str) -> None:
    """Expect pytest's exit status 4 and a message instead of a traceback."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(list(lines))
    result.stderr.no_fnmatch_line("*Traceback*")


def test_an_unknown_model_names_the_nearest_and_where_models_come_from(
    project: Project,
) -> None:
    """A typo is told before anything is collected."""
    check_usage_error(
        project.run("--llm=parot"),
        "ERROR: --llm: unknown model 'parot'; did you mean 'parrot'*",
    )


def test_a_missing_catalogue_says_which(project: Project) -> None:
    """The path stands in the message."""
    check_usage_error(
        project.run("--llm-models=absent.toml"),
        "ERROR: *absent.toml: cannot be read: No such file or directory",
    )


def test_a_malformed_catalogue_says_the_line(project: Project) -> None:
    """TOML's own complaint is passed on with the file's name."""
    project.write("models.toml", "[models.x]\nbackend = \n")

    check_usage_error(
        project.run("--llm=parrot"), "ERROR: *models.toml: not valid TOML: *line 2*"
    )


def test_a_malformed_entry_says_the_key(project: Project) -> None:
    """A key that means nothing is not passed over."""
    project.write("models.toml", '[models.x]\nbackend = "scripted"\ndevces = []\n')

    check_usage_error(
        project.run("--llm=x"),
        "ERROR: *models.toml: models.x.devces: unknown key; did you mean 'devices'*",
    )


def test_the_catalogue_of_pyproject_is_read(project: Project) -> None:
    """``[tool.pytest-llmlat.models]`` needs no option."""
    project.write(
        "pyproject.toml",
        '[tool.pytest-llmlat.models.mine]\nbackend = "scripted"\ndevices = ["cpu"]\n',
    )

    result = project.run("--llm=mine", "-k", "reasoning")

    result.assert_outcomes(passed=1)
    assert project.summary()["models"][0]["model"] == "mine"


def test_task_deselects_the_others(project: Project) -> None:
    """``--llm-task`` takes a task or a family and may be repeated."""
    project.run("--llm-task=reasoning").assert_outcomes(passed=1, deselected=1)
    project.run("--llm-task=reasoning", "--llm-task=sentiment/tiny").assert_outcomes(
        passed=2
    )


def test_a_chosen_task_that_no_test_asks_for_is_told(project: Project) -> None:
    """A user's own family has no test among ours: it is said how to write one."""
    result = project.run("--llm-task=translation/en-de")

    result.assert_outcomes(deselected=2)
    result.stdout.fnmatch_lines(
        ["llmlat: no selected test asks for 'translation/en-de'; *llm('translation')*"]
    )


def test_an_unknown_task_names_the_nearest(project: Project) -> None:
    """A typo in a task is told like one in a model."""
    check_usage_error(
        project.run("--llm-task=sentimnt"),
        "ERROR: --llm-task: unknown task 'sentimnt'; did you mean 'sentiment'*",
    )


@pytest.mark.parametrize(
    ("value", "measured"), [("1", 1), ("3", 3), ("99", 6), ("all", 6)]
)
def test_samples_bounds_each_task(project: Project, value: str, measured: int) -> None:
    """More samples than there are means all of them."""
    project.run(f"--llm-samples={value}", "-k", "sentiment")

    assert len(project.records()) == measured


@pytest.mark.parametrize("value", ["0", "-3", "few", "1.5"])
def test_a_bad_number_of_samples_is_refused(project: Project, value: str) -> None:
    """No samples at all would measure nothing and pass."""
    check_usage_error(
        project.run(f"--llm-samples={value}"),
        f"ERROR: --llm-samples: must be a whole number of at least 1, not '{value}'",
    )


def test_the_draw_is_the_same_for_every_model_and_follows_the_seed(
    project: Project,
) -> None:
    """Two models answer the same items; another seed draws others."""
    project.run("--llm=parrot", "--llm=owl", "--llm-samples=2", "-k", "sentiment")
    drawn = [(r["model"], r["sample"]) for r in project.records()]
    other = set()
    for seed in range(1, 8):
        project.run(f"--llm-seed={seed}", "--llm-samples=2", "-k", "sentiment")
        other.add(tuple(r["sample"] for r in project.records()))

    assert [s for m, s in drawn if m == "parrot"] == [s for m, s in drawn if m == "owl"]
    assert len(other) > 1


def test_the_command_line_comes_before_the_ini_file(project: Project) -> None:
    """An ini file is a default; what is typed wins."""
    ini = project.pytester.path / "tox.ini"
    ini.write_text(ini.read_text("utf-8") + "\nllm_samples = 2\n", "utf-8")
    project.run("-k", "sentiment")
    by_ini = len(project.records())
    project.run("-k", "sentiment", "--llm-samples=4")

    assert (by_ini, len(project.records())) == (2, 4)


def test_the_native_toml_form_is_read_alike(project: Project) -> None:
    """``[tool.pytest]`` has the same keys with TOML's types."""
    (project.pytester.path / "tox.ini").unlink()
    project.write(
        "pyproject.toml",
        '[tool.pytest]\nllm = ["owl"]\nllm_models = ["models.toml"]\n'
        'llm_tasks = ["tasks.toml"]\nllm_samples = "2"\nllm_balance = "harmonic"\n',
    )

    result = project.run()

    result.assert_outcomes(passed=2)
    assert {r["model"] for r in project.records()} == {"owl"}
    assert project.summary()["run"]["settings"]["balance"] == "harmonic"


@pytest.mark.parametrize("option", ["--llm-balance=median", "--llm-sandbox=hope"])
def test_a_choice_that_is_none_lists_the_choices(project: Project, option: str) -> None:
    """The message says what may stand there."""
    check_usage_error(
        project.run(option), f"ERROR: {option.partition('=')[0]}: must be*"
    )


def test_a_bad_ini_value_names_the_file(project: Project) -> None:
    """Where a value came from is part of the message."""
    ini = project.pytester.path / "tox.ini"
    ini.write_text(ini.read_text("utf-8") + "\nllm_balance = median\n", "utf-8")

    check_usage_error(project.run(), "ERROR: *tox.ini: llm_balance: must be a mean*")


def test_the_balance_decides_which_mean_is_called_balanced(project: Project) -> None:
    """All three means are in the JSON, whichever was chosen."""
    project.run("--llm-balance=arithmetic", "-k", "sentiment")

    (cell,) = project.summary()["cells"]
    assert cell["balanced"]["value"] == cell["arithmetic"]
    assert cell["harmonic"] <= cell["geometric"] <= cell["arithmetic"]


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("'sentiment/tny'", "*unknown task 'sentiment/tny'; did you mean*"),
        ("'sentiment', sample=3", "*unknown argument 'sample'; it takes*samples*"),
        ("'sentiment', samples=0", "*samples must be a whole number above 0, not 0"),
        ("", "*name a task or a family*"),
        ("3", "*name a task or a family*"),
    ],
)
def test_a_bad_marker_fails_its_module_and_says_which_test(
    project: Project, marker: str, message: str
) -> None:
    """The message stands in place of a traceback."""
    project.write(
        "test_models.py",
        f"import pytest\n\n@pytest.mark.llm({marker})\ndef test_it(llm, llmlat): ...\n",
    )

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_models.py::test_it: @pytest.mark.llm: " + message]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
