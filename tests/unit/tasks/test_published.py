"""Public sets as published figures were had: what a model is asked, to the letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.answer_options import answer_options
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.shots import draw_shots, load_shots
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.records import Request

TASKS = {
    name: task for name, task in BUNDLED.entries.items() if name.endswith("_published")
}
Row = dict[str, object]


def asked(
    folder: Path,
    name: str,
    row: Row,
    examples: Sequence[Row] = (),
) -> Request:
    """Return what a chat model is asked about one row of the hub."""
    task = TASKS[name]
    assert task.public is not None
    files: Mapping[str, Sequence[Row]] = {task.public.file: [row]}
    if task.shots is not None and task.shots.file is not None:
        files = {**files, task.shots.file: examples}
    for file, written in files.items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(map(json.dumps, written)), "utf-8")
    (sample,) = load_samples(task, data=folder)
    pool = load_shots(task, (sample,), data=folder)
    shots = draw_shots(task, pool, sample, seed=0)
    return request_for(task, sample, chat=True, seed=0, shots=shots)


@pytest.mark.parametrize("name", TASKS)
def test_no_chat_template_stands_round_it(name: str) -> None:
    """Published figures are those of a text that is continued."""
    assert TASKS[name].chat is False


def test_gsm8k(tmp_path: Path) -> None:
    """Eight worked answers with their marks, each behind a blank line."""
    examples: list[Row] = [
        {"question": f"What is {n} + 1?", "answer": f"It is {n + 1}.\n#### {n + 1}"}
        for n in range(8)
    ]
    row: Row = {"question": "What is 8 + 1?", "answer": "It is 9.\n#### 9"}

    request = asked(tmp_path, "reasoning/gsm8k_published", row, examples)

    first, *others, last = request.prompt.split("\n\n")
    number = int(first.split()[3])
    assert first == (
        f"Question: What is {number} + 1?\n"
        f"Answer: It is {number + 1}.\n#### {number + 1}"
    )
    assert len(others) == 7
    assert last == "Question: What is 8 + 1?\nAnswer:"
    assert request.stop == ("Question:", "</s>", "<|im_end|>")
    assert request.max_new_tokens == 256


def test_humaneval(tmp_path: Path) -> None:
    """The function's head as it is, its last line break too."""
    row: Row = {
        "task_id": "HumanEval/0",
        "prompt": 'def one():\n    """Return 1."""\n',
        "entry_point": "one",
        "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
    }

    request = asked(tmp_path, "code_completion/humaneval_published", row)

    assert request.prompt == row["prompt"]
    assert request.stop == ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
    assert request.max_new_tokens == 1024


def test_mbpp(tmp_path: Path) -> None:
    """The second to fourth row of the split of prompts, and three tests of each."""
    rows: list[Row] = [
        {
            "task_id": n,
            "text": f"Write {n}.",
            "code": f"def f{n}():\r\n  return {n}",
            "test_list": [f"assert f{n}() == {n}"] * 3 + ["assert False"],
        }
        for n in (1, 2, 3, 4, 5, 11)
    ]

    request = asked(tmp_path, "code_completion/mbpp_published", rows[-1], rows[:-1])

    told = "You are an expert Python programmer, and here is your task:"
    tests = "Your code should pass these tests:"
    parts = [
        f"{told} Write {n}. {tests}\n\n" + f"assert f{n}() == {n}\n" * 3 + "[BEGIN]\n"
        for n in (2, 3, 4, 11)
    ]
    answers = [f"def f{n}():\r\n  return {n}\n[DONE]\n\n" for n in (2, 3, 4)]
    shown = "".join(
        part + answer for part, answer in zip(parts[:3], answers, strict=True)
    )
    assert request.prompt == shown + parts[3]
    assert request.stop == ("[DONE]",)
    assert request.max_new_tokens == 256


def test_bbh(tmp_path: Path) -> None:
    """The task's line, three worked examples in their order, and no word more."""
    examples: list[Row] = [
        {"input": f"{word} is", "target": f"It is. So the answer is {word}."}
        for word in ("True", "False", "not False")
    ]
    row: Row = {"input": "not True is", "target": "False"}

    request = asked(
        tmp_path, "reasoning/bbh_boolean_expressions_published", row, examples
    )

    head = "Evaluate the result of a random Boolean expression.\n\n"
    step = "A: Let's think step by step.\n"
    shown = "".join(
        f"Q: {word} is\n{step}It is. So the answer is {word}.\n\n"
        for word in ("True", "False", "not False")
    )
    assert request.prompt == f"{head}{shown}Q: not True is\n{step}"
    assert request.stop == ("</s>", "Q", "\n\n")
    assert request.max_new_tokens == 1024


def test_cnn_dailymail(tmp_path: Path) -> None:
    """No examples; it ends at a blank line, as the harness does where none is named."""
    row: Row = {"id": "a", "article": "Rain.\nMore rain.", "highlights": "It rained."}

    request = asked(tmp_path, "summarization/cnn_dailymail_published", row)

    article = "Summarize the following article:\n\nRain.\nMore rain.\n\nSummary:"
    assert request.prompt == article
    assert request.stop == ("\n\n",)
    assert request.max_new_tokens == 128


def test_xsum(tmp_path: Path) -> None:
    """Five articles of 50 to 150 words, and 512 words of the one that is asked."""
    examples: list[Row] = [
        {"id": f"{n}", "document": f"w{n} " * n, "summary": f"S{n}."}
        for n in (10, 60, 70, 80, 90, 100, 200)
    ]
    row: Row = {"id": "x", "document": "w\n" * 600, "summary": "S."}

    request = asked(tmp_path, "summarization/xsum_published", row, examples)

    line = "\n\nSummarize the above article in 1 sentence."
    *shown, last = request.prompt.split("###\nArticle: ")[1:]
    numbers = [int(part.split()[0][1:]) for part in shown]
    assert sorted(numbers) == [60, 70, 80, 90, 100]
    assert shown == [f"{' '.join([f'w{n}'] * n)}{line}\nS{n}.\n\n" for n in numbers]
    assert last == " ".join(["w"] * 512) + line
    assert request.stop == ("###",)


def test_wmt14(tmp_path: Path) -> None:
    """Two lines, each named by its language."""
    row: Row = {"translation": {"de": "Guten Tag.", "en": "Good day."}}

    request = asked(tmp_path, "translation/wmt14_de-en_published", row)

    assert request.prompt == "German phrase: Guten Tag.\nEnglish phrase:"
    assert request.stop == ("\n",)
    assert request.max_new_tokens == 256


def test_sst2(tmp_path: Path) -> None:
    """The sentence keeps the blank that it ends with."""
    row: Row = {"sentence": "a warm , clever film ", "label": 1}

    request = asked(tmp_path, "sentiment/sst2_published", row)

    assert request.prompt == (
        "a warm , clever film \n"
        "Question: Is this sentence positive or negative?\nAnswer:"
    )


def test_sst2_is_ranked(tmp_path: Path) -> None:
    """The harness's words, then a blank and each label; nothing is generated."""
    name = "sentiment/sst2_published"
    row: Row = {"sentence": "a joy ", "label": 1}

    request = asked(tmp_path, name, row)
    (sample,) = load_samples(TASKS[name], data=tmp_path)
    options = answer_options(TASKS[name], sample)

    assert request.prompt == (
        "a joy \nQuestion: Is this sentence positive or negative?\nAnswer:"
    )
    assert [option.continuation for option in options] == [" negative", " positive"]
    assert sample.reference == "positive"
    assert TASKS[name].ranked == "total"
