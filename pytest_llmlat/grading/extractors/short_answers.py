"""A name or a few words that answer a question whose row lists no options.

What may be the answer is not known beforehand. It is what a sentence adds to the words
of the question: of "The Danube flows through Vienna", asked which river flows through
Vienna, it is the Danube.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmlat.grading.extractors.added_words import (
    SHORT_WORDS,
    WORD,
    added_words,
    is_asked,
)
from pytest_llmlat.grading.extractors.doubt import (
    DOUBT,
    Claim,
    Stance,
    claimed,
    has_given_up,
)
from pytest_llmlat.grading.extractors.json_fields import fields
from pytest_llmlat.grading.extractors.listed_answers import MOST
from pytest_llmlat.grading.extractors.mentions import Mention
from pytest_llmlat.grading.extractors.order import EvidenceWay, in_order
from pytest_llmlat.grading.extractors.phrases import BOLD, INTERJECTION
from pytest_llmlat.grading.extractors.readable_answer import (
    Reading,
    normalized,
    plain,
    sentences,
)
from pytest_llmlat.grading.extractors.remarks import CONCEDED
from pytest_llmlat.grading.extractors.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATED = re.compile(
    r"(?:^[ \t*_]{0,8}A[*_]{0,3}:|\b(?:answer|antwort|r\u00e9ponse"
    r"|respuesta)\b(?: to [^\n.:]{0,80})?"
    r"(?:\s{0,3}[:=\uff1a]|\s{1,3}(?:is|ist|lautet|est|es)\b:?)"
    r"|\u7b54\u6848(?:\u662f|\u4e3a|\uff1a|:))[ \t*_]{0,8}\n{0,2}"
    r"(?=(?P<words>[^\n]{1,200}))",
    re.IGNORECASE | re.MULTILINE,
)
MADE_BY = re.compile(
    r"\b(?:is|was|are|were)\s(?:\w{3,20}ly\s)?[a-z]{3,20}\sby\s(?:the\s|an?\s)?"
    r"(?:(?:[A-Z][a-z]{3,15}(?:an|sh|ese|ch)\s)?(?:[a-z]{3,20}\s){1,3})?(?P<words>[A-Z][\w.'\u2019-]{0,20}"
    r"(?:\s(?:[A-Z][\w.'\u2019-]{0,20}|van|von|de|da|der|del|di|la)){0,4})(?!\w)"
)
"""Who did something: "It was painted by Ann Lee"."""
PLACED = re.compile(
    r"\A(?:[a-z]{3,15}(?:ed|en|wn|nt|lt|ne|ut|ld)\s(?:on|in|at|by|from|as)|due to)\s"
    r"(?:the\s)?|\A(?:in|from|near)\s(?=[A-Z])"
)
"""What stands between "is" and a place, a date or a cause: "signed on"."""
COPULA = re.compile(
    r"\b(?:is|was|are|were|ist|war|lautet|est)\s{1,3}(?=(?P<words>[^\n]{1,200}))",
    re.IGNORECASE,
)
LEFT = re.compile(
    r"(?:\b(?:leaves(?: only)?|left with|it must be|it has to be"
    r"|(?:therefore|thus|hence|so),? it (?:is|was))|[=\u2192])\s{1,3}"
    r"(?=(?P<words>[^\n]{1,200}))",
    re.IGNORECASE,
)
DOES = re.compile(
    r"(?P<words>[A-Z][^,.;:\n]{1,50}?)\s(?:did|does|has|had|can|will|would|is|was)"
    r"(?:\s(?:so|it|this|that))?\s{0,2}(?:[.,;!]|\Z)"
)
"""A name that takes up the verb of the question: "Ann Lee did."."""
NAME_AT_END = re.compile(
    r"\A(?:[Tt]he|[Aa]n?)\s(?:[^\s,]{1,20}\s){0,3}?[a-z]{3,20}\s(?=[A-Z])"
)
"""What says who somebody is, in front of the name: "the Italian painter"."""
CONCLUDING = re.compile(
    r"(?:therefore|thus|hence|so|consequently|in conclusion|this means)\b[,:]?\s",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"(?:the|an?|it|this|that|these|he|she|they|what|who)\b", re.IGNORECASE
)
ARTICLE = re.compile(r"(?:the|an?|in|at|on)\b", re.IGNORECASE)
INSTEAD = re.compile(
    r"(?:(?<=\bis )|(?<=\bwas )|(?<=['\u2019]s )|(?<=\bist )|\A\W{0,4})"
    r"(?:not(?! only)|nicht(?! nur)|(?:non )?pas(?! seulement))\s"
    r"[^,.;:\n]{1,60}?,?\s(?:but|sondern|mais)\s(?:rather\s)?",
    re.IGNORECASE,
)
"""What is named only to be replaced: "not Sydney but Canberra"."""
DENYING = re.compile(r"(?:not|never|anything but|neither|no)\b", re.IGNORECASE)
OPEN = re.compile(r"\b(?:or|either|maybe|perhaps|possibly)\b", re.IGNORECASE)
REMARK = re.compile(
    r",?\s(?:by far|no doubt|without (?:a )?doubt|of course|for sure"
    r"|i (?:think|believe|guess))\b|"
    r",\s{1,3}(?=(?:the|an?|in|on|at|of|which|who|whose|where|as|because|since|not|from"
    r"|with|born|known|also|though|although|followed|written|one of)\b)"
    r"|\s\(|\s(?:because|since)\b|;|\s[\u2013\u2014-]\s",
    re.IGNORECASE,
)
APPOSED = re.compile(
    r",\s(?:the|an?|who|which|whose|born|also known as|known as|one of)\b"
    r"[^,.;\n]{1,120},(?=\s)|,\sor (?:the )?(?-i:[a-z][^,A-Z\n.;]{1,60}),(?=\s)"
    r"|\s?\([^()\n]{0,120}\)",
    re.IGNORECASE,
)
"""What a sentence puts in to say more of a name."""
CLAUSE = re.compile(
    r";|:\s|,?\s(?:but|while|whereas)\s|,\sand\s"
    r"|\sand\s(?=(?:can|is|was|are|were|has|had|will|published|born|died)\b)"
)
GRANTED = re.compile(
    r"\s{0,3}(?:if|when|unless|assuming)\b(?:(?!were|had|would)[^,.\n]){1,120},",
    re.IGNORECASE,
)
"""A condition that may well hold: "if Sicily is counted,"."""
CONTRAST = re.compile(r",?\sbut\s|\bactually\b|\bin fact\b", re.IGNORECASE)
FIELD = re.compile(
    r"[ \t*_-]{0,8}(?P<key>[^\W\d][^:\n*]{0,30})[*_]{0,3}:[ \t*_]{1,8}"
    r"(?P<words>[^\n]{1,200})(?:\n|\Z)"
)
DRESS = re.compile(
    r"(?:the|an?|der|die|das|sir|dame|dr|prof)\b\.?\s{1,3}(?=\w)",
    re.IGNORECASE,
)
"""What stands before a name and is no part of it; Mr and Mrs Green are two."""
VERB = re.compile(
    r"\b(?:is|was|are|were|has|have|had|can|cannot|could|will|would|did|does|do|must"
    r"|should)\b|n't\b|\A\W{0,3}(?:because|since|as|if|while|when|so|then|for)\b",
    re.IGNORECASE,
)
"""What shows that a text is a sentence or a part of one."""
OUTER = {"country", "nation", "state", "continent", "province", "region", "county"}
INNER = {"city", "town", "village", "capital", "port"}
"""Kinds of places that stand last or first where two are named: "Lyon, France"."""
IN = re.compile(r"\A(?:in|on|at|from)\s(?:the\s)?")
KEY_WORDS = 3
"""Words of the key of a line such as "Author: X"."""


def read_named(answer: str, topic: Topic) -> Reading:
    """Return the few words that an answer gives, by the order of ``evidence``.

    Explicit are a field of JSON, "answer: X", "the answer is X", the whole text and its
    one complete sentence. Then come the first line "Author: X", the only words in bold,
    a conclusion, the first sentence that adds a name to the words of the question, and
    at last the first sentence, if it is short.
    """

    def ways(answer: str) -> Iterator[EvidenceWay]:
        answer = topic.told(answer)
        text = INSTEAD.sub("", plain(answer))
        yield map(_claim, map(plain, fields(answer))), True
        stated = [match["words"] for match in STATED.finditer(text)]
        yield map(_claim, stated[-1:]), True
        yield _whole(text, topic), True
        yield _first_field(text, topic), False
        bold = {_short(m[1] or m[2]) for m in BOLD.finditer(answer)} - {None}
        headed = answer.lstrip().startswith("#")
        if len(bold) == 1 and not headed:
            yield map(_claim, map(str, bold)), False
        if has_given_up(text, lambda _: ()):
            yield (Claim(Stance.OPEN),), False
        yield _concluded(text, topic), False
        if topic.question:
            yield (
                _added(text, topic),
                len(sentences(text, 2)) == 1 and text[-1:] in ".!",
            )
        lines = [line for line in sentences(text, 3) if not INTERJECTION.match(line)]
        head = lines[0] if lines else next(iter(sentences(text, 1)), "")
        yield _first(head), False

    return in_order(answer, ways)


def _claim(words: str) -> Claim:
    """Return what a stretch says that was announced as the answer."""
    value = _short(words)
    return Claim(Stance.OPEN) if value is None else Claim(Stance.ASSERTED, value)


def _whole(text: str, topic: Topic) -> Iterator[Claim]:
    """Yield a text that is a few words, none of them from the question."""
    if "\n" in text or "?" in text or len(text.split()) > 2 * SHORT_WORDS:
        return
    text = APPOSED.sub(" ", THIS_IS.sub("", text)).strip()
    bare = _short(text)
    field = FIELD.fullmatch(text)
    if field and DRESS.match(field["key"]):
        return  # "The artist: Ann Lee"
    if bare is None or DOUBT.search(f"{text}|") or VERB.search(text):
        return
    words = [word[0] for word in WORD.finditer(bare)]
    if not any(is_asked(word, topic) for word in words):
        yield Claim(Stance.ASSERTED, bare)


def _first_field(text: str, topic: Topic) -> Iterator[Claim]:
    """Yield what the first line, "Author: X", says, or the line whose key is asked."""
    found = []
    for line in text.splitlines()[:MOST]:
        match = FIELD.fullmatch(line)
        if match is None or len(match["key"].split()) > KEY_WORDS:
            break
        found.append(match)
    asked = [
        match
        for match in found
        if any(is_asked(word[0], topic) for word in WORD.finditer(match["key"]))
    ]
    for match in (asked or found)[:1]:
        value = _short(match["words"])
        lead = INTERJECTION.match(match["key"]) or DENYING.match(match["key"])
        if value is not None and not lead and not COPULA.search(match["words"]):
            yield Claim(Stance.ASSERTED, value)


def _concluded(text: str, topic: Topic) -> Iterator[Claim]:
    """Yield what conclusions leave or add, the last one first."""
    for sentence in reversed(sentences(text, MOST)):
        found = CONCLUDING.match(sentence)
        if found:
            yield from _of_sentence(sentence[found.end() :], topic)
    left = list(LEFT.finditer(text))
    if left:
        yield _claim(left[-1]["words"])


def _added(text: str, topic: Topic) -> Iterator[Claim]:
    """Yield what the first sentence that is about the question adds to its words."""
    for sentence in sentences(text, MOST):
        yield from _of_sentence(sentence, topic)


def _of_sentence(sentence: str, topic: Topic) -> Iterator[Claim]:
    """Yield what the clauses of a sentence add, behind "but" first."""
    if sentence.rstrip().endswith("?"):
        return
    conceded = CONCEDED.match(sentence) or GRANTED.match(sentence)
    sentence = sentence[conceded.end() :] if conceded else sentence
    sentence = APPOSED.sub(" ", sentence)
    clauses = CLAUSE.split(sentence)
    if CONTRAST.search(sentence):
        clauses.reverse()
    for clause in clauses:
        part = REMARK.split(clause, maxsplit=1)[0]
        does = DOES.fullmatch(clause.strip())
        if does and not SUBJECT.match(does["words"]):
            yield _claim(NAME_AT_END.sub("", does["words"]))
            return
        found = added_words(part, topic)
        if found is not None:
            mention = Mention(found.start, found.end, undressed(found.text))
            claim = claimed(part, [mention])
            if claim.stance is not Stance.DENIED:
                yield Claim(Stance.OPEN) if OPEN.search(part) else claim
                return


def _first(head: str) -> Iterator[Claim]:
    """Yield what the first sentence of a free answer is, or says around its "is"."""
    head = THIS_IS.sub("", head)
    if not head or DOUBT.search(head) or head.rstrip().endswith("?"):
        yield Claim(Stance.OPEN)
        return
    made = MADE_BY.search(head)
    if made:
        yield _claim(made["words"])
        return
    does = DOES.match(head)
    if does:
        yield _claim(NAME_AT_END.sub("", does["words"]))
        return
    copulas = list(COPULA.finditer(head))
    if len(copulas) != 1:
        yield _claim("" if "," in head else head)
        return
    subject, words = head[: copulas[0].start()].strip(), copulas[0]["words"]
    if DENYING.match(words):
        yield Claim(Stance.OPEN)
    elif SUBJECT.match(subject) is None and ARTICLE.match(words):
        yield _claim(subject)
    else:
        yield _claim(PLACED.sub("", words))


def _short(words: str) -> str | None:
    """Return the first sentence of a few words, without what encloses or explains it.

    What leaves the answer open ("A or B") or denies it is nothing.
    """
    first = next(iter(sentences(words, 1)), "")
    bare = REMARK.split(first[:200], maxsplit=1)[0]
    bare = re.sub(r"^\W+|[^\w+#]+$", "", bare)
    if DENYING.match(bare) or OPEN.search(bare):
        return None
    bare = undressed(bare)
    return bare if 0 < len(bare.split()) <= SHORT_WORDS else None


def undressed(name: str) -> str:
    """Take the article or the title off a name: "the Nile", "Sir Isaac Newton"."""
    found = DRESS.match(name)
    return " ".join(name[found.end() if found else 0 :].split())


def as_named(text: str) -> str | None:
    """Return what a right answer is read as where it is stated as the answer.

    More than an article, a title and the marks at its end may not be lost: "C++" is
    not "C".
    """
    value = read_named(f"Answer: {text}", Topic()).value
    if value is None:
        return None
    bare = undressed(normalized(text).strip(MARKS))
    return value if normalized(value).strip(MARKS) == bare else None


def as_referred(name: str, answer: str, topic: Topic, references: Sequence[str]) -> str:
    """Return a name with or without the noun that is asked for, as a reference has it.

    Asked which acid it is, "citric acid" and "citric" are one answer, and asked which
    river, "the River Don" and "Don". The noun is only added where it stands beside the
    name in the answer. Of "Lyon, France" a country is the last part and a city the
    first.
    """
    noun, folded = topic.category, name.casefold()
    said = " ".join(re.findall(r"[\w'-]+", answer.casefold()))
    around = (f"{noun} {folded}", f"{folded} {noun}") if noun else ()
    forms = [
        *(form for form in around if form in said),
        folded.removeprefix(f"{noun} ").removesuffix(f" {noun}"),
        IN.sub("", folded),
    ]
    field = FIELD.fullmatch(folded)
    if field and not DENYING.match(folded):
        forms.append(undressed(field["words"].strip()))  # "Author: Ann Lee"
    inner, comma, outer = folded.rpartition(", ")
    if comma and noun in OUTER | INNER:
        forms.append(outer if noun in OUTER else inner.partition(", ")[0])
    known = {undressed(normalized(reference).strip(MARKS)) for reference in references}
    return name if folded in known else next((f for f in forms if f in known), name)


MARKS = ".!?\"'\u2019\u201d"
"""What may end a short text and is not part of it."""
THIS_IS = re.compile(r"^(?:it|that|this)['\u2019]s\s+", re.IGNORECASE)
"""How a short answer may begin: "It's Canberra!"."""
