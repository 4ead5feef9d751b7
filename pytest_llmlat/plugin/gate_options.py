"""The options of the gate: what is compared with what, and what a change may cost."""

from __future__ import annotations

from pytest_llmlat.plugin import given_option
from pytest_llmlat.plugin.option_entry import Option

GATE_OPTIONS = {
    "against": Option(
        flag="--llm-against",
        metavar="NAME",
        help="model to measure each other one beside, in turn (A B B A)",
        read=given_option.text,
        looked_up=True,
    ),
    "prompts": Option(
        flag="--llm-prompt",
        metavar="OLD,NEW",
        help="two prompts to compare in turn (A B B A): files, or names of a task's;"
        " one alone is measured beside the task's own",
        read=given_option.prompts,
        looked_up=True,
    ),
    "until_decided": Option(
        flag="--llm-until-decided",
        metavar="",
        help="end a cell in turn with another as soon as its result is clear",
        read=given_option.said,
        looked_up=True,
    ),
    "baseline": Option(
        flag="--llm-baseline",
        metavar="FILE",
        help="stored run to compare with; a regression fails the run",
        read=given_option.optional(given_option.path),
        looked_up=True,
    ),
    "save_baseline": Option(
        flag="--llm-save-baseline",
        metavar="FILE",
        alone="baseline.json",
        help="store this run beside those that the file holds, for later ones to be"
        " compared with (default: baseline.json)",
        read=given_option.optional(given_option.path),
        looked_up=True,
    ),
    "yardstick": Option(
        flag="--llm-yardstick",
        metavar="NAME",
        alone="smollm2-135m",
        help="model that is asked in turn with each cell to tell how fast the machine"
        " is, so that runs of several machines compare (default: smollm2-135m)",
        read=given_option.text,
        looked_up=True,
    ),
    "tolerances": Option(
        flag="--llm-tolerance",
        metavar="EXPR",
        kind="linelist",
        help="how much worse is tolerated: '[TASK@MODEL:] e2e=5%% quality=0.02'",
        read=given_option.tolerances,
    ),
    "bounds": Option(
        flag="--llm-limit",
        metavar="EXPR",
        kind="linelist",
        help="absolute limits: '[TASK@MODEL:] quality>=0.6 ttft_p95<=0.5s'",
        read=given_option.bounds,
    ),
    "answered": Option(
        flag="--llm-answered",
        metavar="EXPR",
        kind="linelist",
        help="share of a cell's requests that are to be answered, or it fails:"
        " '[TASK@MODEL:] 90%%' (default: 50%%)",
        read=given_option.answered,
    ),
    "new_cells": Option(
        flag="--llm-new-cells",
        metavar="WHAT",
        help="cells that the baseline lacks: fail, warn or pass",
        read=given_option.choice(lambda: ("fail", "warn", "pass")),
    ),
    "unsure": Option(
        flag="--llm-inconclusive",
        metavar="WHAT",
        help="what cannot be decided: pass or fail",
        read=given_option.choice(lambda: ("pass", "fail")),
    ),
    "look_again": Option(
        flag="--llm-look-again",
        metavar="WHEN",
        help="measure a cell again before it is judged slower than stored runs:"
        " suspicious or never",
        read=given_option.choice(lambda: ("suspicious", "never")),
    ),
    "gate_from": Option(
        flag="--llm-gate-from",
        metavar="BASE",
        help="take what a change is held to from its base: a folder, an ini file in it,"
        " or a reference of git (origin/main)",
        read=given_option.text,
        looked_up=True,
    ),
    "changed": Option(
        flag="--llm-changed",
        metavar="",
        help="measure only what has another prompt, other data or another model than"
        " the base (--llm-gate-from) or the stored run",
        read=given_option.said,
        looked_up=True,
    ),
    "power": Option(
        flag="--llm-power",
        metavar="",
        help="tell before the run which changes it can see beside the baseline",
        read=given_option.said,
        looked_up=True,
    ),
}
"""The options of the gate, by the name of the setting that each fills."""
