"""Python source out of a model's answer, ready to be run by the sandbox.

What counts as the answer, and what becomes of the rest:

- The last fenced Python block that defines the row's ``entry_point`` and is not the
  code that was given (the stub or the buggy program, quoted), with the imports and
  helpers that it uses of the blocks beside it; else the first block, else the whole
  text, else code between single backticks. Prose round it goes, and so does all behind
  a token that ends an answer.
- A whole function is kept, with the imports and helpers of the row's ``prompt`` that
  it uses in front. A body alone is put under the prompt that it completes.
- At the end, lines go until the rest is Python: chatter, or a function cut short.
- At top level, example calls and the like go (``programs`` beside this file).
- What does not compile or does not define ``entry_point`` is unread.

Python's own grammar judges, so syntax newer than the running Python is unread.
"""

from __future__ import annotations

import ast
import re
from textwrap import dedent, indent
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.fences import (
    PYTHON,
    before_fences,
    blocks,
    code_in_json,
    indented_blocks,
    inline_code,
    without_prompts,
)
from pytest_llmlat.grading.extractors.programs import (
    DEFINITIONS,
    UNPARSABLE,
    ParsedSource,
    bound_names,
    compiles,
    line_numbers,
    needed,
    parsed,
    stays,
    used_names,
    without_examples,
)
from pytest_llmlat.grading.extractors.readable_answer import UNREAD, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import Sample, Task

LONGEST = 40_000
"""Characters of an answer that are looked at; no function of a task is longer."""
INDENT = "    "
OPENING = re.compile(
    r"(?:from [\w.]{1,80} import |import [\w.]{1,80}|(?:async )?def |class \w|@\w)"
)
GIVEN = ("buggy",)
"""Columns of a row, beside ``prompt``, with code that an answer may quote."""
MOST_BLOCKS = 8
END_TOKEN = re.compile(
    r"<\|(?:im_end|end|endoftext|end_of_text|eot_id|eom_id|EOT)\|>|</s>|<end_of_turn>"
)
"""How models of the day end an answer, where a server leaves that in the text."""
ODD_BLANKS = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
MARGIN = re.compile(r"^[ \t]+", re.MULTILINE)


def read_code(answer: str, task: Task, sample: Sample) -> Reading:
    """Return a program that defines the row's ``entry_point``, or nothing.

    A row without ``entry_point`` takes any program that defines something.
    """
    del task
    fields = dict(sample.fields)
    entry = str(fields.get("entry_point") or "")
    prompt = str(fields.get("prompt") or "")
    given = (prompt, *(str(fields.get(name) or "") for name in GIVEN))
    text = _ended(answer[:LONGEST].replace("\r\n", "\n"))
    text = _spaced(code_in_json(text, re.escape(entry)))
    for readable in dict.fromkeys((text, ODD_BLANKS.sub(" ", text))):
        for candidate, beside in _candidates(readable, entry, given):
            try:
                source = _program(candidate, beside, prompt, entry)
            except UNPARSABLE:  # nested so deeply that even walking its tree fails
                continue
            if source is not None:
                return Reading(source, explicit=True)
    return UNREAD


def _ended(text: str) -> str:
    """Return what stands before a token that ends an answer, outside of quotes."""
    for found in END_TOKEN.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if not line.count('"') % 2 and not line.count("'") % 2:
            return text[: found.start()]
    return text


def _spaced(text: str) -> str:
    """Indent with blanks only, since an answer and its prompt may differ in that."""
    return MARGIN.sub(lambda margin: margin[0].replace("\t", INDENT), text)


