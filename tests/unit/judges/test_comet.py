"""COMET's package is asked for one score after another, and only on this disk."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.judges import comet
from pytest_llmlat.values.errors import MissingExtra, Unsupported
from tests.unit.metric_texts import a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.records import Grade


class StandIn(ModuleType):
    """The package unbabel-comet, which writes down what it is asked."""

    def __init__(self, scores: dict[str, float]) -> None:
        """Score each translation by a table."""
        super().__init__("comet")
        self.scores = scores
        self.calls: list[Any] = []

    def load_from_checkpoint(self, path: str, *, local_files_only: bool) -> StandIn:
        """Return itself for the model."""
        unpickled = os.environ.get("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
        self.calls.append(("load", path, local_files_only, unpickled))
        return self

    def eval(self) -> StandIn:
        """Return itself, as a module of torch does."""
        return self

    def predict(self, samples: list[dict[str, str]], **how: object) -> SimpleNamespace:
        """Return the score that the table has for the reference."""
        self.calls.append((samples, how["gpus"]))
        return SimpleNamespace(scores=[self.scores[each["ref"]] for each in samples])


@pytest.fixture(autouse=True)
def _no_model_is_kept() -> None:
    comet._loaded.cache_clear()


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """Write what a checkpoint has beside it."""
    path = tmp_path / "checkpoints/model.ckpt"
    path.parent.mkdir()
    path.touch()
    (tmp_path / "hparams.yaml").touch()
    return str(path)


def translating(**options: str) -> Task:
    """Return a task that is graded by COMET."""
    return replace(a_task(), metric="comet", options=tuple(options.items()))


def graded(task: Task, answer: str | None, *references: str, **fields: str) -> Grade:
    """Return the grade of one translation."""
    grade = METRICS["comet"].grade
    assert grade is not None
    sample = replace(
        a_sample(references[0]),
        further=references[1:],
        fields=tuple(({"source": "Es regnet."} | fields).items()),
    )
    return grade(answer, task, sample)


def test_a_model_is_loaded_once_and_asked_for_each_reference(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """Nothing is fetched, nothing but tensors is unpickled; the best score counts."""
    package = StandIn({"Rain.": 0.4, "It rains.": 0.9})
    monkeypatch.setitem(sys.modules, "comet", package)
    task = translating(checkpoint=checkpoint)

    first = graded(task, "It is raining.", "Rain.", "It rains.")
    again = graded(task, "Wet.", "Rain.")

    assert package.calls == [
        ("load", checkpoint, True, "1"),
        ([{"src": "Es regnet.", "mt": "It is raining.", "ref": "Rain."}], 0),
        ([{"src": "Es regnet.", "mt": "It is raining.", "ref": "It rains."}], 0),
        ([{"src": "Es regnet.", "mt": "Wet.", "ref": "Rain."}], 0),
    ]
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ
    assert (first.value, dict(first.details)) == (0.9, {"comet": 0.9})
    assert again.value == 0.4


def test_tasks_of_one_checkpoint_share_the_model(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """It takes gigabytes; what names the task in an error does not load it again."""
    package = StandIn({"Rain.": 0.4})
    monkeypatch.setitem(sys.modules, "comet", package)
    task = translating(checkpoint=checkpoint)

    for name in ("translation/a", "translation/b"):
        graded(replace(task, name=name), "It is raining.", "Rain.")

    assert [call[0] for call in package.calls].count("load") == 1


def test_a_score_beside_its_scale_is_cut_and_told(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """Quality is from 0 to 1, and the mean of what papers give is in the details."""
    monkeypatch.setitem(sys.modules, "comet", StandIn({"Rain.": 1.03}))

    grade = graded(translating(checkpoint=checkpoint), "Rain.", "Rain.")

    assert (grade.value, dict(grade.details)) == (1.0, {"comet": 1.03})


def test_standard_scores_are_refused(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """Cut to 0 they would flatter."""
    monkeypatch.setitem(sys.modules, "comet", StandIn({"Rain.": -0.7}))

    with pytest.raises(Unsupported, match="does not score from 0 to 1"):
        graded(translating(checkpoint=checkpoint), "Snow.", "Rain.")


def test_no_answer_is_worth_nothing_and_asks_nobody(checkpoint: str) -> None:
    """It needs no model."""
    assert graded(translating(checkpoint=checkpoint), " ", "Rain.").value == 0


def test_the_column_of_the_source_may_be_another(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """A row without it is an error that names the option."""
    package = StandIn({"Rain.": 0.5})
    monkeypatch.setitem(sys.modules, "comet", package)

    graded(
        translating(checkpoint=checkpoint, source="de"), "Rain.", "Rain.", de="Regen"
    )

    assert package.calls[-1][0][0]["src"] == "Regen"
    with pytest.raises(Unsupported, match=r"no column 'fr'.*options"):
        graded(translating(checkpoint=checkpoint, source="fr"), "Rain.", "Rain.")


def test_what_cannot_be_loaded_is_told_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """The tokenizer of its encoder is what a disk without a hub most often lacks."""
    package = StandIn({})
    monkeypatch.setitem(sys.modules, "comet", package)

    def failing(*_: object, **__: object) -> None:
        raise OSError("no tokenizer")

    monkeypatch.setattr(package, "load_from_checkpoint", failing)

    with pytest.raises(Unsupported, match="no tokenizer; the tokenizer and the config"):
        graded(translating(checkpoint=checkpoint), "Rain.", "Rain.")


def test_without_its_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    """Nothing is scored otherwise in its stead."""
    monkeypatch.setitem(sys.modules, "comet", None)

    with pytest.raises(MissingExtra, match=r"pytest-llmlat\[comet\]"):
        graded(translating(checkpoint=checkpoint), "Rain.", "Rain.")


def test_what_a_task_lacks_is_told_when_its_set_is_loaded(
    tmp_path: Path, checkpoint: str
) -> None:
    """A file that is not there, or that nothing describes, is found before a model."""
    illegible = METRICS["comet"].illegible
    assert illegible is not None
    alone = tmp_path / "a/b/model.ckpt"
    alone.parent.mkdir(parents=True)
    alone.touch()

    told = [
        illegible("Rain.", translating(**options))
        for options in (
            {},
            {"checkpoint": "/nowhere/model.ckpt"},
            {"checkpoint": str(alone)},
            {"checkpoint": checkpoint},
        )
    ]

    assert "needs the file of a model" in str(told[0])
    assert "no such file" in str(told[1])
    assert "no hparams.yaml" in str(told[2])
    assert told[3] is None
