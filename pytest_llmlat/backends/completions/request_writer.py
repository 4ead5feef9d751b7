"""Writes requests to a server, and those of a load before it begins.

To write one takes a good part of the time that a client spends beside the clock: while
512 are written at once, tokens of others arrive that nobody stamps.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmlat.backends.chat_messages import system_as
from pytest_llmlat.backends.completions.constraint_fields import constraint_fields
from pytest_llmlat.backends.completions.fields import (
    merged,
    thinking_body,
    thinking_fields,
)
from pytest_llmlat.backends.completions.requests import encode, path, payload
from pytest_llmlat.backends.transport.messages import EVENTS, JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from pytest_llmlat.backends.completions.constraint_probe import ConstraintProbe
    from pytest_llmlat.backends.completions.prompt_cache import PromptCache
    from pytest_llmlat.backends.completions.server_settings import ServerSettings
    from pytest_llmlat.backends.transport.messages import Messages, WireMessage
    from pytest_llmlat.values.confidential import ConfidentialTable
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.records import Request

MOST_BYTES = 1 << 27
"""Bytes of requests that are written ahead; those behind are written when they go."""


class WrittenRequest(NamedTuple):
    """A request as it is sent, and the body that its bytes hold."""

    body: ConfidentialTable
    message: WireMessage


class RequestWriter:
    """Writes what goes to one model of one server."""

    def __init__(
        self,
        model: ModelSpec,
        *,
        messages: Messages,
        settings: ServerSettings,
        probe: ConstraintProbe,
        kept: PromptCache,
        named: Callable[[], str | None],
        place: str,
    ) -> None:
        """Write nothing yet.

        Args:
            model: its entry.
            messages: writes heads.
            settings: of the entry.
            probe: knows how the server is told what holds an answer.
            kept: knows what keeps it from having seen a prompt.
            named: returns the model's name on the server.
            place: the server, for complaints.
        """
        self._messages = messages
        self._settings = settings
        self._probe = probe
        self._kept = kept
        self._named = named
        self._place = place
        self._thinking_body = thinking_body(model)
        self._system_as = system_as(model)
        self._ahead: Sequence[Request] = ()
        self._written: defaultdict[int, deque[WrittenRequest]] = defaultdict(deque)
        """By the identity of requests, which ``_ahead`` keeps alive."""
        self._without: AbstractSet[str] = frozenset()
        """Parameters that were left out of what is written ahead."""
        self._taken = False

    def _write(self, request: Request, without: AbstractSet[str]) -> WrittenRequest:
        """Write a request.

        Args:
            request: what to ask.
            without: parameters that the server is known to reject.
        """
        asked = payload(
            request,
            model=self._named() or "",
            stream=self._settings.stream,
            without=without,
            system=self._system_as,
        )
        told = thinking_fields(
            request.thinking_tokens,
            self._thinking_body,
            where=f"model at {self._place}",
        )
        held = constraint_fields(request.constraint, self._probe.way)
        fields = self._kept.fields(request)
        body = merged(asked, told, held, fields, self._settings.extra_body)
        accept = EVENTS if self._settings.stream else JSON
        message = self._messages.post(path(request), encode(body), accept=accept)
        return WrittenRequest(body, message)

    def write_ahead(
        self, requests: Sequence[Request], without: AbstractSet[str]
    ) -> None:
        """Write requests that will be sent once each, and forget earlier ones.

        Turns of a conversation and ranked continuations are not: they depend on what
        comes before them.
        """
        if requests is self._ahead and not self._taken and without == self._without:
            return
        self._written.clear()
        self._ahead, self._without, self._taken = requests, without, False
        size = 0
        for request in requests:
            if request.continuations or request.conversation is not None:
                continue
            one = self._write(request, without)
            self._written[id(request)].append(one)
            size += len(one.message)
            if size > MOST_BYTES:
                return

    def written(self, request: Request, without: AbstractSet[str]) -> WrittenRequest:
        """Return a request as it is sent, from what was written ahead if it is there.

        Args:
            request: what to ask.
            without: parameters that the server is known to reject by now. What was
                written with one of them is written anew.
        """
        ahead = self._written.get(id(request)) if without == self._without else None
        if ahead:
            self._taken = True
            return ahead.popleft()
        return self._write(request, without)
