"""Boards for tests of reports: every part is there, and every text is one name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.values.cell_facts import Contention, LoadFacts
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import (
    OUTCOMES,
    Distribution,
    Estimate,
    Scoreboard,
    Standing,
    Summary,
    Verdict,
)
from pytest_llmlat.values.row_comparison import (
    Comparison,
    Front,
    Sweep,
    Unranked,
    WhyUnranked,
)
from tests.unit.builders import a_cell, a_record, some_facts

HOSTILE = (
    "\x1b[2J\r\n\n| a | b |\r| --- |\n# evil\u202e\u200b`</code></details>"
    "<img src=x onerror=y>[x](http://e.vil)![y](z) @org/team #123 GH-1"
    " me@e.vil www.e.vil https://e.vil\u2028/close\n/close &lt; $x$ :tada:\\|"
)
RUN: dict[str, Any] = {
    "id": "r1",
    "started": "2026-01-01T00:00:00+00:00",
    "seconds": 412.3,
    "environment": {
        "python": "3.11.7",
        "system": "Linux",
        "release": "6.1",
        "machine": "x86_64",
        "cpu": "EPYC",
        "cores": 2,
        "gpus": None,
        "pytest": "9.2.0",
        "torch": None,
        "numpy": "2.4.6",
    },
}
FINE = Verdict(
    cell="reasoning/sums|owl|cpu|single",
    quantity="e2e",
    outcome="pass",
    against="main",
    baseline=1.0,
    candidate=1.01,
    change=0.01,
    low=-0.03,
    high=0.012,
    tolerance=0.05,
)
NONE = Estimate(value=None)
NO_TIMES = Distribution()


def a_summary(
    model: str = "owl", task: str = "reasoning/sums", scenario: str = "single"
) -> Summary:
    """Return the statistics of a cell with one right answer."""
    cell = a_cell(model, task=task, scenario=scenario)
    return summarise(
        some_facts(cell),
        [a_record(cell=cell)],
        balance="geometric",
        slo=parse("", where="slo"),
    )


def a_standing(model: str = "owl") -> Standing:
    """Return a row of a model of which nothing is known."""
    return Standing(
        model=model,
        device="cpu",
        scenario="single",
        families=("reasoning",),
        samples=1,
        errors=0,
        timeouts=0,
        grouped=0,
        partial=False,
        quality=NONE,
        chance=None,
        normalized=NONE,
        above_guessing=True,
        speed=NONE,
        balanced=NONE,
        e2e_s=NO_TIMES,
        ttft_s=NO_TIMES,
        tpot_s=NO_TIMES,
        decode_tokens_per_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        seconds_per_correct=None,
        tokens_per_correct=None,
        pareto=True,
        ranks=(1, 1),
        budget_ranks=(1, 1),
        bis=None,
        figures=(("itl_s", Distribution()),),
        averages=(
            *(("correct_within_budget", NONE), ("timely_quality", NONE)),
            *((name, NONE) for name, figure in FIGURES.items() if figure.earned),
        ),
        numbers=(
            ("time_weight", None),
            ("cached_share", None),
            *(("draft_accepted", None), ("tokens_per_step", None)),
            ("valid_share", None),
            ("field_share", None),
        ),
    )


def a_comparison(*rows: Standing, best: bool = True) -> Comparison:
    """Return a comparison of rows of which nothing is told but that they are alike."""
    ids = tuple(row.id for row in rows)
    return Comparison(
        scenario=rows[0].scenario,
        families=rows[0].families,
        rows=ids,
        places=tuple(range(1, 1 + len(rows))) if best else (None,) * len(rows),
        best=ids[0] if best and len(rows) > 1 else None,
        better_than=(),
        not_distinguishable=ids[1:] if best else (),
        halves=(),
        fronts=(Front(family=None, axis="e2e", rows=ids),),
        weight_decides=False,
        sweeps=(Sweep(of="weight", low=0.3, high=0.7, holds_from=0.3, holds_to=0.7),),
        time_hardly_counts=None,
        unranked=()
        if best
        else tuple(Unranked(row=id_, why=WhyUnranked.GUESSING) for id_ in ids),
        right_in_time=0,
        judged=1,
        contended=False,
        apart=(),
    )


def a_load(reason: str | None = None) -> LoadFacts:
    """Return a load that was offered for a second."""
    return LoadFacts(
        window_s=1.0,
        ended=1,
        failed=0,
        before=0,
        after=0,
        in_flight=2,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=reason,
    )


def a_board(name: str = "owl", *, times: int = 1) -> Scoreboard:
    """Return a board with every part of a report, all texts by this name."""
    cell = a_summary(name, name, "concurrent:2")
    contended = Contention(
        others_cores=None,
        steal=None,
        load_average=None,
        throttled=None,
        gpu_processes=None,
        contended=name,
    )
    cell = replace(
        cell,
        load=a_load(name),
        metric=name,
        slo=name,
        warnings=(name,),
        contention=contended,
    )
    verdicts = tuple(
        replace(
            FINE, cell=name, quantity=name, against=name, note=name, outcome=outcome
        )
        for outcome in OUTCOMES
    )
    rows = (a_standing(name), a_standing(name))
    return Scoreboard(
        summaries=(cell,) * times,
        standings=rows * times,
        verdicts=verdicts * times,
        comparisons=(a_comparison(*rows),) * times,
    )


def a_run(name: str) -> dict[str, Any]:
    """Return facts of a run that all have this name."""
    environment = {**RUN["environment"], "cpu": name, name: name}
    return {"id": name, "started": name, "commit": name, "environment": environment}
