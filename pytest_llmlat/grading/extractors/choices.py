"""Letters of multiple choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from string import ascii_uppercase
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.evidence import Candidates, decided
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.final_number import read_number
from pytest_llmlat.grading.extractors.labels import read_word
from pytest_llmlat.grading.extractors.mentions import Mention
from pytest_llmlat.grading.extractors.numerals import numbers_equal, only_number
from pytest_llmlat.grading.extractors.option_frames import read_framed
from pytest_llmlat.grading.extractors.option_notation import in_letters
from pytest_llmlat.grading.extractors.readable_answer import (
    ENDING,
    UNREAD,
    Reading,
    in_english,
    language,
    normalized,
    plain,
    without_run_on,
)
from pytest_llmlat.grading.extractors.references import as_answered
from pytest_llmlat.grading.extractors.side_by_side import SIDE_BY_SIDE
from pytest_llmlat.grading.extractors.topic import Topic

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

DEFAULT_LETTERS = "ABCDEF"
REASON = (
    r"(?:because|since|as|which|due|or|and|it is|oder|und|ou|et|weil|denn|parce"
    r"|(?:is|was) (?:the\b|an?\b|correct|right|true|wrong|false|incorrect|not\b"
    r"|tempting|close\b)|ist\b|est\b|n'est\b)"
)
ITEM = re.compile(
    r"^[ \t>*_-]{0,8}[(\[]?(?P<letter>[A-Z])[)\].:][ \t*_]{0,4}(?P<rest>[^\n]*)$",
    re.MULTILINE,
)
OPTION = re.compile(
    r"^[ \t]{0,8}[(\[]?([A-Z])[)\].:][ \t]{1,4}(\S[^\n]{0,300})$", re.MULTILINE
)
INLINE = re.compile(r"(?<=\S)[ \t,;]{1,4}(?=\([A-Z]\)\s)")
"""What stands between options on one line: "(A) red (B) blue"."""
MARK = re.compile(r"\A\s*(?:[(\[][A-Za-z][)\]]|[A-Za-z][).:])\s*")
VERDICT = re.compile(
    r"\A\s{0,3}(?:is|are|was|were|has|have|would|can|does|refers|describes|means"
    r"|applies)\b|\b(?:true|false|correct|incorrect|right|wrong|yes|no|not|cannot|can't|isn't"
    r"|because|since|answer|wahr|falsch|richtig|vrai|faux)\b"
    r"|[\u2713\u2714\u2705\u2717\u2718\u274c]|n't\b",
    re.IGNORECASE,
)
CHOSEN = re.compile(
    r"\W{0,9}(?:(?:text|option|choice|answer|letter)\b\W{0,9})?"
    r"[^\W\d_](?:\W{0,9}|[).:]\s.{0,400})",
    re.IGNORECASE,
)
"""A letter that is a choice and no word of a sentence."""


JUDGED = re.compile(
    r"^[\s*>-]{0,6}(?:(?P<ticked>[\u2611\u2713\u2714\u2705])|[\u2717\u2718\u274c])\ufe0f?"
    r"[\s*:]{0,4}(?:option\s)?[(\[]?(?P<marked>(?-i:[A-Z]))(?![A-Za-z'])"
    r"|^\W{0,8}(?:option\s)?[(\[]?(?P<letter>[A-Z])(?:[)\].:]{0,2}[\s:*\u2013\u2014-]{1,6}"
    r"|[)\].:]{1,2}[\s*]{1,4}[^\n]{1,80}?(?:\s[-\u2013\u2014>=]{1,2}|:|\u2192)[\s*(]{1,4})"
    r"(?:(?P<right>(?:yes|true|correct|right|possible)\b|[\u2713\u2714\u2705])"
    r"|(?:no|false|incorrect|wrong|impossible|not)\b|[\u2717\u2718\u274c])",
    re.IGNORECASE | re.MULTILINE,
)
"""An option and whether it is right, on a line of its own."""


def read_choice(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the letter of the option that the answer chooses, as a capital.

    A list ``options`` in the row says which letters there are: its single letters,
    else the first ones of the alphabet; without it, A to F. The article in "A dog" and
    the pronoun in "I think" are no choices, nor is a mere copy of the options. Where
    no letter is named, the text of one option stands for its letter.
    """
    options = dict(sample.fields).get("options")
    letters = _letters(options)
    if not letters:
        return UNREAD
    texts = _texts(options, letters, sample)
    text = in_english(_without_list(without_run_on(answer)), language(task, sample))
    text = _without_wrong(in_letters(text, letters, texts), letters)
    find = partial(_find, letters)
    alone = re.fullmatch(rf"\W{{0,9}}(?P<letter>[{letters.lower()}])\W{{0,9}}", text)
    if alone and "?" not in text:
        return Reading(alone["letter"].upper(), explicit=True)
    values = frozenset(letters if options else "")
    reading = decided(text, Candidates(find=find, values=values, apart=True))
    if not reading.explicit and (verdict := _verdict(text, letters)) is not None:
        return verdict
    if reading.value is not None or find(plain(text)):
        return reading
    return _by_text(text, texts, task, sample)


