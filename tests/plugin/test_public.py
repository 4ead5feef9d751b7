"""Public sets as a user runs them: by name, from a folder, with the bundled modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.session import task_rows
from pytest_llmlat.tasks.data import load_samples

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
SST2 = [("a fine film ", 1), ("a dull film ", 0), ("so good ", 1), ("so long ", 0)]
TEST = """
import pytest

@pytest.mark.llm("sentiment")
def test_sentiment(llm, llmlat):
    assert llmlat.run(llm).samples
"""


def lines(rows: list[dict[str, object]]) -> str:
    """Return rows as JSONL."""
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def public(project: Project) -> Project:
    """Give a project with copies of two public sets in a folder ``data``."""
    for family in ("sentiment", "reasoning"):
        (project.pytester.path / "data" / family).mkdir(parents=True)
    rows: list[dict[str, object]] = [
        {"sentence": text, "label": label} for text, label in SST2
    ]
    project.write("data/sentiment/sst2_validation.jsonl", lines(rows))
    sums: list[dict[str, object]] = [
        {"question": f"{n} + {n}?", "answer": f"#### {2 * n}"} for n in range(1, 6)
    ]
    project.write("data/reasoning/gsm8k_test.jsonl", lines(sums))
    project.write("test_models.py", TEST)
    return project


def measured(project: Project) -> list[str]:
    """Return the tasks that were measured, in their order."""
    return [cell["task"] for cell in project.summary()["cells"]]


def test_a_family_does_not_run_its_public_sets(public: Project) -> None:
    """Neither by the marker alone nor by the command line's family."""
    for arguments in ((), ("--llm-task=sentiment",)):
        result = public.run("--llm-samples=1", *arguments)

        result.assert_outcomes(passed=3)
        assert measured(public) == [
            "sentiment/polarity",
            "sentiment/emotion",
            "sentiment/tiny",
        ]


def test_a_public_set_that_is_named_runs_in_the_tests_of_its_family(
    public: Project,
) -> None:
    """Nothing else of the family does, and no test has to be written."""
    result = public.run("--llm-task=sentiment/sst2", "--llm-data=data")

    result.assert_outcomes(passed=1)
    assert measured(public) == ["sentiment/sst2"]
    assert [record["sample"] for record in public.records()] == [
        f"sst2-{number}" for number in range(4)
    ]
    # The scripted model says "positive" to everything.
    assert public.summary()["cells"][0]["quality"]["value"] == 0.5


def test_a_public_set_that_a_marker_names_runs(public: Project) -> None:
    """As any other task that a test is about."""
    public.write("test_models.py", TEST.replace('"sentiment"', '"sentiment/sst2"'))

    public.run("--llm-data=data").assert_outcomes(passed=1)

    assert measured(public) == ["sentiment/sst2"]


def test_a_named_set_and_its_family_both_run(public: Project) -> None:
    """Options add up."""
    public.run(
        "--llm-task=sentiment/sst2",
        "--llm-task=sentiment/tiny",
        "--llm-data=data",
    ).assert_outcomes(passed=2)

    assert set(measured(public)) == {"sentiment/sst2", "sentiment/tiny"}


def test_the_bundled_benchmarks_run_a_public_set(public: Project) -> None:
    """Unchanged: the module of the family does, the others are deselected."""
    public.write(
        "models.toml",
        '[models.parrot]\nbackend = "scripted"\ndevices = ["cpu"]\n'
        'options = { answer = "Answer: 4" }\n',
    )

    result = public.run(
        str(ROOT / "benchmarks"),
        "-c=tox.ini",
        f"--rootdir={public.pytester.path}",
        "--llm-task=reasoning/gsm8k",
        "--llm-data=data",
    )

    result.assert_outcomes(passed=1, deselected=8)
    assert measured(public) == ["reasoning/gsm8k"]
    (cell,) = public.summary()["cells"]
    assert (cell["samples"], cell["quality"]["value"]) == (5, 0.2)


def test_the_folder_may_stand_in_the_ini_file(public: Project) -> None:
    """There it is relative to that file, wherever pytest is started."""
    ini = public.pytester.path / "tox.ini"
    ini.write_text(ini.read_text("utf-8") + "\nllm_data = data\n", "utf-8")
    elsewhere = public.pytester.mkdir("elsewhere")
    public.pytester._monkeypatch.chdir(elsewhere)

    public.run("..", "--llm-task=sentiment/sst2").assert_outcomes(passed=1)


def test_the_command_line_s_folder_comes_first(public: Project) -> None:
    """And is relative to where it was typed."""
    ini = public.pytester.path / "tox.ini"
    ini.write_text(ini.read_text("utf-8") + "\nllm_data = absent\n", "utf-8")

    result = public.run("--llm-task=sentiment/sst2", "--llm-data=data")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "ini"])
def test_a_folder_that_does_not_exist_is_told(public: Project, *, typed: bool) -> None:
    """At the start, with where it was named, rather than by asking the hub."""
    if not typed:
        ini = public.pytester.path / "tox.ini"
        ini.write_text(ini.read_text("utf-8") + "\nllm_data = absent\n", "utf-8")

    result = public.run(*(["--llm-data=absent"] if typed else []))

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    place = "--llm-data" if typed else "*tox.ini: llm_data"
    result.stderr.fnmatch_lines([f"ERROR: {place}: there is no folder */absent; *"])


def test_a_set_that_cannot_be_had_fails_its_item_alone(public: Project) -> None:
    """The message stands in place of a traceback, and other cells are measured."""
    public.write(
        "test_models.py", TEST.replace('"sentiment"', '"summarization", "sentiment"')
    )
    result = public.run(
        "--llm-task=summarization/dialogsum",
        "--llm-task=sentiment/tiny",
        "--llm-data=data",
    )

    result.assert_outcomes(passed=1, failed=1)
    said = (
        "task 'summarization/dialogsum': knkarthick/dialogsum (*: no revision is"
        " pinned*/data/summarization/dialogsum_test.jsonl*"
    )
    result.stdout.fnmatch_lines([said])


def test_a_public_set_is_read_once_for_all_models(
    public: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models are asked the same rows, and the hub is not asked twice."""
    names = []

    def counted(task: object, **kwargs: object) -> object:
        names.append(task)
        return load_samples(task, **kwargs)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(task_rows, "load_samples", counted)
    public.run(
        "--llm=parrot", "--llm=owl", "--llm-task=sentiment/sst2", "--llm-data=data"
    )

    assert len(public.records()) == 8
    assert len(names) == 1


def test_fresh_items_follow_the_session_s_seed(public: Project) -> None:
    """They run where they are named, and another seed asks other questions."""
    public.write("test_models.py", TEST.replace('"sentiment"', '"reasoning"'))
    asked = []
    for seed in (1, 2):
        public.run(
            "--llm-task=reasoning/arithmetic_fresh",
            f"--llm-seed={seed}",
            "--llm-samples=3",
        ).assert_outcomes(passed=1)
        asked.append({record["prompt"] for record in public.records()})

    assert not asked[0] & asked[1]
