"""Templates see a row's columns and nothing else; mistakes are told with the place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.tasks.prompts import check_template, prompt_template, request_for
from pytest_llmlat.values.errors import BadCatalogue
from tests.unit.builders import a_sample, a_task


def prompt(template: str, *labels: str, **fields: object) -> str:
    """Return what a chat template makes of a row."""
    task = replace(a_task(labels=labels), chat_prompt=template)
    return request_for(task, a_sample("s1", "4", **fields), chat=True, seed=0).prompt


def test_a_chat_request() -> None:
    """A model that chats gets the question, the chat's stop strings and the seed."""
    request = request_for(a_task(), a_sample("s1"), chat=True, seed=7)

    assert request.prompt == "What is s1?"
    assert request.chat is True
    assert request.stop == ("</s>",)
    assert (request.max_new_tokens, request.seed) == (8, 7)


def test_a_completion_request() -> None:
    """A base model gets the text to continue and the stop strings that belong to it."""
    request = request_for(a_task(), a_sample("s1"), chat=False, seed=0)

    assert request.prompt == "Question: What is s1?\nAnswer:"
    assert request.chat is False
    assert request.stop == ("\n",)


@pytest.mark.parametrize(
    ("chat", "told"),
    [
        (True, "has no chat_prompt, and model 'm' chats: give the task a chat_prompt"),
        (False, "has no completion_prompt, and model 'm' does not chat"),
    ],
)
def test_a_form_that_a_task_has_no_prompt_of_is_told(chat: bool, told: str) -> None:  # noqa: FBT001 - a parameter
    """Nobody is asked an empty question."""
    whole = a_task()
    task = (
        replace(whole, chat_prompt=None)
        if chat
        else replace(whole, completion_prompt=None)
    )

    with pytest.raises(BadCatalogue, match=told):
        prompt_template(task, chat=chat, model="model 'm'")
    with pytest.raises(BadCatalogue, match=told.partition(",")[0]):
        request_for(task, a_sample("s1"), chat=chat, seed=0)
    assert request_for(task, a_sample("s1"), chat=not chat, seed=0).prompt


def test_an_empty_prompt_is_told() -> None:
    """A cell of a spreadsheet that is empty asks nothing."""
    with pytest.raises(BadCatalogue, match="sums, sample s1: its prompt is empty"):
        prompt("{{ text }}\n", text=" ")


def test_a_missing_value_is_not_written_as_a_word() -> None:
    """A question with "None" in it is one that nobody wrote."""
    with pytest.raises(BadCatalogue, match="is missing or null in this row"):
        prompt("{{ question }}: {{ text }}", text=None)

    with pytest.raises(BadCatalogue, match="bytes, not text"):
        prompt("{{ text }}", text=b"x")
    assert prompt("a{% if text %}{{ text }}{% endif %}", text=None) == "a"
    assert prompt("{{ text or '-' }}", text=None) == "-"


def test_a_template_sees_columns_and_labels() -> None:
    """Each column of the row is a variable; ``labels`` are the task's."""
    text = prompt("{{ text }} {{ labels | join('/') }}", "yes", "no", text="Is it?")

    assert text == "Is it? yes/no"


def test_text_is_not_escaped() -> None:
    """A prompt is no HTML, and a column is no template."""
    assert prompt("{{ text }}", text="<b> & {{ x }}") == "<b> & {{ x }}"


def test_the_end_of_a_column_is_kept() -> None:
    """Code that ends with a line break keeps it before a closing fence."""
    assert prompt("```\n{{ code }}```", code="x = 1\n") == "```\nx = 1\n```"


def test_an_undefined_variable_names_task_sample_and_columns() -> None:
    """A column that the row lacks is not rendered as nothing."""
    with pytest.raises(BadCatalogue) as caught:
        prompt("{{ txet }}", text="x")

    message = str(caught.value)
    assert message.startswith("reasoning/sums, sample s1: template: ")
    assert "'txet' is undefined" in message
    assert "the row has: labels, question, reference, text" in message


@pytest.mark.parametrize(
    "template",
    [
        "{{ text.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ items.append(1) }}",
        "{% include 'x' %}",
    ],
)
def test_a_template_reaches_nothing_but_values(template: str) -> None:
    """Attributes that lead into Python, changes and files are refused."""
    with pytest.raises((BadCatalogue, TypeError)):
        prompt(template, text="x", items=[1])


@pytest.mark.parametrize(
    ("template", "line"), [("{{ text", 1), ("a\n{% if %}", 2), ("{{ x | nothing }}", 1)]
)
def test_a_template_is_checked_before_it_is_used(template: str, line: int) -> None:
    """A typo is told with the place and the line, before a model is loaded."""
    with pytest.raises(BadCatalogue, match=rf"^tasks\.toml: x: template, line {line}:"):
        check_template(template, where="tasks.toml: x")


def test_a_template_that_cannot_be_evaluated_is_told_with_the_place() -> None:
    """A wrong use of a value is a mistake of the catalogue like any other."""
    with pytest.raises(BadCatalogue, match="sample s1"):
        prompt("{{ text + 1 }}", text="x")
