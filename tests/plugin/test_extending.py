"""Extensions of a user's: from an installed distribution, and from a conftest file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.families import FAMILIES

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pytest-llmlat-lab"
CONFTEST = """
from pytest_llmlat.grading.extractors import Extractor, Reading
from pytest_llmlat.grading.metrics import Metric
from pytest_llmlat.values.families import Family
from pytest_llmlat.values.records import Grade

def last_word(text, task, sample):
    return Reading(text.split()[-1] if text.split() else None)

def same_length(value, task, sample):
    return Grade(value=float(len(value or "") == len(sample.reference)))

def pytest_llmlat_families():
    return {"intent": Family(labels=True)}

def pytest_llmlat_extractors(config):
    return {"last_word": Extractor(read=last_word)}

def pytest_llmlat_metrics():
    return {"same_length": Metric(grade=same_length, binary=False)}
"""
TASK = """
[tasks."FAMILY/tickets"]
source = "tiny.jsonl"
reference = "label"
extractor = "EXTRACTOR"
metric = "METRIC"
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "{{ text }}"
completion_prompt = "{{ text }}"
"""
TEST = """
import pytest

@pytest.mark.llm("FAMILY/tickets")
def test_tickets(llm, llmlat):
    assert llmlat.run(llm).samples == 6
"""


def give_a_task(project: Project, family: str, extractor: str, metric: str) -> None:
    """Replace the project's tests by one of a task with these."""
    words = {"FAMILY": family, "EXTRACTOR": extractor, "METRIC": metric}
    for name, text in {"tasks.toml": TASK, "test_models.py": TEST}.items():
        for word, value in words.items():
            text = text.replace(word, value)  # noqa: PLW2901 - what is left of it
        project.write(name, text)


def test_a_conftest_adds_a_family_an_extractor_and_a_metric(project: Project) -> None:
    """All three work in its session, and are gone after it."""
    project.write("conftest.py", CONFTEST)
    give_a_task(project, "intent", "last_word", "same_length")

    project.run("--llm=parrot", "-m", "cpu").assert_outcomes(passed=1)

    (cell,) = project.summary()["cells"]
    assert (cell["task"], cell["metric"]) == ("intent/tickets", "same_length")
    assert {record["extracted"] for record in project.records()} == {"positive"}
    assert [record["grade"]["value"] for record in project.records()] == [1.0] * 6
    assert "intent" not in FAMILIES
    assert "last_word" not in EXTRACTORS
    assert "same_length" not in METRICS


MEASURES = """
from pytest_llmlat import ModelSpec, Task, measure_models
from pytest_llmlat.command import main

def test_mine(tmp_path, capsys):
    model = ModelSpec(name="parrot", backend="scripted", devices=("cpu",),
                      options=(("answer", "positive"),))
    task = Task(name="intent/tickets", family="intent", title="t",
                labels=("positive", "negative"), source="SOURCE",
                reference="label", extractor="last_word",
                metric="same_length", max_new_tokens=4, budget_s=1.0,
                chat_prompt="{{ text }}", completion_prompt="{{ text }}")
    run = measure_models(model, task, root=tmp_path, report=tmp_path / "report")
    assert [summary.quality.value for summary in run.summaries] == [1.0]
    assert len(list(run.records())) == 6
    assert main(["show", str(run.folder)]) == 0
    told = capsys.readouterr()
    assert "left out" not in told.out + told.err
    assert main(["report", str(run.folder), "--out", str(tmp_path / "again")]) == 0
    assert "same_length" in (tmp_path / "again" / "report.html").read_text("utf-8")
"""


def test_a_test_measures_from_python_with_what_the_conftest_adds(
    project: Project,
) -> None:
    """No option is given and no model asked for; its run is read there as well.

    Outside of the session nobody knows the metric, and that is told.
    """
    project.pytester.makeini("[pytest]")
    project.write("conftest.py", CONFTEST)
    source = project.pytester.path / "tiny.jsonl"
    project.write("test_models.py", MEASURES.replace("SOURCE", source.as_posix()))

    project.run("--basetemp=base").assert_outcomes(passed=1)

    (folder,) = (project.pytester.path / "base").glob("test_mine0/.llmlat/runs/*")
    told: list[str] = []
    assert [found for _, found in records_of(open_run(folder), tell=told.append)] == [
        []
    ]
    (line,) = told
    assert line.endswith(
        "6 of its lines left out, for they cannot be read: metric 'same_length' is not"
        " known here"
    )


