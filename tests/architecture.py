"""The picture of rooms and imports in docs/architecture.md, drawn from the code.

python tests/architecture.py     # draws it anew
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
NAME = "pytest_llmlat"
GUESTS = {"benchmarks", "fixtures"}
"""What a wheel carries inside the package, and is no room of it."""
BEGIN, END = "<!-- picture -->\n", "<!-- end of picture -->"


LINES_OF_A_FUNCTION = 60
LINES_OF_A_FILE = 400
LINES_OF_A_TEST_FILE = 600


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file's syntax tree; a file is parsed once."""
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"), str(path))))


@cache
def import_statements(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return every import of a file, at any depth."""
    kinds = ast.Import | ast.ImportFrom
    return tuple(node for node in nodes(path) if isinstance(node, kinds))


def long_functions(folder: Path) -> dict[str, int]:
    """Return the functions below a folder that are too long, with their lines."""
    return {
        f"{path.relative_to(folder).as_posix()}: {node.name}": lines
        for path in sorted(folder.rglob("*.py"))
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > LINES_OF_A_FUNCTION
    }


def long_files(folder: Path, most: int) -> dict[str, int]:
    """Return the files below a folder with more than ``most`` lines, and how many."""
    return {
        path.relative_to(folder).as_posix(): lines
        for path in sorted(folder.rglob("*.py"))
        if (lines := len(path.read_text("utf-8").splitlines())) > most
    }


_NAMELESS = """
above after alone also and another as at before behind below beside between by each
else for from here if in into it its more none of off on once or other others out
same since so such that their them then there these they this those to under until
up where with
"""
NAMELESS = frozenset(_NAMELESS.split())
"""First words of a docstring that names its object later, or never."""


def nameless(folder: Path) -> tuple[list[str], int]:
    """Return the docstrings below a folder that do not name their object first.

    Returns:
        Each with its file and its line, and how many docstrings there are in all.
        Modules may begin with ``From`` and ``Where``: they say what becomes of what.
    """
    found, every = [], 0
    for path in sorted(folder.rglob("*.py")):
        for line, text in _docstrings(path):
            every += 1
            first = text.split(maxsplit=1)[0].strip(",.;:(`").lower()
            if first in NAMELESS and line > 1:
                place = f"{path.relative_to(folder).as_posix()}:{line}"
                found.append(f"{place}: {text.splitlines()[0]}")
    return found, every


def _docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the strings that are statements of their own, with their lines."""
    for node in nodes(path):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str) and text.strip():
                yield node.lineno, text


def arrows(package: Path) -> dict[str, set[str]]:
    """Return for each room of a package the rooms that its files import from."""
    found: dict[str, set[str]] = {}
    for folder in sorted(path for path in package.iterdir() if path.is_dir()):
        files = list(folder.rglob("*.py"))
        if files and folder.name not in GUESTS:
            names = {name for path in files for name in _imported(path)}
            found[folder.name] = names - {folder.name}
    return {room: others & set(found) for room, others in found.items()}


def _imported(path: Path) -> set[str]:
    """Return the rooms that a file names in its imports."""
    rooms = set()
    for node in import_statements(path):
        if isinstance(node, ast.ImportFrom) and node.module:
            top, _, rest = node.module.partition(".")
            inside = [rest] if rest else [alias.name for alias in node.names]
            if top == NAME:
                rooms |= {name.partition(".")[0] for name in inside}
    return rooms


def direct(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the arrows that do not follow from two or more others."""
    return {
        room: {
            other
            for other in others
            if not any(other in _below(graph, way) for way in others - {other})
        }
        for room, others in graph.items()
    }


def _below(graph: dict[str, set[str]], room: str) -> set[str]:
    """Return all rooms that a room leads to."""
    below = set(graph[room])
    for other in graph[room]:
        below |= _below(graph, other)
    return below


def picture(graph: dict[str, set[str]]) -> str:
    """Return the picture as a Mermaid flowchart, high rooms above low ones."""
    lines = [
        f"    {room} --> {other}"
        for room, others in sorted(direct(graph).items())
        for other in sorted(others)
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


_ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|", re.MULTILINE)


def told_rooms(text: str) -> list[str]:
    """Return the rooms that the first table of a page names, in its order."""
    _, _, below = text.partition("\n|---|---|\n")
    table, _, _ = below.partition("\n\n")
    return [room for row in _ROW.findall(table) for room in re.findall(r"\w+", row)]


def drawn(text: str, graph: dict[str, set[str]]) -> str:
    """Return the page with the picture of a graph in its place."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{picture(graph)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text("utf-8"), arrows(ROOT / NAME)), "utf-8")
