"""Figures of resources: a cell's time around its answers, and its memory."""

from __future__ import annotations

from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
)

RESOURCE_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="load_s",
        meaning="Time to load the model, in seconds; shared by all cells of a model"
        " on a device.",
        shape="number",
        unit="s",
        better="lower",
    ),
    FigureDefinition(
        name="warmup_s",
        meaning="Time of the warm-up, in seconds; no part of any latency.",
        shape="number",
        unit="s",
        better="lower",
    ),
    FigureDefinition(
        name="wall_s",
        meaning="The whole cell, in seconds: warm-up, requests and the work between"
        " them.",
        shape="number",
        unit="s",
        better="lower",
    ),
    FigureDefinition(
        name="peak_rss_bytes",
        meaning="Highest resident memory of the process in the cell, in bytes.",
        shape="number",
        unit="bytes",
        better="lower",
        row_meaning="The highest of its cells, in bytes.",
    ),
    FigureDefinition(
        name="steady_rss_bytes",
        meaning="Resident memory of the process after an answer, the median of all, in"
        " bytes: what it takes while it serves, without what one answer needs on top.",
        shape="number",
        unit="bytes",
        better="lower",
    ),
    FigureDefinition(
        name="peak_device_bytes",
        meaning="Highest memory taken on the device in the cell, in bytes.",
        shape="number",
        unit="bytes",
        better="lower",
        row_meaning="The highest of its cells, in bytes.",
        columns=(
            FigureColumn(
                title="memory", views=("row_lines",), otherwise="peak_rss_bytes"
            ),
            FigureColumn(
                title="Memory",
                views=("page",),
                otherwise="peak_rss_bytes",
                meaning="peak, of the device or else of the process",
            ),
        ),
    ),
)
