"""The machine of a run in words: its processor, and what of it may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_llmlat.report.figures import listed, size

if TYPE_CHECKING:
    from collections.abc import Mapping

MACHINE: Final = ("cpu", "cores", "cpu_quota", "memory_limit", "gpus")
"""The facts of an environment that :func:`machine_words` says."""


def machine_words(environment: Mapping[str, object]) -> str:
    """Return a machine's processor, cores and cards, and the bounds of a container."""
    told = (
        environment.get("cpu"),
        cores_words(environment),
        _limit(environment.get("memory_limit")),
        environment.get("gpus"),
    )
    return listed(told)


def cores_words(environment: Mapping[str, object]) -> str | None:
    """Return how many cores a process may use, and for how much of a second.

    Args:
        environment: of a run. ``cpu_quota`` is that of its control group, in cores.
    """
    cores, quota = environment.get("cores"), environment.get("cpu_quota")
    if cores is None:
        return None
    bound = f" with a quota of {quota:g}" if isinstance(quota, int | float) else ""
    return f"{cores} cores{bound}"


def _limit(limit: object) -> str | None:
    return f"at most {size(limit)} of memory" if isinstance(limit, int) else None
