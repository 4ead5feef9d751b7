"""Rows and task entries that are conversations: what is asked, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tasks.chance import chances
from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.data.conversations import samples_of
from pytest_llmlat.tasks.data.table_row import TableRow
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.sample_draw import draw
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.entities import Task
from pytest_llmlat.values.errors import BadCatalogue, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample
    from pytest_llmlat.values.records import Request

HEAD = """
[tasks."talks/one"]
source = "rows.jsonl"
extractor = "number"
metric = "accuracy"
max_new_tokens = 8
budget_s = 1
"""
COLUMN = 'messages = "messages"\n'


def said(role: str, content: object, **further: object) -> dict[str, object]:
    """Return a message."""
    return {"role": role, "content": content, **further}


OWN = [
    said("system", "Be brief."),
    said("user", "Ten pears come in."),
    said("user", "Three go. How many are left?", reference="7"),
    said("user", "Two more go. And now?", reference="5"),
]


def task_of(folder: Path, rows: list[Any], keys: str = COLUMN) -> Task:
    """Write a catalogue with one task and its rows, and read the task."""
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (folder / "tasks.toml").write_text(HEAD + keys, "utf-8")
    return load_tasks([folder / "tasks.toml"]).entries["talks/one"]


def read(folder: Path, messages: Any, keys: str = COLUMN) -> tuple[Sample, ...]:  # noqa: ANN401 - any JSON
    """Return the samples of one row with these messages."""
    return load_samples(task_of(folder, [{"id": "a", "messages": messages}], keys))


def asked(task: Task, sample: Sample, **answers: str) -> Request:
    """Return the request for a turn, ``t1`` standing for the sample ``a#1``."""
    own = {name.replace("t", "a#"): text for name, text in answers.items()}
    return request_for(task, sample, chat=True, seed=0, answers=own)


def test_each_user_message_is_a_sample(tmp_path: Path) -> None:
    """With its turn in its id; one without a right answer is asked and not graded."""
    samples = read(tmp_path, OWN)

    assert [s.id for s in samples] == ["a#1", "a#2", "a#3"]
    assert [s.reference for s in samples] == ["", "7", "5"]
    assert [s.graded for s in samples] == [False, True, True]
    assert {s.item for s in samples} == {"a"}


def test_a_turn_is_asked_with_the_models_own_answers(tmp_path: Path) -> None:
    """In the order of a chat, the system prompt first and the question last."""
    task = task_of(tmp_path, [{"id": "a", "messages": OWN}])
    *_, last = load_samples(task)

    request = asked(task, last, t1="Noted.", t2="Seven.")

    assert request.messages == (
        ("system", "Be brief."),
        ("user", "Ten pears come in."),
        ("assistant", "Noted."),
        ("user", "Three go. How many are left?"),
        ("assistant", "Seven."),
        ("user", "Two more go. And now?"),
    )
    assert last.turn is not None
    assert last.turn.own_answers == ("a#1", "a#2")


def test_an_answer_of_the_data_stands_in_place_of_the_models(tmp_path: Path) -> None:
    """The turn is asked all the same, and later turns see what the data say."""
    messages = [
        said("user", "Ten, less three?", reference="7"),
        said("assistant", "That is 7."),
        said("user", "Less two?", reference="5"),
    ]
    task = task_of(tmp_path, [{"id": "a", "messages": messages}])
    first, second = load_samples(task)

    assert asked(task, second, t1="I do not know.").turns == (
        ("Ten, less three?", "That is 7."),
    )
    assert [first.turn.continues, second.turn.continues] == [False, True]  # type: ignore[union-attr] # turns
    assert second.turn is not None
    assert second.turn.own_answers == ()


def test_a_message_that_is_not_asked_is_only_shown(tmp_path: Path) -> None:
    """What comes first then begins the conversation, whatever its number."""
    messages = [
        said("user", "Hello", ask=False),
        said("assistant", "Hello!"),
        said("user", "2 + 2?", reference=4),
    ]

    (only,) = read(tmp_path, messages)

    assert only.id == "a#2"
    assert only.turn is not None
    assert not only.turn.continues


def test_an_answer_of_the_row_is_that_of_its_last_turn(tmp_path: Path) -> None:
    """As in sets with one question behind a history."""
    rows = [{"id": "a", "reference": "9", "messages": [*OWN[1:2], said("user", "?")]}]

    samples = load_samples(task_of(tmp_path, rows))

    assert [s.reference for s in samples] == ["", "9"]


def test_names_of_other_sets_are_read(tmp_path: Path) -> None:
    """Roles as ``from`` with ``human`` and ``gpt``, texts as ``value``."""
    messages = [
        {"from": "human", "value": "1 + 1?"},
        {"from": "gpt", "value": "2"},
        {"from": "human", "value": "2 + 2?", "reference": 4},
    ]

    _, last = read(tmp_path, messages)

    assert last.turn is not None
    assert last.turn.earlier == (("1 + 1?", "2"),)


