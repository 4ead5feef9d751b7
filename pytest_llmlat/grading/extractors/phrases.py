"""The words by which answers are announced, corrected and set apart."""

from __future__ import annotations

import re

STRONG = (
    r"answer|antwort|r\u00e9ponse|choice"
    r"|(?:correct|right|best|final|chosen|true) (?:one|option|choice|letter|statement)"
)
JUDGING = (
    r"label|overall|sentiment|polarity|emotion|feeling|mood|tone|classification|topic"
    r"|category|class|prediction|verdict|conclusion|judge?ment|rating|intent|stimmung"
)
PARTIAL = (
    r"statement|claim|formula|whole|hypothesis|value|result|output|expression"
    r"|l\u00f6sung|ergebnis"
)
"""What may also be said of a part of the question, on the way to its answer."""
GAP = r"(?:[^\w\n.:=]{1,5}(?!not\b|no\b)[\w']{1,30}){0,8}?[^\w\n.:=]{0,5}"
IS = r"(?:\b(?:is|was|are|were|ist|lautet|est)\b:?|[:=\uff1a]|->)[^\w(\[\n]{0,8}\n?"
CHOSEN = (
    r"(?:^|[.!,:]\s{0,3}|\b(?:i|i'd|i'll|i'm|we|we'd|let's|would|will|must|should"
    r"|have to)\s{1,3}(?:\w{1,12}\s{1,3}){0,3}?)(?:choo?se|pick(?:ed)?|select(?:ed)?"
    r"|go(?:ing)? (?:with|for)|opt(?:ed)? for)\b"
)
ANSWERED = (
    rf"\b(?:{STRONG})\b{GAP}{IS}|^[ \t#]{{0,8}}(?:the )?(?:final )?answer[ \t]{{0,4}}\n"
    r"|答案(?:应该|应当)?(?:是|为|选|\uff1a|:)|(?:应该?|所以|因此|故|我)?选(?:择|项)?"
    r"(?=\s?[(\uff08]?[A-Z](?![a-z]))|答えは|ответ\s{0,3}:|####"
)
JUDGED = (
    rf"\b(?:{JUDGING})\b{GAP}{IS}|{CHOSEN}"
    r"|\b(?:classif(?:y|ied)|label+ed|describe[ds]?|rate[ds]?|categori[sz]ed?)"
    r"\b[^\n.:=]{0,60}?\bas\b|(?:情感|情绪)(?:是|为|\uff1a|:)|感情は"
)
VALUED = rf"\b(?:{PARTIAL})\b{GAP}{IS}"
STATED = tuple(
    re.compile(words, re.IGNORECASE | re.MULTILINE)
    for words in (ANSWERED, JUDGED, VALUED)
)
"""What announces an answer: the surest words first."""
CONCLUDED = re.compile(
    r"(?:\b(?:therefore|thus|hence|so(?!\s(?:was|is|were|are|did|does|do|has|have)\b)"
    r"|consequently|in conclusion|it (?:must|has to) be"
    r"|(?!(?<=[;,]\s)it(?:'s| is) true that)(?:it is|it's)|it was|left with|leaves"
    r"|only (?:person|one|option) left is"
    r"|making (?:this|it)(?: overall)?|folglich"
    r"|donc)\b|[=\u21d2\u2192]|->|所以|因此)[,:]?\s{0,3}",
    re.IGNORECASE,
)
BELIEVED = re.compile(
    r"\b(?:people|many|some|others|students|most|one|you|they|it is often)\b"
    r"[^.\n]{0,30}\b(?:thinks?|believes?|says?|said|assumes?d?|guess(?:es)?|claims?|thought"
    r"|argues?)\b",
    re.IGNORECASE,
)
"""What begins the view of others."""
EVALUATED = re.compile(
    r"\b(?:(?:evaluates|simplifies|reduces|resolves|comes) (?:out )?to|results in"
    r"|yields|becomes|returns|equals|gives)\b[,:]?\s{0,3}|\bis(?=\s{1,3}(?:true"
    r"|false)\b(?! that))",
    re.IGNORECASE,
)
"""How the value of an expression is announced."""
BOLD = re.compile(r"\*\*([^*\n]{1,80})\*\*|__([^_\n]{1,80})__")
CORRECTED = re.compile(
    r"(?:\.\.\.|\u2026|\u2014|\u2013| -)\s{0,2}(?:no|wait|hmm|actually)\b,?"
    r"|\b(?:no,? wait"
    r"|no, i\b|wait(?:[,.!:]| -| \u2013|\u2014)|looking closer|on second thought"
    r"|on reflection|scratch that|hold on\b|(?:actually,?|no,?) (?:no|actually)\b"
    r"|hmm,? (?:no|wait)\b|sorry[,:]? (?:i mean\w?|i meant|it is|it's|that's)\b"
    r"|oops|my mistake|i made (?:a mistake|an error)"
    r"|correct(?:ion|ing|ed answer)\b:?|let me correct)|(?P<check>\blet(?: me|'s"
    r"|\u2019s| us) (?:double[- ]check|check|verify|re-?(?:check|do|think|compute"
    r"|calculate|consider|evaluate|read))|(?:^|(?<=[.!?]\s)|(?<=\n))[*_]{0,3}(?:check"
    r"|verification|verify|proof|to (?:check|verify)|checking)\b[*_]{0,3}[:,]"
    r"|(?<=[.!?]\s)(?:\((?=[^()\n]{1,80}=)"
    r"|(?=[^.!?\n]{1,60}=[^.!?\n]{1,30}[\u2713\u2714\u2705])))",
    re.IGNORECASE,
)
"""What comes before another answer; a check may well find the same one."""
DEFINED = re.compile(
    r"\b(?:the|this)\s(?:(?:\w{1,20}\s){0,3}(?:\w{2,20}(?:est|most)|first|second|third|fourth"
    r"|fifth|last|winner|one|person|only)\b)[^.\n,;:]{0,60}?\b(?:is|was)\s{1,3}"
    r"|(?:^\W{0,4}|(?<=[.!?]\s))(?:the )?(?:\w{2,20}(?:est|most)|first|second|third"
    r"|fourth|fifth|last|winner)(?:\s\w{1,20}){0,4}:\s{1,3}",
    re.IGNORECASE | re.MULTILINE,
)
"""What names that which is asked: "the tallest is", "the one who lied is"."""
VERDICT = re.compile(
    r"\s{0,2},\s(?:(?:the|this|that)\s(?:statement|claim|sentence|proposition|formula"
    r"|expression|conclusion)|that|this|it)(?:\sis|'s)\s",
    re.IGNORECASE,
)
"""What follows yes or no and gives it again as a verdict."""
UNFINISHED = re.compile(
    r"(?:\n|\A|[=:]|\b(?:have|get|gives?|becomes|to|is))[\s(`$]{0,5}(?=[^\n]{0,80}\b(?:and|or|xor)\b)"
    r"(?:(?:not|and|or|xor|true|false|(?-i:[A-Z]))\b[\s()`$]{0,5}){2,20}\Z",
    re.IGNORECASE,
)
"""A last expression that is not worked out: "= False or B"."""
INTERJECTION = re.compile(
    r"(?:sure|okay|ok|certainly|of course|all ?right|well|hm+|great|absolutely"
    r"|based on|here(?:'s| is)|let's|let us)\b",
    re.IGNORECASE,
)
PREDICATE = re.compile(
    r"(?:\b(?:is|was|are|seems|sounds|feels|looks|as|expresses|conveys|shows|has)|'s)"
    r"(?:\s{1,3}(?:an?|the|\w{1,20}ly|very|quite|rather|overall|mostly)){0,3}\s{1,3}\Z",
    re.IGNORECASE,
)
PREDICATED = re.compile(
    r"(?:\s{1,3}(?:one|review|sentiment|text|tone|emotion|mood|statement"
    r"|opinion))?(?:\s{1,3}(?:overall|in general|as a whole))?\s{0,3}(?:[.!]"
    r"|,?\s(?:because|since|as)\b|\Z)",
    re.IGNORECASE,
)
"""What stands round a label that a sentence gives as its judgement."""
ABOUT = re.compile(
    r"(?:so,? |thus,? )?(?:it|this|that|(?:the|this) (?:\w{1,12} )?"
    r"(?:statement|expression|formula|claim|proposition|sentence|conclusion))\s{0,3}"
    r"(?:is|was|'s)\b|i(?: would|'d)?\s",
    re.IGNORECASE,
)
QUOTED = re.compile(r"\"[^\"\n]{3,300}\"|`[^`\n]{12,300}`")
HASHED = re.compile(r"^[ \t]{0,8}####[ \t]{0,5}(?P<words>[^\n]{1,80})$", re.MULTILINE)
PAUSE = re.compile(r"\s{0,3}(?:[^\w\s'%+<>:=(\[\u2013\u2014-])")
ENDED = re.compile(r"\s{0,3}\Z")
MARKED = re.compile(r"\s{0,3}[:=(\[\u2013\u2014-]")
"""What stands after a word that leads: the second may also start a row of remarks."""
ITEM = re.compile(r"\A\s{0,8}(?:[-*\u2022]\s{1,4}|\(?\d{1,2}[.):]\s{0,4})")
