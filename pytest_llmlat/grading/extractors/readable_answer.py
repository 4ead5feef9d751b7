"""What a reader hands back, and what is done to every answer before it is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from pytest_llmlat.grading.languages import language_of
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.errors import UnknownName
from pytest_llmlat.values.thought_tags import (
    ANSWER_CHANNEL,
    PAIRED_TAGS,
    THOUGHT_CHANNELS,
)

TYPOGRAPHY = str.maketrans(
    {
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
        "\r": "\n",
    }
)
ANSWER_NAME = (
    r"(?:final[_ -]?)?(?:answer|choice|label|option|result|output|response|solution)"
)
ANSWER_TAG = re.compile(
    rf"<{ANSWER_NAME}>|\\boxed\s{{0,5}}\{{(?:\s{{0,5}}\\text\s{{0,5}}\{{)?",
    re.IGNORECASE,
)
TAG = re.compile(
    rf"</?(?:{ANSWER_NAME}|b|strong|i|em|u|p|br|code|span)\s{{0,5}}/?>", re.IGNORECASE
)
LINE_MARK = re.compile(r"^[ \t]{0,20}(?:(?:#{1,6}|>|[-+*\u2022])[ \t]+)+", re.MULTILINE)
EMPHASIS = re.compile(r"[*`$}]+|~~|(?<!\w)_+|(?<=[^\W_])_+(?!\w)")
TITLES = ("Mr", "Mrs", "Ms", "Mx", "Dr", "Prof", "St", "Rev", "Gen", "Capt")
"""What is written with a full stop before a name."""
STOP = r"[.!?]" + "".join(
    rf"(?<!\b{word}\.)" for word in (r"i\.e", r"e\.g", "vs", "cf", "approx", *TITLES)
)
"""A sign that ends a sentence; not the full stop of "i.e.", "e.g.", "Dr." and such."""
SENTENCE_END = re.compile(rf"{STOP}[\"')\]]{{0,3}}(?=\s|$)|[\n\u3002\uff01\uff1f]")
TAGGED = re.compile(
    r",\s(?:(?:is|are|was|were|does|do|did|has|have|ca|wo|would)n't\s"
    r"(?:it|he|she|they|there|that|this)|right|nicht wahr|n'est-ce pas)\s?\?",
    re.IGNORECASE,
)
"""What makes a question of a statement that is none: "It is 7, isn't it?"."""
THOUGHT_END = re.compile(
    "|".join(re.escape(tags.closing) for tags in PAIRED_TAGS), re.IGNORECASE
)
THOUGHT_START = re.compile(
    rf"\s*(?:{'|'.join(re.escape(tags.opening) for tags in PAIRED_TAGS)})",
    re.IGNORECASE,
)
CHANNEL = re.compile(rf"<\|channel\|>\s{{0,3}}(?:{'|'.join(THOUGHT_CHANNELS)})")
FINAL = re.compile(
    rf"<\|channel\|>\s{{0,3}}{ANSWER_CHANNEL}\s{{0,3}}(?:<\|message\|>)?"
)
TURN = re.compile(
    r"<\|(?:im_end|im_start|eot_id|end|endoftext|end_of_text|return|user|start)\|>"
    r"|</s>|<end_of_turn>|\[INST\]|^(?:User|Human):",
    re.MULTILINE,
)
RUN_ON = re.compile(
    r"^[ \t#*]{0,8}(?:question|q|problem|text|review|tweet|sentence|passage|premise"
    r"|input|example|exercise|expression|article|instruction|your task|frage|aufgabe"
    r"|\u95ee\u9898|\u9898\u76ee)(?:[ \t]{0,2}\d{1,3})?[ \t*]{0,4}[:\uff1a]",
    re.IGNORECASE | re.MULTILINE,
)
OPENING = 4_000
ENDING = 8_000
"""Characters of the start and the end of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found in an answer."""

    value: str | None
    """The normalised answer, or ``None``."""
    explicit: bool = False
    """Whether it was stated as the answer, so that it counts even beside a refusal."""


UNREAD = Reading(None)
Reader: TypeAlias = Callable[[str, Task, Sample], Reading]
ReferenceReader: TypeAlias = Callable[[str, Task, Sample], str | None]


IN_ENGLISH: Mapping[str, Mapping[str, str]] = {
    "de": {"also": "so", "falls": "if", "denn": "because"},
    "fr": {"car": "because", "si": "if", "non": "no", "ton": "tone"},
}
"""Words of a language that are other words of English, and what they mean.

