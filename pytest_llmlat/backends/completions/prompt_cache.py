"""A server that keeps prompts: what its entry wants of that, and how that is done.

``cache`` of the entry's options says how prompts are to be served:

=========  ==========================================================================
``cold``   each is read anew (default). Where the server is found to keep prompts, the
           first of ``MEANS`` that keeps that off is used, and where none does, each
           prompt gets a head of its own
``warm``   from the cache: each was sent before it is measured
``as_is``  as it comes; what is known of it is told
=========  ==========================================================================
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pytest_llmlat.backends.completions.cache_probe import CacheProbe, ProbeFinding
from pytest_llmlat.backends.completions.entry_options import CACHE, COLD_BY
from pytest_llmlat.backends.settings_check import text_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.records import Request, Response

_LOG = logging.getLogger(__name__)

COLD, WARM, AS_IS = "cold", "warm", "as_is"
HEAD: Final = "head"
MEANS: Mapping[str, Callable[[str, bool], dict[str, object]]] = {
    # llama.cpp's own server; a turn may find what the turn before has left.
    "cache_prompt": lambda _, continues: {} if continues else {"cache_prompt": False},
    "cache_salt": lambda salt, _: {"cache_salt": salt},  # vLLM, SGLang
}
"""Fields of a request with which some server reads a prompt anew.

Each is made of a salt, which turns of one conversation share, and of whether the
request continues a conversation.
"""
_UNKNOWN = (
    "its prompt had been sent before, and whether the server had kept it is not known"
)
_UNTOLD = "the server keeps prompts, and does not say whether it had kept this one"
_NOT_WARM = "cache = 'warm' was asked for, and nothing of its prompt had been kept"
_WARM_UNKNOWN = (
    "cache = 'warm' was asked for, and nothing shows that the server keeps prompts"
)


class PromptCache:
    """What is known of a server's cache of prompts, and done about it."""

    def __init__(self, model: ModelSpec) -> None:
        """Read the options ``cache`` and ``cold_by``; nothing is found out yet.

        Raises:
            BadCatalogue: one of them is none of the words that it can be.
        """
        self._serving = text_option(model, CACHE) or COLD
        self._means = text_option(model, COLD_BY)
        self._asked_for = self._means is not None
        self._finding = ProbeFinding(keeps=None)
        self._sent: set[int] = set()
        self._salts: dict[str, str] = {}
        """Of the conversations that are under way."""

    @property
    def facts(self) -> dict[str, Scalar | None]:
        """What of it tells measurements apart; ``None`` where all is plain."""
        return {
            "cache": None if self._serving == COLD else self._serving,
            "cold_by": self._means if self._serving == COLD else None,
            "keeps_prompts": self._finding.keeps,
        }

    def fields(self, request: Request) -> dict[str, object]:
        """Return what a request is to say, so that its prompt is read anew."""
        if self._serving != COLD or self._means in (None, HEAD):
            return {}
        talk, salt = request.conversation, secrets.token_hex(16)
        if talk is not None:
            if request.continues:
                salt = self._salts.get(talk, salt)
            self._salts[talk] = salt
        return MEANS[str(self._means)](salt, request.continues)

    def sent(self, request: Request) -> bool:
        """Note a request, and say whether its prompt had been sent before."""
        # What a chat holds, without putting it together: this is beside the clock.
        chat = (request.system, request.turns) if request.chat else None
        digest = hash((request.prompt, chat))
        known = digest in self._sent
        self._sent.add(digest)
        return known

    def find_out(self, ask: Callable[[Request], Response], *, chat: bool) -> None:
        """Probe the server, and choose how to keep it from having seen a prompt.

        Args:
            ask: sends a request, with :meth:`fields`, and waits for its end.
            chat: whether the model chats.
        """
        probe = CacheProbe(ask, chat=chat)
        given, self._means = self._means, None
        self._finding = probe.find()
        self._means = given
        if self._finding.keeps and self._serving == COLD and not self._asked_for:
            self._means = self._found(probe)
        _LOG.info("prompt cache: %s", self.facts)

    def checked(self, request: Request, response: Response, *, again: bool) -> Response:
        """Return a response with what has to be said of its prompt.

        Args:
            request: what was asked.
            response: what came.
            again: whether the same had been sent before.
        """
        generation = response.generation
        if generation is None:
            return response
        if not self._finding.believed:
            generation = replace(generation, cached_tokens=None)
        doubt = self._doubt(request, generation.cached_tokens, again=again)
        note = "; ".join(filter(None, [response.note, doubt])) or None
        return replace(response, generation=generation, note=note)

    def _found(self, probe: CacheProbe) -> str:
        """Return the first means that helps; a new beginning always does."""
        for name in MEANS:
            self._means = name
            if probe.kept_off(self._finding):
                return name
        return HEAD

    def _doubt(
        self, request: Request, cached: int | None, *, again: bool
    ) -> str | None:
        keeps = self._finding.keeps
        if self._serving == WARM:
            if cached is None:
                return None if keeps else _WARM_UNKNOWN
            return None if cached else _NOT_WARM
        if cached is not None or self.facts["cold_by"] is not None:
            return None
        if keeps:
            return _UNTOLD
        # A short prompt that was not kept tells nothing of a long one.
        seen_through = keeps is False and len(request.prompt) <= self._finding.letters
        return _UNKNOWN if again and not seen_through else None
