"""``llmlat train-adapter``: what it refuses, and the folder that it leaves.

Training itself is tried in ``tests/model/test_train_adapter.py``.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface import lora_training
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command import FAILED, INTERRUPTED, MISUSED, main

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.records import Request

TASK = "sentiment/polarity"


class Learner:
    """A stand-in for torch and peft: a token is a character, and nothing is learnt."""

    chat, end, context, threads = True, 0, 4096, 2
    libraries: Mapping[str, str | None] = {"peft": "1.0"}

    def __init__(self, model: ModelSpec, device: str, *, dtype: str) -> None:
        """Load nothing."""
        self.stopped = model.name.endswith("-stop")
        assert (device, dtype) == ("cpu", "float32")

    def asked(self, request: Request) -> Sequence[int]:
        """Return the letters of a prompt."""
        return [*map(ord, request.prompt)]

    def said(self, text: str) -> Sequence[int]:
        """Return the letters of an answer."""
        return [*map(ord, text)]

    def begin(self, **how: object) -> tuple[str, ...]:
        """Change two layers."""
        assert how["rank"] == 4
        return ("q_proj", "v_proj")

    def train(
        self,
        batches: Iterable[Mapping[str, list[list[int]]]],
        rates: Iterable[float],
        *,
        tell: object,  # noqa: ARG002 - says nothing
    ) -> list[float]:
        """Lose less at each step, or be stopped in the second."""
        losses = []
        for number, _ in enumerate(zip(batches, rates, strict=True), 1):
            if self.stopped and number == 2:
                raise KeyboardInterrupt
            losses.append(1 / number)
        return losses

    def save(self, folder: Path) -> None:
        """Write what peft would."""
        (folder / "adapter_config.json").write_text("{}", "utf-8")

    def close(self) -> None:
        """Have nothing to free."""


@pytest.fixture
def learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give a catalogue of bases that the stand-in trains on."""
    monkeypatch.setattr(lora_training, "LoraTrainer", Learner)
    monkeypatch.setattr(lora_training, "check_libraries", lambda **_: None)
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "model.safetensors").write_bytes(b"weights")
    path = tmp_path / "bases.toml"
    path.write_text(
        "".join(
            f'[models.{name}]\nbackend = "transformers"\nweights = "./base"\n'
            for name in ("tiny", "tiny-stop")
        ),
        "utf-8",
    )
    return path


def trained(catalogue: Path, out: Path, *more: str, model: str = "tiny") -> int:
    """Run the command with a few steps; return its exit status."""
    files = ["--models", str(catalogue), "--model", model, "--out", str(out)]
    return main(["train-adapter", TASK, *files, "--rank", "4", "--steps", "3", *more])


@pytest.mark.slow
def test_it_ends_with_what_to_type(
    learner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line names the benchmark, both catalogues, the adapter and its base."""
    out = tmp_path / "adapter"

    assert trained(learner, out) == 0

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        f"next: pytest {out}/test_adapter.py --llm-models {learner}"
        f" --llm-models {out}/models.toml --llm tiny-adapter --llm-against tiny"
    )
    assert f'llm("{TASK}")' in (out / "test_adapter.py").read_text("utf-8")


@pytest.mark.slow
def test_its_catalogue_puts_it_on_its_base_wherever_it_lies(
    learner: Path, tmp_path: Path
) -> None:
    """The folder may be moved as a whole."""
    assert trained(learner, tmp_path / "adapter") == 0
    moved = (tmp_path / "adapter").rename(tmp_path / "elsewhere")

    entry = load_models([learner, moved / "models.toml"]).entries["tiny-adapter"]

    assert entry.adapter == str(moved)
    assert entry.weights == str(tmp_path / "base")


@pytest.mark.slow
def test_it_tells_how_it_was_made(learner: Path, tmp_path: Path) -> None:
    """Digests of rows and base, and the whole recipe."""
    assert trained(learner, tmp_path / "a") == 0
    assert trained(learner, tmp_path / "b", "--seed", "5") == 0

    told = [
        json.loads((tmp_path / name / "training.json").read_text("utf-8"))
        for name in "ab"
    ]
    assert told[0]["task"] == TASK
    assert told[0]["train"]["rows"] == 320
    assert told[0]["train"]["digest"] != told[0]["asked"]["digest"]
    assert [*told[0]["base"]["files"]] == ["model.safetensors"]
    assert told[0]["recipe"]["targets"] == ["q_proj", "v_proj"]
    assert [each["recipe"]["seed"] for each in told] == [0, 5]
    assert told[0]["loss"]["first"] == 1


@pytest.mark.slow
def test_ctrl_c_leaves_no_half_adapter(
    learner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that another run would take for one, and no scratch beside it."""
    before = {path.name for path in tmp_path.iterdir()}

    assert trained(learner, tmp_path / "new", model="tiny-stop") == INTERRUPTED

    assert "nothing was written" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_an_empty_folder_is_used_and_another_is_not(
    learner: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes of work may lie in it."""
    (tmp_path / "new").mkdir()

    assert trained(learner, tmp_path / "new") == 0
    assert trained(learner, tmp_path / "new") == MISUSED
    assert "is there and not empty; name a new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sentiment/polarty"], "did you mean 'sentiment/polarity'"),
        (["sentiment"], "'sentiment' is a family; name one task: "),
        (["sentiment/emotion"], "'sentiment/emotion' has no train split"),
        ([TASK, "--model", "smollm2-135m"], "'smollm2-135m' is run by gguf"),
        ([TASK, "--model", "llama2-7b-lora"], "with an adapter"),
        ([TASK, "--model", "nonsense"], "unknown model 'nonsense'"),
    ],
)
def test_what_cannot_be_trained_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    """With nothing written."""
    out = str(tmp_path / "new")

    assert main(["train-adapter", *arguments, "--out", out]) == MISUSED
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [["--steps", "0"], ["--lr", "nan"], ["--lr", "-1"]])
def test_a_number_that_is_none_is_told(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """By the parser, before anything is read."""
    with pytest.raises(SystemExit) as end:
        main(["train-adapter", TASK, *wrong])

    assert end.value.code == MISUSED
    assert "must be" in capsys.readouterr().err


def test_a_device_that_is_absent_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Before a base is loaded."""
    assert main(["train-adapter", TASK, "--device", "hf"]) in (FAILED, MISUSED)
    assert "--device" in capsys.readouterr().err


@pytest.mark.slow
def test_a_place_that_cannot_be_written_is_told_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after minutes of training."""
    (tmp_path / "file").write_text("", "utf-8")

    out = str(tmp_path / "file" / "new")
    assert main(["train-adapter", TASK, "--out", out]) == MISUSED
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.slow
def test_a_missing_library_gives_the_pip_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And leaves no folder."""
    monkeypatch.setitem(sys.modules, "peft", None)

    assert main(["train-adapter", TASK, "--out", str(tmp_path / "new")]) == FAILED
    assert "pytest-llmlat[transformers]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
