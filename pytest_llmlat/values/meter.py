"""Where tokens are stamped: the one place that decides what counts as content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.records import Generation, Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.records import Finish, TokenSource
    from pytest_llmlat.values.sampling import Sampling


class Meter:
    """Collects the text and the stamps of one generation.

    A backend calls :meth:`token` on its generating thread, at once when a token has
    become text. Pieces without text (half a character, a role message) hold no
    stamp; their tokens go to the next piece that has one.
    """

    __slots__ = (
        "_clock",
        "_held",
        "_pieces",
        "_reasoning",
        "_start",
        "_stops",
        "_text",
    )

    def __init__(self, clock: Clock, stop: Sequence[str] = ()) -> None:
        """Prepare for one generation that ends before any string of ``stop``."""
        self._clock = clock
        self._stops = tuple(stop)
        self._pieces: list[tuple[int, int]] = []
        self._text = ""
        self._held = 0
        self._reasoning: int | None = None
        self._start = clock.now_ns()

    def start(self) -> None:
        """Take the instant at which the prompt is handed over."""
        self._start = self._clock.now_ns()

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
        self._pieces.append((stamp, tokens + self._held))
        self._held = 0
        self._text += text
        return bool(self._stops) and self._stop_at(len(text)) is not None

    def reasoning(self, *, at_ns: int | None = None) -> None:
        """Stamp the first reasoning token; later ones leave it as it is."""
        if self._reasoning is None:
            self._reasoning = self._clock.now_ns() if at_ns is None else at_ns

    @property
    def text(self) -> str:
        """The content up to the first stop string."""
        cut = self._stop_at(len(self._text))
        return self._text if cut is None else self._text[:cut]

    @property
    def tokens(self) -> int:
        """All tokens so far, those without text of their own included."""
        return sum(count for _, count in self._pieces) + self._held

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
            sampling=sampling,
        )

    def timing(self) -> Timing:
        """Close the generation at the present instant."""
        return Timing(
            start_ns=self._start,
            end_ns=self._clock.now_ns(),
            stamps_ns=tuple(stamp for stamp, _ in self._pieces),
            stamp_tokens=tuple(count for _, count in self._pieces),
            reasoning_ns=self._reasoning,
        )

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
