"""Every figure of a cell and of a row, each defined once.

A figure that is read off records by its entry alone (``read``) needs nothing else: its
distribution is in ``Summary.figures``, and terminal, page, Markdown, ``summary.json``,
its schema, the export and the history take it from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.cache_figures import CACHE_FIGURES
from pytest_llmlat.values.cost_figures import COST_FIGURES
from pytest_llmlat.values.count_figures import COUNT_FIGURES
from pytest_llmlat.values.draft_figures import DRAFT_FIGURES
from pytest_llmlat.values.energy_figures import ENERGY_FIGURES
from pytest_llmlat.values.latency_figures import LATENCY_FIGURES
from pytest_llmlat.values.rate_figures import RATE_FIGURES
from pytest_llmlat.values.resource_figures import RESOURCE_FIGURES
from pytest_llmlat.values.score_figures import SCORE_FIGURES
from pytest_llmlat.values.structured_figures import STRUCTURED_FIGURES
from pytest_llmlat.values.thought_figures import THOUGHT_FIGURES

if TYPE_CHECKING:
    from pytest_llmlat.values.figure import FigureDefinition

_OURS = (
    *SCORE_FIGURES,
    *LATENCY_FIGURES,
    *RATE_FIGURES,
    *COST_FIGURES,
    *ENERGY_FIGURES,
    *THOUGHT_FIGURES,
    *COUNT_FIGURES,
    *CACHE_FIGURES,
    *DRAFT_FIGURES,
    *STRUCTURED_FIGURES,
    *RESOURCE_FIGURES,
)
FIGURES: dict[str, FigureDefinition] = {figure.name: figure for figure in _OURS}
"""The definitions of all figures, by name; a new figure is one more entry."""
