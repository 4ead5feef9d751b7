"""Few-shot examples: chosen by the seed, the same for every model, never the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tasks.data import load_samples, revision
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.shots import draw_shots, load_shots
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.entities import ShotDraw, Shots, Task
from pytest_llmlat.values.errors import BadCatalogue, DataUnavailable, Unsupported
from tests.unit.builders import a_model, a_sample, a_task
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample

TRAIN = Shots(count=3, answer=" {{ reference }}", file="train.jsonl")
POOL = tuple(a_sample(f"t{number}", str(number)) for number in range(20))
ASKED = a_sample("s1")
ENTRY = """
[tasks."reasoning/mine"]
source = "test.jsonl"
extractor = "number"
metric = "accuracy"
max_new_tokens = 8
budget_s = 1
chat_prompt = "Q: {{ question }}"
completion_prompt = "Q: {{ question }}\\nA:"
"""


def showing(shots: Shots = TRAIN) -> Task:
    """Return a task with examples."""
    return replace(a_task(), shots=shots)


def drawn(
    seed: int = 0, *, shots: Shots = TRAIN, sample: Sample = ASKED
) -> tuple[str, ...]:
    """Return the ids of the examples that stand before a question."""
    found = draw_shots(showing(shots), POOL, sample, seed=seed)
    return tuple(shot.id for shot in found)


def loaded(folder: Path, keys: str) -> Task:
    """Return the task of the entry above with further keys."""
    path = folder / "tasks.toml"
    path.write_text(ENTRY + keys, "utf-8")
    (task,) = load_tasks([path]).find("reasoning/mine", where="")
    return task


def rows(path: Path, *ids: str) -> None:
    """Write a data file with a row for each id."""
    lines = [
        json.dumps({"id": each, "question": f"Q of {each}?", "reference": "4"})
        for each in ids
    ]
    path.write_text("\n".join(lines), "utf-8")


def test_examples_follow_from_the_seed() -> None:
    """The same seed shows the same, another seed something else."""
    assert drawn(0) == drawn(0)
    assert len({drawn(seed) for seed in range(10)}) > 5


def test_examples_differ_from_item_to_item() -> None:
    """As a rule each item has its own, whichever others are asked."""
    found = {drawn(sample=a_sample(f"s{number}")) for number in range(10)}

    assert len(found) > 5


def test_examples_may_be_the_same_for_all_items() -> None:
    """Drawn once they depend on the seed alone."""
    once = replace(TRAIN, draw="once")

    found = {drawn(shots=once, sample=a_sample(f"s{n}")) for n in range(10)}

    assert len(found) == 1
    assert len({drawn(seed, shots=once) for seed in range(10)}) > 5


def test_examples_may_be_the_first_of_the_file() -> None:
    """In the order of the file, whatever the seed."""
    first = replace(TRAIN, draw="first")

    assert {drawn(seed, shots=first) for seed in range(5)} == {("t0", "t1", "t2")}


@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 18),
    draw=st.sampled_from(get_args(ShotDraw)),
    place=st.integers(0, 19),
)
def test_what_is_asked_is_never_shown(
    seed: int, count: int, draw: ShotDraw, place: int
) -> None:
    """Neither the row itself nor its question under another id; none is shown twice."""
    own = replace(TRAIN, file=None, count=count, draw=draw)
    asked = POOL[place]
    twin = replace(asked, id="twin")

    found = draw_shots(showing(own), (*POOL, twin), asked, seed=seed)

    ids = [shot.id for shot in found]
    assert len(set(ids)) == len(ids) == count
    assert not {asked.id, "twin"} & set(ids)


@pytest.mark.slow
def test_every_row_may_be_shown() -> None:
    """A draw favours none: over many seeds each row stands first about as often."""
    firsts = [drawn(seed)[0] for seed in range(2000)]

    counts = [firsts.count(row.id) for row in POOL]
    assert min(counts) > 60
    assert max(counts) < 140


def test_too_few_rows() -> None:
    """The complaint says how many there are, where, and beside which item."""
    with pytest.raises(BadCatalogue) as caught:
        draw_shots(showing(), POOL[:2], ASKED, seed=0)

    assert str(caught.value) == (
        "task 'reasoning/sums': shots = 3, but only 2 rows of train.jsonl can be shown"
        " beside 's1'"
    )


def test_examples_as_text() -> None:
    """Question and answer of each, a blank line, then the question; preface first."""
    task = replace(showing(), preface="Add up.\n\n")

    request = request_for(task, ASKED, chat=False, seed=0, shots=POOL[:2])

    assert request.turns == ()
    assert request.prompt == (
        "Add up.\n\nQuestion: What is t0?\nAnswer: 0\n\n"
        "Question: What is t1?\nAnswer: 1\n\nQuestion: What is s1?\nAnswer:"
    )


def test_examples_as_turns() -> None:
    """Each is a question of the chat with its answer; a base model gets the text."""
    task = showing(replace(TRAIN, turns=True, answer="{{ reference }}"))

    request = request_for(task, ASKED, chat=True, seed=0, shots=POOL[:2])
    text = request_for(task, ASKED, chat=False, seed=0, shots=POOL[:2])

    assert request.turns == (("What is t0?", "0"), ("What is t1?", "1"))
    assert request.prompt == "What is s1?"
    assert text.turns == ()
    assert text.prompt.endswith(
        "What is t1?\nAnswer:1\n\nQuestion: What is s1?\nAnswer:"
    )


def test_the_preface_of_a_chat_of_turns() -> None:
    """It stands in the first message, and nowhere else."""
    task = replace(showing(replace(TRAIN, turns=True)), preface="Add up. ")

    request = request_for(task, ASKED, chat=True, seed=0, shots=POOL[:2])
    alone = request_for(task, ASKED, chat=True, seed=0)

    assert [asked for asked, _ in request.turns] == [
        "Add up. What is t0?",
        "What is t1?",
    ]
    assert request.prompt == "What is s1?"
    assert alone.prompt == "Add up. What is s1?"


def test_a_task_may_say_that_it_is_no_chat() -> None:
    """Then a model that chats gets the text to continue, and no template."""
    task = replace(a_task(), chat=False, system="Be brief.")

    request = request_for(task, ASKED, chat=True, seed=0)

    assert request.chat is False
    assert request.prompt == "Question: What is s1?\nAnswer:"
    assert request.stop == ("\n",)
    assert request.system is None


def test_a_task_that_is_a_chat_needs_a_model_that_chats() -> None:
    """A base model would be given no template at all."""
    with pytest.raises(Unsupported, match="asked as a chat"):
        request_for(replace(a_task(), chat=True), ASKED, chat=False, seed=0)


def test_system_prompt_and_switches_of_the_template() -> None:
    """What the model's entry says comes before what the task says, key by key."""
    task = replace(
        a_task(),
        system="Answer with a number.",
        chat_template_kwargs=(("enable_thinking", True), ("date", "today")),
    )
    quiet = replace(a_model(), chat_template_kwargs=(("enable_thinking", False),))
    own = replace(quiet, system="Be brief.")

    by_task = request_for(task, ASKED, chat=True, seed=0, model=quiet)
    by_model = request_for(task, ASKED, chat=True, seed=0, model=own)

    assert by_task.system == "Answer with a number."
    assert by_model.system == "Be brief."
    assert dict(by_model.template) == {"enable_thinking": False, "date": "today"}


