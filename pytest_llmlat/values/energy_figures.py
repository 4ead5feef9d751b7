"""Figures of energy: joules of a cell, an answer, a token and a right answer."""

from __future__ import annotations

from pytest_llmlat.values.figure import FigureColumn, FigureDefinition

_GROSS = "all that the counters of its place counted, idle power included"
_NET = "gross less the idle power, measured before, times the time"
_TDP = "An ESTIMATE by TDP times time, no measurement:"

ENERGY_FIGURES: tuple[FigureDefinition, ...] = (
    FigureDefinition(
        name="joules",
        meaning=f"Energy of all requests together, in joules, gross: {_GROSS}; null"
        " without a counter, and of a server that is not ours.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all requests of its cells, in joules, gross.",
        of_time=True,
        spent="joules",
        earned="all",
    ),
    FigureDefinition(
        name="joules_per_answer",
        meaning=f"Energy of all requests per answer, in joules, gross: {_GROSS}. In a"
        " batch or under a load each has a share by its output tokens.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all requests of its cells per answer, in joules, gross.",
        limited=True,
        of_time=True,
        spent="joules",
        earned="answers",
        columns=(
            FigureColumn(
                title="J/answer",
                views=("page",),
                meaning="joules for each answer, idle power included",
            ),
        ),
    ),
    FigureDefinition(
        name="joules_per_token",
        meaning="Energy of all requests per output token, thoughts included, in joules,"
        " gross.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all requests of its cells per output token, gross.",
        limited=True,
        of_time=True,
        spent="joules",
        earned="each token",
    ),
    FigureDefinition(
        name="joules_per_correct",
        meaning="Energy of all judged requests per right answer, in joules, gross."
        " Where nothing was right it is infinite: its value is null, and its low end"
        " what it is at least.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all judged requests of its cells per right answer, in"
        " joules, gross.",
        limited=True,
        of_time=True,
        spent="joules",
        earned="right",
        columns=(
            FigureColumn(
                title="J/correct",
                views=("cells", "rows"),
                form="bounds",
                meaning="joules for each right answer, idle power included",
            ),
        ),
    ),
    FigureDefinition(
        name="net_joules_per_answer",
        meaning=f"Energy of all requests per answer, in joules, net: {_NET}.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all requests of its cells per answer, in joules, net.",
        limited=True,
        of_time=True,
        spent="net_joules",
        earned="answers",
    ),
    FigureDefinition(
        name="net_joules_per_correct",
        meaning="Energy of all judged requests per right answer, in joules, net:"
        f" {_NET}. Null too where no more was used than at rest.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning="Energy of all judged requests of its cells per right answer, in"
        " joules, net.",
        limited=True,
        of_time=True,
        spent="net_joules",
        earned="right",
        columns=(
            FigureColumn(
                title="net J/correct",
                views=("page",),
                form="bounds",
                meaning="joules for each right answer, less idle power times time",
            ),
        ),
    ),
    FigureDefinition(
        name="idle_watts",
        meaning="Power of the counted parts of the machine before the run, while"
        " nothing was asked; null where it was not measured.",
        shape="number",
        unit="W",
        better=None,
        told=lambda facts: None if facts.energy is None else facts.energy.idle_w,
    ),
    FigureDefinition(
        name="estimated_joules_per_answer",
        meaning=f"{_TDP} joules of all requests per answer. Only where it was asked"
        " for.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning=f"{_TDP} joules of all requests of its cells per answer.",
        limited=True,
        of_time=True,
        spent="estimated_joules",
        earned="answers",
    ),
    FigureDefinition(
        name="estimated_joules_per_correct",
        meaning=f"{_TDP} joules of all judged requests per right answer. Only where it"
        " was asked for.",
        shape="estimate",
        unit="J",
        better="lower",
        row_meaning=f"{_TDP} joules of all judged requests of its cells per right"
        " answer.",
        limited=True,
        of_time=True,
        spent="estimated_joules",
        earned="right",
        columns=(
            FigureColumn(
                title="J/correct (estimate)",
                views=("cells", "rows"),
                form="bounds",
                meaning="an estimate by TDP times time, not measured",
            ),
        ),
    ),
    FigureDefinition(
        name="co2_grams_per_answer",
        meaning="Carbon dioxide for each answer, in grams: measured joules times the"
        " grid intensity that was given (--llm-grid); null without either.",
        shape="estimate",
        unit="g",
        better="lower",
        row_meaning="Carbon dioxide for each answer of its cells, in grams.",
        limited=True,
        of_time=True,
        spent="carbon",
        earned="answers",
    ),
    FigureDefinition(
        name="co2_grams_per_correct",
        meaning="Carbon dioxide for each right answer, in grams: measured joules times"
        " the grid intensity that was given (--llm-grid); null without either.",
        shape="estimate",
        unit="g",
        better="lower",
        row_meaning="Carbon dioxide for each right answer of its cells, in grams.",
        limited=True,
        of_time=True,
        spent="carbon",
        earned="right",
        columns=(
            FigureColumn(
                title="g CO2/correct",
                views=("page",),
                form="bounds",
                meaning="grams of carbon dioxide for each right answer",
            ),
        ),
    ),
)
"""Of the counters' joules; null where there are none."""
