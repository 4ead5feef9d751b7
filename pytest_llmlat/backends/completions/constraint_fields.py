"""How servers are told to hold an answer to a schema or a grammar.

============================ =====================================================
option ``structured_by``     what is sent
============================ =====================================================
``response_format``          ``response_format`` of type ``json_schema`` (OpenAI and
                             most servers); the default
``json_object``              ``response_format`` of type ``json_object`` with a
                             ``schema`` (llama-cpp-python's server)
``llama.cpp``                ``json_schema``, ``grammar`` (llama.cpp's own server)
``guided``                   ``guided_json``, ``guided_grammar``, ``guided_regex``,
                             ``guided_choice`` (vLLM before 0.12)
``structured_outputs``       the same names in ``structured_outputs`` (vLLM)
============================ =====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.entry_options import STRUCTURED_BY
from pytest_llmlat.backends.constraints import refused
from pytest_llmlat.backends.settings_check import text_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import ModelSpec

DEFAULT = "response_format"
_NAMES = {"json_schema": "json", "gbnf": "grammar", "regex": "regex"}
"""What vLLM calls them; a choice it calls a choice."""


def _response_format(constraint: Constraint) -> dict[str, object] | None:
    if constraint.kind != "json_schema":
        return None
    told = {"name": "answer", "schema": constraint.content, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": told}}


def _json_object(constraint: Constraint) -> dict[str, object] | None:
    if constraint.kind != "json_schema":
        return None
    return {"response_format": {"type": "json_object", "schema": constraint.content}}


def _llama_cpp(constraint: Constraint) -> dict[str, object] | None:
    if constraint.kind == "json_schema":
        return {"json_schema": constraint.content}
    return {"grammar": constraint.text} if constraint.kind == "gbnf" else None


def _guided(constraint: Constraint) -> dict[str, object] | None:
    name = _NAMES.get(constraint.kind, constraint.kind)
    return {f"guided_{name}": _value(constraint)}


def _structured_outputs(constraint: Constraint) -> dict[str, object] | None:
    name = _NAMES.get(constraint.kind, constraint.kind)
    return {"structured_outputs": {name: _value(constraint)}}


def _value(constraint: Constraint) -> Any:  # noqa: ANN401 - any JSON value
    listed = constraint.kind in ("json_schema", "choice")
    return constraint.content if listed else constraint.text


WAYS: Mapping[str, Callable[[Constraint], dict[str, object] | None]] = {
    DEFAULT: _response_format,
    "json_object": _json_object,
    "llama.cpp": _llama_cpp,
    "guided": _guided,
    "structured_outputs": _structured_outputs,
}
"""From a constraint to fields of a request; ``None`` for what cannot be told so."""


def way_of(model: ModelSpec) -> str:
    """Return how an entry's server is told.

    Raises:
        BadCatalogue: the option ``structured_by`` is none of what there is.
    """
    return text_option(model, STRUCTURED_BY) or DEFAULT


def constraint_fields(constraint: Constraint | None, way: str) -> dict[str, object]:
    """Return the fields by which a server is told to hold an answer to something.

    Raises:
        Unsupported: that cannot be told in this way; names those in which it can.
    """
    if constraint is None:
        return {}
    found = WAYS[way](constraint)
    if found is not None:
        return found
    others = [name for name, told in WAYS.items() if told(constraint) is not None]
    raise refused(
        constraint,
        f"a server is not told so by {way}; option structured_by of its entry may be"
        f" {' or '.join(others)}",
    )