def test_examples_from_a_file_of_their_own(tmp_path: Path) -> None:
    """It lies beside the catalogue, and its rows are read as the task's are."""
    task = loaded(tmp_path, 'shots = 2\nshots_file = "train.jsonl"')
    rows(tmp_path / "train.jsonl", "a", "b")

    pool = load_shots(task, [ASKED])

    assert [row.id for row in pool] == ["a", "b"]
    assert task.shots is not None
    assert task.shots.answer == " {{ reference }}"


def test_only_some_rows_may_be_shown(tmp_path: Path) -> None:
    """``shots_where`` is for the examples what ``where`` is for the items."""
    task = loaded(tmp_path, "shots = 1\nshots_where = \"id in ['b']\"")
    rows(tmp_path / "test.jsonl", "a", "b")

    assert [row.id for row in load_shots(task, [ASKED])] == ["b"]


def test_examples_from_the_rows_themselves() -> None:
    """A task that names no others shows its own rows, the asked one left out."""
    task = showing(replace(TRAIN, file=None))

    assert load_shots(task, POOL) == POOL


def test_no_examples_read_nothing() -> None:
    """A count of 0 is the task without examples, wherever they would come from."""
    task = showing(replace(TRAIN, count=0, file="nowhere.jsonl"))

    assert load_shots(task, POOL) == ()
    assert draw_shots(task, (), ASKED, seed=0) == ()


