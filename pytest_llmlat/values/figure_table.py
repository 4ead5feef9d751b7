"""Every figure of a cell and of a row, each defined once.

A figure that is read off records by its entry alone (``read``) needs nothing else: its
distribution is in ``Summary.figures``, and terminal, page, Markdown, ``summary.json``,
its schema, the export and the history take it from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.cache_figures import CACHE_FIGURES
from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
    timed,
)
from pytest_llmlat.values.gap_readings import gap, gaps
from pytest_llmlat.values.thought_figures import THOUGHT_FIGURES

if TYPE_CHECKING:
    from pytest_llmlat.values.figure import View


_EVERYWHERE: tuple[View, ...] = ("cells", "rows", "history")
_CELLS: tuple[View, ...] = ("cells", "history")

_OURS = (
    FigureDefinition(
        name="quality",
        meaning="The metric itself, between 0 and 1.",
        headlines=("value",),
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the quality with chance taken off.",
        limited=True,
    ),
    FigureDefinition(
        name="chance",
        meaning="The quality of guessing, averaged over what was asked.",
        shape="number",
        unit="ratio",
        better=None,
    ),
    FigureDefinition(
        name="normalized",
        meaning="The same with chance taken off: 0 is guessing, 1 is perfect.",
        shape="estimate",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="balanced",
        meaning="The mean of normalized quality and speed that was asked for;"
        " between 0 and 1.",
        headlines=("value",),
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the balanced score.",
        limited=True,
        of_time=True,
    ),
    FigureDefinition(
        name="speed",
        meaning="Mean of 1 / (1 + e2e / budget) over all requests, failures 0;"
        " between 0 and 1.",
        shape="estimate",
        unit="ratio",
        better="higher",
        row_meaning="Mean over families of the speed.",
        limited=True,
        of_time=True,
    ),
    FigureDefinition(
        name="geometric",
        meaning="Geometric mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="arithmetic",
        meaning="Arithmetic mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="harmonic",
        meaning="Harmonic mean of normalized quality and speed.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
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
        columns=(FigureColumn(title="e2e p99", which="p99", views=_EVERYWHERE),),
        compared=True,
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
        columns=(FigureColumn(title="ttft p99", which="p99", views=_EVERYWHERE),),
        compared=True,
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
    ),
    FigureDefinition(
        name="itl_s",
        meaning="Gaps between neighbouring messages of an answer, in seconds; of"
        " several tokens each where grouped is not 0.",
        shape="distribution",
        unit="s",
        better="lower",
        row_meaning="Gaps between neighbouring messages over all cells, in seconds; of"
        " several tokens each where grouped of a cell is not 0.",
        read=gaps,
        per_token=True,
        exported={"itl_p50_s": gap(50), "itl_p99_s": gap(99)},
        columns=(
            FigureColumn(
                title="itl p50",
                which="p50",
                views=_CELLS,
                meaning="median gap between two messages of an answer",
            ),
            FigureColumn(title="itl p99", which="p99", views=_CELLS),
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
    ),
    FigureDefinition(
        name="requests_per_s",
        meaning="Answered requests per second; under a load, over its window.",
        headlines=("value",),
        shape="number",
        unit="1/s",
        better="higher",
        limited=True,
    ),
    FigureDefinition(
        name="goodput_per_s",
        meaning="Answers per second that met every objective.",
        shape="number",
        unit="1/s",
        better="higher",
        limited=True,
    ),
    FigureDefinition(
        name="good_and_correct_per_s",
        meaning="Answers per second that met every objective and are right.",
        shape="number",
        unit="1/s",
        better="higher",
    ),
    FigureDefinition(
        name="good_share",
        meaning="Share of all requests that met every objective.",
        shape="number",
        unit="ratio",
        better="higher",
    ),
    FigureDefinition(
        name="output_tokens_per_s",
        meaning="Output tokens per second of all requests together.",
        shape="number",
        unit="tokens/s",
        better="higher",
    ),
    FigureDefinition(
        name="prefill_tokens_per_s",
        meaning="Prompt tokens per second of waiting for the first token, without"
        " the queue.",
        shape="number",
        unit="tokens/s",
        better="higher",
    ),
    FigureDefinition(
        name="decode_tokens_per_s",
        meaning="Tokens after the first per second spent on them, of one request.",
        shape="number",
        unit="tokens/s",
        better="higher",
        row_meaning="Tokens after the first per second spent on them.",
    ),
    FigureDefinition(
        name="seconds_per_correct",
        meaning="Time spent on all judged requests per right answer, in seconds;"
        " null where nothing was right or the metric knows no right and"
        " wrong.",
        shape="number",
        unit="s",
        better="lower",
        row_meaning="Time spent on all judged requests per right answer, in seconds.",
    ),
    FigureDefinition(
        name="tokens_per_correct",
        meaning="Output tokens of all judged requests, thoughts included, per right"
        " answer; null where nothing was right or tokens of some are not known.",
        shape="number",
        unit="tokens",
        better="lower",
        row_meaning="Output tokens of all judged requests per right answer.",
    ),
    *THOUGHT_FIGURES,
    FigureDefinition(
        name="correct_within_budget",
        meaning="Share of answers that are right and came within the task's budget.",
        shape="number",
        unit="ratio",
        better="higher",
        row_meaning="Share of judged requests that were right and within the budget.",
    ),
    FigureDefinition(
        name="samples",
        meaning="How many were.",
        headlines=("value",),
        shape="number",
        unit="count",
        better=None,
        row_meaning="Requests of all its cells.",
        optional=False,
    ),
    FigureDefinition(
        name="errors",
        meaning="Requests on which the backend broke; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        row_meaning="Those on which the backend broke.",
        optional=False,
    ),
    FigureDefinition(
        name="timeouts",
        meaning="Requests that were given up at the time limit; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        row_meaning="Those that were given up at the time limit.",
        optional=False,
    ),
    FigureDefinition(
        name="unparsed",
        meaning="Answers in which no answer could be found; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="truncated",
        meaning="Answers that were cut at the limit of tokens.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="refused",
        meaning="Requests that the model declined to answer.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="empty",
        meaning="Answers without any text.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="cut_in_thought",
        meaning="Answers that were cut at the limit of tokens before they had thought"
        " to the end; they count as wrong.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="prompt_tokens",
        meaning="Tokens of all answered prompts; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
    ),
    *CACHE_FIGURES,
    FigureDefinition(
        name="output_tokens",
        meaning="Tokens of all answers; null where some are not known.",
        shape="number",
        unit="count",
        better=None,
    ),
    FigureDefinition(
        name="retries",
        meaning="How often requests were sent again.",
        shape="number",
        unit="count",
        better="lower",
        optional=False,
    ),
    FigureDefinition(
        name="grouped",
        meaning="Answers in which some message carried several tokens.",
        shape="number",
        unit="count",
        better=None,
        optional=False,
    ),
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
        name="peak_device_bytes",
        meaning="Highest memory taken on the device in the cell, in bytes.",
        shape="number",
        unit="bytes",
        better="lower",
        row_meaning="The highest of its cells, in bytes.",
    ),
)
FIGURES: dict[str, FigureDefinition] = {figure.name: figure for figure in _OURS}
"""By name; an entry more is all that a new figure needs."""
