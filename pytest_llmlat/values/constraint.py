"""Constraints on answers while they are generated: a JSON schema or a grammar."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

ConstraintKind: TypeAlias = Literal["json_schema", "gbnf", "regex", "choice"]
"""Kind of constraint: a JSON schema; llama.cpp's grammar; a regular expression; a list
of texts, one of which the whole answer is."""
_DIGITS = 16
_PROBE = "k7q"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A schema or grammar: tokens that do not fit it are never chosen."""

    kind: ConstraintKind
    text: str
    """The schema or the list as JSON, or the grammar as it is written."""

    @property
    def digest(self) -> str:
        """Digest of its kind and text: the kind and sixteen hex digits."""
        content = f"{self.kind}\n{self.text}".encode("utf-8", "surrogatepass")
        return f"{self.kind} {hashlib.sha256(content).hexdigest()[:_DIGITS]}"

    @property
    def content(self) -> Any:  # noqa: ANN401 - any JSON value
        """The schema or the list of texts as JSON has it."""
        return json.loads(self.text)

    def kept(self, answer: str) -> bool:
        """Whether an answer that came to its end may have been held to it.

        A schema is looked at no closer than that the answer is JSON, and a grammar not
        at all: this tells a backend that does not heed it, not a wrong answer.
        """
        if self.kind == "json_schema":
            try:
                json.loads(answer)
            except (ValueError, RecursionError):
                return False
        return self.kind != "choice" or answer.strip() in self.content


def schema_constraint(schema: object) -> Constraint:
    """Return the constraint of a JSON schema.

    The order of its keys stays: fields of an answer are written in that order.

    Raises:
        TypeError: something in it is no JSON.
        ValueError: a number in it is none.
    """
    text = json.dumps(schema, separators=(",", ":"), allow_nan=False)
    return Constraint("json_schema", text)


def probe_of(kind: ConstraintKind) -> tuple[Constraint, str]:
    """Return a constraint that only one answer fits, and that answer.

    No model says it unasked, so that it shows whether a server heeds constraints.
    """
    if kind == "json_schema":
        schema = {
            "type": "object",
            "properties": {"probe": {"type": "string", "enum": [_PROBE]}},
            "required": ["probe"],
            "additionalProperties": False,
        }
        return schema_constraint(schema), json.dumps({"probe": _PROBE})
    texts = {"gbnf": f'root ::= "{_PROBE}"', "choice": json.dumps([_PROBE])}
    return Constraint(kind, texts.get(kind, _PROBE)), _PROBE
