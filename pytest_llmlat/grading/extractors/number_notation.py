"""LaTeX, Markdown and typography of numbers, brought into plain characters."""

from __future__ import annotations

import re
import unicodedata

DASHES = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2044": "/", "\uff0d": "-"})
ARABIC = str.maketrans({"\u066b": ".", "\u066c": ",", "\u2007": "\u00a0"})
SIDE = r"(?:\{\s{0,5}(?:[-+]?[\d,]{1,40}(?:\.\d{1,20})?)\s{0,5}\}|\s{0,3}\d)"
FRACTION = re.compile(
    rf"(?P<sign>[-+]\s{{0,3}})?\\[dtc]?frac\s{{0,5}}(?P<over>{SIDE})\s{{0,5}}(?P<under>{SIDE})"
)
FONT = re.compile(
    r"\\(?:mathrm|mathbf|mathbb|text|textbf|mbox|bf|rm)\s{0,3}\{([^{}\n]{0,80})\}"
)
REWRITES = (
    (re.compile(r"(?<=[\uff10-\uff19])\uff0c(?=[\uff10-\uff19])"), ","),
    (re.compile(r"(?<=[\uff10-\uff19])\uff0e(?=[\uff10-\uff19])"), "."),
    (FONT, r"\1"),
    (re.compile(r"\^\s{0,3}\{?\s{0,3}(?:\\circ|st\b|nd\b|rd\b|th\b)\s{0,3}\}?"), " "),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=\d)<sup>\s?(?:st|nd|rd|th)\s?</sup>"), " "),
    (re.compile(r"<sup>\s?2\s?</sup>"), "\u00b2"),
    (re.compile(r"<sup>\s?3\s?</sup>"), "\u00b3"),
    (re.compile(r"(?<=\d),?\\[,;:!](?=\d{3}(?!\d))"), ","),
    (re.compile(r"\\[,;:! ]"), " "),
    (re.compile(r"\\(?=[$%])"), ""),
    (re.compile(r"(?<=\d)\*\*(?=\d)"), "^"),
    (
        re.compile(
            r"\*{2,}|`+|(?<![\s\d])\*|\*(?![\s\d])|(?<!\w)_+|(?<=[^\W_])_+(?!\w)"
        ),
        " ",
    ),
    (re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<=\d)['\u2019_](?=\d{3}(?!\d))"), ""),
    (
        re.compile(r"(?<![\w.,/])\d{1,3}(?:\.\d{3}){2,6}(?![\w/]|[.,]\d)"),
        lambda found: found[0].replace(".", ""),
    ),
    (
        re.compile(
            r"\s{0,5}(?:[x\u00d7\u00b7]|\\times|\\cdot)\s{0,5}10\s{0,5}\^\s{0,5}\{?([+-]?\d{1,3})\}?(?!\d)"
        ),
        r"e\1",
    ),
    (re.compile(r"=\s{0,5}-\s{1,5}(?=[\d.$])"), "= -"),
    (
        re.compile(
            r"(?<![\w.,])(\d{1,9})(\s(?:dollars?|euros?|pounds?)),?\s(?:and\s)?"
            r"(\d{1,2})\s(?:cents?|pence)\b",
            re.IGNORECASE,
        ),
        lambda found: f"{found[1]}.{int(found[3]):02d}{found[2]}",
    ),
    (
        re.compile(
            r"(?<![\w.,])(\d{1,3}) million,? (?:and )?(\d{1,3}) thousand\b",
            re.IGNORECASE,
        ),
        lambda found: f"{found[1]}{int(found[2]):03d}000",
    ),
    (
        re.compile(
            r"(?:\bnegative|(?<=[:=(]\s)minus|(?<=\bis\s)minus|\A\s{0,5}minus)"
            r"\s{1,3}(?=[$\u20ac\u00a3]?\d)",
            re.IGNORECASE,
        ),
        "-",
    ),
)
"""What LaTeX and typography put into a number, in the order of replacement."""
VULGAR = re.compile(r"\d?[\u00bc-\u00be\u2150-\u215e\u2189]")
"""A character that is a fraction, with the last digit of a whole before it."""
BELOW_ZERO = re.compile(
    r"(?<![-\w.,])(\d{1,4}(?:\.\d{1,4})?\s?(?:\u00b0\s?[CF]?|degrees?)?"
    r"(?:\s(?:Celsius|Fahrenheit))?)\s{1,3}below zero\b",
    re.IGNORECASE,
)
GROUPED = re.compile(r"(?<![\w.,/'])\d{1,3}(?: \d{3}){1,6}(?![\d/]|[.,]?\d)")