def _candidates(
    text: str, entry: str, given: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the stretches of text that may be the code, the likeliest first.

    Each comes with the blocks that stand beside it, for what it takes from them.

    Args:
        text: the answer.
        entry: the function asked for.
        given: code of the question, which an answer may quote.
    """
    fenced = [block.code for block in blocks(text) if block.language in PYTHON]
    defining = [code for code in fenced if _defining_line(code, entry) is not None]
    known = {_shape(code, entry) for code in given} - {None}
    own = [code for code in defining if _shape(code, entry) not in known]
    # What is stated last counts; a block that was cut short gives way to those before.
    for code in [*reversed(own), *reversed(defining)][:MOST_BLOCKS] or fenced[:1]:
        yield code, tuple(other for other in fenced if other is not code)
    yield before_fences(text), ()
    for code in reversed(indented_blocks(text)[-MOST_BLOCKS:]):
        if _defining_line(code, entry) is not None:
            yield code, ()
    for code in inline_code(text):
        if _defining_line(code, entry) is not None:
            yield code, ()


def _shape(code: str, entry: str) -> str | None:
    """Return what tells two versions of ``entry`` apart; ``None`` if there is none.

    Comments, docstrings and blanks make no difference. A function that is assigned,
    such as a lambda, has none: it is never taken for the code of the question.
    """
    try:
        program = parsed(_spaced(dedent(code)).split("\n"))
    except UNPARSABLE:
        return None
    if program is None:
        return None
    found = [
        node
        for node in program.tree.body
        if isinstance(node, DEFINITIONS) and node.name == entry
    ]
    bodies = [
        [ast.dump(line) for line in node.body if not _is_empty(line)] for node in found
    ]
    return repr(bodies) if bodies else None


def _is_empty(node: ast.stmt) -> bool:
    """Say whether a statement does nothing: a docstring, ``pass`` or ``...``."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _defining_line(code: str, entry: str) -> int | None:
    """Return the number of the line on which ``entry`` is defined, from 0."""
    name = re.escape(entry) if entry else r"\w{1,80}"
    pattern = re.compile(
        rf"^[ \t]{{0,40}}(?:(?:async )?def|class) {{1,9}}{name}\b"
        + (rf"|^{name} ?=(?!=)" if entry else ""),
        re.MULTILINE,
    )
    found = pattern.search(code)
    return None if found is None else code.count("\n", 0, found.start())


def _program(
    candidate: str, beside: tuple[str, ...], prompt: str, entry: str
) -> str | None:
    """Make a program of a stretch of code: a whole function, else a body."""
    code, session = without_prompts(candidate)
    program: ParsedSource | None = None
    if _defining_line(code, entry) is not None:
        program = _whole(code, entry)
        sources = (
            [] if program is None else _with_others(program, beside, prompt, entry)
        )
    else:
        program = None if session or not entry else _completed(code, prompt, entry)
        sources = [] if program is None else [program.text]
    return next((source for source in sources if compiles(source)), None)


# --- whole functions --------------------------------------------------------------


def _whole(code: str, entry: str) -> ParsedSource | None:
    """Return the program in a text that defines ``entry`` itself."""
    lines = dedent(code).split("\n")
    definition = _defining_line("\n".join(lines), entry)
    openings = (n for n, line in enumerate(lines) if OPENING.match(line))
    for start in dict.fromkeys((0, next(openings, 0), definition or 0)):
        program = parsed(lines[start:])
        if program is None:
            continue
        program = without_examples(program, entry)
        bound = bound_names(program.tree.body)
        if entry in bound or (not entry and bound):
            return program
    return None


def _with_others(
    program: ParsedSource, beside: tuple[str, ...], prompt: str, entry: str
) -> list[str]:
    """Return the program behind what it uses of other blocks and of its prompt.

    Then come the same without the blocks, and the program by itself.
    """
    blocks_beside = [parsed(_spaced(dedent(code)).split("\n")) for code in beside]
    stub = _stub(prompt, entry)
    others = [found for found in blocks_beside if found is not None]
    prompts = [] if stub is None else [stub]
    tried = [
        _borrowed(program, [*prompts, *others], entry),
        _borrowed(program, prompts, entry),
        program.text,
    ]
    return list(dict.fromkeys(tried))


def _borrowed(program: ParsedSource, lenders: list[ParsedSource], entry: str) -> str:
    """Put in front of a program what it uses and does not define itself.

    Args:
        program: the answer.
        lenders: where it may be defined; of several, the last one counts.
        entry: the function asked for, which nobody lends, unless the answer makes it
            of what it was before.
    """
    wanted = used_names(program.tree) - bound_names(program.tree.body) | {"annotations"}
    rebinds = entry in _rebound(program)
    wanted |= {entry} if rebinds else set()
    front: list[str] = []
    for lender in reversed(lenders):
        offered = [
            node
            for node in lender.tree.body
            if stays(node, entry) and (rebinds or entry not in bound_names([node]))
        ]
        taken = needed(offered, wanted)
        numbers = {number for node in taken for number in line_numbers(node)}
        front = [line for n, line in enumerate(lender.lines, 1) if n in numbers] + front
        wanted |= {name for node in taken for name in used_names(node)}
        wanted -= bound_names(taken)
        rebinds = rebinds and entry in wanted
    if not front:
        return program.text
    future = {
        number
        for node in program.tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for number in line_numbers(node)
    }  # nothing may come before these
    pieces = (
        [line for n, line in enumerate(program.lines, 1) if n in future],
        front,
        ["", ""],
        [line for n, line in enumerate(program.lines, 1) if n not in future],
    )
    joined = "\n".join(line for piece in pieces for line in piece)
    return joined.strip("\n") + "\n"


def _rebound(program: ParsedSource) -> set[str]:
    """Return the names that a program makes of themselves: ``f = cache(f)``."""
    made: set[str] = set()
    for node in program.tree.body:
        bound = bound_names([node])
        if isinstance(node, ast.Assign):
            made |= bound & used_names(node.value)
        elif isinstance(node, DEFINITIONS):
            made -= bound
    return made


def _stub(prompt: str, entry: str) -> ParsedSource | None:
    """Parse a prompt that is code, giving its last function a body if need be."""
    if _defining_line(prompt, entry) is None:
        return None
    for text in (prompt, f"{prompt.rstrip()}\n{INDENT}pass"):
        lines = _spaced(text).split("\n")
        program = parsed(lines, least=len(lines))
        if program is not None:
            return program
    return None


# --- bodies -----------------------------------------------------------------------


def _completed(code: str, prompt: str, entry: str) -> ParsedSource | None:
    """Put a function's body under the prompt that it completes.

    What is tried: the body as it stands, on a line of its own, with its first line
    indented (models and tokenizers drop leading blanks), indented as a whole, and
    without the prose in front of its first indented line. What gives the function most
    statements wins, the earlier of two that give as many.
    """
    if _defining_line(prompt, entry) is None or not code.strip():
        return None
    prompt = _spaced(prompt)
    bare, body = prompt.rstrip(), code.strip("\n")
    lines = body.split("\n")
    indented = next((n for n, line in enumerate(lines) if line[:1] == " "), 0)
    below = (
        body,
        INDENT + body.lstrip(),
        indent(dedent(body), INDENT),
        "\n".join(lines[indented:]),
    )
    above = bare.count("\n") + 1
    tried = [_grown(prompt + code, above, entry)]
    tried += [_grown(f"{bare}\n{text}", above, entry) for text in below]
    return max(
        (program for program in tried if program is not None),
        key=lambda program: _statements(program.tree, entry),
        default=None,
    )


def _grown(text: str, above: int, entry: str) -> ParsedSource | None:
    """Return the program if ``entry`` gained real statements below the prompt."""
    program = parsed(text.split("\n"), least=above + 1)
    if program is None or _definition_end(program.tree, entry) <= above:
        return None
    added = [
        node
        for definition in program.tree.body
        if isinstance(definition, DEFINITIONS) and definition.name == entry
        for node in definition.body
        if (node.end_lineno or node.lineno) > above
    ]
    if all(map(_is_remark, added)) or _is_word(added[0]):
        return None
    program = without_examples(program, entry)
    return program if compiles(program.text) else None


def _statements(tree: ast.Module, entry: str) -> int:
    """Count the statements inside the definitions of ``entry``."""
    return sum(
        isinstance(part, ast.stmt)
        for node in tree.body
        if isinstance(node, DEFINITIONS) and node.name == entry
        for part in ast.walk(node)
    )


def _is_remark(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, or a word of prose that parses."""
    return isinstance(node, ast.Expr) and not isinstance(
        node.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom
    )


def _is_word(node: ast.stmt) -> bool:
    """Say whether a statement is a bare name, as "Sure" before a body is."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Name)


def _definition_end(tree: ast.Module, entry: str) -> int:
    """Return the last line of the last definition of ``entry``, 0 without one."""
    ends = [
        node.end_lineno or 0
        for node in tree.body
        if isinstance(node, DEFINITIONS) and node.name == entry
    ]
    return ends[-1] if ends else 0


EXTRACTOR = Extractor(read=read_code)
