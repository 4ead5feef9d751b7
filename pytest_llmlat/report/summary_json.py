"""``summary.json``: all figures of a run for programs. Absent figures are null."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis import score
from pytest_llmlat.report.answer_sentence import answer_sentence

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard, Standing, Summary

SCHEMA = 1


def summary_text(run: dict[str, Any], board: Scoreboard) -> str:
    """Return the whole file; ``docs/summary.schema.json`` tells what is in it.

    Changes in verdicts are counted so that positive is worse, whatever the quantity.

    Args:
        run: id, started, seconds, settings and environment; of joined runs also each
            run's own under ``runs``.
        board: the figures.
    """
    content = {
        "schema": SCHEMA,
        "score_version": score.VERSION,
        "sentence": answer_sentence(board),
        "run": {**run, "instrument": _instrument(board)},
        "balance": str(board.balance),
        "cells": [_cell(summary) for summary in board.summaries],
        "models": [_model(standing) for standing in board.standings],
        "comparisons": [asdict(comparison) for comparison in board.comparisons],
        "unscored": list(board.unscored),
        "contrasts": [asdict(contrast) for contrast in board.contrasts],
        "searches": [asdict(found) for found in board.searches],
        "load_answers": [asdict(found) for found in board.load_answers],
        "tunings": [asdict(tuning) for tuning in board.tunings],
        "races": [asdict(race) for race in board.races],
        "verdicts": [asdict(verdict) for verdict in board.verdicts],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _instrument(board: Scoreboard) -> dict[str, Any] | None:
    """Return the check of the clock that came out worst; ``None`` without any."""
    found = [s.instrument for s in board.summaries if s.instrument is not None]
    return asdict(max(found, key=lambda i: abs(i.bias_s))) if found else None


def _cell(summary: Summary) -> dict[str, Any]:
    content = asdict(summary)
    cell = content.pop("cell")
    content["details"] = dict(content["details"])
    content["missed"] = dict(content["missed"])
    content["backend"] = dict(summary.backend)
    if summary.judging is not None:
        content["judging"]["beside"] = dict(content["judging"]["beside"])
        for judge in content["judging"]["judges"]:
            judge["problems"] = dict(judge["problems"])
    if summary.engine is not None:
        content["engine"]["counters"] = {
            name: {"before": before, "after": after}
            for name, before, after in summary.engine.counters
        }
    if summary.node is not None:
        content["node"]["environment"] = dict(summary.node.environment)
    figures = _by_entry(content)
    return {"id": summary.cell.id, **cell, **content, **figures}


def _by_entry(content: dict[str, Any]) -> dict[str, Any]:
    """Take what figures' definitions alone say how to compute out of their lists."""
    groups = ("figures", "numbers", "averages")
    return {name: each for group in groups for name, each in content.pop(group)}


def _model(standing: Standing) -> dict[str, Any]:
    content = asdict(standing)
    figures = _by_entry(content)
    return {"id": standing.id, **content, **figures}
