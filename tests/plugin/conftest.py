"""A small project with scripted models, for tests that drive pytest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import pytest

import pytest_llmlat
from pytest_llmlat.plugin.extending import TABLES, table
from tests.plugin.gated import Gated, a_gated_project, at_rest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def whole_package() -> Iterator[str]:
    """Yield the names of all modules of the package that run with it."""
    prefix = f"{pytest_llmlat.__name__}."
    for found in walk_packages(pytest_llmlat.__path__, prefix):
        parts = found.name.split(".")
        if not {"inside", "__main__", "benchmarks", "fixtures"} & {*parts}:
            yield found.name


# pytester forgets what a run in this process imported: each run would import it again,
# and neither numpy nor our own classes may be imported twice.
for name in ("numpy", "jinja2.sandbox", *whole_package()):
    import_module(name)
for kind in TABLES:
    # A table outlives the run that filled it, and would hold values of lost modules.
    for name in table(kind):
        table(kind).find(name, where="tests")

MODELS = """
[models.parrot]
backend = "scripted"
devices = ["cpu", "cuda", "a6000", "mps"]
options = { answer = "positive" }

[models.owl]
backend = "scripted"
devices = ["cpu"]
options = { script = "./owl.json" }

[models.llama]
backend = "scripted"
devices = ["a6000", "mps"]
"""

PRICED = """
[models.paid]
backend = "scripted"
devices = ["cpu"]
options = { answer = "positive" }
price = { input_per_million = 1.0, output_per_million = 1.0, currency = "USD" }
"""

TASKS = """
[tasks."sentiment/tiny"]
source = "tiny.jsonl"
reference = "label"
labels = ["positive", "negative"]
extractor = "label"
metric = "accuracy"
chance = 0.5
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "Is this positive or negative? {{ text }}"
completion_prompt = "{{ text }} is"

[tasks."reasoning/tiny"]
source = "sums.jsonl"
reference = "answer"
extractor = "number"
metric = "accuracy"
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "{{ question }}"
completion_prompt = "{{ question }}"
"""

TEST = """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_sentiment(llm, llmlat):
    result = llmlat.run(llm)
    assert result.quality.value >= 0.5

@pytest.mark.llm("reasoning/tiny")
def test_reasoning(llm, llmlat):
    result = llmlat.run(llm)
    assert result.quality.value is not None
"""

QUIET = ("-p", "no:cacheprovider", "-p", "no:benchmark")
"""Without what writes files, and what asks git at every start."""


@dataclass(frozen=True)
class Project:
    """A folder with tests, catalogues and data, and pytest to run in it."""

    pytester: pytest.Pytester

    def run(self, *args: str) -> pytest.RunResult:
        """Run pytest in this process, quickly."""
        return self.pytester.runpytest_inprocess(*QUIET, *args)

    def run_apart(self, *args: str) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*QUIET, *args)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.pytester.path / name
        path.write_text(text, "utf-8")
        return path

    @property
    def runs(self) -> list[Path]:
        """The folders of all runs so far, oldest first."""
        return sorted((self.pytester.path / ".llmlat" / "runs").glob("*"))

    def records(self) -> list[dict[str, Any]]:
        """The rows of the latest run."""
        return self.rows("records.jsonl")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a file of the latest run."""
        text = (self.runs[-1] / name).read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def summary(self) -> dict[str, Any]:
        """The summary of the latest run."""
        content: dict[str, Any] = json.loads(
            (self.runs[-1] / "summary.json").read_text("utf-8")
        )
        return content


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """Give a project whose two tests run on the scripted model ``parrot``."""
    made = Project(pytester)
    texts = [("good", "positive"), ("bad", "negative"), ("fine", "positive")]
    rows = [
        {"id": f"t{number}", "text": text, "label": label}
        for number, (text, label) in enumerate(texts * 2, start=1)
    ]
    made.write("tiny.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    sums = [
        {"id": f"s{n}", "question": f"What is {n} + {n}?", "answer": str(2 * n)}
        for n in range(1, 5)
    ]
    made.write("sums.jsonl", "".join(json.dumps(row) + "\n" for row in sums))
    made.write(
        "owl.json", json.dumps({"bad": "negative", "2 + 2": "4", "": "positive"})
    )
    made.write("models.toml", MODELS)
    made.write("tasks.toml", TASKS)
    made.write("test_models.py", TEST)
    pytester.makeini(
        "[pytest]\nllm = parrot\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
    )
    return made


@pytest.fixture
def priced(project: Project) -> Project:
    """A project with a model that is paid by the token."""
    models = project.pytester.path / "models.toml"
    project.write("models.toml", models.read_text("utf-8") + PRICED)
    return project


@pytest.fixture
def gated(project: Project, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """Give a project whose runs are gated, on a machine that is always at rest."""
    at_rest(monkeypatch)
    return a_gated_project(project)
