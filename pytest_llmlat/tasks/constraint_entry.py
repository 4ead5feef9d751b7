"""The schema and the grammar of a task, as its entry says them.

A schema is a table, or the name of a JSON file beside the catalogue. A grammar is the
name of a file that ends with ``.gbnf``, or a table of one key: ``gbnf`` or ``regex``
with a text, or ``choice`` with a list of texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.constraint import Constraint, schema_constraint

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec, Task
    from pytest_llmlat.values.toml_tables import TomlTable

_GBNF = ".gbnf"
_FORMS = (
    'the name of a .gbnf file, { gbnf = "…" }, { regex = "…" } or { choice = ["…"] }'
)


def constraint_of(task: Task, model: ModelSpec) -> Constraint | None:
    """Return the constraint on a model's answers to a task; ``None`` for none."""
    wanted = model.option("structured", default=True)
    return None if wanted is False else task.constraint


def schema_of(table: TomlTable) -> Constraint | None:
    """Return the JSON schema of an entry, ``None`` if it has none.

    Raises:
        BadCatalogue: it is no table and no file with a JSON object.
    """
    value = table.values.get("schema")
    if value in (None, ""):
        return None
    if isinstance(value, str):
        text = _file(table, "schema", value)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise table.complain("schema", f"{value} is no JSON: {error}") from error
    if not isinstance(value, dict) or not value:
        raise table.complain(
            "schema", "must be a JSON object: a table, or the name of a file with one"
        )
    try:
        return schema_constraint(value)
    except (TypeError, ValueError, RecursionError) as error:  # as a date of TOML
        raise table.complain("schema", f"cannot be JSON: {error}") from error


def grammar_of(table: TomlTable) -> Constraint | None:
    """Return the grammar of an entry, ``None`` if it has none.

    Raises:
        BadCatalogue: it is of none of the forms that there are.
    """
    value = table.values.get("grammar")
    if value in (None, ""):
        return None
    if isinstance(value, str):
        if not value.endswith(_GBNF):
            raise table.complain("grammar", f"must be {_FORMS}: {value!r:.80}")
        return Constraint("gbnf", _file(table, "grammar", value))
    if not isinstance(value, dict) or len(value) != 1:
        raise table.complain("grammar", f"must be {_FORMS}")
    ((form, content),) = value.items()
    return _inline(table, form, content)


def _inline(table: TomlTable, form: str, content: Any) -> Constraint:  # noqa: ANN401 - any TOML value
    """Return a grammar that is written into the entry itself."""
    if form == "choice":
        listed = isinstance(content, list) and all(
            isinstance(text, str) and text for text in content
        )
        if not listed or not content:
            raise table.complain("grammar.choice", "must be a list of texts")
        unique = list(dict.fromkeys(content))
        return Constraint("choice", json.dumps(unique, separators=(",", ":")))
    if form not in ("gbnf", "regex"):
        raise table.complain(f"grammar.{form}", f"is unknown; write {_FORMS}")
    if not isinstance(content, str) or not content.strip():
        raise table.complain(f"grammar.{form}", "must be a text that is not empty")
    return Constraint("gbnf" if form == "gbnf" else "regex", content)


def _file(table: TomlTable, key: str, name: str) -> str:
    """Return the text of a file that lies beside the catalogue which names it."""
    path = table.named_file(key, name)
    try:
        return path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise table.complain(key, f"{path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise table.complain(key, f"{path} is not UTF-8") from error