Words that are none of English are known to every task; these only to a task whose
option ``language`` names the language.
"""


FUNCTION_WORDS: Mapping[str, frozenset[str]] = {
    "de": frozenset(("der", "die", "das", "ist", "und", "wie", "viele", "hat", "ein"))
    | {"eine", "nicht", "sind", "wer", "welche", "welcher"},
    "fr": frozenset(("le", "la", "les", "est", "combien", "de", "des", "un", "une"))
    | {"et", "il", "elle", "quelle", "que"},
    "en": frozenset(("the", "is", "are", "of", "what", "how", "who", "which", "does"))
    | {"to", "and", "in", "it"},
}
"""Words by which a question's language is known."""
CHINESE = re.compile(r"[\u4e00-\u9fff]{3}")
KANA = re.compile(r"[\u3040-\u30ff]")


def language(task: Task, sample: Sample) -> str:
    """Return the code of the language of a task, empty for English.

    It is what the task's option says, else that of the row's ``question``, if that is
    plainly German, French or Chinese.
    """
    name = task.option("language")
    if name is None:
        question = dict(sample.fields).get("question")
        return _spoken(question) if isinstance(question, str) else ""
    try:
        return language_of(str(name), where=task.name).code
    except UnknownName:  # told where the catalogue is read; a reader raises nothing
        return ""


@lru_cache(maxsize=1024)
def _spoken(question: str) -> str:
    """Return the language of a question by its most usual words."""
    if CHINESE.search(question) and not KANA.search(question):
        return "zh"
    words = set(re.findall(r"\w+", question.casefold()))
    found = {code: len(words & known) for code, known in FUNCTION_WORDS.items()}
    best = max(found, key=lambda code: found[code])
    plainly = found[best] > 1 and found[best] > found["en"]
    return best if plainly else ""


def in_english(text: str, language: str) -> str:
    """Replace the words of a language that would be read as English ones."""
    words = IN_ENGLISH.get(language)
    if not words:
        return text
    return re.sub(
        rf"\b(?:{'|'.join(words)})\b",
        lambda found: words[found[0].casefold()],
        text,
        flags=re.IGNORECASE,
    )


def normalized(text: str) -> str:
    """Return the form in which answers are compared: NFC, casefolded, trimmed."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def without_thoughts(text: str) -> str:
    """Drop what a reasoning model thinks aloud before its answer.

    Known are the tags that the meter knows, in any case of letters. Some chat templates
    open the tag in the prompt, so that only its end is in the answer. A thought that
    was cut off is no answer at all.
    """
    ends = [found.end() for found in THOUGHT_END.finditer(text)]
    answer = text[ends[-1] :] if ends else text
    opened = THOUGHT_START.match(answer)
    if opened or (CHANNEL.search(answer) and not FINAL.search(answer)):
        return ""
    final = FINAL.search(answer)
    return answer if final is None else answer[final.end() :]


def without_middle(text: str) -> str:
    """Keep the start and the end of a very long answer, where answers stand."""
    if len(text) <= OPENING + ENDING:
        return text
    head, tail = text[:OPENING], text[-ENDING:]
    blank = re.search(r"\s", head[::-1])
    head = head[: -blank.end()] if blank else ""
    tail = re.sub(r"\A\S*", "", tail)  # no number and no word is cut in two
    return f"{head}\n\n{tail}"


def without_run_on(text: str) -> str:
    """Drop what a model invents after its answer: a next question, a next turn."""
    text = without_middle(text)
    cut = TURN.search(text)
    text = text if cut is None else text[: cut.start()]
    text = TAGGED.sub(".", text.translate(TYPOGRAPHY) if "\u2019" in text else text)
    for found in RUN_ON.finditer(text):
        before = text[: found.start()].strip()
        if before and not before.endswith(":"):
            return text[: found.start()]
    return text


def plain(text: str) -> str:
    r"""Take Markdown, LaTeX and HTML dress off a short answer; keep its lines.

    ``\boxed{...}`` and ``<answer>`` say that the answer follows, and are turned into
    the word that says so in prose.
    """
    text = unicodedata.normalize("NFC", text.translate(TYPOGRAPHY))
    text = ANSWER_TAG.sub("\nAnswer: ", text)
    text = TAG.sub(" ", text)
    text = EMPHASIS.sub("", LINE_MARK.sub("", text))
    return text.strip()


def sentences(text: str, most: int) -> list[str]:
    """Return the first sentences or lines, ``most`` of them, without blank ones.

    A line that ends in a colon announces the next and is joined with it.
    """
    found: list[str] = []
    start, end = 0, len(text)
    while start < end and len(found) < most:
        stop = SENTENCE_END.search(text, start)
        piece = text[start : stop.end() if stop else end].strip()
        start = stop.end() if stop else end
        if not piece:
            continue
        if found and found[-1].endswith(":"):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found