def _by_text(
    answer: str, texts: Mapping[str, str], task: Task, sample: Sample
) -> Reading:
    """Return the letter of the option whose text, or whose number, is the answer."""
    numbers = {text: only_number(text) for text in texts}
    if numbers and None not in numbers.values():
        named = read_number(answer, task, sample)
        same = [
            letter
            for text, letter in texts.items()
            if named.value and numbers_equal(named.value, str(numbers[text]))
        ]
        return replace(named, value=same[0] if len(same) == 1 else None)
    # In small letters: an option is written with a capital as a sentence is.
    folded = {text.casefold(): letter for text, letter in texts.items()}
    question = str(dict(sample.fields).get("question") or "")
    stem = OPTION.split(INLINE.sub("\n", question), maxsplit=1)[0].casefold()
    others = {text: letter for text, letter in folded.items() if text not in stem}
    said = answer.casefold()
    if 0 < len(others) < len(folded) and any(text in said for text in others):
        folded = others  # what the question names itself stands beside the answer
    topic = Topic.of(stem, tuple(folded))

    def about(sentence: str) -> bool:
        return not topic.is_apart(sentence, tuple(folded))

    named = read_word(answer, tuple(folded), about=about)
    apart = SIDE_BY_SIDE.search(answer) and stem.strip()
    if named.value is None and not named.explicit and apart:
        named = read_word(answer.casefold(), tuple(folded), topic=topic)
    if named.value is None and not named.explicit:
        named = read_framed(answer.casefold(), tuple(folded), stem)
    return replace(named, value=folded.get(named.value or ""))


def _letters(options: object) -> str:
    """Return the letters that a row's options allow."""
    if isinstance(options, Mapping | list | tuple):
        keys = [str(key).strip().upper() for key in options]
        single = all(len(key) == 1 and key in ascii_uppercase for key in keys)
        if single and len(set(keys)) == len(keys):
            return "".join(keys)
        return ascii_uppercase[: len(keys)]
    return DEFAULT_LETTERS


def _texts(options: object, letters: str, sample: Sample) -> dict[str, str]:
    """Return the letter of each option's text, where the texts tell them apart.

    Where the options are only letters, their texts are looked for in the row's other
    columns: "(A) The red cup", a line each.
    """
    if isinstance(options, Mapping):
        texts = [str(text) for text in options.values()]
    elif isinstance(options, list | tuple):
        texts = [str(text) for text in options]
    else:
        texts = []
    if not texts or all(len(text.strip()) <= 1 for text in texts):
        columns = (text for _, text in sample.fields if isinstance(text, str))
        found = (
            dict(OPTION.findall(apart))
            for column in columns
            for apart in (column[-ENDING:], INLINE.sub("\n", column[-ENDING:]))
        )
        listed: dict[str, str] = max(found, key=len, default={})
        texts = [listed.get(letter, "") for letter in letters]
    texts = [MARK.sub("", text).strip().rstrip(".") for text in texts]
    folded = {text.casefold() for text in texts}
    if len(folded) != len(letters) or "" in folded:
        return {}
    return dict(zip(texts, letters, strict=True))


def _verdict(text: str, letters: str) -> Reading | None:
    """Return the one right option of a list of verdicts, if it is such a list."""
    found = {
        (m["letter"] or m["marked"]).upper(): m["right"] or m["ticked"]
        for m in JUDGED.finditer(text)
    }
    found = {letter: right for letter, right in found.items() if letter in letters}
    right = [letter for letter, right in found.items() if right]
    if len(found) <= 1 or not right:
        return None
    return Reading(right[0]) if len(right) == 1 else UNREAD


