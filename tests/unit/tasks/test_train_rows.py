"""Train splits: where a task says they are, and that nothing of them is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.tasks.train_rows import load_train
from pytest_llmlat.values.errors import BadCatalogue, UsageError
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

ASKED = ["The train was late again.", "A fine day at the sea, and the ice was good!"]
LONG = (
    "in the morning the whole family went down to the old harbour to see the new ship"
)


def a_task(folder: Path, rows: list[str], *, more: str = "", asked: str = "") -> Task:
    """Return a task that asks two sentences, with these to train on."""
    for name, texts in {"own": [*ASKED, *filter(None, [asked])], "train": rows}.items():
        lines = [
            json.dumps({"id": f"{name}-{place}", "text": text, "label": "good"})
            for place, text in enumerate(texts)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    path = folder / "tasks.toml"
    path.write_text(
        '[tasks."sentiment/mine"]\nsource = "own.jsonl"\nreference = "label"\n'
        'labels = ["good", "bad"]\nextractor = "label"\nmetric = "accuracy"\n'
        'max_new_tokens = 4\nbudget_s = 1\nchat_prompt = "Good or bad? {{ text }}"\n'
        f"{more}",
        "utf-8",
    )
    return load_tasks([path]).entries["sentiment/mine"]


FILE = 'train_file = "train.jsonl"\n'


def test_rows_of_the_file_are_read_as_the_tasks_own(tmp_path: Path) -> None:
    """They have the same columns, and other texts."""
    found = load_train(a_task(tmp_path, ["I like it.", "So do I."], more=FILE))

    assert [row.id for row in found.rows] == ["train-0", "train-1"]
    assert [row.id for row in found.asked] == ["own-0", "own-1"]
    assert found.left_out == ()


def test_a_row_that_is_asked_stops_the_training(tmp_path: Path) -> None:
    """Whatever its case and its signs: it would be learnt by heart."""
    task = a_task(tmp_path, ["I like it.", "the TRAIN was late, again"], more=FILE)

    with pytest.raises(UsageError, match=r"1 of 2 rows .* \(train-1 is own-0\)"):
        load_train(task)


def test_a_row_that_is_asked_can_be_left_out_by_an_expression(tmp_path: Path) -> None:
    """That is what the message says to do."""
    more = FILE + "train_where = \"label == 'good' and id != 'train-1'\"\n"
    task = a_task(tmp_path, ["I like it.", ASKED[0]], more=more)

    assert [row.id for row in load_train(task).rows] == ["train-0"]


def test_a_row_with_a_passage_of_one_that_is_asked_is_left_out(tmp_path: Path) -> None:
    """Thirteen words in a row are taken from it; it is told, and not trained on."""
    near = f"Once more {LONG}, and they were glad."
    task = a_task(tmp_path, ["I like it.", near], more=FILE, asked=f"Yes: {LONG}!")

    found = load_train(task)

    assert [row.id for row in found.rows] == ["train-0"]
    assert found.left_out == ("train-1",)


def test_only_rows_with_such_passages_are_none_to_train_on(tmp_path: Path) -> None:
    """Nothing is left then."""
    task = a_task(tmp_path, [f"{LONG} again"], more=FILE, asked=LONG)

    with pytest.raises(UsageError, match="each row of its train split shares 13 words"):
        load_train(task)


def test_a_task_without_a_train_split_says_where_to_name_one(tmp_path: Path) -> None:
    """Its own rows are never taken instead."""
    with pytest.raises(UsageError, match=r"no train split.*train_file = 'FILE'"):
        load_train(a_task(tmp_path, []))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("conversation/orders", "asks conversations"),
        ("reasoning/arithmetic_fresh", "draws new items for each run"),
    ],
)
def test_tasks_that_have_no_answer_to_learn_are_refused(name: str, told: str) -> None:
    """The reason is in the message."""
    with pytest.raises(UsageError, match=told):
        load_train(BUNDLED.entries[name])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('train_split = "train"\n', "train_split: belongs to a public set"),
        ('train_where = "true"\n', "train_where: belongs to a train split"),
        (FILE + 'train_answer = "{{ label"\n', "train_answer: template, line 1"),
        (FILE + 'train_where = "a ++"\n', "train_where"),
        ('train_fil = "x"\n', "did you mean 'train_file'"),
    ],
)
def test_a_wrong_key_is_told_when_the_catalogue_is_read(
    tmp_path: Path, more: str, told: str
) -> None:
    """With its name."""
    with pytest.raises(BadCatalogue, match=told.replace("++", r"\+\+")):
        a_task(tmp_path, [], more=more)


def test_what_may_be_learnt_changes_no_digest_of_the_task(tmp_path: Path) -> None:
    """Older runs of a task can be compared when it gets a train split."""
    plain = a_task(tmp_path, ["I like it."])
    told = a_task(tmp_path, ["I like it."], more=FILE)
    asked = load_train(told).asked

    assert revision(plain, asked) == revision(told, asked)


def test_another_set_has_another_train_split(tmp_path: Path) -> None:
    """Who extends a task and names rows of their own does not train on its rows."""
    (tmp_path / "own.jsonl").write_text(
        json.dumps({"id": "a", "text": "x", "label": "positive"}) + "\n", "utf-8"
    )
    path = tmp_path / "tasks.toml"
    path.write_text(
        '[tasks."sentiment/other"]\nextends = "sentiment/polarity"\n'
        'source = "own.jsonl"\n',
        "utf-8",
    )

    assert BUNDLED.entries["sentiment/polarity"].train is not None
    assert load_tasks([path]).entries["sentiment/other"].train is None


def test_a_set_with_worked_examples_teaches_the_working() -> None:
    """What an example shows is what an answer should be like."""
    train = BUNDLED.entries["reasoning/gsm8k_published"].train

    assert train is not None
    assert (train.answer, train.split) == (" {{ worked }}", "train")


@pytest.mark.slow
def test_the_bundled_sentences_are_read_whole() -> None:
    """None of them is near to an item of the task."""
    found = load_train(BUNDLED.entries["sentiment/polarity"])

    assert len(found.rows) == 320
    assert found.left_out == ()
