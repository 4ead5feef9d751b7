"""What goes along with a load: it changes nothing of what is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.measure.cell_energy import NO_ENERGY
from pytest_llmlat.values.allowance import NO_BOUNDS
from pytest_llmlat.values.raw_answers import NOWHERE

if TYPE_CHECKING:
    from pytest_llmlat.measure.cell_energy import EnergyWindow
    from pytest_llmlat.values.allowance import Allowance
    from pytest_llmlat.values.raw_answers import AnswerSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Alongside:
    """What goes along with a load."""

    sink: AnswerSink = NOWHERE
    """Takes each exchange of a server, or response of a model of this process, that
    counts, as soon as it has ended."""
    energy: EnergyWindow = NO_ENERGY
    """Opened before the load and closed after it, outside of all that is timed."""
    allowance: Allowance = NO_BOUNDS
    """Asked before each request; after the first that may not be made, none is."""


NOTHING_ALONG = Alongside()
