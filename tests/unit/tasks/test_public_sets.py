"""Ten slices of public sets through their catalogue entries; skipped where absent."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.sandbox import open_sandbox
from pytest_llmlat.tasks.data import load_samples, revision
from pytest_llmlat.tasks.prompts import request_for
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmlat.values.entities import Sample, Task

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[3].parent / "shared" / "data"
TASKS = BUNDLED.entries
PUBLIC = [task for task in TASKS.values() if task.public is not None]
COUNTS = {
    "summarization/scitldr": 618,
    "summarization/legal_contracts": 446,
    "code_completion/humaneval": 164,
    "code_debugging/quixbugs": 40,
    "sentiment/go_emotions": 1971,
    "translation/flores200_en-de": 1012,
    "translation/flores200_en-fr": 1012,
    "reasoning/gsm8k": 1319,
    "reasoning/bbh_logical_deduction": 250,
    "reasoning/bbh_boolean_expressions": 250,
}
"""How many samples each slice has that may lie beside the repository."""
EACH = pytest.mark.parametrize("name", COUNTS)
PREFIX = {
    "boolean": "Answer: ",
    "choice": "Answer: ",
    "label": "",
    "number": "Answer: ",
    "text": "",
}
GERMAN = "translation/flores200_en-de"


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """Return all samples of a slice."""
    public = TASKS[name].public
    assert public is not None
    if not (DATA / public.file).is_file():
        pytest.skip(f"no copy of {public.hub} beside the repository")
    return load_samples(TASKS[name], data=DATA)


@EACH
def test_a_slice_loads_whole(name: str) -> None:
    """As many samples as it is known to have, each with something to compare with."""
    found = samples(name)

    assert len(found) == COUNTS[name]
    assert all(sample.reference.strip() for sample in found)


@EACH
@pytest.mark.parametrize("chat", [True, False])
def test_a_slice_asks_every_sample(name: str, *, chat: bool) -> None:
    """Both prompts render for every row and end in nothing that ends an answer."""
    task = TASKS[name]
    prompts = [
        request_for(task, sample, chat=chat, seed=0).prompt for sample in samples(name)
    ]

    assert all(prompt.strip() for prompt in prompts)
    assert not any(prompt.endswith(task.completion_stop) for prompt in prompts)
    # Two of the go_emotions comments are word for word the same as another.
    assert len(set(prompts)) >= len(prompts) - 2


@EACH
def test_the_right_answer_is_right(name: str) -> None:
    """The reference passes the task's own extractor and metric."""
    task = TASKS[name]
    if METRICS[task.metric].run is not None:
        pytest.skip("judged in the sandbox, below")
    pytest.importorskip("rouge_score" if task.metric == "rouge" else "sacrebleu")
    for sample in samples(name)[:50]:
        answer = PREFIX[task.extractor] + sample.reference
        extraction, found = grade(answer, task, sample, None)
        assert extraction.value is not None, sample.id
        assert found.value == pytest.approx(1), sample.id


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("code_completion/humaneval", "    pass\n"), ("code_debugging/quixbugs", None)],
)
def test_the_right_program_is_right(name: str, wrong: str | None) -> None:
    """And what it should replace is not: the tests of a row are those of its task."""
    if sys.platform != "linux":
        pytest.skip("the confinement has been shown to hold on Linux only")
    task, found = TASKS[name], samples(name)[:10]
    sandbox = open_sandbox("auto")
    try:
        for sample in found:
            _, right = grade(sample.reference, task, sample, sandbox)
            assert right.correct, (sample.id, right.note)
        task = replace(task, options=(("time_s", 1.0),))  # some never end
        for sample in found[:2]:
            answer = wrong or str(sample.field("buggy"))
            assert not grade(answer, task, sample, sandbox)[1].correct, sample.id
    finally:
        sandbox.close()


