"""What a model costs in money: by tokens, as an API asks, or by the hour of a machine.

Amounts are decimals, as a provider computes them. A float of dollars would be wrong in
the last places, and sums of a million answers in visible ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_MILLION = Decimal(1_000_000)
_NS_PER_HOUR = Decimal(3_600_000_000_000)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRate:
    """What a million tokens of one kind cost, which may depend on the prompt's length.

    Amounts are written out, such as ``0.15``, so that files keep them to the letter.
    """

    per_million: str
    tiers: tuple[tuple[int, str], ...] = ()
    """(tokens, amount) pairs: a request whose prompt is longer than that has this rate
    for all its tokens; the longest one that it exceeds counts."""

    def cost(self, tokens: int, prompt_tokens: int) -> Decimal:
        """Return what so many tokens of a request cost.

        Args:
            tokens: of this kind.
            prompt_tokens: of the request's whole prompt, kept ones included.
        """
        rate = self.per_million
        for start, amount in sorted(self.tiers):
            if prompt_tokens > start:
                rate = amount
        return Decimal(rate) * tokens / _MILLION


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model's entry says that it costs: per hour, or per token."""

    currency: str
    """Three letters (ISO 4217), such as ``USD``."""
    source: str
    """Where it comes from: ``entry``, or the table of prices and its version."""
    date: str | None = None
    """The day that it was looked up or is valid from (ISO 8601)."""
    table: str | None = None
    """``provider/model`` in the table of prices, until it is looked up."""
    per_hour: str | None = None
    """Of the machine or card that answers; ``None`` where tokens are paid."""
    input: TokenRate | None = None
    output: TokenRate | None = None
    cached_input: TokenRate | None = None
    """Of the prompt's tokens that the provider had kept; ``None``: as others."""

    @property
    def by_token(self) -> bool:
        """Whether tokens are paid, and not the hour."""
        return self.per_hour is None

    def of_tokens(self, prompt: int, cached: int, output: int) -> Decimal:
        """Return what one request costs where tokens are paid.

        Args:
            prompt: tokens of its prompt, kept ones included.
            cached: those of them that the provider had kept.
            output: tokens that were generated, thoughts included.

        Raises:
            ValueError: the hour is paid.
        """
        if self.input is None or self.output is None:
            raise ValueError("the hour is paid, not the token")
        kept = self.cached_input or self.input
        return (
            self.input.cost(prompt - cached, prompt)
            + kept.cost(cached, prompt)
            + self.output.cost(output, prompt)
        )

    def of_time(self, nanoseconds: int | Decimal) -> Decimal:
        """Return what the machine costs for so long.

        Raises:
            ValueError: tokens are paid.
        """
        if self.per_hour is None:
            raise ValueError("the token is paid, not the hour")
        return Decimal(self.per_hour) * nanoseconds / _NS_PER_HOUR

    @property
    def sound(self) -> bool:
        """Whether every amount of it is one, as a file may have been edited."""
        rates = (self.input, self.output, self.cached_input)
        amounts = [
            *([] if self.per_hour is None else [self.per_hour]),
            *(r.per_million for r in rates if r is not None),
            *(amount for r in rates if r is not None for _, amount in r.tiers),
        ]
        kinds = self.per_hour is not None or None not in (self.input, self.output)
        return kinds and all(map(_is_amount, amounts))

    @property
    def told(self) -> str:
        """The price in a few words, such as ``1.20 USD an hour (entry)``."""
        since = f", {self.date}" if self.date else ""
        if self.per_hour is not None:
            return f"{self.per_hour} {self.currency} an hour ({self.source}{since})"
        kinds = (("in", self.input), ("kept", self.cached_input), ("out", self.output))
        rates = ", ".join(
            f"{name} {rate.per_million}{' and more' if rate.tiers else ''}"
            for name, rate in kinds
            if rate is not None
        )
        return f"{rates} {self.currency} per million tokens ({self.source}{since})"


def _is_amount(text: object) -> bool:
    return isinstance(text, str) and bool(_AMOUNT.fullmatch(text))
