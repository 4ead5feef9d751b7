"""Figures of how long answers took, and their parts."""

from __future__ import annotations

from pytest_llmlat.values.figure import (
    EVERYWHERE,
    FigureColumn,
    FigureDefinition,
    timed,
)
from pytest_llmlat.values.gap_readings import gap, gaps

LATENCY_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="e2e_s",
        meaning="From handing the prompt over to the last content token, in"
        " seconds; answers only.",
        headlines=("p50", "p95"),
        shape="distribution",
        unit="s",
        better="lower",
        row_meaning="Over all answers of all cells, in seconds.",
        limited=True,
        exported={"e2e_s": timed(lambda t: t.e2e_s)},
        compared=True,
        columns=(
            FigureColumn(
                title="e2e p50",
                which="p50",
                views=("cells", "rows", "loads", "curves"),
                meaning="median time of a whole answer",
            ),
            FigureColumn(
                title="e2e p95", which="p95", views=("cells", "rows", "loads", "curves")
            ),
            FigureColumn(title="e2e p99", which="p99", views=EVERYWHERE),
            FigureColumn(
                title="e2e p50 [95 %]", which="p50", views=("history",), form="bounds"
            ),
            FigureColumn(
                title="e2e p50, seconds", which="p50", views=("plot",), form="bounds"
            ),
        ),
    ),
    FigureDefinition(
        name="ttft_s",
        meaning="Time to the first content token, in seconds.",
        headlines=("p50",),
        shape="distribution",
        unit="s",
        better="lower",
        row_meaning="Time to first token over all cells, in seconds.",
        limited=True,
        exported={"ttft_s": timed(lambda t: t.ttft_s)},
        compared=True,
        columns=(
            FigureColumn(title="ttft p50", which="p50", views=("row_lines", "loads")),
            FigureColumn(
                title="TTFT p50",
                which="p50",
                views=("page",),
                meaning="median time to the first token",
            ),
            FigureColumn(title="ttft p95", which="p95", views=("loads",)),
            FigureColumn(title="ttft p99", which="p99", views=EVERYWHERE),
        ),
    ),
    FigureDefinition(
        name="tpot_s",
        meaning="Time per output token after the first, in seconds.",
        headlines=("p50",),
        shape="distribution",
        unit="s",
        better="lower",
        row_meaning="Time per output token over all cells, in seconds.",
        limited=True,
        exported={"tpot_s": timed(lambda t: t.tpot_s)},
        compared=True,
        columns=(FigureColumn(title="tpot p50", which="p50", views=("loads",)),),
    ),
    FigureDefinition(
        name="itl_s",
        meaning="Gaps between neighbouring messages of an answer, in seconds; of"
        " several tokens each where grouped is not 0.",
        shape="distribution",
        unit="s",
        better="lower",
        row_meaning="Gaps between neighbouring messages over all cells, in seconds; of"
        " several tokens each where grouped is not 0.",
        read=gaps,
        per_token=True,
        exported={"itl_p50_s": gap(50), "itl_p99_s": gap(99)},
        columns=(
            FigureColumn(
                title="itl p50",
                which="p50",
                views=EVERYWHERE,
                meaning="median gap between two messages of an answer",
            ),
            FigureColumn(title="itl p99", which="p99", views=EVERYWHERE),
        ),
        limited=True,
    ),
    FigureDefinition(
        name="queue_s",
        meaning="From the scheduled arrival to the sending, in seconds.",
        shape="distribution",
        unit="s",
        better="lower",
        exported={"queue_s": timed(lambda t: t.queue_s)},
        columns=(FigureColumn(title="queue p50", which="p50", views=("loads",)),),
    ),
)
