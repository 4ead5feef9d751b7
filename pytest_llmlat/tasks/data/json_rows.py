"""Rows of JSON: an object a line, an array of objects, or an object with such an array.

Parsed value by value, so that each row knows its line and a key that stands twice is
told: ``json`` by itself would keep the last of them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llmlat.tasks.data.text_file import lines_of
from pytest_llmlat.values.errors import BadCatalogue
from pytest_llmlat.values.json_objects import without_doubles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLANK = re.compile(r"[ \t\n\r]*")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a character; two of them make one, one alone makes none."""
_DEEPEST = 64
"""Columns are copied, compared and shown by functions that call themselves."""
_USUAL = ("data", "rows")
"""What the array is called where an object holds several."""
_FORMS = (
    "write an object a line, or an array of objects (pandas: df.to_json(FILE,"
    " orient='records', lines=True))"
)


def json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, columns) of each row; NaN, which is no JSON, is a missing value.

    Raises:
        BadCatalogue: names the file and the line.
    """
    place = _JsonPlace(path, text)
    if place.next == "[":
        found = _array(place)
    elif _is_one_object(path, text):
        found = _held(place)
    else:
        found = _lines(path, text)
    halves = _HALF.search(text) is not None
    for line, value in found:
        if not isinstance(value, dict):
            raise BadCatalogue(
                f"{path}:{line}: a row must be a JSON object, not"
                f" {json.dumps(value):.40}; {_FORMS}"
            )
        if halves:
            _check_whole(value, where=f"{path}:{line}")
        yield line, value


class _JsonPlace:
    """A place in a JSON text, which goes on value by value."""

    def __init__(self, path: Path, text: str, *, line: int = 1) -> None:
        """Stand at the first thing that is no blank; ``line`` is that of the text."""
        self.path = path
        self._text, self._at, self._line, self._counted = text, 0, line, 0
        self._skip()

    @property
    def next(self) -> str:
        """The character here; empty at the end."""
        return self._text[self._at : self._at + 1]

    @property
    def line(self) -> int:
        """The number of this line."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def takes(self, sign: str) -> bool:
        """Go behind ``sign`` if it is here, and say whether it was."""
        if self.next != sign:
            return False
        self._at += 1
        self._skip()
        return True

    def value(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value that begins here, and go behind it."""
        try:
            value, self._at = _DECODER.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            # What is missing at the end is missing on the last line that has something.
            self._at = min(error.pos, len(self._text.rstrip()))
            raise self.complain(f"not JSON: {error.msg}") from error
        except RecursionError as error:
            raise self.complain("nested too deeply") from error
        except ValueError as error:  # a key twice, a number of thousands of digits
            raise self.complain(_without_remedy(str(error))) from error
        if _depth(value) > _DEEPEST:
            raise self.complain(f"nested more than {_DEEPEST} deep")
        self._skip()
        return value

    def complain(self, problem: str) -> BadCatalogue:
        """Return the error for this place."""
        return BadCatalogue(f"{self.path}:{self.line}: {problem}")

    def _skip(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = self._at if found is None else found.end()


def _depth(value: Any) -> int:  # noqa: ANN401 - any JSON value
    """Return how deep lists and objects lie in each other; at most ``_DEEPEST + 1``."""
    depth, layer = 0, [value]
    while depth <= _DEEPEST:
        held = [each for each in layer if isinstance(each, dict | list)]
        if not held:
            break
        depth += 1
        layer = [
            inner
            for each in held
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth


def _without_remedy(problem: str) -> str:
    """Return what json complains of without what a programmer would do about it."""
    return problem.partition("; use sys.")[0]


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)


_DECODER = json.JSONDecoder(object_pairs_hook=without_doubles, parse_constant=_constant)


def _lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Yield what is on each line."""
    # splitlines() would also cut at characters that JSON allows inside strings.
    for number, line in enumerate(lines_of(text), start=1):
        place = _JsonPlace(path, line, line=number)
        if not place.next:
            continue
        value = place.value()
        if place.next:
            raise place.complain("not JSON: something follows the row; " + _FORMS)
        yield number, value


def _array(place: _JsonPlace, *, last: bool = True) -> Iterator[tuple[int, Any]]:
    """Yield what is in an array; ``last`` says that nothing may follow it."""
    place.takes("[")
    more = not place.takes("]")
    while more:
        yield place.line, place.value()
        more = place.takes(",")
        if more and place.next == "]":
            raise place.complain("not JSON: a comma before the end of the array")
        if not more and not place.takes("]"):
            raise place.complain("not JSON: a comma or the end of the array is missing")
    if last and place.next:
        raise place.complain("not JSON: something follows the array; " + _FORMS)


def _is_one_object(path: Path, text: str) -> bool:
    """Whether the file is one object that holds rows, and not a row on its line.

    ``.json`` promises one value; elsewhere one that goes over several lines is none
    of a row a line.
    """
    first = text.lstrip().partition("\n")[0]
    if not first.startswith("{"):
        return False
    if not _is_json(first):
        return True
    named_json = ".json" in [suffix.lower() for suffix in path.suffixes[-2:]]
    return named_json and first.strip() == text.strip()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _held(place: _JsonPlace) -> Iterator[tuple[int, Any]]:
    """Return the rows that an object holds in one of its arrays."""
    arrays: dict[str, list[tuple[int, Any]]] = {}
    keys: set[str] = set()
    place.takes("{")
    more = not place.takes("}")
    while more:
        key = place.value()
        if not isinstance(key, str) or not place.takes(":"):
            raise place.complain("not JSON: a key and a colon are missing")
        if key in keys:
            raise place.complain(f"the key {key!r} stands twice; leave one of them")
        keys.add(key)
        if place.next == "[":
            arrays[key] = list(_array(place, last=False))
        else:
            place.value()
        more = place.takes(",")
        if not more and not place.takes("}"):
            raise place.complain("not JSON: a comma or a closing brace is missing")
    if place.next:
        raise place.complain("not JSON: something follows the object; " + _FORMS)
    return iter(_chosen(place, arrays))


def _chosen(
    place: _JsonPlace, arrays: dict[str, list[tuple[int, Any]]]
) -> list[tuple[int, Any]]:
    """Return the one array of objects."""
    rows = {
        key: found
        for key, found in arrays.items()
        if found and all(isinstance(value, dict) for _, value in found)
    }
    names = [key for key in _USUAL if key in rows] if len(rows) > 1 else [*rows]
    if not names:
        told = f"several ({', '.join(rows)})" if rows else "none"
        raise BadCatalogue(
            f"{place.path}: one object must hold one array of rows, and holds {told};"
            f" {_FORMS}"
        )
    return rows[names[0]]


def _check_whole(value: dict[str, Any], *, where: str) -> None:
    """Complain of half a character, which no tokenizer takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadCatalogue(
            f"{where}: {error.object[error.start]!r} is half a character; write the"
            " text anew, or leave it out"
        ) from error
