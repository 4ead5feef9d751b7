"""Truth values: yes and no, true and false, right and wrong, in several languages."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.evidence import Candidates, decided
from pytest_llmlat.grading.extractors.extractor import Extractor
from pytest_llmlat.grading.extractors.mentions import Mention
from pytest_llmlat.grading.extractors.readable_answer import (
    Reading,
    in_english,
    language,
    plain,
)
from pytest_llmlat.grading.extractors.references import as_answered
from pytest_llmlat.grading.extractors.restated import read_restated

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Sample, Task

TRUTH = {"true": "true", "yes": "true", "false": "false", "no": "false"}
SHORT_TRUTH = {
    **dict.fromkeys(("t", "y", "1", "yep", "yeah", "correct", "right"), "true"),
    **dict.fromkeys(("absolutely", "definitely", "certainly", "of course"), "true"),
    **dict.fromkeys(("affirmative", "richtig", "korrekt", "exact"), "true"),
    **dict.fromkeys(("i think so", "i believe so", "i guess so"), "true"),
    **dict.fromkeys(("i don't think so", "i think not", "i do not think so"), "false"),
    **dict.fromkeys(("f", "n", "0", "nope", "incorrect", "wrong"), "false"),
    **dict.fromkeys(("是", "会", "能", "可以", "有", "没错"), "true"),
    **dict.fromkeys(("不", "否", "不是", "不会", "不能", "不可以", "没有"), "false"),
}
"""Truth values only where they are the whole answer."""
_WORD = (
    r"(?<!\w)(?P<flip>(?:no way (?:that )?(?:it|this|that) is"
    r"|(?:not|\w{2,5}n't) (?:true|the case) that (?:it|this|that)(?: i|')s"
    r"|can(?:not|'t| not)\s(?:possibly\s)?be"
    r"|not|n't|nicht|never)\s{1,3}(?:(?:really|actually|at all)\s{1,3})?)?(?P<word>true"
    r"|untrue|false|yes|yep|wahre?|falsch|ja|vraie?|fau(?:x|sse)|oui|s\u00ed)(?!\w)"
)
_NO = (
    r"(?<!\w)(?P<no>no|nope|nein)(?=\s{0,3}(?:[^\w\s'-]|\Z)|\s{1,3}-\s"
    r"|\s(?:it|that|this|he|she|they)\s?(?:is|was|does|do|did|are)n't\b)"
)
_VERDICT = (
    r"(?:(?<=\bis )|(?<='s )|(?<=\bare ))(?P<unsure>not )?"
    r"(?P<verdict>correct|right|wrong|incorrect)(?=\s{0,3}(?:[^\w\s]|\Z))"
    r"|(?<=\bist )(?P<unwahr>nicht )?"
    r"(?P<richtig>richtig|korrekt|unwahr|inkorrekt)(?!\w)"
    r"|\bc'est (?P<exact>exact|juste|inexact)(?!\w)"
)
_HOLDS = (
    r"\b(?:statement|claim|formula|expression|conclusion|hypothesis|proposition|it|this"
    r"|that)\s(?P<holds>does(?:n't| not) hold|holds)(?!\w)"
    r"|\b(?:it|this|that)"
    r"(?P<case>(?:\sis|'s)(?:\snot|n't)? (?:the case(?! that)|so(?=[.!,]|\Z)))"
    r"|(?<!\w)(?P<stimmt>stimmt(?: (?:leider )?nicht)?)(?!\w)"
)
_LEAD = (
    r"\A\W{0,4}(?:(?P<lead>correct|incorrect|wrong)(?=\s{0,3}[.!,;])"
    r"|(?P<sure>absolutely|definitely)(?=\s{0,2}[.,])"
    r"|(?P<never>no way|(?:certainly|absolutely|definitely|of course|obviously) not"
    r"|not at all|by no means)(?=\s{0,3}[.,!;\u2014]|\Z))"
)
_CHINESE = r"(?P<unlike>不是|并非)?(?P<cjk>不正确|不对|正确|错误|对|错|真|假|是的)"
TRUTH_WORD = re.compile(
    f"{_WORD}|{_NO}|{_VERDICT}|{_HOLDS}|{_LEAD}|{_CHINESE}", re.IGNORECASE
)
SPELLED = ("word", "no", "verdict", "richtig", "exact", "holds", "case", "stimmt")
LEADING = ("lead", "sure", "never")
FLIPPING = ("flip", "unsure", "unwahr", "unlike")
"""Groups of the pattern: of words, of words at the very start, of what denies them."""
ASKED_FALSE = re.compile(
    r"\b(?:is|are|was|ist|est)\b[^.?!\n]{0,40}?\s(?:false|incorrect|wrong|untrue|falsch"
    r"|fau(?:x|sse))\s?\?\W{1,4}(?:(?P<no>no|nope|nein|non)|yes|ja|oui)\b",
    re.IGNORECASE,
)
"""A question of the contrary, and its answer: "Is it false? No."."""
BRIEF_CHINESE = re.compile(
    r"(?P<lead>\A\W{0,4}|答案(?:是|为)?\s?[\uff1a:]?\s?)(?P<word>不能|不会|不是|不可以|没有|否|能|会|是"
    r"|可以|有)(?=\s{0,2}(?:[\uff0c\u3002,.\uff01!]|\Z))"
)
"""A short yes or no in Chinese, before a pause."""
GRANTED = re.compile(r"\s{1,3}that\b[^.\n]{1,200}\b(?:but|however)\b", re.IGNORECASE)
"""What makes of a truth a concession: "it's true that A holds, but"."""
DENYING = re.compile(
    r"\sthat\b[^.!?;\n]{1,120}?(?:n't\b|\b(?:not|never|cannot|no)\b)", re.IGNORECASE
)
"""What a truth is said of where that is a denial: "(not) true that 91 isn't prime"."""
AFTERTHOUGHT = re.compile(
    r"[;,\u2014(]\s?(?:(?:though|although|but|while)\s)?it(?:'s| is)\s\Z", re.IGNORECASE
)
FLIPPED = re.compile(r"(?:n't|\bnot|\bnicht|\bpas)\s{1,3}\Z", re.IGNORECASE)
TRUE_WORDS = frozenset(
    {"true", "yes", "yep", "wahr", "wahre", "ja", "vrai", "vraie", "oui", "s\u00ed"}
    | {"exact", "juste", "absolutely", "definitely", "richtig", "korrekt", "stimmt"}
    | {" is the case", "'s the case", " is so", "'s so"}
    | {"holds", "correct", "right", "正确", "对", "真", "是的"}
)


def read_boolean(answer: str, task: Task, sample: Sample) -> Reading:
    """Return "true" or "false" of a yes, no, true, false, right or wrong.

    Where none of them is named, an answer may give the row's ``question`` back as a
    statement.
    """
    answer = in_english(answer, language(task, sample))
    whole = re.sub(r"^\W+|\W+$", "", plain(answer[:200])).casefold()
    if len(answer) < len(whole) + 20 and whole in SHORT_TRUTH:
        return Reading(SHORT_TRUTH[whole], explicit=True)
    answer = ASKED_FALSE.sub(lambda m: "True" if m["no"] else "False", answer)
    answer = BRIEF_CHINESE.sub(_spelled_out, answer)
    reading = decided(answer, Candidates(find=_truths, truth=True))
    if reading.value is None and not reading.explicit:
        return read_restated(answer, dict(sample.fields).get("question"))
    return reading


def _spelled_out(found: re.Match[str]) -> str:
    """Return a short Chinese yes or no in a word that is nothing else."""
    return found["lead"] + ("对" if SHORT_TRUTH[found["word"]] == "true" else "错")


def _truths(text: str) -> list[Mention]:
    """Find truth values; one that "not" stands before is its contrary."""
    found = []
    for match in TRUTH_WORD.finditer(text):
        head = text[max(0, match.start() - 20) : match.start()]
        that = text.startswith(" that", match.end())
        if that and DENYING.match(text, match.end()):
            continue
        if GRANTED.match(text, match.end()) or (that and AFTERTHOUGHT.search(head)):
            continue
        groups = (*SPELLED, *LEADING, "cjk")
        group = next(name for name in groups if match[name])
        value = match[group].casefold() in TRUE_WORDS
        flip = any(match[name] for name in FLIPPING)
        start = match.start(group) if group in LEADING else match.start()
        if group == "word" and value and not flip:
            before = FLIPPED.search(text, max(0, start - 20), start)
            flip = before is not None
            start = before.start() if before else start
        found.append(Mention(start, match.end(), "true" if value != flip else "false"))
    return found


EXTRACTOR = Extractor(read=read_boolean, reference=partial(as_answered, read_boolean))
