"""Code between the fences of Markdown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from textwrap import dedent

FENCE = re.compile(
    r"[ \t>]{0,12}(?P<mark>`{3,20}|~{3,20})[ \t]{0,5}(?P<info>[^`\n]{0,80})"
)
GLUED = re.compile(r"(?P<code>[^`\n]{0,2000}[^`\s])(?P<mark>`{3,20})")
JSON_ANSWER = re.compile(
    r"\s{0,9}(?:```json\s{0,9})?(?P<object>\{.{1,200000}\})\s{0,9}(?:```\s{0,9})?",
    re.DOTALL,
)
"""An answer that is one JSON object, perhaps in a fence."""
INLINE = re.compile(r"(?<!`)`([^`\n]{1,500})`(?!`)")
INDENTED = "    "
BLOCK_OPENED = re.compile(
    r"(?:async |@|class |def |if |else|elif |for |while |with |try|except|match )"
    r"[^\n]*:?\s*\Z"
)
"""A line of code at whose side an indented line belongs to it."""
PYTHON = frozenset({"", "python", "py", "python3", "py3", "pycon", "python-repl"})
PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")


@dataclass(frozen=True, slots=True)
class FencedBlock:
    """A fenced block."""

    language: str
    """The first word after the opening fence, in small letters."""
    code: str


def blocks(text: str) -> list[FencedBlock]:
    """Return the fenced blocks of a text; the last one need not be closed.

    A fence is closed by the same sign, at least as often, with nothing after it.
    """
    found: list[FencedBlock] = []
    opened: re.Match[str] | None = None
    inside: list[str] = []
    for line in _unglued(text.split("\n")):
        fence = FENCE.fullmatch(line.rstrip())
        if opened is None:
            opened, inside = fence, []
        elif fence and not fence["info"] and fence["mark"].startswith(opened["mark"]):
            found.append(_block(opened, inside))
            opened = None
        else:
            inside.append(line)
    if opened is not None:
        found.append(_block(opened, inside))
    return found


def indented_blocks(text: str) -> list[str]:
    """Return the stretches of indented lines that stand between blank ones.

    Markdown takes these for code as well. The body of a class or a function is none.
    """
    found: list[str] = []
    inside: list[str] = []
    above = ""
    for line in [*text.split("\n"), "."]:
        if line.startswith(INDENTED) or (inside and not line.strip()):
            inside.append(line)
            continue
        if inside and not BLOCK_OPENED.match(above):
            found.append(dedent("\n".join(inside)).strip("\n"))
        inside = []
        above = line if line.strip() else above
    return found


def inline_code(text: str) -> list[str]:
    """Return what stands between single backticks, a line or less each."""
    return INLINE.findall(text)


def _unglued(lines: list[str]) -> list[str]:
    """Put a closing fence that stands at the end of a line of code on its own line.

    Fences come in pairs: where the ones that stand alone do, the glued one belongs to
    the code, such as to a docstring.
    """
    alone = sum(FENCE.fullmatch(line.rstrip()) is not None for line in lines)
    found: list[str] = []
    for line in lines:
        glued = GLUED.fullmatch(line.rstrip())
        if glued is not None and alone % 2:
            alone += 1
            found += [glued["code"], glued["mark"]]
        else:
            found.append(line)
    return found


def _block(fence: re.Match[str], lines: list[str]) -> FencedBlock:
    """Build a block from its opening fence and its lines."""
    words = re.split(r"[\s{},:.]+", fence["info"].strip("{. ").casefold())
    return FencedBlock(words[0], "\n".join(lines))


def before_fences(text: str) -> str:
    """Return what stands before the first fence.

    A prompt may end in an opening fence, so that the first one in the answer closes it.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if FENCE.fullmatch(line.rstrip()):
            return "\n".join(lines[:index])
    return text


def without_prompts(code: str) -> tuple[str, bool]:
    """Turn an interactive session into what was typed; say whether it was one.

    A session starts with a prompt. Further down, ``>>>`` belongs to a docstring.
    """
    lines = dedent(code).strip("\n").split("\n")
    if not PROMPT.match(lines[0]):
        return code, False
    return "\n".join(line[4:] for line in lines if PROMPT.match(line)), True


def code_in_json(text: str, entry: str) -> str:
    """Return the code that an answer in JSON holds, else the answer.

    Args:
        text: the answer.
        entry: the function asked for, or empty.
    """
    found = JSON_ANSWER.fullmatch(text)
    if found is None:
        return text
    try:
        fields = json.loads(found["object"], strict=False)
    except (ValueError, RecursionError):
        return text
    values = fields.values() if isinstance(fields, dict) else ()
    code = [
        each
        for each in values
        if isinstance(each, str) and re.search(rf"\b(?:def|class)\s+{entry}", each)
    ]
    return code[0] if len(code) == 1 else text
