"""The words and signs round a number that say whether it is the answer."""

from __future__ import annotations

import re

from pytest_llmlat.grading.extractors.readable_answer import ANSWER_NAME, STOP

IS = (
    r"(?:\s{1,3}(?:is|was|are|would be|will be|should be|equals|ist|lautet|est)\b:?"
    r"|\"?\s{0,3}[:=\uff1a]\s{0,3}\"?)(?!\s{1,3}not\b)"
)
ANSWER = re.compile(
    r"####[ \t]{0,5}(?=[-+$\u20ac\u00a3]{0,2}\.?\d)|\\boxed\s{0,5}\{"
    rf"|<{ANSWER_NAME}>"
    r"|\b(?:answer|antwort|r\u00e9ponse)\b(?: to [^\n.:]{0,80})?"
    + IS
    + r"|^[ \t#]{0,8}(?:the )?(?:final )?answer[ \t]{0,4}$"
    r"|\u7b54\u6848(?:\u662f|\u4e3a|\uff1a|:)|\u7b54\u3048\u306f",
    re.IGNORECASE | re.MULTILINE,
)
RESULT = re.compile(
    r"\b(?:result|solution|ergebnis|l\u00f6sung|r\u00e9sultat|solution finale)\b"
    rf"(?:{IS}|,\s(?=[-+$\u20ac\u00a3]{{0,2}}\d[\d.,]*,\s))",
    re.IGNORECASE,
)
DIRECT = re.compile(
    r"(?:[\s:(\[{\\$]|\b(?:approximately|about|around|roughly|exactly|only|just|simply"
    r"|indeed|thus|therefore|a total of|equal to|the number)\b"
    r"|\b\w{1,12}\s{0,3}=){0,8}\Z",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(rf"{STOP}(?=\s|$)|\n")
OPERATION = re.compile(
    r"\s{0,5}(?:(?!(?:since|because|as|when|if|where|and|so|or"
    r"|oder)\b)[a-z%\u00b0]{1,20}\s{1,5}){0,3}[\s$\\(){}]{0,9}(?P<operator>[-+*/=\u00d7\u00f7\u00b7\u22c5]|\\(?:times|cdot|div)\b|x\b|times\b|plus\b|minus\b)[\s$\\(){}]{0,9}",
    re.IGNORECASE,
)
EITHER = re.compile(
    r"(?:\s{0,3},)?\s{0,3}(?:[a-z%\u00b0$]{1,12}\s{1,3})?(?:or|to|and|oder|bis|ou"
    r"|\u00e0)\b(?:\s{1,3}(?:maybe|perhaps|about|possibly"
    r"|[a-z]\s{0,3}=))?[\s$\u20ac\u00a3]{0,4}",
    re.IGNORECASE,
)
OR = re.compile(
    r"(?:\s{0,3}(?!or\b)[a-z%\u00b0]{1,12})?\s{0,3},?\s{0,3}(?:or|oder|ou)\s{1,3}"
    r"[$\u20ac\u00a3]?",
    re.IGNORECASE,
)
LISTED = re.compile(r"\s{1,3}|\s{0,3},\s{1,3}[$\u20ac\u00a3]?")
NEXT = re.compile(r"\s{0,3}[,;]\s{0,3}(?:(?:and|then|so)\s{1,3})?[$(]{0,3}")
DENIED = re.compile(
    r"(?:n't|\b(?:not|never|cannot|(?:anything|everything) but|nicht|pas|rather than"
    r"|instead of))\s{1,3}(?:(?!(?:is|are|was|were|equals)\b)[^\W\d]{1,20}\s{1,3}){0,4}"
    r"[$\u20ac\u00a3]?\Z"
    r"|(?:(?<=\s)[<>]|[\u2260\u2264\u2265\u00b1]|\\(?:neq?|geq?|leq?|lt|gt"
    r"|pm)\b)[\s$=]{0,3}\Z|\b(?:neither|nor|weder|ni)\b[^.\n]{0,40}\Z"
    r"|\b(?:common|typical|frequent|usual) (?:mistake|error)\b[^\d\n]{0,30}\Z"
    r"|(?:\u4e0d\u662f|\u5e76\u975e)\s?\Z",
    re.IGNORECASE,
)
DOUBTED = re.compile(
    r"\b(?:not sure|unsure|(?-i:may)|might|could|maybe|perhaps|whether|either"
    r"|vielleicht|m\u00f6glicherweise|eventuell|entweder|peut-\u00eatre|(?:more|less"
    r"|\w{2,9}er) than|(?<!round )(?<!rounds )(?<!rounded )"
    r"(?<!add )(?<!adds )up to)\b[^\d\n]{0,60}\Z"
    r"|\b(?:over|under|at (?:least|most)|no less than)\s(?:about )?[$\u20ac\u00a3]?\Z"
    r"|\b(?:let|assume|suppose)\b[^\d.\n]{0,30}\Z"
    r"|\bbetween\b[^\d\n]{0,20}\Z"
    r"|\bbetween\b[^\d\n]{0,20}[\d.,$]{1,12}[^\d\n]{0,12}(?:and|to)\b[^\d\n]{0,12}\Z"
    r"|\bfrom\b[^\d\n]{0,20}[\d.,$]{1,12}[^\d\n]{0,12}\bto\b[^\d\n]{0,12}\Z"
    r"|\bif\b[^,\d\n]{0,60}\Z|(?:\u53ef\u80fd|\u4e5f\u8bb8|\u6216\u8bb8)[^\d\n]{0,10}\Z",
    re.IGNORECASE,
)
BOUNDED = re.compile(
    r"\s{0,3}(?:[a-z%]{1,12}\s{1,3})?(?:below zero|short)\b"
    r"|\s{0,3}(?:[a-z%]{1,12}\s{1,3})?or (?:more|less|fewer|so|higher|lower|above"
    r"|below)\b"
    r"|\s{0,3}(?:more|less|fewer|greater|larger|smaller) than\s{1,3}[$\u20ac\u00a3]?\d"
    r"|\s{0,3}(?:[a-z%]{1,12}\s{1,3})?(?:would be|is|are|was|were) too\b"
    r"|\s{0,3}(?:[a-z%]{1,12}\s{1,3})?(?:would(?! be (?:my|the) )|if)\b"
    r"|\s{0,3}[<>\u2264\u2265]\s{0,2}[a-z]",
    re.IGNORECASE,
)
COMPOUND = re.compile(
    r"\s{0,2}(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|feet|foot|ft"
    r"|pounds?|lbs?|kg|kilograms?|meters?|metres?|m|dollars?|euros?|km|yards?)\.?"
    r"(?:,| and|, and)?\s{1,3}(?=[1-9])[\d.]{1,5}\s{0,2}(?:minutes?|mins?|m|seconds?"
    r"|secs?|s|hours?|days?|weeks?|months?|inch(?:es)?|in|ounces?|oz|grams?|g|cents?"
    r"|pence|cm|centimet\w{2,4}|met(?:er|re)s?|feet)\b",
    re.IGNORECASE,
)
"""The rest of a quantity in two units, such as "2 hours and 30 minutes"."""
LEAD = re.compile(
    r"(?:[\s$\u20ac\u00a3\u00a5\u20b9({\\~\u2248#*]|\b(?:about|approximately|exactly)\b"
    r"|\b[^\W\d]{1,12}\s{0,3}=)*",
    re.IGNORECASE,
)
"""What may stand before the number of a right answer."""
UNIT = re.compile(
    r"[\s%\u00b0$\u20ac\u00a3\u00a5'\"().}*]*(?:(?!(?:or|to|not|below|minus|less"
    r"|negative|short|and)\b)[^\W\d]{1,20}[\s/.,()}*]*){0,3}",
    re.IGNORECASE,
)
"""What may stand behind it: a few words that say of what it is."""
WRONG = re.compile(
    r"\b(?:is|are|was|were|be) (?:wrong|incorrect|mistaken|not (?:right|correct))\b",
    re.IGNORECASE,
)
NAMED = re.compile(
    r"\b(?:step|part|question|case|example|exercise|problem|figure|note|option|method)"
    r"\s{0,2}#?\Z",
    re.IGNORECASE,
)
"""What a number may be the name of, so that it is no amount."""
OBJECTED = re.compile(
    r"\b(?:but|wrong|incorrect|mistake|doesn't|does not|isn't|is not|not equal|should"
    r"|instead|actually|however)\b|[\u2260\u2717\u2718\u274c]",
    re.IGNORECASE,
)
"""What a check says that did not come out."""
NEEDED = re.compile(
    r"\b(?:needs?|needed|takes?|requires?|gets?|makes?|costs?|ha(?:s|ve)|is|are)\b"
    r"[^\d\n:]{0,30}\Z",
    re.IGNORECASE,
)
"""What comes before the number of a claim that a colon goes on to explain."""
SUPPOSED = re.compile(
    r"\b(?:if|had)\s(?:\w{1,15}\s){1,3}?(?:were|was|been|had)\b(?:[^,\n]*\Z|.*\bwould\b)",
    re.IGNORECASE,
)
"""A condition that is not so: "if it were 27"."""
CONTRASTED = re.compile(
    r"(?:\A|\b)(?:instead of|rather than|,? (?:and )?not|close to|nearly|almost"
    r"|(?:down|up|reduced|raised|increased|lowered) from|compared (?:to|with))\s"
    r"(?:the |a |about )?[$\u20ac\u00a3]?\Z",
    re.IGNORECASE,
)
"""What says of a number that the one before stands in its place."""
CIRCUMSTANCE = re.compile(
    r"\b(?:after|with|from|before|including|despite|given|without|minus|plus)\s"
    r"(?:an?|the|his|her|its|their)\s(?!total|sum)(?:\w{1,15}\s){1,3}of\s"
    r"[$\u20ac\u00a3]?\Z",
    re.IGNORECASE,
)
"""What says how the number before came about: "after a discount of"."""
CONCLUSIVE = re.compile(
    r"[=\u2192\u21d2]|\b(?:so|thus|therefore|hence|giv(?:es?|ing)|which|mak(?:es?|ing)"
    r"|leav(?:es?|ing)|left|gets?|remain\w{0,3}|then|means?|donc|ainsi|daher|folglich)\b",
    re.IGNORECASE,
)
"""What leads on to a result."""
ROUNDED = re.compile(
    r"[\s$]{0,4}(?:,\s)?(?:\(?(?:or |which is )?(?:about|close to|nearly"
    r"|almost|approximately|roughly|approx\.?)\s|\(?[\u2248~]|\\approx)\s{0,3}"
)
UNIT_BEHIND = re.compile(r"\A\s?[^\W\d]{1,12}\b")
HYPOTHETICAL = re.compile(
    r"\W{0,3}(?:with|without|if|had|otherwise|for|in|after)\b[^.!?\n]{1,80}?(?:\bwould\s|'d\s)",
    re.IGNORECASE,
)
"""What begins a sentence on another case, behind the answer."""
TOLD = re.compile(r"\b(?:is|are|was|were|equals?)\s[$\u20ac\u00a3]?\Z", re.IGNORECASE)
BRACKETED = re.compile(r"(?<=[.!?])\s{1,3}\([^()\n]{1,200}\)\W{0,3}\Z")
"""A last sentence that stands in brackets."""
SIDE_NOTE = re.compile(
    r"(?<=[.!?$\])\n])\s{1,3}(?:(?:please )?note(?: that\b|:)|for (?:comparison"
    r"|reference|context)\b|(?:by|in) comparison\b|incidentally\b|interestingly\b"
    r"|as a side note\b|(?:this|that|it) is (?:often|sometimes|usually|approximately"
    r"|roughly|close to|nearly|almost)\b|(?:this|that|which|it) (?:compares|leaves)\b)"
    r"[^\n]{1,300}\Z|(?<=[.!?])\s{1,3}if you (?:also )?(?:include|add|count|want|need"
    r"|buy|consider|round|allow)\b[^\n]{1,200}\Z"
    r"|(?<=;)\s(?:with|without|if|otherwise|in|for|after)\b[^.\n]{1,80}(?:\bwould\b|'d\b)[^\n]{0,80}\Z",
    re.IGNORECASE,
)
"""What a text adds at its end beside the answer."""
LABELLED = re.compile(
    r"^\W{0,6}(?P<label>[^\W\d][^\d:\n=]{1,30}?)[*_]{0,3}\s{0,2}[:=](?=[^\n]{0,80}\d)"
)
"""A sentence or a line that says whose number it gives: "Boys: 3 * 4 = 12"."""
STEP = re.compile(
    r"\W{0,5}(?:step|part)\s{0,2}\d{1,2}\W{0,5}[-+]?[$\u20ac\u00a3]?[\d.,]{1,20}"
    r"(?:\s[^\W\d]{1,20}){0,2}\W{0,3}",
    re.IGNORECASE,
)
"""A step of which only a number is said, so that it is no result yet."""
PARALLEL = re.compile(
    r"(?P<first>[^\d\n]{3,60}?)\s(?:is|was|are|were|would be|equals?|=)\s{1,3}"
    r"[^\s\d]?[-+\d.,/%]{1,20}(?:\s[^\W\d]{1,15})?(?:,?\s(?:and|while|whereas|but)\s"
    r"|[;,]\s(?=(?:the|its|his|her|their)\s))(?P<second>[^\d\n,;]{3,60}?)\s"
    r"(?:is|was|are|were|would be|equals?|=)\s{1,3}[^\s\d]?[-+\d.,/%]{1,20}\Z",
    re.IGNORECASE,
)
"""Two clauses side by side, each with a subject and a number of its own."""
SUMMED = re.compile(
    r"\b(?:total|sum|all|altogether|answer|result|remaining|rest|left|together|both"
    r"|final|so|therefore|thus|then)\b",
    re.IGNORECASE,
)
SUM_ASKED = re.compile(r"\b(?:total|sum|altogether|together|in all)\b", re.IGNORECASE)
TOTAL = re.compile(
    r"\s{0,2}(?:[^\W\d]{1,15}\s{1,3}){0,3}(?:in all|in total|altogether|left|remain(?:s"
    r"|ing|ed)?)\b(?!\s{1,3}from\b)(?![^.\n]*\b(?:so|giving|making|which|therefore|thus"
    r"|leav\w{1,3})\b)",
    re.IGNORECASE,
)
"""What says of a number of a sentence that it is the result."""
BECAUSE = re.compile(
    r"\b(?:because|since|given that|due to|weil|denn|puisque|parce que"
    r"|by (?:\w{1,12}ly )?[a-z]{2,12}ing)\b|,\s(?:when|where)\s"
    r"|,\sas\s(?!well\b)|\u56e0\u4e3a",
    re.IGNORECASE,
)
GRANTED = re.compile(
    r"\W{0,4}(?:since|because|as|given(?: that)?|with|at|da|weil|comme)\b"
    r"[^,.\n=]{1,100},\s",
    re.IGNORECASE,
)
"""What a sentence grants before it says its number."""
BRACKETS = re.compile(r"\s\([^()\n]{1,200}\)[.!*]{0,3}\s{0,3}\Z")
"""What ends a sentence and explains its number."""
RESULTED = re.compile(
    r"[=\u2248]\s?[-$\u20ac\u00a3]{0,2}[\d.,/]+(?:\s[^\W\d]{1,15}){0,2}\Z"
)
"""The result of a calculation, in front of brackets."""
DIVIDED = re.compile(r"\s:\s\d")
"""A colon that divides, as in "600 : 80"."""
PERCENT_OF = re.compile(r"\s?(?:%|per ?cent)\sof\s[$\u20ac\u00a3]?", re.IGNORECASE)
EACH_ONE = re.compile(r"\b(?:each|apiece|per|every)\b", re.IGNORECASE)
SPELLED_OUT = re.compile(
    r"(?:,\s(?:and|but|so)\s|;\s)[^\d;\n]{3,80},?\s(?:i\.e\.|that is|namely),?\s"
    r"[$\u20ac\u00a3]?\Z"
)
"""What says in a number what the words before left in words: "and half, i.e. 40"."""
LEFT_OVER = re.compile(r"\b(?:left|over|remain\w{0,5})\b", re.IGNORECASE)
"""What asks for a remainder."""
BUT = re.compile(r"[;,]\s(?:but|yet)\s", re.IGNORECASE)
RELATIVE = re.compile(
    r"\b(?:that|who|which)\s(?:do|does|did|are|is|were|was|have|has)n't\s\w{1,15}"
    r"(?=\s(?:is|equals|leaves|makes|gives)\s)",
    re.IGNORECASE,
)
"""What stands before a number and says nothing against it: "the 2 that don't grow"."""
WITHIN = re.compile(r"\b(?:class|group|total|set|team|lot)\sof\s\Z", re.IGNORECASE)
"""What says of how many in all a number is: "24 girls in the class of 40"."""
PLURAL = re.compile(r"\b(?:are|were)\s[$\u20ac\u00a3]?\Z", re.IGNORECASE)
"""What tells two numbers at once: "they are 12 and 18"."""
AT = re.compile(
    r"\bat\s(?:an? (?:average |constant )?(?:speed|rate|price|cost) of\s)?"
    r"[$\u20ac\u00a3]?\Z",
    re.IGNORECASE,
)
RATED = re.compile(
    r"\s?(?:[^\W\d]{1,12}\s?(?:/|\bper\b|\ban?\b|\beach\b)|each\b|apiece\b|per\b)",
    re.IGNORECASE,
)
"""What stands before and behind a rate: "at 60 km/h", "at $3 each"."""
SPEED = re.compile(r"\b(?:speed|rate|per|each|fast|price|cost)\b|/", re.IGNORECASE)
"""What asks for a rate."""
THAT_IS = re.compile(r"\W{0,3}(?:that's|that is|this is|it's)\b", re.IGNORECASE)
"""What begins a remark on the amount before."""
WHICH_IS = re.compile(
    r",\s(?:which (?:is|means|makes)|that is|i\.e\.|or)\s(?:about |just |only )?"
    r"[$\u20ac\u00a3]?\Z",
    re.IGNORECASE,
)
"""What begins the same amount told in another way."""
PURPOSE = re.compile(
    r"\b(?:takes?|took|needs?|requires?)\s[^.,;:=\n]{1,40}\s(?:to\s[a-z]{3,12}\s"
    r"(?:[^\W\d]{1,12}\s){0,3}[$\u20ac\u00a3]?|for\s(?:the |all |all the )?)\Z",
    re.IGNORECASE,
)
"""What an amount is needed for: "it takes 3 hours to walk 12 km"."""
WHILE = re.compile(r",?\s(?:while|whereas)\s", re.IGNORECASE)
"""What begins a clause beside the one that tells the answer."""
PARTS = re.compile(
    r"\([$\u20ac\u00a3]?\d[\d.,]*\)(?=[^\n=]{1,60}\([$\u20ac\u00a3]?\d[\d.,]*\))"
)
"""The first of several amounts in brackets: "shoes ($32) and a shirt ($25)"."""
ATTRIBUTE = re.compile(r"-(?!year|old)[a-z]{2,15}\s[^\W\d]")
"""What makes a number an attribute of a noun: "the 600-litre tank"."""
WORKED = re.compile(
    r"\d\s?%?\s?(?:[-+*/\u00d7\u00f7\u00b7]|x|\\times|times|of)\s?[$\d]"
)
"""A calculation."""
ALONE = re.compile(
    r"[\s$\u20ac\u00a3(=\\\[]{0,6}[-+]?[$\u20ac\u00a3]?\.?\d[\d.,/]{0,30}\s{0,2}"
    r"(?:[%\u00b0$\u20ac\u00a3]|(?!(?:or|to|and|not|below|minus|less|more|short)\b)"
    r"[^\W\d]{1,15}(?: (?!below\b)[^\W\d]{1,15}){0,2})?[\s.!)$\\\]]{0,6}"
)
"""A line that is a number and at most its unit."""
SUMMED_UP = re.compile(
    r"(?:(?<=[.!?]\s)|^)[ \t]{0,4}"
    r"(?:(?:so|thus|therefore|hence|in total|altogether)[,:]?\s"
    r"(?:that(?:'s| is| makes)\s)?|that(?:'s|\sis|\smakes)\s)(?:a total of\s)?"
    r"(?P<number>[-+]?[$\u20ac\u00a3]?\d[\d.,/]{0,20})(?<![.,])"
    r"(?:\s?%|\s[^\W\d]{1,15}){0,3}"
    r"(?=[.!](?:\s|\Z)|\s{0,3}(?:\n|\Z))",
    re.IGNORECASE | re.MULTILINE,
)
"""A sentence that is nothing but a conclusion and its number."""
RATE = re.compile(
    r",\s(?:which (?:is|means)|or|i\.e\.|that is)\s[^.\n]{0,40}"
    r"\b(?:per|each|every|an? (?:day|week|hour|month|year))\b",
    re.IGNORECASE,
)
"""What says a total again as a rate."""
ASIDE = re.compile(
    r"(?:,?\s(?:out of|of (?:the|his|her|their|its)(?= [$\d])|from (?:his"
    r"|her|their|the|its|an?)\b|i\.e\.|e\.g\.)|,\sthat is\b"
    r"|,\senough (?:for|to)\b|,\s(?=[\d.]{1,9}\s?(?:%|per ?cent)?\s?of (?:them|wh))"
    r"|,?\sor (?:about )?"
    r"(?=[\d.]{1,9}\s?(?:%|percent))|\s\((?=or\b|that\b|i\.e|=)|:\s(?=\d{1,9} out of))"
    r"[^,;]{0,200}\Z",
    re.IGNORECASE,
)
"""The end of a sentence that says what its number is part of, or says it again."""
BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*")
HEADING = re.compile(
    r"\s{0,3}(?:step|part|question|case|day|week|year|option|#|\d{1,2}[.)]\s)",
    re.IGNORECASE,
)
IS_WORDED = re.compile(r"\b(?:is|are|equals?|makes?|gives?)\b", re.IGNORECASE)
"""What comes before the result of a calculation in words."""
PAUSE = re.compile(r"[\s:]{0,20}")
SIGNS = 9
"""Characters of a per cent sign or word behind a number."""
REACH = 200
"""Characters after a marker in which its number must stand."""