def test_a_hook_of_a_folder_that_is_read_late_is_told(project: Project) -> None:
    """What it adds is not there, so that a task with it cannot be found."""
    folder = project.pytester.mkdir("below")
    (folder / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "test_it.py").write_text("def test_it(): pass", "utf-8")

    result = project.run("--llm=parrot", "-m", "cpu or not llm")

    result.stdout.fnmatch_lines(
        ["extension: pytest_llmlat_metrics in *below*conftest.py was read too late *"]
    )


def test_a_broken_metric_is_told_at_collection_and_the_rest_runs(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cell fails before the model is loaded, which would take minutes."""
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: broken\nVersion: 1.0\n", "utf-8")
    points = "[pytest_llmlat.extractors]\nmine = absent:TWO\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    tasks = project.pytester.path / "tasks.toml"
    text = tasks.read_text("utf-8").replace('"label"\nmetric', '"mine"\nmetric', 1)
    tasks.write_text(text, "utf-8")
    why = (
        "sentiment/tiny: extractor 'mine' of broken 1.0 (entry point 'mine' ="
        " 'absent:TWO' of 'pytest_llmlat.extractors'): cannot be imported:"
        " ModuleNotFoundError: No module named 'absent'; mend it, or uninstall broken"
    )

    collected = project.run_apart("--llm=parrot", "-m", "cpu", "--collect-only")
    result = project.run_apart("--llm=parrot", "-m", "cpu", "--durations=0", "-vv")

    assert f"extension: {why}" in collected.outlines
    result.assert_outcomes(errors=1, passed=1)
    assert why in result.outlines


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "return {'accuracy': Metric(grade=same_length, binary=False)}",
            "metric 'accuracy' of *conftest.py: the name is taken by pytest-llmlat *",
        ),
        (
            "return {'mine': same_length}",
            "metric 'mine' of *conftest.py: must be a Metric, not <function same_*",
        ),
        (
            "return {'mine': Metric(binary=False)}",
            "metric 'mine' of *conftest.py: must have either 'grade' or 'run'",
        ),
        ("return same_length", "*conftest.py: must return a mapping of names*"),
        ("return 1 / 0", "*conftest.py: ZeroDivisionError: division by zero"),
    ],
)
def test_a_bad_hook_is_told_at_the_start(
    project: Project, body: str, complaint: str
) -> None:
    """It is the project's own mistake: the message says where, and nothing runs."""
    head = CONFTEST.partition("def pytest_llmlat_families")[0]
    project.write("conftest.py", f"{head}def pytest_llmlat_metrics():\n    {body}\n")

    result = project.run("--llm=parrot")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{complaint}"])


def test_a_metric_that_promises_and_does_not_keep_fails_its_cell(
    project: Project,
) -> None:
    """A figure outside of 0 to 1 would make every score after it wrong."""
    project.write(
        "conftest.py", CONFTEST.replace("value=float(len", "value=2 + float(len")
    )
    give_a_task(project, "intent", "last_word", "same_length")

    result = project.run("--llm=parrot", "-m", "cpu")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*metric 'same_length' gave 3.0, which is not*"])


@pytest.mark.parametrize(
    ("kind", "old", "line"),
    [
        ("extractor 'last_word'", "return Reading(text", 8),
        ("metric 'same_length'", "return Grade(value=float(len(value", 11),
    ],
)
def test_an_extension_that_fails_is_named_with_its_file(
    project: Project, kind: str, old: str, line: int
) -> None:
    """Whose it is and where it failed, in place of a bare exception."""
    text = CONFTEST.replace(old, old.replace("return ", "return 1 // 0 or "))
    project.write("conftest.py", text)
    give_a_task(project, "intent", "last_word", "same_length")

    result = project.run("--llm=parrot", "-m", "cpu")

    result.assert_outcomes(failed=1)
    place = f"*conftest.py, line {line})*"
    told = f"*{kind} of *conftest.py failed: ZeroDivisionError:{place}"
    result.stdout.fnmatch_lines([told])


GENERATES = """
from dataclasses import dataclass
from pytest_llmlat.tasks.templates.generators import ItemGenerator

@dataclass(frozen=True)
class Item:
    id: str

    def row(self):
        label = ("positive", "negative")[len(self.id) % 2]
        return {"text": f"Say it: {self.id}", "label": label}

def draw(seed, count, options):
    return [Item(id="number-" + "1" * n) for n in range(count)]

def pytest_llmlat_generators():
    return {"sayings": ItemGenerator(draw=draw, count=6)}
"""


def give_generated(project: Project, conftest: str) -> None:
    """Give the project a task whose items its conftest file draws."""
    project.write("conftest.py", conftest)
    give_a_task(project, "sentiment", "text", "exact_match")
    tasks = (project.pytester.path / "tasks.toml").read_text("utf-8")
    project.write("tasks.toml", tasks.replace("tiny.jsonl", "generated:sayings"))


def test_a_conftest_adds_a_generator_of_prompts(project: Project) -> None:
    """Its items are asked, under ids that tell the seed."""
    give_generated(project, GENERATES)

    project.run("--llm=parrot", "-m", "cpu").assert_outcomes(passed=1)

    records = project.records()
    assert {record["sample"] for record in records} == {
        f"number-{'1' * n}-seed0" for n in range(6)
    }
    assert all(record["prompt"].startswith("Say it: number-") for record in records)


def test_a_generator_that_fails_is_named_with_its_file(project: Project) -> None:
    """No answer is asked for, since its rows are looked at beforehand."""
    give_generated(project, GENERATES.replace("return [I", "return 1 // 0 or [I"))

    result = project.run("--llm=parrot", "-m", "cpu")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*generator 'sayings' of *conftest.py failed: ZeroDivisionError:*line 14)*"]
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example of the documentation, without network, into a folder."""
    for name in ("hatchling", "pip"):
        pytest.importorskip(name)
    if not EXAMPLE.is_dir():
        pytest.skip("the example is not in a wheel")
    folder = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(EXAMPLE, folder / "source")
    target = folder / "target"
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-m", "pip", "install", *options, "--target", target, source],
        check=True,
    )
    return target


@pytest.fixture
def lab(project: Project, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project that sees the installed example, on the lab's machine."""
    paths = (str(installed), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("LAB", "1")
    models = (project.pytester.path / "models.toml").read_text("utf-8")
    bench = '[models.bench]\nbackend = "scripted"\ndevices = ["lab"]\n'
    project.write("models.toml", f'{models}{bench}options = {{ answer = "positive" }}')
    give_a_task(project, "sentiment", "text", "wer")
    return project


def test_an_installed_package_adds_a_metric_and_a_device(lab: Project) -> None:
    """A cell runs on the device, and its quality is 1 less the word error rate."""
    result = lab.run_apart("--llm=bench", "-m", "lab", "--strict-markers")

    result.assert_outcomes(passed=1)
    (cell,) = lab.summary()["cells"]
    assert (cell["device"], cell["metric"]) == ("lab", "wer")
    assert cell["quality"]["value"] == pytest.approx(4 / 6)
    assert cell["details"]["wer"]["value"] == pytest.approx(2 / 6)


def test_an_installed_package_adds_a_backend(lab: Project) -> None:
    """Its address is a model, beside one of ours that says the same."""
    result = lab.run_apart(
        *("--llm=echo:positive", "--llm=bench", "-m", "lab", "--strict-markers")
    )

    result.assert_outcomes(passed=2)
    quality = {cell["model"]: cell["quality"] for cell in lab.summary()["cells"]}
    assert quality["echo:positive"] == quality["bench"]


def test_the_command_shows_a_run_with_an_installed_metric(lab: Project) -> None:
    """The same entry point serves whoever reads the records later."""
    lab.run_apart("--llm=bench", "-m", "lab").assert_outcomes(passed=1)

    shown = lab.pytester.run(
        sys.executable, "-m", "pytest_llmlat.command", "show", "last"
    )

    assert shown.ret == 0
    shown.stdout.no_fnmatch_line("*left out*")


def test_a_broken_package_harms_no_run_without_it_and_is_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two metrics that cannot be had, one takes our name; the run says so."""
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: broken\nVersion: 1.0\n", "utf-8")
    points = "[pytest_llmlat.metrics]\naccuracy = absent:ONE\nmine = absent:TWO\n"
    (info / "entry_points.txt").write_text(points, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    result = project.run_apart("--llm=parrot", "-m", "cpu")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["extension: metric 'accuracy' is declared by pytest-llmlat * and by broken*"]
    )
    give_a_task(project, "sentiment", "text", "mine")
    asked = project.run_apart("--llm=parrot", "-m", "cpu")
    asked.assert_outcomes(errors=1)
    asked.stdout.fnmatch_lines(
        ["*metric 'mine' of broken 1.0 (entry point 'mine' = 'absent:TWO'*: cannot *"]
    )
