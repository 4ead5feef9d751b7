"""One word out of a few: labels, names, truth values."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.doubt import Mention
from pytest_llmlat.grading.extractors.evidence import decided
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.reading import (
    UNREAD,
    Reading,
    normalized,
    plain,
)
from pytest_llmlat.grading.extractors.references import as_answered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.entities import Sample, Task

TRUTH = {"true": "true", "yes": "true", "false": "false", "no": "false"}
DETERMINERS = frozenset({"no"})
"""Answers that are common words as well: only where a pause follows."""
SHORT_TRUTH = {
    **dict.fromkeys(("t", "y", "1", "yep", "yeah", "correct", "right"), "true"),
    **dict.fromkeys(("f", "n", "0", "nope", "incorrect", "wrong"), "false"),
}
"""Truth values only where they are the whole answer."""
TRUTH_WORD = re.compile(
    r"(?<!\w)(?:(?P<flip>(?:not|n't|nicht)\s{1,3}"
    r"(?:(?:really|actually|at all)\s{1,3})?)?"
    r"(?P<word>true|false|yes|yep|wahr|falsch|ja|vrai|faux|oui)(?!\w)"
    r"|(?P<no>no|nein|non)(?=\s{0,3}(?:[^\w\s']|\Z))"
    r"|(?:(?<=\bis )|(?<='s )|(?<=\bare ))(?P<unsure>not )?"
    r"(?P<verdict>correct|right|wrong|incorrect)(?=\s{0,3}(?:[^\w\s]|\Z)))"
    r"|(?P<cjk>不正确|不对|正确|错误|对|错|是的|不是)",
    re.IGNORECASE,
)
FLIPPED = re.compile(r"(?:n't|\bnot|\bnicht|n'est pas)\s{1,3}\Z", re.IGNORECASE)
TRUE_WORDS = frozenset(
    {"true", "yes", "yep", "wahr", "ja", "vrai", "oui", "correct", "right"}
    | {"正确", "对", "是的"}
)
STARS = re.compile(r"(?<![\w.])(\d{1,2})\s{0,2}(?:/|out of|of|von|sur)\s{0,2}\d{1,2}")
CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
SHIELDED = re.compile(r"[\u2605\u2b50]\ufe0f?")
FORMS = (("ion", "(?:s|ed|ing|ory)"), ("ment", "(?:s|ed|ing)"))
"""Endings of a label, and those of the verb it is made of."""
LEAST_STEM = 5
"""Letters of a stem that a verb may share with a label."""


def read_label(answer: str, task: Task, sample: Sample) -> Reading:
    """Return the one of ``task.labels`` that the answer gives, spelled as there."""
    del sample
    return read_word(answer, task.labels)


def read_boolean(answer: str, task: Task, sample: Sample) -> Reading:
    """Return "true" or "false" of a yes, no, true, false, right or wrong."""
    del task, sample
    whole = re.sub(r"^\W+|\W+$", "", plain(answer[:200])).casefold()
    if len(answer) < len(whole) + 20 and whole in SHORT_TRUTH:
        return Reading(SHORT_TRUTH[whole], explicit=True)
    return decided(answer, _truths, truth=True)


def _truths(text: str) -> list[Mention]:
    """Find truth values; one that "not" stands before is its contrary."""
    found = []
    for match in TRUTH_WORD.finditer(text):
        word = (match["word"] or match["no"] or match["verdict"] or match["cjk"]) or ""
        value = word.casefold() in TRUE_WORDS
        flip = bool(match["unsure"] or match["flip"])
        start = match.start()
        if match["word"] and value and not flip:
            before = FLIPPED.search(text, max(0, start - 20), start)
            flip = before is not None
            start = before.start() if before else start
        found.append(Mention(start, match.end(), "true" if value != flip else "false"))
    return found


def read_word(answer: str, words: Sequence[str]) -> Reading:
    """Return the one of ``words`` that the answer gives, by the order of evidence."""
    spelled = tuple(word for word in words if _key(word))
    if not spelled:
        return UNREAD
    values = {_key(word): word for word in spelled}
    answer = answer.casefold()
    if all(key.isdigit() for key in values):
        answer = _rated(answer)
    pattern, forms = _patterns(tuple(values))
    find = partial(_words, pattern, values)
    reading = decided(answer, find)
    if reading.value is None and forms and not find(plain(answer).casefold()):
        pattern, stems = forms
        by_stem = {stem: values[key] for stem, key in stems.items()}
        return decided(answer, partial(_stems, pattern, by_stem))
    return reading


def _rated(answer: str) -> str:
    """Turn stars, and "4 out of 5", into the number of the rating."""
    stars = SHIELDED.findall(answer)
    if stars and not re.search(r"\d", answer):
        answer = f"{len(stars)}"
    return STARS.sub(r"\1", answer)


def _key(word: str) -> str:
    """Return a word's form without case and with single blanks between its parts."""
    return " ".join(re.split(r"[\s_-]+", normalized(word))).strip()


def _bounded(word: str) -> str:
    """Put boundaries round a pattern; scripts without blanks need none."""
    return rf"(?<![^\W{CJK}])(?<!-)(?P<word>{word})(?![^\W{CJK}])"


@lru_cache(maxsize=256)
def _patterns(
    keys: tuple[str, ...],
) -> tuple[re.Pattern[str], tuple[re.Pattern[str], dict[str, str]] | None]:
    """Compile a search for the words, longest first, and one for their verbs."""
    either = "|".join(
        r"[\s_-]{1,5}".join(map(re.escape, key.split()))
        for key in sorted(keys, key=len, reverse=True)
    )
    stems = {
        key.removesuffix(ending): (key, verbs)
        for key in keys
        for ending, verbs in FORMS
        if key.endswith(ending) and len(key) - len(ending) >= LEAST_STEM
    }
    verb = "|".join(
        f"{re.escape(stem)}(?={verbs}?(?!\\w))" for stem, (_, verbs) in stems.items()
    )
    forms = (
        (
            re.compile(rf"(?<!\w)(?P<word>{verb})\w{{0,3}}", re.IGNORECASE),
            {stem: key for stem, (key, _) in stems.items()},
        )
        if stems
        else None
    )
    return re.compile(_bounded(either), re.IGNORECASE), forms


def _words(
    pattern: re.Pattern[str], values: Mapping[str, str], text: str
) -> list[Mention]:
    """Find the allowed words in a text."""
    folded = text.casefold()
    folded = folded if len(folded) == len(text) else text
    return [
        Mention(match.start(), match.end(), values[_key(match["word"])])
        for match in pattern.finditer(folded)
        if _key(match["word"]) in values
        and not (
            match["word"] in DETERMINERS
            and re.match(r"\s{1,3}\w", folded[match.end() : match.end() + 4])
        )
    ]


def _stems(
    pattern: re.Pattern[str], values: Mapping[str, str], text: str
) -> list[Mention]:
    """Find verbs that labels are made of."""
    return [
        Mention(match.start(), match.end(), values[match["word"].casefold()])
        for match in pattern.finditer(text)
    ]


LABEL = Extractor(
    read=read_label, reference=partial(as_answered, read_label), needs_labels=True
)
BOOLEAN = Extractor(read=read_boolean, reference=partial(as_answered, read_boolean))
