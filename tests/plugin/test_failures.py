"""What goes wrong is told, and nothing that was measured is lost by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import MODELS

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


def test_a_backend_that_breaks_in_the_middle_costs_one_sample(
    project: Project,
) -> None:
    """The record holds the error, the other samples go on, the item fails."""
    script = {"bad": {"error": "out of memory"}, "": "positive"}
    project.write("owl.json", json.dumps(script))

    result = project.run("--llm=owl", "-k", "sentiment")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "sentiment/tiny|owl|cpu|single: 2 of 6 samples failed; their records say:",
            "  t2: GenerationFailed: out of memory",
        ]
    )
    assert [r["error"] is None for r in project.records()] == [True, False, True] * 2
    (cell,) = project.summary()["cells"]
    assert (cell["samples"], cell["errors"]) == (6, 2)
    assert cell["quality"]["value"] == pytest.approx(4 / 6)


def test_ctrl_c_keeps_what_was_measured_and_marks_it_partial(
    project: Project,
) -> None:
    """Records are on disk, and the scoreboard shows the part that there is."""
    project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            if record.sample == "t3":
                raise KeyboardInterrupt
        """
    )

    result = project.run_apart("-k", "sentiment")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert [record["sample"] for record in project.records()] == ["t1", "t2", "t3"]
    assert project.summary()["cells"][0]["partial"] is True
    result.stdout.fnmatch_lines(
        ["sentiment/tiny *3/6 *partial*", "parrot (partial) *cpu *"]
    )


def test_a_model_that_cannot_be_loaded_says_why(project: Project) -> None:
    """The message stands in place of a traceback; other models go on."""
    lost = '\n[models.lost]\nbackend = "gguf"\nweights = "./none.gguf"\n'
    project.write("models.toml", f'{MODELS}{lost}devices = ["cpu"]\n')
    project.write("none.gguf", "no weights in it")

    result = project.run("--llm=lost", "--llm=parrot", "-k", "sentiment")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["model 'lost': *"])
    result.stdout.no_fnmatch_line("*During handling of*")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_empty_answer_is_wrong_and_counted(project: Project) -> None:
    """A model that says nothing is measured like one that does."""
    project.write("owl.json", json.dumps({"": ""}))

    project.run("--llm=owl", "-k", "sentiment")

    (cell,) = project.summary()["cells"]
    assert (cell["empty"], cell["unparsed"], cell["errors"]) == (6, 6, 0)
    assert cell["quality"]["value"] == 0
    assert cell["ttft_s"]["p50"] is None


def test_a_prompt_longer_than_the_context_is_truncated_never_silent(
    project: Project,
) -> None:
    """It counts as wrong, has no latency and shows on the scoreboard."""
    project.write(
        "models.toml",
        '[models.small]\nbackend = "scripted"\ndevices = ["cpu"]\n'
        'options = { answer = "positive", context = 3 }\n',
    )

    result = project.run("--llm=small", "-k", "sentiment")

    (cell,) = project.summary()["cells"]
    assert cell["truncated"] == 6
    assert cell["quality"]["value"] == cell["speed"]["value"] == 0
    assert cell["e2e_s"]["p50"] is None
    result.stdout.fnmatch_lines(["sentiment/tiny *6 truncated*"])


def test_a_task_without_samples_is_an_error(project: Project) -> None:
    """An empty data file is named, before anything is loaded."""
    project.write("tiny.jsonl", "\n")

    result = project.run("-k", "sentiment")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*tiny.jsonl: task 'sentiment/tiny' has no samples"])


def test_a_test_without_a_task_says_how_to_name_one(project: Project) -> None:
    """``llmlat.run(llm)`` needs the marker or a task."""
    project.write("test_models.py", "def test_it(llm, llmlat): llmlat.run(llm)\n")

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*which task? Mark the test with @pytest.mark.llm*"])


def test_hostile_answers_do_not_reach_the_terminal(project: Project) -> None:
    """Control characters of an error message are shown as what they are not."""
    script = {"": {"error": "\x1b[2J\x1b]0;owned\x07 gone"}}
    project.write("owl.json", json.dumps(script))

    result = project.run("--llm=owl", "-k", "sentiment")

    result.assert_outcomes(failed=1)
    assert "\x1b[2J" not in result.stdout.str()