def test_messages_may_be_templates_of_the_entry(tmp_path: Path) -> None:
    """They see the row's columns; further keys are columns of the turn."""
    keys = """
[[tasks."talks/one".messages]]
role = "user"
content = "Remember {{ n }}."
[[tasks."talks/one".messages]]
role = "user"
content = "Which number?"
reference = "{{ n }}"
"""
    samples = load_samples(task_of(tmp_path, [{"id": "a", "n": 12}], keys))

    assert [s.turn.text for s in samples if s.turn] == ["Remember 12.", "Which number?"]
    assert [s.reference for s in samples] == ["", "12"]


def test_guessing_is_judged_on_graded_turns_alone(tmp_path: Path) -> None:
    """The empty reference of a turn that nobody grades is no common answer."""
    task = task_of(tmp_path, [{"id": name, "messages": OWN} for name in "ab"])

    assert chances(task, load_samples(task)) == (0.0, 0.5, 0.5) * 2


def test_a_draw_takes_whole_conversations(tmp_path: Path) -> None:
    """As many as are wanted, each with all its turns in order."""
    task = task_of(tmp_path, [{"id": f"c{n}", "messages": OWN} for n in range(6)])

    drawn = draw(load_samples(task), 2, seed=3, salt="")

    items = list(dict.fromkeys(sample.item for sample in drawn))
    assert len(items) == 2
    assert [s.id for s in drawn] == [f"{i}#{n}" for i in items for n in (1, 2, 3)]


def test_a_model_that_does_not_chat_is_refused(tmp_path: Path) -> None:
    """Unless the entry says how the messages read as one text."""
    task = task_of(tmp_path, [{"id": "a", "messages": OWN}])
    last = load_samples(task)[-1]

    with pytest.raises(Unsupported, match="is asked as a chat"):
        request_for(task, last, chat=False, seed=0)


def test_a_completion_prompt_makes_one_text_of_the_messages(tmp_path: Path) -> None:
    """Its template sees them all, the answers among them."""
    keys = COLUMN + (
        'completion_prompt = "{% for m in messages %}{{ m.role }}: {{ m.content }}\\n'
        '{% endfor %}assistant:"\n'
    )
    task = task_of(tmp_path, [{"id": "a", "messages": OWN[1:3]}], keys)
    last = load_samples(task)[-1]

    request = request_for(task, last, chat=False, seed=0, answers={"a#1": "Good."})

    assert request.prompt == (
        "user: Ten pears come in.\nassistant: Good.\n"
        "user: Three go. How many are left?\nassistant:"
    )
    assert (request.turns, request.system) == ((), None)


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ("Hello", "must be a list of messages"),
        (["Hello"], "message 1: must have role and content"),
        ([said("tool", "x")], "role 'tool' is none of"),
        ([said("user", " ")], "content must be a text that is not empty"),
        ([said("user", [{"type": "text"}])], "content must be a text"),
        ([said("assistant", "x")], "an answer must follow a user message"),
        ([said("system", "x")], "no user message that is asked"),
        ([*OWN, said("system", "x")], "a system message must come first"),
        ([said("user", "x", ask=False), *OWN[1:]], "ask = false needs an answer"),
        ([said("user", "x", ask="no")], "ask must be true or false"),
        (OWN[:2], "no turn has a right answer"),
    ],
)
def test_what_is_no_conversation_is_told(
    tmp_path: Path, messages: object, told: str
) -> None:
    """With the row, and the message if it is one of them."""
    with pytest.raises(BadCatalogue, match=told):
        read(tmp_path, messages)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "from", "value", "ask", "reference"]),
            inner | st.sampled_from(["system", "user", "assistant", "human", "gpt"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(messages=JSON)
def test_any_messages_are_turns_or_a_complaint(messages: object) -> None:
    """What a row holds comes from anywhere; nothing of it is asked by halves."""
    task = Task(
        name="talks/one",
        family="talks",
        title="",
        source="rows.jsonl",
        messages="messages",
        extractor="text",
        metric="exact_match",
        max_new_tokens=8,
        budget_s=1.0,
    )
    row = TableRow(
        source="x", place="line 1", index=0, columns={"id": "a", "messages": messages}
    )
    try:
        samples = samples_of(task, row)
    except BadCatalogue:
        return
    assert any(sample.graded for sample in samples)
    assert all(s.turn is not None and s.turn.text.strip() for s in samples)
    assert [s.id for s in samples] == sorted({s.id for s in samples})


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            COLUMN + 'chat_prompt = "x"\n',
            "chat_prompt: belongs to a task that asks one",
        ),
        (COLUMN + "shots = 1\n", "shots: belongs to a task that asks one"),
        ("messages = 3\n", "must be an expression"),
        ("messages = []\n", "must be an expression"),
        ('messages = [{role = "x", content = "y"}]\n', r"messages\[0\].role"),
        ('messages = [{role = "user"}]\n', r"messages\[0\].content"),
        (COLUMN + 'breakdown = ["length"]\n', "column 'length', which 'breakdown'"),
    ],
)
def test_an_entry_that_cannot_be_is_told(tmp_path: Path, keys: str, told: str) -> None:
    """By the key that is wrong."""
    with pytest.raises(BadCatalogue, match=told):
        load_samples(task_of(tmp_path, [{"id": "a", "messages": OWN}], keys))
