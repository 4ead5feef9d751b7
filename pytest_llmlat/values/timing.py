"""Timing of one generation: its clock readings, and the latencies that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The clock readings of one generation, and the latencies that follow from them.

    ``stamps_ns[i]`` is when the text of ``stamp_tokens[i]`` more tokens was there. A
    stamp of several tokens is kept as it is: no gap is invented inside it. Where nobody
    counted its tokens, their number is 0.
    """

    start_ns: int
    """Instant at which the prompt's text was handed to the backend (or was scheduled to
    be)."""
    end_ns: int
    """Instant at which the backend gave control back: no more content can come."""
    stamps_ns: tuple[int, ...]
    stamp_tokens: tuple[int, ...]
    spread_tokens: int | None = None
    """Tokens of all stamps together, where a server told only their sum and it is not
    one for each message; ``stamp_tokens`` then counts messages."""
    reasoning_ns: int | None = None
    """Instant of the first reasoning token, which is no content."""
    sent_ns: int | None = None
    """Instant of the real sending, where it had to wait for its turn."""
    thought_end_ns: int | None = None
    """Instant of the last reasoning token."""

    def moved(self, by_ns: int) -> Timing:
        """Return it on a clock that is ahead by so much; no latency changes."""

        def on(at_ns: int | None) -> int | None:
            return None if at_ns is None else at_ns + by_ns

        return replace(
            self,
            start_ns=self.start_ns + by_ns,
            end_ns=self.end_ns + by_ns,
            stamps_ns=tuple(stamp + by_ns for stamp in self.stamps_ns),
            reasoning_ns=on(self.reasoning_ns),
            sent_ns=on(self.sent_ns),
            thought_end_ns=on(self.thought_end_ns),
        )

    @property
    def e2e_s(self) -> float:
        """End-to-end time, in seconds: start to the last content token.

        Without content it ends at the last token of the thought, or at the end.
        """
        if self.stamps_ns:
            return (self.stamps_ns[-1] - self.start_ns) / NS_PER_S
        last = self.end_ns if self.thought_end_ns is None else self.thought_end_ns
        return (last - self.start_ns) / NS_PER_S

    @property
    def ttft_s(self) -> float | None:
        """Time to first token: start to the first content token."""
        if not self.stamps_ns:
            return None
        return (self.stamps_ns[0] - self.start_ns) / NS_PER_S

    @property
    def tpot_s(self) -> float | None:
        """Time per token after the first stamp; ``None`` for a single stamp.

        The divisor is output tokens - 1. Where the first stamp carried several
        tokens, none of them cost time after it, so all of them are left out.
        """
        later = self.later_tokens
        if not later:
            return None
        return (self.stamps_ns[-1] - self.stamps_ns[0]) / NS_PER_S / later

    @property
    def later_tokens(self) -> float:
        """Tokens after the first stamp.

        Where only the sum is known, each message is taken to hold as many tokens as
        any other: to count those of the first as later would make decoding look faster.
        """
        later = sum(self.stamp_tokens[1:])
        if self.spread_tokens is None:
            return later
        whole = sum(self.stamp_tokens)
        return self.spread_tokens * later / whole if whole else 0.0

    @property
    def grouped(self) -> bool:
        """Whether some stamp carries several tokens, so that gaps are not per token."""
        # The largest, found at once: there are a million answers of a score of stamps.
        return max(self.stamp_tokens, default=0) > 1 or self.spread_tokens is not None

    @property
    def itl_s(self) -> tuple[float, ...]:
        """Inter-token latencies: every gap between neighbouring stamps."""
        # A list is made in half the time of what is yielded one by one.
        return tuple([(b - a) / NS_PER_S for a, b in pairwise(self.stamps_ns)])

    @property
    def ttfr_s(self) -> float | None:
        """Time to the first reasoning token, from the start."""
        if self.reasoning_ns is None:
            return None
        return (self.reasoning_ns - self.start_ns) / NS_PER_S

    @property
    def thinking_s(self) -> float | None:
        """Thinking time, in seconds: first reasoning token to first content token.

        It ends at the last reasoning token where no content came; ``None`` without
        reasoning. With ``ttfr_s`` before and ``answering_s`` behind it makes up
        ``e2e_s``.
        """
        end = self.stamps_ns[0] if self.stamps_ns else self.thought_end_ns
        if self.reasoning_ns is None or end is None:
            return None
        return (end - self.reasoning_ns) / NS_PER_S

    @property
    def answering_s(self) -> float | None:
        """Answering time, in seconds: first content token to last, behind a thought."""
        if self.reasoning_ns is None or not self.stamps_ns:
            return None
        return (self.stamps_ns[-1] - self.stamps_ns[0]) / NS_PER_S

    @property
    def queue_s(self) -> float | None:
        """Queueing time, in seconds, in an open loop: scheduled arrival to sending."""
        if self.sent_ns is None:
            return None
        return (self.sent_ns - self.start_ns) / NS_PER_S


class ThinnedTiming(Timing):
    """Timing of which only the first and the last stamp are known."""

    __slots__ = ()

    @property
    def itl_s(self) -> tuple[float, ...]:
        """Empty: gaps between the stamps that are here are none of the answer's."""
        return ()


class TimingOfEnds(ThinnedTiming):
    """Timing of another tool, which tells when the first and the last token came."""

    __slots__ = ()

    @property
    def grouped(self) -> bool:
        """False: nothing is known of how many tokens came at once."""
        return False


def of_ends(timing: Timing) -> TimingOfEnds:
    """Return a timing whose stamps are the first and the last of many."""
    return TimingOfEnds(
        **{name: getattr(timing, name) for name in Timing.__dataclass_fields__}
    )