def rewritten(text: str) -> str:
    """Bring LaTeX, Markdown and typographic signs into plain characters.

    So are fractions in words, and "6 degrees below zero" is -6.
    """
    if not text.isascii():
        text = VULGAR.sub(lambda found: _vulgar(found[0]), text)
    text = text.translate(DASHES).translate(ARABIC)
    for pattern, replacement in REWRITES:
        text = pattern.sub(replacement, text)
    text = FRACTION.sub(_fraction, text)
    text = AND_A_HALF.sub(_and_a_half, text)
    text = WORDED_FRACTION.sub(_worded_fraction, text)
    text = BELOW_ZERO.sub(r"-\1", text)
    return GROUPED.sub(lambda found: found[0].replace(" ", ""), text)


def _and_a_half(found: re.Match[str]) -> str:
    """Write "two and a half" as 2.5."""
    number = found["number"].lower()
    return f"{ONES.get(number, number)}.5"


def _worded_fraction(found: re.Match[str]) -> str:
    """Write "five eighths" as 5/8; what is no proper fraction is a rank or a time."""
    over, under = ONES[found["over"].lower()], PARTS[found["under"].lower()]
    halves = found["under"].lower() == "halves"
    return f"{over}/{under}" if 0 < over < under or halves else found[0]


def _vulgar(char: str) -> str:
    """Spell out a character that is a fraction, behind the whole that it follows."""
    if unicodedata.decomposition(char[-1]).startswith("<fraction>"):
        fraction = unicodedata.normalize("NFKC", char[-1])
        return f"{char[:-1]} {fraction}" if char[0].isdigit() else fraction
    return char


def _fraction(found: re.Match[str]) -> str:
    r"""Write ``\frac{a}{b}`` as a/b, with the sign that it has in front or inside."""
    over, under = (
        found[side].strip(" {}\t\n").replace(",", "") for side in ("over", "under")
    )
    if "." in over + under:
        return found[0]
    sign = (found["sign"] or "").strip()
    negative = sum(part.startswith("-") for part in (over, under))
    before = found.string[max(0, found.start() - 5) : found.start()].rstrip()
    binary = bool(sign) and before[-1:] not in {"", "=", "(", "{", "$", ":", "[", ","}
    binary = binary and not before[-1:].isalpha()
    negative += 0 if binary else sign == "-"
    lead = f"{sign} " if binary else ""
    mark = "-" if negative % 2 else ""
    return f" {lead}{mark}{over.lstrip('+-')}/{under.lstrip('+-')} "


ONES = {
    word: number
    for number, word in enumerate(
        [
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight"),
            *("nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
            *("sixteen", "seventeen", "eighteen", "nineteen"),
        ]
    )
}
TENS = {
    word: 10 * number
    for number, word in enumerate(
        [
            *("twenty", "thirty", "forty", "fifty"),
            *("sixty", "seventy", "eighty", "ninety"),
        ],
        2,
    )
}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
WORD = "|".join((*ONES, *TENS, "hundred", *SCALES))
WORDS = re.compile(
    rf"(?<![\w-])(?P<minus>minus\s{{1,3}}|negative\s{{1,3}})?"
    rf"(?P<words>(?:{WORD})(?:(?:[\s-]|\sand\s)(?:{WORD})){{0,9}})(?![\w-])"
    r"(?!\s{1,3}(?:quarters?|hal(?:f|ves)|thirds?|fifths?|and a half|point))",
    re.IGNORECASE,
)
PARTS = {
    word: number
    for number, words in enumerate(
        [
            *("half halves", "third thirds", "quarter quarters fourth fourths"),
            *("fifth fifths", "sixth sixths", "seventh sevenths", "eighth eighths"),
            *("ninth ninths", "tenth tenths", "eleventh elevenths", "twelfth twelfths"),
        ],
        2,
    )
    for word in words.split()
}
AND_A_HALF = re.compile(
    rf"(?<![\w.,/-])(?P<number>{'|'.join(ONES)}|\d{{1,6}})[\s-]and[\s-]a[\s-]half(?![\w-])",
    re.IGNORECASE,
)
WORDED_FRACTION = re.compile(
    rf"(?<![\w-])(?P<over>{'|'.join(ONES)})[\s-](?P<under>{'|'.join(PARTS)})(?![\w-])"
    r"(?:(?<!quarter)(?<!quarters)|(?=\sof\b))",
    re.IGNORECASE,
)
"""A fraction in words: "five eighths"; quarters by themselves may be coins."""


def worded(text: str, *, lone_one: bool) -> int | None:
    """Return the one number that a text spells in English words, else ``None``.

    Args:
        text: a sentence.
        lone_one: "one" by itself counts; elsewhere it is mostly a pronoun.
    """
    found = [m for m in WORDS.finditer(text) if lone_one or m["words"].lower() != "one"]
    values = {_number(m["words"], negative=bool(m["minus"])) for m in found}
    return values.pop() if len(values) == 1 else None


def _number(words: str, *, negative: bool) -> int:
    """Add up the words of a number."""
    total, group = 0, 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word in SCALES:
            total, group = total + max(group, 1) * SCALES[word], 0
        elif word == "hundred":
            group = max(group, 1) * 100
        else:
            group += ONES.get(word, 0) + TENS.get(word, 0)
    return -(total + group) if negative else total + group
