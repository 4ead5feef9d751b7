"""What a clause adds to the words of a question: "The Danube flows through Vienna"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.readable_answer import TITLES
from pytest_llmlat.grading.extractors.topic import COMMON, Topic, stem_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMER = re.compile(
    r"\b(?:formerly|previously|until|used to|before \d{4}|once (?:was|were)"
    r"|(?:was|were) once|no longer|in the past)\b",
    re.IGNORECASE,
)
"""What was so, and is no more."""
PAST = re.compile(r"\b(?:was|were|did|had|formerly|before|until|once)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W_](?:[\w.&/\u2019'-]{0,40}[^\W_])?\+{0,2}#?")
PARTICLE = re.compile(
    r"van|von|der|den|de|del|della|la|le|du|da|dos|di|bin|ibn|al|el|zu|ter|ten"
)
ADVERB = re.compile(r"[a-z]{1,20}ly")
OPENING = {"actually", "originally", "usually", "typically", "generally", "only"}
"""Adverbs that begin a sentence without a comma."""
LINKING = re.compile(
    r"[a-z]{1,20}ly|an?|is|in|on|at|of|to|by|as|it|he|be|or|so|we|if|do|no|my|me|you|i"
    r"|actually|fact|indeed|today|now|often|usually|known|called|named|considered"
    r"|located|just|therefore|thus|hence|because|since|correct|right|well|yes|sure"
    r"|stands?|standing|belongs?|refers?|represent(?:s|ed)?|means?|denotes?|takes?|took"
    r"|place|happens?|begins?|starts?|falls?|occurs?|comes?|came|makes?|made|lies|due"
    r"|around|about|during|through|near|like|such|some|most|more|many|famous|first|last"
    r"|(?:it|that|there|here|he|she)['\u2019]s|official|main|primary|common|due|people"
    r"|contain(?:s|ed|ing)?|speaks?|spoken|uses?|used|produc(?:es?|ed)|caused?|causes"
    r"|gets?|gives?|gave|given|situated|found|found in|credited|comprises?|consists?"
    r"|responsible|term|would|answer|standard|typical|modern|full-size(?:d)?|single"
)
"""Words of a sentence that link its parts and answer nothing."""
WHO = re.compile(r"\W{0,3}(?:who|whom|whose)\b", re.IGNORECASE)
"""What asks for somebody, whose name has a capital."""
VERB = re.compile(r"[a-z]{2,20}(?:s|ed)")
BESIDES = re.compile(
    r"\b(?:during|via|throughout|thanks to|because of|in the course of)\s"
    r"(?:the |an? |its |their )?\Z",
    re.IGNORECASE,
)
"""What makes of words a circumstance."""
POINTED = re.compile(
    r"\A\W{0,3}(?:it|that|this|its|his|her)\b|\w\s(?:it|this|so)\b", re.IGNORECASE
)
SHORT_WORDS = 5
"""A free answer of more words than this is a sentence."""


@dataclass(frozen=True, slots=True)
class AddedWords:
    """Words side by side that the question does not have."""

    start: int
    end: int
    text: str
    linked: bool
    """Only words of the question or linking ones stand between it and one of those."""

    verb: bool = False
    """One word such as "uses" behind a word of the question, with a noun ahead."""

    @property
    def capital(self) -> bool:
        """Whether it looks like a name."""
        return self.text[:1].isupper() or any(
            word[:1].isupper() for word in self.text.split()
        )


def added_words(clause: str, topic: Topic) -> AddedWords | None:
    """Return the one run of words that a clause adds to those of the question."""
    if FORMER.search(clause) and not PAST.search(topic.question):
        return None
    runs, about = _runs(clause, topic)
    if not about:
        return None
    runs = [run for run in runs if len(run.text.split()) <= SHORT_WORDS]
    besides = [run for run in runs if not BESIDES.search(clause[: run.start])]
    runs = besides or runs
    runs = [run for run in runs[:-1] if not run.verb] + runs[-1:]
    worded = [run for run in runs if not run.text[:1].isdigit()] or runs
    names = [run for run in worded if run.capital]
    if not names and not WHO.match(topic.question):
        names = worded
    if len(names) > 1:
        named = [run for run in names if _is_beside(clause, run, topic.category)]
        names = named or [run for run in names if run.linked]
    return names[0] if len(names) == 1 else None


def _is_beside(clause: str, run: AddedWords, noun: str) -> bool:
    """Say whether a noun stands right behind a run of words: "citric acid"."""
    after = clause[run.end :].lstrip().casefold()
    return bool(noun) and re.match(rf"{re.escape(noun)}\b", after) is not None


def _runs(clause: str, topic: Topic) -> tuple[list[AddedWords], bool]:
    """Return the runs of words that a clause adds, and whether it is about a question.

    It is where it has a word of the question, or "it is" and the like.
    """
    words = list(WORD.finditer(clause))
    asked = [is_asked(word[0], topic) for word in words]
    linking = [_is_linking(word[0]) and not _is_name(clause, word) for word in words]
    added = [not a and not b for a, b in zip(asked, linking, strict=True)]
    runs = []
    index = 0
    while index < len(words):
        if not added[index]:
            index += 1
            continue
        start, end = _extent(clause, words, added, asked, index)
        runs.append(_run(clause, words, asked, added, start, end))
        index = end
    about = any(asked) or POINTED.search(clause) is not None
    return runs, about


def _extent(
    clause: str,
    words: Sequence[re.Match[str]],
    added: Sequence[bool],
    asked: Sequence[bool],
    index: int,
) -> tuple[int, int]:
    """Return the first word of a run and the one behind its last.

    Particles and "of" belong to a name with capitals on both sides ("Bank of Spain"),
    and so does a word of the question that is written with one ("Lake Como").
    """

    def capital(at: int) -> bool:
        return 0 <= at < len(words) and words[at][0][:1].isupper()

    def apart(at: int) -> bool:
        before = words[at - 1][0]
        gap = clause[words[at - 1].end() : words[at].start()]
        stopped = "." in gap and len(before) > 1 and before not in TITLES
        return bool(gap.strip(" .")) or stopped

    start, end = index, index + 1
    while start > 0 and asked[start - 1] and capital(start - 1) and capital(start):
        if apart(start):
            break
        start -= 1
    while end < len(words) and not apart(end):
        joins = words[end][0] in {"of", "the", "de", "la"} and capital(end - 1)
        ahead = end + 1
        while joins and ahead < len(words) and words[ahead][0] in {"the", "la"}:
            ahead += 1
        if added[end] or (asked[end] and capital(end) and capital(end - 1)):
            end += 1
        elif joins and capital(ahead) and not asked[ahead]:
            end = ahead + 1
        else:
            break
    return start, end


def _run(
    clause: str,
    words: Sequence[re.Match[str]],
    asked: Sequence[bool],
    added: Sequence[bool],
    start: int,
    end: int,
) -> AddedWords:
    """Return a run of words: of "Dutch artist Jan Vermeer" what is behind "artist"."""
    before, after = start - 1, end
    while before >= 0 and not asked[before] and not added[before]:
        before -= 1
    while after < len(words) and not asked[after] and not added[after]:
        after += 1
    linked = (before >= 0 and asked[before]) or (after < len(words) and asked[after])
    if words[end - 1][0][:1].isupper():
        for at in range(end - 2, start - 1, -1):
            small = words[at][0][:1].islower()
            if small and not PARTICLE.fullmatch(words[at][0]) and added[at]:
                start = at + 1
                break
    taken_up = end < len(words) and words[end][0] in {"it", "this", "that"}
    if taken_up and end > start + 1 and words[end - 1][0].islower():
        end -= 1  # Ann Lee wrote it
    first, last = words[start].start(), words[end - 1].end()
    verb = (
        end == start + 1
        and start > 0
        and asked[start - 1]
        and end < len(words)
        and not added[end]
        and not asked[end]
        and VERB.fullmatch(words[start][0]) is not None
    )
    return AddedWords(first, last, " ".join(clause[first:last].split()), linked, verb)


def is_asked(word: str, topic: Topic) -> bool:
    """Say whether a word is one of the question's, in whatever form."""
    bare = re.sub(r"['\u2019]s\Z", "", word).casefold()
    parts = re.findall(r"\w+", bare)
    if len(parts) > 1 and topic.words.issuperset(parts):
        return True  # "Moby-Dick" is asked about in two words
    return stem_of(bare) in topic.asked or (
        bare in topic.words and not _is_linking(word)
    )


def _is_name(clause: str, word: re.Match[str]) -> bool:
    """Say whether a word that ends like an adverb is a name: "Italy"."""
    lone = clause[word.end() :].startswith(",") and not clause[: word.start()].strip()
    named = word[0][:1].isupper() and ADVERB.fullmatch(word[0].casefold()) is not None
    return named and not lone and word[0].casefold() not in OPENING


def _is_linking(word: str) -> bool:
    """Say whether a word only links the parts of a sentence."""
    bare = word.casefold()
    return bool(LINKING.fullmatch(bare) or COMMON.fullmatch(bare))
