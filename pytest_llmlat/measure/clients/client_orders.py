"""Orders to a client process, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.measure.clients.dealt_load import LoadDeal
    from pytest_llmlat.measure.instrument.calibration import ClosedLoop
    from pytest_llmlat.measure.spooling import OpenSpool
    from pytest_llmlat.measure.uncounted import Uncounted
    from pytest_llmlat.store.spooled_answers import SpooledLoad
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.records import Request

ORDER, PHASE, RESULT, FAILED = b"o", b"p", b"r", b"f"
"""Kinds of messages: to a client; and from it, while a load runs, at the end of an
order, and where that went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellTime:
    """Answer with the present instant of your clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServer:
    """Open the way to the server; answer with its facts."""

    deployment: Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOnce:
    """Make one request that does not count; answer with the facts of the server."""

    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPulse:
    """Open the way to the instrument's server; answer with nothing."""

    url: str
    awake: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TryClock:
    """Offer a closed loop to the instrument's server; answer with its responses."""

    tokens: int
    pace: ClosedLoop


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckClock:
    """Try your clock on a server of the instrument that you start beside you.

    Answer with an ``Instrument``, or ``None`` where it does not start.
    """

    streams: int
    awake: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPart:
    """Offer a part of a load; answer with a :class:`LoadPart`."""

    load: int
    """Number of the load."""
    deal: LoadDeal
    requests: tuple[Request, ...]
    uncounted: Uncounted | None
    spool: tuple[OpenSpool, SpooledLoad] | None
    """Opens the file that keeps its answers, and what the load is; ``None``: none
    does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginLoad:
    """Begin at an instant of your clock."""

    load: int
    at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLoad:
    """Let requests count from now on."""

    load: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLoad:
    """Stop, and tell what came of the load."""

    load: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetLoad:
    """Remove what keeps the answers: they are written down. Answer with nothing."""


ClientOrder: TypeAlias = (
    "TellTime | OpenServer | AskOnce | OpenPulse | TryClock | CheckClock | OfferPart"
    " | ForgetLoad"
)
DURING_LOAD = (BeginLoad, CountLoad, StopLoad)
"""Orders that have no answer: they are heeded while a load runs."""
