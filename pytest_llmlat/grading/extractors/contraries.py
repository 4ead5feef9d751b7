"""Words that are contraries, so that what is said of one answers nothing on the other.

Asked for the oldest, "the youngest is Ann" names nobody; asked who came first, nor does
"Ann was second". A superlative, a place in an order and the end of a row are known.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUPERLATIVES = """
oldest eldest | youngest newest
newest latest | oldest earliest
earliest soonest | latest
tallest highest | shortest lowest smallest
longest | shortest
biggest largest greatest heaviest | smallest lightest tiniest least littlest
fastest quickest | slowest
richest wealthiest | poorest
most expensive costliest priciest dearest | cheapest
nearest closest | farthest furthest
strongest | weakest
hottest warmest | coldest coolest
best | worst
most | least fewest
thickest fattest | thinnest
widest broadest | narrowest
deepest | shallowest
brightest | darkest dimmest
hardest toughest | easiest softest
loudest | quietest
maximum | minimum
leftmost left_end far_left | rightmost right_end far_right
northernmost | southernmost
easternmost | westernmost
top topmost uppermost | bottom bottommost lowermost
"""
"""Contraries of each other, left and right."""
_DONE = """
pass passes passed passing | fail fails failed failing
win wins won | lose loses lost
gain gains gained | lose loses lost
sell sells sold selling | keep keeps kept keeping | buy buys bought
pay pays paid spend spends spent cost costs | save saves saved saving savings
boy boys | girl girls
man men male males | woman women female females
adult adults | child children kid kids
right correct correctly | wrong incorrect incorrectly
odd | even
mean average | median | mode | range | sum
area | perimeter circumference | volume
revenue revenues turnover | profit profits | expense expenses
rise rises rose risen increase increases increased | fall falls fell drop drops dropped
bill | tip
spend spends spent use used uses sell sold eat eats ate eaten | left remain remains
"""
"""Deeds and kinds of which one count says nothing on the other, line by line."""
_ORDINALS = (
    *("first", "second", "third", "fourth", "fifth"),
    *("sixth", "seventh", "eighth", "ninth", "tenth"),
)
_FIRST = "winner won wins front head"
_LAST = "rear back end final"
_SAME = MappingProxyType(
    dict.fromkeys(_FIRST.split(), "first")
    | dict.fromkeys(_LAST.split(), "last")
    | {
        f"{number}{ending}": word
        for number, word in enumerate(_ORDINALS, 1)
        for ending in ("st", "nd", "rd", "th")
    }
)
"""Places in an order by their other names."""


def _contraries() -> Mapping[str, frozenset[str]]:
    """Return for each word the ones that are its contraries."""
    found: dict[str, set[str]] = {}
    for line in _SUPERLATIVES.strip().splitlines():
        sides = [_words(side) for side in line.split("|")]
        for one, other in (sides, reversed(sides)):
            for word in one:
                found.setdefault(word, set()).update(other)
                lesser = _compared(word)
                if lesser:
                    against = {*map(_compared, other), *other} - {""}
                    found.setdefault(lesser, set()).update(against)
    for word in _ORDINALS:
        found[word] = {*_ORDINALS} - {word}
    found["first"].add("last")
    found["last"] = {"first"}
    return MappingProxyType({word: frozenset(of) for word, of in found.items()})


def _places_of_deeds() -> Mapping[str, tuple[tuple[int, int], ...]]:
    """Return for each word the lines of the table where it is, and its sides."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, line in enumerate(_DONE.strip().splitlines()):
        for side, words in enumerate(line.split("|")):
            for word in words.split():
                found.setdefault(word, []).append((number, side))
    return MappingProxyType({word: tuple(places) for word, places in found.items()})


def _words(side: str) -> list[str]:
    """Return the words of a side of the table; "most expensive", "left_end" are one."""
    return [word.replace("_", " ") for word in re.findall(r"most \w+|\w+", side)]


def _compared(word: str) -> str:
    """Return the comparative of a superlative, empty for other words."""
    irregular = {"best": "better", "worst": "worse", "most": "more", "least": "less"}
    if word in irregular:
        return irregular[word]
    return f"{word.removesuffix('est')}er" if word.endswith("est") else ""