def _without_wrong(text: str, letters: str) -> str:
    """Drop the lines that each say of one option that it is wrong."""
    lines = text.split("\n")
    judged = [JUDGED.match(line) for line in lines]
    wrong = [
        found is not None
        and not (found["right"] or found["ticked"])
        and len({mention.value for mention in _find(letters, line)}) == 1
        for found, line in zip(judged, lines, strict=True)
    ]
    return "\n".join(
        "" if gone else line for gone, line in zip(wrong, lines, strict=True)
    )


def _without_list(text: str) -> str:
    """Drop the options where an answer only copies them, line by line."""
    runs: list[list[re.Match[str]]] = []
    for item in ITEM.finditer(text):
        if VERDICT.search(item["rest"][:400]):
            continue
        if runs and item["letter"] > runs[-1][-1]["letter"]:
            runs[-1].append(item)
        else:  # a letter before the others, or once more behind them, is no part of it
            runs.append([item])
    copied = [item for run in runs if len(run) > 1 for item in run]
    if not copied:
        return text
    pieces, end = [], 0
    for match in copied:
        pieces.append(text[end : match.start()])
        end = match.end()
    return "".join([*pieces, text[end:]])


EDGE = r"(?<![A-Za-z0-9_\u00c0-\u024f\u00b0])(?<!\u00b0\s)"
LETTER = re.compile(
    # a letter in brackets, one with a delimiter, or a capital that is no word
    rf"[(\[\uff08](?P<boxed>[A-Za-z])[)\]\uff09]|{EDGE}(?P<closed>[A-Z])(?:\)"
    rf"|(?=[.:,;\]!?\u3002\uff0c](?!\w))|(?=[\u3001\u4e00-\u9fff])|(?=\s?/\s?[A-Z](?!\w))|(?=\s*\Z)|(?=\s{{0,3}}\n)"
    rf"|(?=\s{{1,3}}{REASON})|(?=\s?[\u2713\u2714\u2705]))|['\"](?P<quoted>[A-Z])['\"]"
    rf"|{EDGE}(?P<small>[a-z])(?:\)(?=\s|\Z))"
    rf"|{EDGE}(?P<bare>[B-HJ-Z])(?!['A-Za-z0-9_\u00c0-\u024f]|\.\w|-\w"
    rf"|\s{{0,3}}[=+*^<>\u00d7\u00f7])|\b(?:[Oo]ption|[Cc]hoice|[Ll]etter"
    rf"|[Ss]tatement)\s{{1,3}}(?P<named>[A-Za-z])(?!['\w])",
)
CALLED = re.compile(
    r"\b(?:point|train|town|city|village|person|worker|car|pipe|pump|machine|vessel|jar"
    r"|bag|set|team|group|vitamin|type|station|company|angle|side|let|where)\s\Z",
    re.IGNORECASE,
)
"""What a capital letter may be the name of, so that it is no option."""


def _find(letters: str, text: str) -> list[Mention]:
    """Find the letters of options in a text; a lone letter may be a small one."""
    alone = re.fullmatch(rf"\W{{0,9}}(?P<letter>[{letters.lower()}])\W{{0,9}}", text)
    if alone:
        return [Mention(alone.start(1), alone.end(1), alone[1].upper())]
    found = []
    for match in LETTER.finditer(text):
        name = match.lastgroup or "bare"
        letter = match[name].upper()
        called = name in {"bare", "closed"} and CALLED.search(
            text, max(0, match.start() - 12), match.start()
        )
        if letter in letters and not called:
            found.append(Mention(match.start(), match.end(), letter))
    return found


def as_chosen(text: str, task: Task, sample: Sample) -> str | None:
    """Return the letter that a right answer is, or whose option it spells out."""
    options = dict(sample.fields).get("options")
    letters = _letters(options)
    listed = tuple(options.values()) if isinstance(options, Mapping) else options
    texts = list(listed) if isinstance(listed, list | tuple) else []
    spelled = [
        letter
        for letter, option in zip(letters, texts, strict=False)
        if normalized(str(option)) == normalized(text)
    ]
    if len(spelled) == 1:
        return spelled[0]
    named = not spelled and CHOSEN.fullmatch(text)
    return as_answered(read_choice, text, task, sample) if named else None


EXTRACTOR = Extractor(read=read_choice, reference=as_chosen)
"""Letters of multiple choice."""
