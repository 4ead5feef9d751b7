"""How backends are told to hold answers to a schema or a grammar."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.completions.constraint_fields import (
    WAYS,
    constraint_fields,
    way_of,
)
from pytest_llmlat.backends.completions.constraint_probe import ConstraintProbe
from pytest_llmlat.backends.constraints import check_thoughts
from pytest_llmlat.backends.token_masks import TokenMasks
from pytest_llmlat.values.constraint import Constraint, schema_constraint
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra, Unsupported
from pytest_llmlat.values.records import Generation, Request, Response
from tests.unit.builders import COUNTED_BY, a_model, a_timing

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Finish

CONTENT = {"type": "object"}
SCHEMA = schema_constraint(CONTENT)
GBNF = Constraint("gbnf", 'root ::= "a"')
REGEX = Constraint("regex", "a+")
CHOICE = Constraint("choice", '["a","b"]')
NAMED = {"name": "answer", "schema": CONTENT, "strict": True}
TOLD: list[tuple[str, Constraint, dict[str, Any] | None]] = [
    (
        "response_format",
        SCHEMA,
        {"response_format": {"type": "json_schema", "json_schema": NAMED}},
    ),
    ("response_format", GBNF, None),
    (
        "json_object",
        SCHEMA,
        {"response_format": {"type": "json_object", "schema": CONTENT}},
    ),
    ("json_object", CHOICE, None),
    ("llama.cpp", SCHEMA, {"json_schema": CONTENT}),
    ("llama.cpp", GBNF, {"grammar": GBNF.text}),
    ("llama.cpp", REGEX, None),
    ("guided", SCHEMA, {"guided_json": CONTENT}),
    ("guided", GBNF, {"guided_grammar": GBNF.text}),
    ("guided", REGEX, {"guided_regex": "a+"}),
    ("guided", CHOICE, {"guided_choice": ["a", "b"]}),
    ("structured_outputs", SCHEMA, {"structured_outputs": {"json": CONTENT}}),
    ("structured_outputs", CHOICE, {"structured_outputs": {"choice": ["a", "b"]}}),
]


def a_response(
    text: str | None, finish: Finish = "stop", error: str | None = None
) -> Response:
    """Return what a server answered, or its error."""
    found = Generation(
        text=text or "",
        finish=finish,
        prompt_tokens=3,
        output_tokens=1,
        token_source=COUNTED_BY,
    )
    return Response(
        generation=None if text is None else found, timing=a_timing(1.0), error=error
    )


@pytest.mark.parametrize(("way", "held", "fields"), TOLD)
def test_a_server_is_told_in_its_own_fields(
    way: str, held: Constraint, fields: dict[str, Any] | None
) -> None:
    """What it cannot be told so is refused, with the ways in which it can."""
    if fields is not None:
        assert constraint_fields(held, way) == fields
        return
    with pytest.raises(Unsupported, match=f"not told so by {way}") as caught:
        constraint_fields(held, way)
    assert "structured_outputs" in str(caught.value)


def test_nothing_is_told_of_nothing() -> None:
    """In no way."""
    assert [constraint_fields(None, way) for way in WAYS] == [{}] * len(WAYS)


def test_an_entry_says_how_its_server_is_told() -> None:
    """By OpenAI's field unless it says so; what is none is refused."""
    entry = replace(a_model(), options=(("structured_by", "guided"),))

    assert way_of(a_model()) == "response_format"
    assert way_of(entry) == "guided"
    with pytest.raises(BadCatalogue, match="structured_by = 'grammar': must be one of"):
        way_of(replace(entry, options=(("structured_by", "grammar"),)))


@pytest.mark.parametrize("said", ['{"probe":"k7q"}', '{ "probe" : "k7q" }\n'])
def test_a_server_that_heeds_a_schema_is_asked_once(said: str) -> None:
    """For the one answer that fits, however it spaces it."""
    asked: list[Request] = []

    def ask(request: Request) -> Response:
        asked.append(request)
        return a_response(said)

    probe = ConstraintProbe("response_format")
    probe.check(SCHEMA, ask, chat=True)
    probe.check(schema_constraint({"type": "array"}), ask, chat=True)

    (request,) = asked
    assert request.constraint is not None
    assert request.constraint.content["properties"]["probe"]["enum"] == ["k7q"]


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (a_response("Hello! How are you?"), "does not heed it.*'Hello! How are you"),
        (a_response("Hello, and", "length"), "does not heed it"),
        (a_response('{"greeting": "Hello"}'), "does not heed it"),
        (a_response(None, error="400: unknown field"), "400: unknown field"),
        (a_response(None, error="400: " + 900 * "x"), "400: xxx"),
    ],
)
def test_a_server_that_does_not_heed_it_is_refused(
    response: Response, told: str
) -> None:
    """With its words, and with the other ways in which it may be told."""
    probe = ConstraintProbe("response_format")

    with pytest.raises(Unsupported, match=told) as caught:
        probe.check(SCHEMA, lambda _: response, chat=True)
    assert "structured_by may be json_object, llama.cpp" in str(caught.value)


def test_an_answer_that_was_cut_off_says_nothing() -> None:
    """A model that thought for too long may heed it; it is asked again next time."""
    asked: list[Request] = []

    def ask(request: Request) -> Response:
        asked.append(request)
        return a_response("", "length")

    probe = ConstraintProbe("response_format")
    probe.check(SCHEMA, ask, chat=True)
    probe.check(SCHEMA, ask, chat=True)

    assert len(asked) == 2


def test_thoughts_have_no_room_in_what_is_held_from_the_first_token() -> None:
    """A budget for them is refused; without one nothing is."""
    request = Request(prompt="", chat=True, max_new_tokens=1, thinking_tokens=8)

    check_thoughts(request)
    check_thoughts(replace(request, thinking_tokens=0, constraint=SCHEMA))
    with pytest.raises(Unsupported, match="no room for thoughts"):
        check_thoughts(replace(request, constraint=SCHEMA))


@pytest.mark.skipif(
    importlib.util.find_spec("llguidance") is not None, reason="it is installed"
)
def test_what_is_not_installed_is_named_before_anything_is_measured() -> None:
    """With the extra that has it."""
    masks = TokenMasks(None, (), wanted_by="model 'mine'")

    with pytest.raises(MissingExtra, match=r"model 'mine'.*pytest-llmlat\[structured"):
        masks.prepare(SCHEMA)


def test_a_choice_is_a_grammar_of_literals() -> None:
    """Quotation marks, control characters and other letters are kept as they are."""
    gguf = pytest.importorskip("pytest_llmlat.backends.gguf.grammars")
    texts = ['say "yes"', "a\\b", "ü", "line\n", "\x08"]
    written = gguf._gbnf(Constraint("choice", json.dumps(texts)))

    assert written == (
        r'root ::= "say \x22yes\x22" | "a\x5Cb" | "ü" | "line\x0A" | "\x08"'
    )