CONTRARIES = _contraries()
_DEEDS = _places_of_deeds()
_AMOUNT = re.compile(r"\d[\d.,/]*")
_LABEL = re.compile(r"\W{0,5}\w{1,20}[*_]{0,3}\s?[:=]")
_CALCULATED = re.compile(r"[=+*\u00d7\u00f7]|\s[-/\u2212]\s")
_DEGREE = "|".join(
    sorted(
        (word for word in CONTRARIES if word not in {*_ORDINALS, "last"}),
        key=len,
        reverse=True,
    )
)
_PLACE = "|".join((*_ORDINALS, "last", *_SAME))
_ORDINAL = "|".join((*_ORDINALS, "next", r"\d{1,2}(?:st|nd|rd|th)", "penultimate"))
_POLE = re.compile(
    rf"(?<!at )(?<!not )(?<!n't )(?<!\bnot the )(?<!n't the )"
    rf"\b(?:(?P<rank>{_ORDINAL})[\s-](?:to[\s-]|from[\s-](?:the[\s-])?)?)?"
    rf"(?:(?P<degree>most \w{{3,20}}|least \w{{3,20}}|{_DEGREE})"
    rf"|(?P<place>{_PLACE}))\b(?!-)",
    re.IGNORECASE,
)
_STANDS = re.compile(
    r"(?:\b(?:the|is|was|are|be|been|comes?|came|coming|finish\w{0,3}|end(?:s|ed)"
    r"|stands?|sits?|placed|ranks?|ranked|in|at|as|goes|went|arriv\w{1,3}|takes?|took"
    r"|who|that|which|the very)\s|^\W{0,8})\Z",
    re.IGNORECASE | re.MULTILINE,
)
_GOES_ON = re.compile(r"(?:\s(?:place|one|person|position|spot))?\s{0,3}(?:[.,:;!]|\Z)")
_NAMED = re.compile(
    r"\s(?:clue|statement|fact|condition|sentence|step|hint|rule|premise|point|part"
    r"|option|answer|result|solution|choice|i\b|we\b|let|you|line"
    r"|paragraph|time|of all)",
    re.IGNORECASE,
)
"""What a place in an order may count that is no answer: "the second clue"."""

_CLAUSE = re.compile(
    r"[.!?](?=\s)|\n|[;()]|\s[\u2013\u2014-]\s|,?\s(?:since|because|as|but|while"
    r"|whereas|although|though)\s|,\s(?:and|so|thus|hence|therefore|making|which"
    r"|who)\s|\s(?:and|or)\s(?=(?:[\w'-]{1,20}\s){1,4}(?:is|was|are|were|came|comes"
    r"|finished|finishes|has|had)\b)"
    rf"|,\s(?=[\w']{{1,20}}(?:\s[\w']{{1,20}}){{0,2}}\s(?:{_PLACE})\b)",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    rf"{_CLAUSE.pattern}|,\s(?=(?:and\s)?[$\u20ac\u00a3]?\d)", re.IGNORECASE
)
"""Ends of clauses that each count something: "15% passed, 85% failed"."""
MOST = 2
"""Numbers of a clause that may be struck out with it, at most."""
_PLAIN = re.compile(rf"{_CLAUSE.pattern}|(?<!years),\s", re.IGNORECASE)
"""Ends of clauses, plain commas among them."""
_GRANTED = re.compile(
    r"\s{0,5}(?:since|as|because|while|although|though|if|given that)\b"
    r"[^,\n.]{1,120},",
    re.IGNORECASE,
)


_STATING = re.compile(r"\banswer\b|\\boxed|####|\bantwort\b", re.IGNORECASE)
"""What states the answer, and is never struck out."""
_FILLER = "\N{MODIFIER LETTER HALF TRIANGULAR COLON}"
"""A letter of no language that we read, so that what is left of a line is not alone."""
_WORDY = re.compile(r"[^\s.!?,;:()*]")


def poles(text: str, *, asked: bool = False) -> frozenset[str]:
    """Return the superlatives and places that a text speaks of.

    "Second longest" is neither second nor longest, and is told as both in one.

    Args:
        text: a sentence or a part of one.
        asked: it is a question, where a place is one wherever it stands.
    """
    found = set()
    for match in _POLE.finditer(text):
        word = (match["degree"] or match["place"]).casefold()
        if match["place"]:
            if not asked and not _is_place(text, match):
                continue
            word = _SAME.get(word, word)
        found.add(f"{match['rank'].casefold()} {word}" if match["rank"] else word)
        if word.startswith(("most ", "least ")):
            found.add(word.partition(" ")[0])
    return frozenset(found)


