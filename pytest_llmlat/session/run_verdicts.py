"""Verdicts on a run as a whole: it measured nothing, or not all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.verdict_order import worst_first

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.settings import Settings


def nothing(settings: Settings) -> Verdict:
    """Return the verdict on a run that was to be compared and measured nothing.

    Or that was held to limits alone.
    """
    return Verdict(
        cell="-",
        quantity="records",
        outcome="failed",
        against=_held_to(settings),
        note="nothing was measured: a gate that saw nothing is not passed",
    )


def incomplete(settings: Settings) -> Verdict:
    """Return the verdict on a run that passes although its tests failed.

    A worker that died left no cell behind that could be missed; a report that says
    "passed" of such a run would be read as one on all of it.
    """
    return Verdict(
        cell="-",
        quantity="tests",
        outcome="failed",
        against=_held_to(settings),
        note="a test failed, or the run was cut short: what it did not measure was not"
        " compared",
    )


def _held_to(settings: Settings) -> str:
    """Return what a run is compared with, or else its limits."""
    compared = settings.against or settings.prompts or settings.baseline
    return str(compared or ", ".join(settings.bounds))


def join(*verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """Join verdicts, the worst first."""
    return worst_first(verdict for some in verdicts for verdict in some)
