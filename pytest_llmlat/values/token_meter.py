"""The token meter: where tokens are stamped, and what counts as content is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.records import Generation
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS
from pytest_llmlat.values.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Finish, TokenSource
    from pytest_llmlat.values.sampling import Sampling
    from pytest_llmlat.values.thought_tags import ThoughtTags

_ANSWER, _START, _THOUGHT, _BETWEEN = range(4)
"""What is being written: the answer; what may become a thought or the answer; a
thought; the white space behind it. The answer is 0: it costs one test a token."""


class Meter:
    """Collects the text and the stamps of one generation, thoughts apart.

    A backend calls :meth:`token` on its generating thread, at once when a token has
    become text. Pieces without text (half a character, a role message) have no stamp;
    their tokens count with the next piece that has one.

    An answer may begin with a thought between tags. Its tokens are counted apart, tags
    and the white space behind it included; they have no stamps but those of their
    beginning and end, and no stop string ends them.
    """

    __slots__ = (
        "_clock",
        "_firsts",
        "_held",
        "_lead",
        "_mixed",
        "_openings",
        "_pieces",
        "_reasoning",
        "_spread",
        "_stage",
        "_start",
        "_stops",
        "_tags",
        "_tail",
        "_text",
        "_thought",
        "_thought_end",
        "_thought_tokens",
        "_within",
    )

    def __init__(
        self,
        clock: Clock,
        stop: Sequence[str] = (),
        tags: Sequence[ThoughtTags] = THOUGHT_TAGS,
    ) -> None:
        """Prepare for one generation.

        Args:
            clock: read at every stamp.
            stop: strings before any of which the answer ends.
            tags: what thoughts are told by; none for a text that is all answer.
        """
        self._clock = clock
        self._stops = tuple(stop)
        self._tags = tags
        self._openings = tuple([each.opening for each in tags])
        self._firsts = "".join([opening[:1] for opening in self._openings])
        self._pieces: list[tuple[int, int]] = []
        self._spread: int | None = None
        self._text = ""
        self._held = 0
        self._thought: list[str] = []
        self._tail = ""
        self._thought_tokens = 0
        self._thought_end: int | None = None
        self._lead = ""
        self._mixed = False
        self._within: ThoughtTags | None = None
        self._stage = _START if tags else _ANSWER
        self._reasoning: int | None = None
        if "" in self._openings:
            self._open(tags[self._openings.index("")])
        self._start = clock.now_ns()

    def start(self) -> None:
        """Take the instant at which the prompt is handed over."""
        self._start = self._clock.now_ns()

    def prompted(self, rendered: str) -> None:
        """Look whether a chat template has opened a thought at the prompt's end."""
        end = rendered[-64:].rstrip()
        for tags in self._tags:
            if tags.opening and tags.closing and end.endswith(tags.opening):
                self._open(tags)
                return

    def token(self, text: str, tokens: int = 1, *, at_ns: int | None = None) -> bool:
        """Stamp ``text``, made of ``tokens`` tokens.

        Args:
            text: what became readable; empty while a character is incomplete.
            tokens: how many tokens it took, 0 if they were counted before.
            at_ns: the instant of arrival, where that was read before parsing.

        Returns:
            Whether a stop string is now complete, so that generation should end.
        """
        if not text:
            self._held += tokens
            return False
        stamp = self._clock.now_ns() if at_ns is None else at_ns
        if self._stage:
            return self._before_answer(text, tokens, stamp)
        self._pieces.append((stamp, tokens + self._held))
        self._held = 0
        # Held by nobody else it grows in place: a long text is not copied each time.
        whole, self._text = self._text, ""
        whole += text
        self._text = whole
        return bool(self._stops) and self._stop_at(len(text)) is not None

    def now_ns(self) -> int:
        """Return the present instant, for tokens that come at once."""
        return self._clock.now_ns()

    def together(self, at_ns: int) -> None:
        """Make one stamp of the last ones of an instant: no gap lies between them."""
        tokens = stamps = 0
        while self._pieces and self._pieces[-1][0] == at_ns:
            tokens += self._pieces.pop()[1]
            stamps += 1
        if stamps:
            self._pieces.append((at_ns, tokens))

    def reasoning(
        self, text: str = "", tokens: int = 0, *, at_ns: int | None = None
    ) -> None:
        """Stamp a piece of thought that comes beside the answer, not inside it."""
        stamp = self._clock.now_ns() if at_ns is None else at_ns
        if self._reasoning is None:
            self._reasoning = stamp
        self._thought.append(text)
        self._thought_tokens += tokens
        self._thought_end = stamp

    def take_over(self, timing: Timing, answer: Generation) -> None:
        """Take an answer that another stamped, as a server's client does.

        What was stamped here before is dropped; the start stays.

        Args:
            timing: its stamps, on the same clock.
            answer: its text and its thoughts.
        """
        self._pieces = list(zip(timing.stamps_ns, timing.stamp_tokens, strict=True))
        self._spread = timing.spread_tokens
        self._text, self._stage = answer.text, _ANSWER
        self._thought = [] if answer.thoughts is None else [answer.thoughts]
        self._thought_tokens = answer.thought_tokens or 0
        self._reasoning = timing.reasoning_ns
        self._thought_end = timing.thought_end_ns

    def overdue(self, budget: int) -> bool:
        """Whether a thought is under way that has had ``budget`` tokens already."""
        return self._stage == _THOUGHT and self._thought_tokens >= budget

    @property
    def within(self) -> ThoughtTags | None:
        """The tags of the thought that is under way; ``None`` if there is none."""
        return self._within if self._stage == _THOUGHT else None

    def end_thought(self) -> None:
        """End the thought by force: what comes next is the answer."""
        self._thought_tokens += self._held
        self._held = 0
        self._stage = _BETWEEN

    @property
    def text(self) -> str:
        """The answer up to the first stop string, without thoughts."""
        cut = self._stop_at(len(self._text))
        return self._text if cut is None else self._text[:cut]

    @property
    def tokens(self) -> int:
        """All tokens so far, those of thoughts and those without text included."""
        answer = sum(count for _, count in self._pieces)
        return answer + self._thought_tokens + self._held

    @property
    def thoughts(self) -> str | None:
        """What was thought, without tags; ``None`` if nothing was."""
        text = "".join(self._thought)
        if tags := self._within:
            # A template opened the thought, and the model did so once more.
            text = text.lstrip().removeprefix(tags.opening)
            text = text.removesuffix(tags.leftover)
        return text.strip() or None

    @property
    def thought_tokens(self) -> int | None:
        """Tokens of thoughts; ``None`` where a piece of several holds the border."""
        held = self._held if self.thinking else 0
        return None if self._mixed else self._thought_tokens + held

    @property
    def thinking(self) -> bool:
        """Whether a thought is under way."""
        return self._stage == _THOUGHT

    @property
    def answering(self) -> bool:
        """Whether what comes now can only be the answer."""
        return self._stage == _ANSWER

    @property
    def thought_began(self) -> bool:
        """Whether there was a thought, or the tag of one."""
        return self._within is not None

    def generation(
        self,
        finish: Finish,
        prompt_tokens: int,
        *,
        rendered: str | None = None,
        sampling: Sampling | None = None,
    ) -> Generation:
        """Return the answer of a backend whose own tokenizer did the counting.

        Args:
            finish: why it ended.
            prompt_tokens: of the rendered prompt.
            rendered: what the model read, after its chat template.
            sampling: how the tokens were drawn.
        """
        counted_by: TokenSource = "tokenizer"
        return Generation(
            text=self.text,
            finish=finish,
            prompt_tokens=prompt_tokens,
            output_tokens=self.tokens,
            token_source=counted_by,
            rendered=rendered,
            thoughts=self.thoughts,
            thought_tokens=self.thought_tokens,
            cut_in_thought=finish == "length" and self.thinking,
            sampling=sampling,
        )

    def timing(self) -> Timing:
        """Close the generation at the present instant."""
        thought = self.thoughts is not None or self._within is None
        return Timing(
            start_ns=self._start,
            end_ns=self._clock.now_ns(),
            stamps_ns=tuple(stamp for stamp, _ in self._pieces),
            stamp_tokens=tuple(count for _, count in self._pieces),
            spread_tokens=self._spread,
            # Two tags with nothing between them are no thought.
            reasoning_ns=self._reasoning if thought else None,
            thought_end_ns=self._thought_end if thought else None,
        )

    def _open(self, tags: ThoughtTags) -> None:
        self._within = tags
        self._stage = _THOUGHT

    def _before_answer(self, text: str, tokens: int, stamp: int) -> bool:
        count, self._held = tokens + self._held, 0
        if self._stage == _THOUGHT:
            return self._think(text, count, stamp)
        if self._stage == _BETWEEN:
            return self._follow(text, count, stamp)
        self._pieces.append((stamp, count))
        self._text += text
        begun = self._text.lstrip()
        if begun and begun[0] not in self._firsts:
            # As nearly all answers begin; the rest is not worth their time.
            self._stage = _ANSWER
        elif begun.startswith(self._openings):
            return self._turn_into_thought(begun, stamp)
        elif begun and not any(each.startswith(begun) for each in self._openings):
            self._stage = _ANSWER
        return bool(self._stops) and self._stop_at(len(text)) is not None

    def _turn_into_thought(self, begun: str, stamp: int) -> bool:
        """Take what came so far for the opening tag, and what follows it."""
        # <thinking> begins with <think but not with <think>: one tag at most fits.
        tags = next(each for each in self._tags if begun.startswith(each.opening))
        count = sum(tokens for _, tokens in self._pieces)
        self._pieces.clear()
        self._text = ""
        self._open(tags)
        return self._think(begun.removeprefix(tags.opening), count, stamp)

    def _think(self, text: str, count: int, stamp: int) -> bool:
        tags = self._within
        closing = tags.closing if tags else ""
        if self._reasoning is None and text.strip():
            # White space behind the tag is no beginning of a thought.
            self._reasoning = stamp
        self._thought.append(text)
        self._thought_end = stamp
        seen = self._tail + text
        place = seen.find(closing)
        if place < 0:
            self._tail = seen[1 - len(closing) :] if len(closing) > 1 else ""
            self._thought_tokens += count
            return False
        behind = seen[place + len(closing) :]
        whole = "".join(self._thought)
        self._thought = [whole[: len(whole) - len(behind) - len(closing)]]
        self._stage = _BETWEEN
        # A piece of several tokens does not tell how many of them are thoughts.
        self._mixed = count > 1 and bool(behind.strip())
        return self._follow(behind, count, stamp)

    def _follow(self, text: str, count: int, stamp: int) -> bool:
        """Begin the answer behind a thought, where its first line with text begins."""
        lead = self._lead + text
        words = lead.lstrip()
        if not words:
            self._lead = lead
            self._thought_tokens += count
            return False
        # Blank lines belong to the tag; the indentation of a new line does not.
        _, line, indent = lead[: len(lead) - len(words)].rpartition("\n")
        kept = indent + words if line else words
        self._stage = _ANSWER
        self._pieces.append((stamp, count))
        self._text = kept
        return bool(self._stops) and self._stop_at(len(kept)) is not None

    def _stop_at(self, fresh: int) -> int | None:
        """Return where the first stop string begins that ends in the last characters.

        Args:
            fresh: how many characters at the end have not been looked at before.
        """
        found = []
        for stop in self._stops:
            place = self._text.find(stop, max(0, len(self._text) - fresh - len(stop)))
            if place >= 0:
                # The one that is complete first counts, however the text was cut.
                found.append((place + len(stop), place))
        return min(found)[1] if found else None
