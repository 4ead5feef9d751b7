"""Haystacks: plain sentences without any number, to hide a fact among.

Each is made of a pattern and of words by chance, so that no text of a book is needed
and nobody has read it before. There are some millions of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.tasks.templates.seeded_draw import NAMES

if TYPE_CHECKING:
    from pytest_llmlat.tasks.templates.seeded_draw import Draw

_WORDS = {
    "who": NAMES,
    "other": NAMES,
    "trade": (
        *("baker", "gardener", "clerk", "ferryman", "tailor", "teacher", "plumber"),
        *("glazier", "beekeeper", "librarian", "carpenter", "postwoman", "miller"),
        *("painter", "nurse", "shepherd", "cook", "piano tuner", "surveyor", "smith"),
    ),
    "thing": (
        *("ladder", "kettle", "wicker chair", "map", "lantern", "bicycle", "umbrella"),
        *("sewing machine", "rope", "barometer", "wheelbarrow", "music stand", "coat"),
        *("basket", "wooden spoon", "tin of paint", "clock", "blanket", "hammer"),
    ),
    "quality": (
        *("old", "red", "heavy", "borrowed", "narrow", "polished", "dusty", "spare"),
        *("green", "quiet", "crooked", "broad", "plain", "clean", "patched", "pale"),
    ),
    "place": (
        *("behind the mill", "at the harbour", "near the chapel", "on the hill"),
        *("beside the canal", "in the cellar", "under the bridge", "at the market"),
        *("in the orchard", "by the town gate", "in the upper room", "at the station"),
        *("across the square", "along the river", "at the edge of the wood"),
    ),
    "time": (
        *("before breakfast", "in the late afternoon", "after the rain", "at dusk"),
        *("on a windy morning", "towards the end of spring", "in the first frost"),
        *("during the fair", "while the bells rang", "on the longest day"),
        *("shortly after noon", "in the middle of the week", "one grey evening"),
    ),
    "deed": (
        *("mended", "carried home", "sold", "repainted", "lost", "found again"),
        *(
            "oiled",
            "sketched",
            "lent out",
            "wrapped up",
            "weighed",
            "cleaned",
            "bought",
        ),
    ),
    "weather": (
        *("fog lay over the fields", "the wind came from the sea", "the snow melted"),
        *("a light rain fell", "the air smelled of hay", "the ice began to crack"),
        *("the sun was low", "clouds gathered in the west", "the heat lasted for days"),
    ),
    "beast": (
        *("heron", "grey cat", "pony", "hedgehog", "magpie", "goat", "owl", "spaniel"),
        *("swallow", "donkey", "toad", "fox", "gander", "tame crow", "ferret"),
    ),
    "food": (
        *("plum cake", "barley soup", "rye bread", "pickled beets", "apple jelly"),
        *("smoked trout", "lentil stew", "honey biscuits", "sour cherries", "cheese"),
    ),
    "opinion": (
        *("nobody quite believed", "everyone had expected", "few people noticed"),
        *("the neighbours still talk about", "the children found funny"),
        *("the council never mentioned", "hardly anyone remembers"),
    ),
}
_PATTERNS = (
    "{who} the {trade} {deed} a {quality} {thing} {place}.",
    "{Time} {who} met a {trade} who had {deed} the {quality} {thing}.",
    "It was {who} who {deed} the {thing} {time}, which {opinion}.",
    "{Weather} when {who} and the {trade} walked home {place}.",
    "A {quality} {beast} slept {place} and did not stir until {who} came by.",
    "{who} brought {food} to the {trade}, and they ate it {place}.",
    "The {trade} kept a {beast} {place}, next to a {quality} {thing}.",
    "Nothing much happened {time}: {weather}, and the {trade} swept the floor.",
    "{who} wrote a long letter about the {beast} that lived {place}.",
    "According to {who}, the {quality} {thing} had always stood {place}.",
    "{Time} the {trade} taught {who} how to look after a {beast}.",
    "Somebody had {deed} the {thing}, and {who} blamed the {trade}.",
    "There was {food} on the table, but {who} preferred to sit {place}.",
    "The path {place} was closed {time} because {weather}.",
    "{who} asked the {trade} for a {quality} {thing} and was given {food} instead.",
    "Whenever {weather}, {who} thought of the {trade} and the {quality} {thing}.",
    "That the {beast} had been seen {place} was something {opinion}.",
    "{who} sang {time}, and the {trade} listened from a seat {place}.",
    "The {quality} {thing} belonged to {who} until the {trade} {deed} it.",
    "{Weather}; all the same the {trade} set out to look for the {beast}.",
    "Years ago {who} had planted a pear tree {place}, and it still bore fruit.",
    "Of all the things in the shed {who} liked the {quality} {thing} best.",
)


def sentence(draw: Draw) -> str:
    """Draw one sentence."""
    pattern = draw.pick(_PATTERNS)
    words = {name: draw.pick(choices) for name, choices in _WORDS.items()}
    begun = {name.title(): text[0].upper() + text[1:] for name, text in words.items()}
    return pattern.format(**words, **begun)


def sentences(draw: Draw, words: int) -> list[str]:
    """Draw sentences until they have at least so many words together."""
    found: list[str] = []
    while words > 0:
        found.append(sentence(draw))
        words -= len(found[-1].split())
    return found
