"""What is asked of an engine beside answers: whether it is ready, and what it counted.

Each question takes a connection of its own, through no proxy, and is asked outside of
every timed region.
"""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmlat.backends.completions.prompt_counters import samples_of
from pytest_llmlat.backends.engines.engine_table import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.engines.engine_table import EngineCounters

_TIMEOUT_S = 5.0
_MOST_BYTES = 8 << 20
"""More than any engine's metrics; what is larger is cut off."""
_OK = range(200, 300)
_NO_SUCH = (404, 405)


class PlainAnswer(NamedTuple):
    """What came back of a question."""

    status: int
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it was answered."""
        return self.status in _OK


def asked(port: int, path: str) -> PlainAnswer | None:
    """Return the answer to a GET; ``None`` where nobody answers."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)) as way:
        try:
            way.request("GET", path, headers={"Connection": "close"})
            answer = way.getresponse()
            return PlainAnswer(answer.status, answer.read(_MOST_BYTES))
        except (OSError, http.client.HTTPException):
            return None


def is_ready(port: int, paths: tuple[str, ...]) -> str | None:
    """Ask whether it is ready.

    Returns:
        ``None`` if it is; else what it says, as the end of a sentence.
    """
    said = "it has no such address"
    for path in paths:
        answer = asked(port, path)
        if answer is None:
            return "nobody listened there"
        if answer.good:
            return None
        said = f"{path} answered HTTP {answer.status}"
        if answer.status not in _NO_SUCH:
            return said
    return said


def version_of(port: int, place: tuple[str, str] | None) -> str | None:
    """Return the version that it tells, ``None`` if it tells none.

    Args:
        port: where it listens.
        place: the path, and the key of its JSON object.
    """
    answer = asked(port, place[0]) if place is not None else None
    if place is None or answer is None or not answer.good:
        return None
    try:
        found = json.loads(answer.body)
    except ValueError:
        return None
    value = found.get(place[1]) if isinstance(found, dict) else None
    return value[:100] if isinstance(value, str) else None


def counted(port: int, counters: EngineCounters | None) -> Mapping[str, float]:
    """Return what it has counted, by our names; empty where it tells nothing."""
    answer = asked(port, counters.path) if counters is not None else None
    if counters is None or answer is None or not answer.good:
        return {}
    samples = samples_of(answer.body.decode("utf-8", "replace"))
    found = {}
    for name, theirs in counters.names.items():
        there = next((each for each in theirs if each in samples), None)
        if there is not None:
            found[name] = samples[there]
    return found


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def is_taken(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier one may still be closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
