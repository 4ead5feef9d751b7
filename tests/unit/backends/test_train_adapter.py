"""The example adapter: sentences of its own, asked as the benchmark asks.

Training itself is tried in ``tests/model/test_train_adapter.py``.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.values.bundled import bundled
from tests.scripts import train_script
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TASK = BUNDLED.entries["sentiment/polarity"]
IGNORED = -100


class Tokenizer:
    """A stand-in: a token is a character."""

    eos_token_id = 0

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        """Begin with a 1 where special tokens are asked for."""
        return {"input_ids": [1] * add_special_tokens + [ord(char) for char in text]}

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        *,
        add_generation_prompt: bool,
        tokenize: bool,
    ) -> str:
        """Write the one message between marks."""
        assert (add_generation_prompt, tokenize) == (True, False)
        return f"<user>{messages[0]['content']}<model>"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """Give the script as a module; it lies beside the data, in no package."""
    with train_script() as module:
        yield module


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of sentences."""
    text = bundled("data", "sentiment", name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


TRAIN = rows("sentiment_train.jsonl")
TEST = rows("polarity.jsonl")


def words(text: str) -> list[str]:
    """Return a text's words, whatever their case and the marks between them."""
    return re.findall(r"\w+", text.casefold())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of so many words."""
    found = words(text)
    return {tuple(found[n : n + length]) for n in range(len(found) - length + 1)}


def alike(one: str, other: str) -> float:
    """Return the share of the two texts' words that both have."""
    mine, theirs = set(words(one)), set(words(other))
    return len(mine & theirs) / len(mine | theirs)


def test_there_are_enough_sentences_and_as_many_of_each_label() -> None:
    """Over all and within each rank, so that no rank gives a label away."""
    count = Counter((row["difficulty"], row["label"]) for row in TRAIN)

    assert len(TRAIN) >= 240
    for rank in ("easy", "medium", "hard"):
        assert count[rank, "positive"] == count[rank, "negative"] > len(TRAIN) / 10


def test_rows_look_like_those_of_the_task() -> None:
    """The same columns, numbered, a row a line, and no text that nobody sees."""
    text = bundled("data", "sentiment", "sentiment_train.jsonl").read_text("utf-8")

    assert text == "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in TRAIN)
    for number, row in enumerate(TRAIN, 1):
        assert list(row) == list(TEST[0])
        assert row["id"] == f"train-{number:03}"
        assert row["text"].isprintable()
        assert row["text"] == " ".join(row["text"].split())


def test_sentences_name_no_label() -> None:
    """What pleases is to be read, not looked up."""
    named = [
        row["id"] for row in TRAIN if re.search("positiv|negativ", row["text"].lower())
    ]

    assert named == []


@pytest.mark.slow
def test_no_sentence_is_written_twice() -> None:
    """Nor nearly so."""
    near = [
        (one["id"], other["id"])
        for one, other in combinations(TRAIN, 2)
        if alike(one["text"], other["text"]) > 0.5
    ]

    assert near == []


@pytest.mark.slow
def test_no_sentence_is_a_test_item() -> None:
    """Nor like one: no run of four words in common, under 0.3 of the words.

    Else the figures of the trained model would be those of a memory.
    """
    near = [
        (mine["id"], theirs["id"])
        for mine in TRAIN
        for theirs in TEST
        if runs(mine["text"], 4) & runs(theirs["text"], 4)
        or alike(mine["text"], theirs["text"]) > 0.3
    ]

    assert near == []


def test_no_sentence_is_quoted_in_the_prompt() -> None:
    """The examples before a question to a base model are of neither set."""
    shown = runs(TASK.completion_prompt or "", 4)

    assert [row["id"] for row in TRAIN if runs(row["text"], 4) & shown] == []


def test_the_task_to_train_on_differs_in_its_rows_alone(script: ModuleType) -> None:
    """The question is the benchmark's own, word for word."""
    task = script.training_task(TASK)
    samples = load_samples(task)

    assert Path(task.source).name == "sentiment_train.jsonl"
    assert (task.chat_prompt, task.completion_prompt) == (
        TASK.chat_prompt,
        TASK.completion_prompt,
    )
    assert len(samples) == len(TRAIN)


@pytest.mark.parametrize("chat", [True, False])
def test_a_question_and_its_answer(script: ModuleType, *, chat: bool) -> None:
    """In the form that the model takes; the answer ends as answers end."""
    sample = load_samples(script.training_task(TASK))[0]

    made = script.example(Tokenizer(), TASK, sample, chat=chat)

    asked = "".join(map(chr, made.prompt))
    assert f"Text: {TRAIN[0]['text']}\n" in asked
    if chat:
        assert asked.startswith("<user>Text: ")
        assert asked.endswith("<model>")
        assert made.answer == (*map(ord, "positive"), 0)
    else:
        assert asked.startswith("\1Text: The soup")
        assert asked.endswith("\nSentiment:")
        assert made.answer == tuple(map(ord, " positive\n"))


def test_a_batch_asks_for_the_answers_alone(script: ModuleType) -> None:
    """They end together; what stands before them is read but not learnt."""
    one = script.Example(prompt=(5, 6, 7), answer=(8, 0))
    other = script.Example(prompt=(5,), answer=(9, 9, 0))

    assert script.padded([one, other], pad=3) == {
        "input_ids": [[5, 6, 7, 8, 0], [3, 5, 9, 9, 0]],
        "attention_mask": [[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]],
        "position_ids": [[0, 1, 2, 3, 4], [0, 0, 1, 2, 3]],
        "labels": [[IGNORED, 8, 0], [9, 9, 0]],
    }


def some(script: ModuleType, count: int) -> list[Any]:
    """Return examples of different lengths."""
    return [
        script.Example(prompt=tuple(range(number)), answer=(0,))
        for number in range(count)
    ]


def test_every_sentence_is_seen_once_before_any_is_seen_twice(
    script: ModuleType,
) -> None:
    """In as many batches as it takes."""
    examples = some(script, 320)

    steps = script.batches(examples, script.Recipe(steps=80))
    first = [one for batch in islice(steps, 40) for one in batch]
    second = [one for batch in steps for one in batch]

    assert sorted(first, key=len_of) == sorted(second, key=len_of) == examples
    assert first != second


def test_a_seed_gives_one_order(script: ModuleType) -> None:
    """And another seed another."""
    examples = some(script, 60)
    orders = [
        list(script.batches(examples, script.Recipe(steps=20, seed=seed)))
        for seed in (1, 1, 2)
    ]

    assert orders[0] == orders[1] != orders[2]
    assert {len(batch) for batch in orders[0]} == {8}


def len_of(example: Any) -> int:  # noqa: ANN401 - of a module that is found by its path
    """Return the length of an example."""
    return len(example.prompt)


@pytest.mark.parametrize("steps", [1, 2, 80])
def test_the_rate_rises_and_falls(script: ModuleType, steps: int) -> None:
    """Never above its height, never zero: every step teaches."""
    recipe = script.Recipe(steps=steps)
    rates = [recipe.rate(step) for step in range(steps)]

    assert max(rates) <= recipe.learning_rate
    assert min(rates) > 0
    assert rates.index(max(rates)) <= steps // 10


def test_a_folder_is_not_written_over(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes of work may lie in it."""
    (tmp_path / "mine").mkdir()

    assert script.main(["--out", str(tmp_path / "mine")]) == 2
    assert "exists; name a new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("smollm2-135m", "'smollm2-135m' is run by gguf"),
        ("llama2-7b-lora", "with an adapter"),
        ("nonsense", "unknown model 'nonsense'"),
    ],
)
def test_a_base_must_be_one_that_can_be_trained(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    base: str,
    said: str,
) -> None:
    """Said in one line, with nothing written."""
    out = tmp_path / "new"

    assert script.main(["--out", str(out), "--base", base]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_first(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after minutes of training."""
    (tmp_path / "file").write_text("", "utf-8")

    assert script.main(["--out", str(tmp_path / "file" / "new")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_missing_library_gives_the_pip_line(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And leaves no folder."""
    monkeypatch.setitem(sys.modules, "peft", None)

    assert script.main(["--out", str(tmp_path / "new")]) == 2
    assert "pytest-llmlat[transformers]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_stop_leaves_no_half_folder(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C while it trains: nothing that another run would take for an adapter."""

    def interrupted(folder: Path, *_: object) -> None:
        (folder / "adapter_config.json").write_text("{", "utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "_train_into", interrupted)

    assert script.main(["--out", str(tmp_path / "new")]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
