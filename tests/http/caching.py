"""A server that keeps the prompts that it has seen, and logs what it had kept.

Where a clock of the tests is given, it takes its time on that clock: 200 ms for a new
prompt, 5 ms for one that it has seen, in between in proportion.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Any

from tests.http.loopback import Loopback, answer, ended, said, stream, used

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.http.loopback import Script

NAMES = {
    "vllm": ("vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"),
    "sglang": ("sglang:prompt_tokens_total", "sglang:cached_tokens_total"),
}
NEW_S, SEEN_S = 0.2, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One prompt, as this server met it."""

    tokens: int
    cached: int
    """How many of them it had kept."""
    body: dict[str, Any]


class CachingServer(Loopback):
    """Keeps the beginnings of all prompts for ever; a token is a word."""

    def __init__(
        self,
        *,
        wait: Callable[[float], None] = lambda _: None,
        tells: bool = True,
        lies: bool = False,
        heeds: str | None = None,
        text: str = "Answer: positive",
        counts: str | None = None,
    ) -> None:
        """Listen.

        Args:
            wait: takes so many seconds.
            tells: whether its usage says how much it had kept.
            lies: whether it then says 0.
            heeds: the field of a request that it heeds: ``cache_prompt`` or
                ``cache_salt``; it refuses none.
            text: what it answers, a message to each word.
            counts: whose metrics it has at ``/metrics``: vLLM's or SGLang's.
        """
        super().__init__()
        self.served: list[Served] = []
        self._wait = wait
        self._tells, self._lies, self._heeds = tells, lies, heeds
        self._words = text.split(" ")
        self._kept: set[int] = set()
        """What stands for each beginning that it has seen."""
        self._lock = threading.Lock()
        self._counts = counts
        self.looks = 0
        """How often its metrics were looked at."""
        self.of_others = 0
        """Tokens of prompts that others have sent, half of which it had kept."""

    def share(self, first: int = 0) -> float:
        """Return the share of kept tokens, of what came from a place on."""
        of = self.served[first:]
        return sum(one.cached for one in of) / sum(one.tokens for one in of)

    def page(self, path: str) -> Script | None:
        """Tell what was counted, as Prometheus' clients write it."""
        if path != "/metrics" or self._counts is None:
            return None
        self.looks += 1
        with self._lock:
            prompts = sum(one.tokens for one in self.served) + self.of_others
            kept = sum(one.cached for one in self.served) + self.of_others // 2
        of_prompts, of_kept = NAMES[self._counts]
        text = (
            f"# HELP {of_prompts} Tokens.\n# TYPE {of_prompts} counter\n"
            f'{of_prompts}{{engine="0",model_name="tiny"}} {prompts - 1}.0\n'
            f'{of_prompts}{{engine="1",model_name="tiny"}} 1.0\n'
            f'{of_kept}{{engine="0",model_name="tiny"}} {kept}.0\n'
        )
        return [answer(text, kind="text/plain; version=0.0.4")]

    def script_for(self, body: bytes) -> Script:
        """Answer as long as it takes, and log it."""
        asked = json.loads(body)
        tokens = _tokens(asked)
        with self._lock:
            cached = self._known(asked, tokens)
            self.served.append(Served(tokens=len(tokens), cached=cached, body=asked))
            self._wait(SEEN_S + (NEW_S - SEEN_S) * (1 - cached / len(tokens)))
        told = {"cached_tokens": 0 if self._lies else cached} if self._tells else None
        usage = used(len(self._words), len(tokens), prompt_tokens_details=told)
        most = int(asked.get("max_tokens", 99))
        texts = [said(word + " ") for word in self._words[:most]]
        return [stream(*texts, ended(), usage)]

    def _known(self, asked: dict[str, Any], tokens: tuple[str, ...]) -> int:
        """Return how many tokens were kept, and keep them all."""
        if self._heeds == "cache_prompt" and asked.get("cache_prompt") is False:
            return 0
        salt = asked.get("cache_salt") if self._heeds == "cache_salt" else None
        digests = list(accumulate(tokens, _with, initial=hash(salt)))[1:]
        known = sum(takewhile(bool, (digest in self._kept for digest in digests)))
        self._kept.update(digests)
        return known


def _with(before: int, token: str) -> int:
    """Return what stands for a beginning that is longer by a token."""
    return hash((before, token))


def _tokens(asked: dict[str, Any]) -> tuple[str, ...]:
    told = asked.get("messages") or [{"role": "", "content": asked.get("prompt")}]
    return tuple(
        word
        for message in told
        for word in (message["role"], *str(message["content"]).split())
    )
