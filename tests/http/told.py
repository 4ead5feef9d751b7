"""What is to be said of an answer, and the check that it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is to be said of an answer; what is not named is not looked at."""

    finish: str = "stop"
    text: str | None = None
    error: str | None = None
    """A part of it: the server's own words."""
    tokens: int | None = None
    no_tokens: bool = False
    tpot_s: float | None = None
    """At least."""
    no_tpot: bool = False
    ttft_s: float | None = None
    """At least."""
    e2e_s: float = 0.0
    """At least."""
    left_out: str | None = None
    """Parameters that the server refuses and takes the request without."""
    no_ttft: bool = False
    note: str | None = None
    """A part of what is told of an answer that counts all the same."""
    thought: bool = False
    """A thought was stamped apart."""


def check(response: Response, wanted: Told) -> None:
    """Hold an answer to what is to be said of it."""
    found, timing = response.generation, response.timing
    failed = "timeout" if response.timed_out else "error"
    assert (failed if found is None else found.finish) == wanted.finish, response.error
    assert wanted.error is None or wanted.error in (response.error or "")
    if found is None:
        return
    assert wanted.note is None or wanted.note in (response.note or "")
    assert wanted.text in (None, found.text)
    assert wanted.tokens in (None, found.output_tokens)
    assert found.output_tokens is None or not wanted.no_tokens
    assert timing.tpot_s is None or not wanted.no_tpot
    if wanted.tpot_s is not None:
        assert timing.tpot_s is not None
        # A first text that is read late leaves less time to the last one, so what
        # the first was late by is not asked for.
        late_s = (timing.ttft_s or 0.0) - (wanted.ttft_s or 0.0)
        assert timing.tpot_s >= 0.99 * wanted.tpot_s - late_s
    assert timing.e2e_s >= wanted.e2e_s
    assert timing.ttft_s is None or not wanted.no_ttft
    if wanted.ttft_s is not None:
        assert timing.ttft_s is not None
        assert timing.ttft_s >= wanted.ttft_s
    assert (timing.ttfr_s is not None) == wanted.thought
