"""Tags that models write round their thoughts, which tell them from the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ThoughtTags:
    """A pair of tags round the thoughts of a model."""

    opening: str
    """Tag before a thought; empty where the answer begins inside a thought that the
    prompt has opened."""
    closing: str
    """Tag behind a thought; empty for a mark of the answer itself, before which there
    was no thought."""
    leftover: str = ""
    """Text that may stand between the end of the thought and the closing tag."""

    @property
    def ending(self) -> str:
        """Text that is written in a model's stead to end its thought.

        Tags stand on lines of their own, as models write them; channels do not.
        """
        if self.leftover:
            return f"{self.leftover}{self.closing}"
        return f"\n{self.closing}\n\n"


THOUGHT_CHANNELS: Final = ("analysis", "commentary")
ANSWER_CHANNEL: Final = "final"
"""Channels of harmony, of which the last is the answer."""
_CHANNEL: Final = "<|channel|>{}<|message|>"
_FINAL: Final = _CHANNEL.format(ANSWER_CHANNEL)
_NEXT: Final = "<|end|><|start|>assistant"

PAIRED_TAGS: Final[tuple[ThoughtTags, ...]] = (
    *(
        ThoughtTags(opening=f"<{name}>", closing=f"</{name}>")
        for name in (
            *("think", "thinking", "thought", "thoughts", "reasoning", "reflection"),
            "seed:think",
        )
    ),
    ThoughtTags(opening="[THINK]", closing="[/THINK]"),
    ThoughtTags(opening="<|START_THINKING|>", closing="<|END_THINKING|>"),
)
"""Pairs of which each has its own closing tag."""
THOUGHT_TAGS: tuple[ThoughtTags, ...] = (
    *PAIRED_TAGS,
    *(
        ThoughtTags(opening=_CHANNEL.format(name), closing=_FINAL, leftover=_NEXT)
        for name in THOUGHT_CHANNELS
    ),
    ThoughtTags(opening=_FINAL, closing=""),
)
"""Tags that are looked for where an entry names none. A tag counts only where an answer
begins, white space aside: in its midst it is something that the answer talks about."""


def _closes(tag: str) -> bool:
    """Whether a tag looks like the end of something."""
    return "/" in tag or "end" in tag.casefold() or "final" in tag.casefold()


def tags_of(option: str | bool) -> tuple[ThoughtTags, ...]:  # noqa: FBT001 - as entries say it
    """Return the tags that an entry's option ``thinking`` names.

    Args:
        option: ``true`` for all that are known, ``false`` for none,
            ``<think> </think>`` for a pair, ``</think>`` for answers that begin
            inside a thought.

    Raises:
        ValueError: it is none of these; says what can be written.
    """
    if isinstance(option, bool):
        return THOUGHT_TAGS if option else ()
    words = option.split()
    # One that looks like an opening tag would make every answer a thought.
    if len(words) not in (1, 2) or (len(words) == 1 and not _closes(words[0])):
        raise ValueError(
            "must be true, false, two tags such as '<think> </think>', or the closing"
            " one alone where the prompt opens the thought"
        )
    opening, closing = words if len(words) > 1 else ("", *words)
    return (ThoughtTags(opening=opening, closing=closing),)
