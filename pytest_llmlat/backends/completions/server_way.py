"""Which server is asked, and how it lets us in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.backends.completions.complaints import Key
    from pytest_llmlat.values.confidential import WebAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Which server to ask for which model, and how to be let in."""

    url: WebAddress
    weights: str | None
    """The name the server has for the model; ``None`` takes its only one."""
    key: Key | None
    no_key: str
    """What to do if the server wants a key and there is none."""
    check: bool = True
    """Whether to ask the server for its models first."""
    direct: bool = False
    """Whether no proxy is used, whatever the environment names."""
    alive: Callable[[], bool] | None = None
    """Whether it may answer at all; ``None`` where nobody knows. Where it cannot,
    nothing is sent a second time."""