def test_examples_of_a_public_set(tmp_path: Path) -> None:
    """They come from the local copy of their split; the complaint names that file."""
    (task,) = BUNDLED.find("reasoning/gsm8k_published", where="")
    folder = tmp_path / "reasoning"
    folder.mkdir()
    row = {"question": "How many?", "answer": "Two and two.\n#### 4"}
    (folder / "gsm8k_train.jsonl").write_text(json.dumps(row), "utf-8")

    (shot,) = load_shots(task, (), data=tmp_path)

    assert shot.field("worked") == "Two and two.\n#### 4"
    assert shot.reference == "4"


def test_examples_that_are_on_no_hub(tmp_path: Path) -> None:
    """A public set whose examples are no split of it needs a file of them."""
    (task,) = BUNDLED.find("reasoning/bbh_boolean_expressions_published", where="")

    with pytest.raises(DataUnavailable) as caught:
        load_shots(task, (), data=tmp_path)

    assert "bbh_boolean_expressions_cot.jsonl" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("shots = -1", "shots: must be a whole number from 0: -1"),
        ("shots = true", "shots: must be a whole number from 0: True"),
        ("shots_file = 'x.jsonl'", "belongs to examples; 'shots' says how many"),
        ("shots = 1\nshots_split = 'train'", "shots_split: belongs to a public set"),
        (
            "shots = 1\nshots_as = 'chat'",
            "shots_as: must be one of text, turns: 'chat'",
        ),
        ("shots = 1\nshots_draw = 'all'", "must be one of each, once, first: 'all'"),
        ("shots = 1\nshot_answer = '{{'", "shot_answer: template, line 1"),
        ("shots = 1\nshots_where = '}'", "shots_where: '}' is no expression"),
        ('shots = 1\nshots_file = "a\\u0000.jsonl"', "shots_file: is no path"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, keys: str, told: str) -> None:
    """A wrong key of an entry is told with the key, before anything is loaded."""
    with pytest.raises(BadCatalogue) as caught:
        loaded(tmp_path, keys)

    assert told in str(caught.value)


def test_a_revision_holds_the_examples() -> None:
    """Other rows or another number are another task; where they lie is not."""
    task = showing()
    usual = revision(task, [ASKED], POOL)

    assert revision(task, [ASKED], POOL[1:]) != usual
    assert revision(showing(replace(TRAIN, count=2)), [ASKED], POOL) != usual
    assert revision(showing(replace(TRAIN, file="moved.jsonl")), [ASKED], POOL) == usual
    assert revision(replace(task, system="Be brief."), [ASKED], POOL) != usual


def test_a_task_without_examples_has_the_revision_that_it_had(tmp_path: Path) -> None:
    """Runs of before there were examples can still be compared."""
    task = loaded(tmp_path, "")
    rows(tmp_path / "test.jsonl", "a", "b")

    assert revision(task, load_samples(task)) == "f318f0cce2b3dc54"


@pytest.mark.parametrize("question", ["WHAT IS S1?", "What is  s1 ?", "what is s1"])
def test_a_question_that_is_spelled_otherwise_is_the_same(question: str) -> None:
    """Case, blanks and signs make no other question, and its answer is not shown."""
    twin = a_sample("s1", "the answer", question=question)

    found = draw_shots(showing(), (twin, *POOL), ASKED, seed=0)

    assert twin not in found


def test_an_example_of_a_row_with_several_right_answers_shows_the_first() -> None:
    """Such rows may have no column with a single one."""
    rows = [
        replace(row, fields=tuple(f for f in row.fields if f[0] != "reference"))
        for row in POOL
    ]

    request = request_for(showing(), ASKED, chat=False, seed=0, shots=tuple(rows[:1]))

    assert " 0" in request.prompt