def gsm8k(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of GSM8K as the hub has it, and so on for the others."""
    raw = row.get("meta", {}).get("answer_raw", row["answer"])
    return {
        "question": row["question"],
        "answer": f"{row['rationale']}\n#### {raw}",
    }


def humaneval(row: dict[str, Any]) -> dict[str, Any]:
    """The tests come without the call of ``check``."""
    return {
        "task_id": row["id"],
        "prompt": row["prompt"],
        "canonical_solution": row["canonical_solution"],
        "test": row["tests"].removesuffix(f"\ncheck({row['entry_point']})\n"),
        "entry_point": row["entry_point"],
    }


def scitldr(row: dict[str, Any]) -> dict[str, Any]:
    """Sentences and summaries are lists."""
    return {
        "source": row["document"].split(" "),
        "source_labels": [],
        "rouge_scores": [],
        "paper_id": row["id"].removeprefix("scitldr-"),
        "target": row["summaries"],
        "title": "",
    }


def go_emotions(row: dict[str, Any]) -> dict[str, Any]:
    """Labels are numbers, and there may be several."""
    return {
        "text": row["text"],
        "labels": [row["labels"].index(row["label"])],
        "id": row["id"].removeprefix("goemotions-test-"),
    }


def quixbugs(row: dict[str, Any]) -> dict[str, Any]:
    """The docstring is a column of its own."""
    return {
        "name": row["entry_point"],
        "buggy_program": row["buggy"],
        "docstring": row["meta"]["docstring"],
        "solution": row["fixed"],
        "tests": row["tests"],
    }


def flores(row: dict[str, Any]) -> dict[str, Any]:
    """Each language is a column."""
    return {
        "id": 1 + int(row["id"].rpartition("-")[2]),
        "sentence_eng_Latn": row["source"],
        "sentence_deu_Latn": row["reference"],
    }


def bbh(row: dict[str, Any]) -> dict[str, Any]:
    """Two columns are all there is."""
    return {"input": row["question"], "target": row["answer"]}


def legal(row: dict[str, Any]) -> dict[str, Any]:
    """The columns of this set."""
    return {"original_text": row["document"], "reference_summary": row["summary"]}


SHAPES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "reasoning/gsm8k": gsm8k,
    "code_completion/humaneval": humaneval,
    "summarization/scitldr": scitldr,
    "summarization/legal_contracts": legal,
    "sentiment/go_emotions": go_emotions,
    "code_debugging/quixbugs": quixbugs,
    GERMAN: flores,
    "reasoning/bbh_boolean_expressions": bbh,
    "reasoning/bbh_logical_deduction": bbh,
}


def hub_shaped(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a slice as the hub has them."""
    public = TASKS[name].public
    assert public is not None
    for line in (DATA / public.file).read_text("utf-8").split("\n"):
        if line:
            yield SHAPES[name](json.loads(line))


@pytest.mark.parametrize("name", SHAPES)
def test_the_hub_s_rows_make_the_same_samples(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a run from a local copy may be compared with a run from the hub."""
    copied = samples(name)
    task = pinned(TASKS[name])
    rows = list(hub_shaped(name))
    if name == "sentiment/go_emotions":
        rows.insert(1, {"text": "both", "labels": [3, 9], "id": "two"})
        rows.insert(2, {"text": "none", "labels": [], "id": "zero"})
    library = ModuleType("datasets")
    monkeypatch.setattr(
        library, "load_dataset", lambda *_, **__: iter(rows), raising=False
    )
    monkeypatch.setitem(sys.modules, "datasets", library)

    loaded = load_samples(task)

    assert loaded == copied
    assert revision(task, loaded) == revision(TASKS[name], copied)


def pinned(task: Task) -> Task:
    """Return a task whose set has a revision, if only to be asked for."""
    assert task.public is not None
    return replace(task, public=replace(task.public, revision="0" * 40))


@EACH
def test_shots_are_no_items_of_the_set(name: str) -> None:
    """A prompt that shows what is asked would measure memory."""
    shots = (TASKS[name].completion_prompt or "").partition("{{")[0]
    texts = [
        str(text).strip()
        for sample in samples(name)
        for key, text in sample.fields
        if key in {"question", "document", "text", "source", "buggy"}
    ]

    assert not [text for text in texts if text and f" {text}\n" in shots]


@pytest.mark.parametrize("task", PUBLIC, ids=lambda task: task.name)
def test_an_entry_of_a_public_set_is_whole(task: Task) -> None:
    """It has what a run needs, and leaves it to its samples what guessing earns."""
    fields = {ours for ours, _ in task.mapping}

    assert task.reference in fields
    assert fields >= {"id"} | (
        {"tests", "entry_point"} if METRICS[task.metric].run is not None else set()
    )
    assert task.extractor in EXTRACTORS
    assert task.metric in METRICS
    assert task.chance is None


def test_files_of_public_sets_differ() -> None:
    """Sets in one file could not be told apart; two tasks may ask one set."""
    sets = {
        (task.public.hub, task.public.config, task.public.split, task.public.file)
        for task in PUBLIC
        if task.public is not None
    }

    assert len({file for *_, file in sets}) == len(sets)


def test_the_reference_lists_every_public_set() -> None:
    """With its id, its pin and the name of a local copy, as the catalogue has them."""
    text = (Path(__file__).parents[3] / "docs" / "reference.md").read_text("utf-8")
    rows = {
        line.split(" | ")[0]: line for line in text.split("\n") if line[:3] == "| `"
    }

    for task in PUBLIC:
        assert task.public is not None
        row = rows[f"| `{task.name}`"]
        pin = task.public.revision
        assert f"| `{task.public.hub}` |" in row
        assert f"| {task.public.split} |" in row
        assert (f"| `{pin[:8]}` |" if pin else "| no |") in row
        assert row.endswith(f"| `{task.public.file}` |")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"fname": "t_1", "summary1": "A.", "summary2": "B.", "summary3": "C."},
            ("A.", "B.", "C."),
        ),
        ({"id": "t_1", "summary": "A.", "topic": "rain"}, ("A.",)),
        ({"id": "t_1", "summary": "A.", "summaries": ["A.", "B."]}, ("A.", "B.")),
    ],
)
def test_all_summaries_of_a_dialogue_are_right(
    tmp_path: Path, row: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """The authors' file has three in a row, the hub's one."""
    task = TASKS["summarization/dialogsum"]
    assert task.public is not None
    file = tmp_path / task.public.file
    file.parent.mkdir()
    file.write_text(json.dumps({"dialogue": "#Person1#: Rain?", **row}), "utf-8")

    (sample,) = load_samples(task, data=tmp_path)

    assert (sample.id, sample.references) == ("t_1", expected)
