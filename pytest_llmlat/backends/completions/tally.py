"""Counting the tokens of an answer with the server's own tokenizer.

Some servers stream an answer without saying how many tokens it has, but count any text
when asked. That is done after the answers were timed, for those without a figure.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.completions.server_answers import unpacked
from pytest_llmlat.backends.transport.client import SUCCESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.backends.transport.client import EndedRequest
    from pytest_llmlat.values.records import Response, TokenSource
    from pytest_llmlat.values.timing import Timing

WAYS: tuple[tuple[str, str], ...] = (
    ("/extras/tokenize/count", "input"),  # llama-cpp-python
    ("/tokenize", "content"),  # llama.cpp's own server
    ("/tokenize", "prompt"),  # vLLM
)
"""Path beside ``/v1``, and the field that takes the text."""
_SAMPLE = "one two"


class TokenCounter:
    """Counts tokens in the way that a server is found to know."""

    def __init__(
        self,
        post: Callable[[str, bytes], EndedRequest],
        model: Callable[[], str | None],
    ) -> None:
        """Ask nothing yet.

        Args:
            post: sends a body to a path beside the API and waits for its end.
            model: the model's name on the server.
        """
        self._post = post
        self._model = model
        self._looked = False
        self._deaf = False
        """The last question got no answer in its time: others would wait as long."""
        self._way: tuple[str, str] | None = None
        self._frame = 0
        """Tokens that the tokenizer puts round any text."""

    def completed(self, response: Response, begun: Callable[[], str]) -> Response:
        """Return the response with its tokens counted, if it lacks them.

        A stamp holds one token if there are as many as stamps; else only the sum is
        known, and what the first instant has of it.

        Args:
            response: what came.
            begun: returns what was there of it at the instant of its first stamp.
        """
        generation, timing = response.generation, response.timing
        if generation is None or generation.output_tokens is not None:
            return response
        if not generation.text:
            return response
        tokens = self._count(generation.text)
        thoughts = generation.thoughts
        thought_tokens = self._count(thoughts) if thoughts else None
        if tokens is None or (thoughts and thought_tokens is None):
            return response
        source: TokenSource = "tokenizer"
        spread = tokens != len(timing.stamps_ns) and bool(timing.stamps_ns)
        return replace(
            response,
            generation=replace(
                generation,
                output_tokens=tokens + (thought_tokens or 0),
                thought_tokens=thought_tokens,
                token_source=source,
            ),
            timing=replace(
                timing,
                stamp_tokens=self._of_each(timing, tokens, begun),
                spread_tokens=tokens if spread else None,
            ),
        )

    def _of_each(
        self, timing: Timing, tokens: int, begun: Callable[[], str]
    ) -> tuple[int, ...]:
        """Return the tokens of each stamp: exact for the first instant, then alike."""
        stamps = timing.stamps_ns
        later = sum(stamp != stamps[0] for stamp in stamps)
        several = bool(later) and tokens > len(stamps)
        at_first = self._count(begun()) if several else None
        if at_first is None:
            return (1,) * len(stamps)
        kept = max(later, tokens - at_first)
        each, more = divmod(kept, later)
        rest = [each + (place < more) for place in range(later)]
        return (tokens - kept, *[0] * (len(stamps) - later - 1), *rest)

    def _count(self, text: str) -> int | None:
        if not self._looked:
            self._look()
        if self._way is None:
            return None
        found = self._asked(*self._way, text)
        return None if found is None or found <= self._frame else found - self._frame

    def _look(self) -> None:
        """Find the way, once; an empty text shows what is put round every text."""
        self._looked = True
        for way in WAYS:
            frame = self._asked(*way, "")
            if self._deaf:
                return
            found = self._asked(*way, _SAMPLE)
            if frame is not None and found is not None and found > frame:
                self._way, self._frame = way, frame
                return

    def _asked(self, path: str, field: str, text: str) -> int | None:
        body: dict[str, Any] = {field: text}
        if model := self._model():
            body["model"] = model
        outcome = self._post(path, json.dumps(body).encode())
        self._deaf = outcome.last.timed_out
        answer = unpacked(outcome)
        if answer.status not in SUCCESS:
            return None
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(told, dict):
            return None
        count, tokens = told.get("count"), told.get("tokens")
        if type(count) is int and count >= 0:
            return count
        return len(tokens) if isinstance(tokens, list) else None