def _is_place(text: str, match: re.Match[str]) -> bool:
    """Say whether "first" and the like are a place in an order, and no way to begin."""
    if _NAMED.match(text, match.end()):
        return False
    before = _STANDS.search(text, max(0, match.start() - 12), match.start())
    if before is None:
        after = _GOES_ON.match(text, match.end())
        return after is not None and bool(text[: match.start()].strip())
    begins = not text[: match.start()].strip(" \t\n*-#")
    return not begins or text[match.end() :].lstrip()[:1] in {":", ""}


def _is_contrary(said: str, asked: frozenset[str]) -> bool:
    """Say whether one pole is a contrary of what is asked."""
    rank, _, word = said.rpartition(" ")
    behind = {*_ORDINALS[1:], "last"}
    if said in behind and not asked & {*_ORDINALS, "last"}:
        return True  # the tallest is not second in any order
    if rank in {"most", "least"}:
        other = {"most": "least", "least": "most"}[rank]
        whole = said in CONTRARIES and CONTRARIES[said] & asked
        return bool(whole) or f"{other} {word}" in asked
    if rank:
        return word in asked or any(
            ranked != said and ranked.rpartition(" ")[2] == word for ranked in asked
        )
    ranked = any(of.rpartition(" ")[2] == said and " " in of for of in asked)
    return ranked or bool(CONTRARIES.get(said, frozenset()) & asked)


def _speaks_of_contrary(text: str, asked: frozenset[str], *, ordered: bool) -> bool:
    """Say whether a clause speaks of a contrary of what is asked, and not of that."""
    said = poles(text)
    if said & asked:
        return False
    return any(_is_contrary(word, asked) for word in said) or (
        ordered and bool(said & {*_ORDINALS})
    )


def without_contraries(text: str, asked: frozenset[str]) -> str:
    """Strike out the clauses that speak of a contrary of what is asked.

    The text keeps its length, and the rest of a line is no line of its own.
    """
    if not asked:
        return text
    # The second of two may be the last, but not where the last is told as well.
    ordered = asked == {"last"} <= poles(text)
    return _struck(text, lambda part: _speaks_of_contrary(part, asked, ordered=ordered))


def _struck(
    text: str, gone: Callable[[str], bool], apart: re.Pattern[str] = _CLAUSE
) -> str:
    """Strike out the clauses of a text that a function says are gone."""
    kept, start = "", 0
    for end in [*(found.end() for found in apart.finditer(text)), len(text)]:
        piece = text[start:end]
        granted = _GRANTED.match(piece)
        stop = granted.end() if granted else 0
        for part in (piece[:stop], piece[stop:]):
            strikes = part and not _STATING.search(part) and gone(part)
            kept += struck_out(part) if strikes else part
        start = end
    return kept


def struck_out(part: str) -> str:
    """Return a stretch of the same length in which no words are left."""
    return _WORDY.sub(_FILLER, part)


def without_contrary_amounts(text: str, question: str) -> str:
    """Strike out the clauses whose one number is of the contrary of what is asked.

    Asked how many passed, "15 failed" says nothing. A clause that calculates may well
    do so with the contrary, and stays.
    """
    asked = _deeds(question)
    if not asked:
        return text

    def gone(part: str) -> bool:
        said = _deeds(part)
        contrary = any(
            line == other and side != another
            for line, side in said
            for other, another in asked
        )
        single = len(_AMOUNT.findall(part)) == 1
        return contrary and not said & asked and single and not _CALCULATED.search(part)

    return _struck(text, gone, _COUNTING)


def without_clauses(text: str, gone: Callable[[str], bool]) -> str:
    """Strike out the clauses of a text of which a function says that they are gone."""
    return _struck(text, gone, _PLAIN)


def without_amounts_of_others(text: str, is_of_another: Callable[[str], bool]) -> str:
    """Strike out the clauses whose one number is of something else than what is asked.

    Args:
        text: the answer.
        is_of_another: says so of a clause.
    """

    def gone(part: str) -> bool:
        amounts = len(_AMOUNT.findall(part))
        return (
            0 < amounts <= MOST and not _CALCULATED.search(part) and is_of_another(part)
        )

    return _struck(text, gone, _PLAIN)


def _deeds(text: str) -> frozenset[tuple[int, int]]:
    """Return line and side of each word of a text that the table of deeds has."""
    words = re.findall(r"[a-z]+", text.casefold())
    return frozenset(place for word in words for place in _DEEDS.get(word, ()))
