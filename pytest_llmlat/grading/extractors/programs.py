"""Source that parses: what of it belongs to an answer, and what must not run.

At top level, imports, definitions and assignments stay, and so do loops and calls that
fill what the function uses, such as a table, or that set a limit of Python's. Example
calls, prints, asserts and ``if __name__ == "__main__"`` go, and so does all that calls
``input`` or the function asked for: loading an answer must neither wait nor work.
Behind the function, only what it uses stays.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TRIES = 25
"""How often an end is cut off before an answer is given up."""
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
FILLING = (ast.For, ast.While, ast.With, ast.Expr)
WAITING = ("input", "stdin", "sleep")
"""What no answer may call while it is loaded."""
LIMITS = {"setrecursionlimit", "set_int_max_str_digits"}
HARMLESS = (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Pass)


@dataclass(frozen=True, slots=True)
class ParsedSource:
    """Source that parses."""

    lines: tuple[str, ...]
    tree: ast.Module

    @property
    def text(self) -> str:
        """The source as one text."""
        return "\n".join(self.lines).strip("\n") + "\n"


def parsed(lines: Sequence[str], least: int = 1) -> ParsedSource | None:
    """Return the longest start of some lines that parses, of ``least`` lines or more.

    A parser that fails at a line fails for every longer start too, so the cut goes
    there at once: what hostile text costs is a small multiple of its length.
    """
    end = len(lines)
    for _ in range(TRIES):
        if end < least:
            break
        try:
            tree = parse("\n".join(lines[:end]) + "\n")
        except SyntaxError as error:
            end = min(end, error.lineno or end) - 1
        except UNPARSABLE:
            break
        else:
            return ParsedSource(tuple(lines[:end]), tree)
    return None


def parse(source: str) -> ast.Module:
    """Parse without a word about escapes and the like, which are the model's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def compiles(source: str) -> bool:
    """Say whether a source compiles, which sees more than the parser does."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<answer>", "exec", dont_inherit=True)
    except UNPARSABLE:
        return False
    return True


def bound_names(nodes: Sequence[ast.stmt]) -> set[str]:
    """Return the names that statements bind at top level."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, DEFINITIONS):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        elif isinstance(node, ast.If | ast.Try):
            names |= bound_names(_branches(node))
        elif isinstance(node, ASSIGNMENTS):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {name for target in targets for name in used_names(target)}
    return names


def _branches(node: ast.If | ast.Try) -> list[ast.stmt]:
    """Return the statements of all branches."""
    if isinstance(node, ast.If):
        return [*node.body, *node.orelse]
    handled = [line for handler in node.handlers for line in handler.body]
    return [*node.body, *handled, *node.orelse, *node.finalbody]


def _belonging(body: Sequence[ast.stmt], entry: str) -> list[ast.stmt]:
    """Return the statements that stay; behind the function, those that it uses.

    A model that does not stop writes further functions and tests, which may fail to
    load; none of that is the answer.
    """
    plain = [node for node in body if stays(node, entry)]
    places = [
        number
        for number, node in enumerate(plain)
        if entry in bound_names([node])
        and not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    end = places[-1] + 1 if places else len(plain)
    wanted = {name for node in plain[:end] for name in used_names(node)}
    kept = plain[:end] + needed(plain[end:], wanted - {entry})
    filling = _filling(body, plain, kept, entry)
    # A function that fills a table is only used by the call.
    used = {name for node in filling for name in used_names(node)} - {entry}
    kept += needed([node for node in plain if node not in kept], used)
    return [node for node in body if node in kept or node in filling]


def _filling(
    body: Sequence[ast.stmt],
    plain: Sequence[ast.stmt],
    kept: Sequence[ast.stmt],
    entry: str,
) -> list[ast.stmt]:
    """Return the loops and calls at top level that the function would miss.

    Those that touch data of the program which its definitions use, be it through a
    function of the program, and that do not lead to the function asked for.
    """
    functions = {node.name: node for node in plain if isinstance(node, DEFINITIONS)}
    used = {
        name
        for node in kept
        if isinstance(node, DEFINITIONS)
        for name in used_names(node)
    }
    data = bound_names([n for n in kept if isinstance(n, ASSIGNMENTS)]) & used
    found: list[ast.stmt] = []
    for node in body:
        if not isinstance(node, FILLING) or _is_print(node):
            continue
        reached = _reached(node, functions)
        if not reached & {entry, *WAITING} and (reached & data or _sets_limit(node)):
            found.append(node)
    return found


def _reached(node: ast.stmt, functions: Mapping[str, ast.stmt]) -> set[str]:
    """Return the names in a statement, and in the functions that it leads to."""
    names = used_names(node) | _called(node)
    ahead = [name for name in names if name in functions]
    seen = set(ahead)
    while ahead:
        inside = used_names(functions[ahead.pop()])
        names |= inside
        more = {name for name in inside if name in functions} - seen
        seen |= more
        ahead += more
    return names


def _is_print(node: ast.stmt) -> bool:
    """Say whether a statement only shows something, or is a loop of such."""
    if isinstance(node, ast.For | ast.While):
        return all(map(_is_print, node.body))
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in ("print", "pprint")
    )


def _sets_limit(node: ast.stmt) -> bool:
    """Say whether a statement is a call that sets a limit of Python's own."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute | ast.Name)
        and bool(_called(node) & LIMITS)
    )


def needed(offered: Sequence[ast.stmt], wanted: set[str]) -> list[ast.stmt]:
    """Return the statements that bind the wanted names, and what these use in turn."""
    taken: set[int] = set()
    wanted = wanted | {"*"}
    while True:
        more = {
            number
            for number, node in enumerate(offered)
            if number not in taken and bound_names([node]) & wanted
        }
        if not more:
            return [node for n, node in enumerate(offered) if n in taken]
        taken |= more
        wanted |= {name for number in more for name in used_names(offered[number])}


def used_names(node: ast.AST) -> set[str]:
    """Return the names that occur in a piece of code."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def stays(node: ast.stmt, entry: str) -> bool:
    """Say whether a statement at top level belongs to the answer."""
    if isinstance(node, HARMLESS):
        return True
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return False  # as likely "Note: good" as a declaration, and needed by nothing
    if isinstance(node, ASSIGNMENTS):
        return not {*WAITING, entry} & _called(node)
    if isinstance(node, ast.If | ast.Try):
        guard = isinstance(node, ast.If) and "__name__" in ast.dump(node.test)
        return not guard and all(stays(line, entry) for line in _branches(node))
    return type(node).__name__ == "TypeAlias"


def _called(node: ast.AST) -> set[str]:
    """Return the names that are called or read from in an expression."""
    names: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            names.add(part.func.id)
        elif isinstance(part, ast.Attribute):
            names.add(part.attr)
    return names


def without_examples(program: ParsedSource, entry: str) -> ParsedSource:
    """Take the statements out that do not stay; keep the text of the others."""
    body = program.tree.body
    kept = _belonging(body, entry)
    if len(kept) == len(body):
        return program
    gone = {line for node in body if node not in kept for line in line_numbers(node)}
    if gone & {line for node in kept for line in line_numbers(node)}:
        # two statements on one line: only the tree can tell them apart
        text = ast.unparse(ast.Module(body=kept, type_ignores=[]))
        return ParsedSource(tuple(text.split("\n")), parse(text))
    lines = [line for number, line in enumerate(program.lines, 1) if number not in gone]
    return ParsedSource(tuple(lines), parse("\n".join(lines)))


def line_numbers(node: ast.stmt) -> range:
    """Return the numbers of a statement's lines, its decorators among them."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(part.lineno for part in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)
