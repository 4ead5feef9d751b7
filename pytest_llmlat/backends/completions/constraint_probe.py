"""Finding out whether a server heeds schemas and grammars, before it is measured.

Many a server takes the field and generates as if it were not there. So it is asked for
the one answer that fits a probe and that no model gives unasked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.constraint_fields import (
    WAYS,
    constraint_fields,
)
from pytest_llmlat.backends.constraints import refused
from pytest_llmlat.values.constraint import probe_of
from pytest_llmlat.values.records import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.constraint import Constraint, ConstraintKind
    from pytest_llmlat.values.records import Response

_QUESTION = "Say hello, in one short sentence."
_TOKENS = 64
"""The answer to the probe has a dozen."""


class ConstraintProbe:
    """What is known of one server: how it is told, and which kinds it heeds."""

    def __init__(self, way: str) -> None:
        """Know nothing yet of a server that is told in this way."""
        self.way = way
        self._heeded: set[ConstraintKind] = set()

    def check(
        self, constraint: Constraint, ask: Callable[[Request], Response], *, chat: bool
    ) -> None:
        """See that a server holds answers to such a constraint.

        An answer that was cut off says nothing: a model may have thought for too long.
        Later answers that do not fit are told then.

        Args:
            constraint: of which kind.
            ask: makes one request.
            chat: whether it is asked as a chat.

        Raises:
            Unsupported: it rejects the constraint, or goes on as if it was not there.
        """
        constraint_fields(constraint, self.way)
        if constraint.kind in self._heeded:
            return
        probe, wanted = probe_of(constraint.kind)
        request = Request(
            prompt=_QUESTION, chat=chat, max_new_tokens=_TOKENS, constraint=probe
        )
        response = ask(request)
        others = ", ".join(way for way in WAYS if way != self.way)
        remedy = f"told by {self.way}; option structured_by may be {others}"
        if response.generation is None:
            # A server's words may be long, and what to do stands behind them.
            raise refused(constraint, f"{response.error!s:.200} ({remedy})")
        said, finish = response.generation.text, response.generation.finish
        if _same(said, wanted):
            self._heeded.add(constraint.kind)
        elif finish == "stop" or not wanted.startswith(said.strip()[:1]):
            raise refused(
                constraint,
                f"the server does not heed it: only {wanted} fits, and it answered"
                f" {said!r:.80} ({remedy})",
            )


def _same(said: str, wanted: str) -> bool:
    """Whether an answer is the one that fits, however its JSON is spaced."""
    try:
        return bool(json.loads(said) == json.loads(wanted))
    except (ValueError, RecursionError):
        return said.strip() == wanted
