"""Examples, system prompt and switches of a whole run, from arguments to records."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat import ModelSpec, Record, Task, measure_models
from pytest_llmlat.session.task_rows import TaskRows
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.entities import Shots
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.settings import Settings
from tests.unit.builders import a_sample

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CHATTY = ModelSpec(
    name="chatty",
    backend="scripted",
    devices=("cpu",),
    options=(("answer", "4"),),
    system="Chat.",
    chat_template_kwargs=(("enable_thinking", True),),
)
PLAIN = replace(CHATTY, name="plain", chat=False, system=None)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task of three questions that shows two of ten others."""
    for name, count in (("test", 3), ("train", 10)):
        rows = [
            {"id": f"{name}{n}", "question": f"{name} {n}?", "reference": str(n + 3)}
            for n in range(count)
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, "utf-8")
    return Task(
        name="reasoning/shown",
        family="reasoning",
        title="",
        source=str(tmp_path / "test.jsonl"),
        chat_prompt="{{ question }}",
        completion_prompt="{{ question }} =",
        extractor="number",
        metric="accuracy",
        max_new_tokens=4,
        budget_s=1.0,
        shots=Shots(
            count=2, answer=" {{ reference }}", file=str(tmp_path / "train.jsonl")
        ),
    )


def measured(task: Task, root: Path, **said: object) -> dict[str, list[Record]]:
    """Return the records of each model."""
    records: dict[str, list[Record]] = {"chatty": [], "plain": []}
    measure_models(
        [CHATTY, PLAIN],
        task,
        root=root,
        on_record=lambda record: records[record.cell.model].append(record),
        **said,  # type: ignore[arg-type] # arguments of the same names
    )
    return records


def test_models_see_the_same_examples(tmp_path: Path, task: Task) -> None:
    """Whichever form they take; another seed shows others."""
    first, second = measured(task, tmp_path), measured(task, tmp_path, seed=5)

    shown = [[record.shots for record in records] for records in first.values()]
    assert shown[0] == shown[1]
    assert {len(shots) for shots in shown[0]} == {2}
    assert [record.shots for record in second["plain"]] != shown[1]


def test_arguments_come_before_entries(tmp_path: Path, task: Task) -> None:
    """Number of examples, system prompt and switches, for every model."""
    said = {"enable_thinking": False}

    found = measured(
        task, tmp_path, shots=1, system="Be brief.", chat_template_kwargs=said
    )

    assert {len(record.shots) for each in found.values() for record in each} == {1}
    assert {record.system for record in found["chatty"]} == {"Be brief."}
    (run,) = (tmp_path / ".llmlat" / "runs").glob("*")
    facts = [dict(cell.backend) for cell in open_run(run).facts]
    assert {fact["chat_template_kwargs.enable_thinking"] for fact in facts} == {False}
    assert {fact["system"] for fact in facts} == {"Be brief."}


def test_examples_from_the_items_are_from_these_items(
    tmp_path: Path, task: Task
) -> None:
    """Two tests that give other items see examples of their own."""
    rows = TaskRows(Settings(root=tmp_path, folder=tmp_path / "run"))
    own = replace(task, shots=Shots(count=1, answer=""))
    one, other = (a_sample("s1"), a_sample("s2")), (a_sample("s3"), a_sample("s4"))

    found = [rows.shots(own, items) for items in (one, other)]

    assert found == [one, other]


def test_guessing_is_tried_once_for_items_and_anew_for_others(
    tmp_path: Path, task: Task
) -> None:
    """A set of translations takes half a second: no second model waits for it again."""
    rows = TaskRows(Settings(root=tmp_path, folder=tmp_path / "run"))
    alike = tuple(a_sample(f"s{n}") for n in range(3))
    items = (*alike, a_sample("s3", reference="5"))

    first = rows.chances(task, items)

    assert rows.chances(task, (*alike, items[3])) is first
    assert rows.chances(replace(task, chance=0.0), alike) == (0.0,) * 3
    assert rows.chances(task, items[2:]) == (0.0, 0.0)
    assert first == (0.75,) * 4


def test_a_task_without_examples_has_no_number_of_them(
    tmp_path: Path, task: Task
) -> None:
    """The complaint says what to add."""
    with pytest.raises(UsageError, match=r"shots=1: .* shows no examples; say in"):
        measured(replace(task, shots=None), tmp_path, shots=1)
