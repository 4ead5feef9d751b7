"""What an answer is held to, and how it is told from other such things."""

from __future__ import annotations

import json

import pytest

from pytest_llmlat.values.constraint import (
    Constraint,
    ConstraintKind,
    probe_of,
    schema_constraint,
)

KINDS: list[ConstraintKind] = ["json_schema", "gbnf", "regex", "choice"]


def test_a_digest_tells_kind_and_content() -> None:
    """The same text as a regular expression is another thing than as a grammar."""
    one = Constraint("regex", "a")

    assert one.digest == Constraint("regex", "a").digest
    assert one.digest.startswith("regex ")
    others = {Constraint("regex", "b").digest, Constraint("gbnf", "a").digest}
    assert one.digest not in others
    assert one.digest[-16:] not in {digest[-16:] for digest in others}


def test_the_order_of_a_schema_s_keys_counts() -> None:
    """Fields are written in that order, so that another order is another task."""
    one = schema_constraint({"properties": {"a": {}, "b": {}}})
    other = schema_constraint({"properties": {"b": {}, "a": {}}})

    assert one.digest != other.digest
    assert list(one.content["properties"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("held", "answer", "kept"),
    [
        (schema_constraint({"type": "object"}), '{"a": 1}', True),
        (schema_constraint({"type": "object"}), "Sure!", False),
        (schema_constraint({"type": "object"}), "[" * 100_000, False),
        (Constraint("choice", '["yes", "no"]'), " yes\n", True),
        (Constraint("choice", '["yes", "no"]'), "Yes.", False),
        (Constraint("gbnf", 'root ::= "a"'), "b", True),
    ],
)
def test_what_was_not_heeded_is_seen(
    held: Constraint, answer: str, *, kept: bool
) -> None:
    """Where that can be told without a parser of the grammar."""
    assert held.kept(answer) is kept


@pytest.mark.parametrize("kind", KINDS)
def test_a_probe_has_one_answer(kind: ConstraintKind) -> None:
    """It is of the kind that is probed, and its answer is kept."""
    probe, answer = probe_of(kind)

    assert probe.kind == kind
    assert probe.kept(answer)
    assert "k7q" in answer
    if kind == "json_schema":
        assert json.loads(answer) == {"probe": "k7q"}
