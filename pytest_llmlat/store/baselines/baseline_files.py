"""The file of a baseline: JSON that people can read, with a checksum over it."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import BadBaseline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KIND = "pytest-llmlat baseline"
SCHEMA = 2
"""Version of the file's form; the first held one run, and is read all the same."""
OPTION = "--llm-save-baseline"
HEAD = ("kind", "schema", "checksum")
"""Keys of a file beside its content."""


def signed(content: Mapping[str, object]) -> str:
    """Return the text of a file with this content.

    Raises:
        ValueError: there is something in it that JSON has no number for.
    """
    head = {"kind": KIND, "schema": SCHEMA}
    checksum = _checksum({**head, **content})
    return _text({**head, "checksum": checksum, **content}) + "\n"


def write(path: Path, text: str) -> None:
    """Put a file in its place in one go.

    Raises:
        BadBaseline: it cannot be written.
    """
    try:
        target = path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            scratch.write_text(text, "ascii", newline="\n")
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadBaseline(
            f"baseline {path}: cannot be written ({error}); give the name of a file"
            f" that can be, with {OPTION}=FILE"
        ) from error


def read(path: Path) -> dict[str, Any]:
    """Read a file, and make sure that it is as it was written.

    Raises:
        BadBaseline: it is not there, or is not.
    """
    text = _text_of(path)
    if not text.strip():
        raise BadBaseline(f"baseline {path}: is empty; {anew(path)}")
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        cut = text.lstrip().startswith("{") and not text.rstrip().endswith("}")
        problem = "is cut off" if cut else "is not JSON"
        raise BadBaseline(
            f"baseline {path}: {problem} ({error!s:.200}); {anew(path)}"
        ) from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise BadBaseline(
            f"baseline {path}: is no baseline of pytest-llmlat; give the file that"
            f" {OPTION}=FILE wrote"
        )
    schema = content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise BadBaseline(
            f"baseline {path}: was written by pytest-llmlat"
            f" {content.get('plugin')!s:.40} in a newer form ({schema}) than this"
            f" version reads ({SCHEMA}); update pytest-llmlat, or {anew(path)}"
        )
    try:
        known = type(schema) is int and 1 <= schema <= SCHEMA
        whole = known and content.get("checksum") == _checksum(content)
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise BadBaseline(
            f"baseline {path}: was changed after it was saved (its checksum is not that"
            f" of its content), so its numbers prove nothing; do not edit it, but"
            f" {anew(path)}"
        )
    return content


def anew(path: Path) -> str:
    """Say how to make a file that can be read."""
    return f"make it anew with {OPTION}={path}"


def _text(value: object, indent: str = "\n") -> str:
    """Write JSON over many lines, but a list of plain values on one."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        lines = [
            f"{json.dumps(key)}: {_text(one, inner)}" for key, one in value.items()
        ]
        return "{" + inner + f",{inner}".join(lines) + indent + "}"
    if isinstance(value, list) and any(isinstance(one, list | dict) for one in value):
        lines = [_text(one, inner) for one in value]
        return "[" + inner + f",{inner}".join(lines) + indent + "]"
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _checksum(content: Mapping[str, object]) -> str:
    """Digest all but the checksum itself; line breaks and blanks do not count."""
    rest = {key: value for key, value in content.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + sha256(text.encode("ascii")).hexdigest()


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problem = f"there is no such file; make one with {OPTION}={path}"
    except UnicodeDecodeError:
        problem = f"is no text, so no baseline; make one with {OPTION}=FILE"
    except IsADirectoryError:
        problem = f"is a folder; give the file that {OPTION}=FILE wrote"
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({error}); see to it that it can"
    raise BadBaseline(f"baseline {path}: {problem}")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")
