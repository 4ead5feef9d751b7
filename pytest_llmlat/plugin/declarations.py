"""Which options there are: what is typed, what it means, what the ini file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["string", "args", "linelist", "paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option, on the command line and in the ini file."""

    flag: str
    metavar: str
    """Empty for one that takes no value."""
    help: str
    default: str = ""
    kind: Kind = "string"
    """In the ini file; any but ``string`` is a list, and repeatable when typed."""
    alone: str | None = None
    """What it means without a value; ``None`` where it must have one."""

    @property
    def ini(self) -> str:
        """The name in the ini file: what is typed, with underscores."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def unset(self) -> str | list[str]:
        """The value in an ini file that does not say it."""
        return self.default if self.kind == "string" else []


OPTIONS = {
    "models": Option(
        flag="--llm",
        metavar="NAME",
        kind="args",
        help="model or address (hf:ORG/NAME, gguf:PATH) to measure; repeatable",
    ),
    "task": Option(
        flag="--llm-task",
        metavar="NAME",
        kind="args",
        help="task or family to run, of those that the tests name; repeatable",
    ),
    "samples": Option(
        flag="--llm-samples",
        metavar="N",
        help="samples of each task, a seeded and stratified draw; 'all' for all",
    ),
    "seed": Option(
        flag="--llm-seed",
        metavar="N",
        default="0",
        help="seed of draws, resampling and backends",
    ),
    "vary": Option(
        flag="--llm-vary",
        metavar="EXPR",
        help="each model in the product of settings: 'dtype=float32,bfloat16"
        " threads=1,2'",
    ),
    "model_files": Option(
        flag="--llm-models",
        metavar="FILE",
        kind="paths",
        help="catalogue with more models (TOML); repeatable",
    ),
    "task_files": Option(
        flag="--llm-tasks",
        metavar="FILE",
        kind="paths",
        help="catalogue with more tasks (TOML); repeatable",
    ),
    "data": Option(
        flag="--llm-data",
        metavar="DIR",
        help="folder with local copies of public sets (JSONL, CSV or Parquet)",
    ),
    "report": Option(
        flag="--llm-report",
        metavar="DIR",
        help="folder for report.html, report.md, summary.json and the records",
    ),
    "benchmark": Option(
        flag="--llm-pytest-benchmark",
        metavar="FILE",
        help="write the cells' e2e as a file that pytest-benchmark reads",
    ),
    "balance": Option(
        flag="--llm-balance",
        metavar="MEAN",
        default="geometric",
        help="mean that is called balanced: geometric, arithmetic or harmonic",
    ),
    "sandbox": Option(
        flag="--llm-sandbox",
        metavar="NAME",
        default="auto",
        help="where generated code runs: auto, none (unsafe), or one by name",
    ),
    "limits": Option(
        flag="--llm-code-limits",
        metavar="EXPR",
        help="limits of a generated program: 'time=10s memory=2GiB output=1MB'",
    ),
    "scenario": Option(
        flag="--llm-scenario",
        metavar="S",
        kind="args",
        help="single, offline, concurrent:N or server:RATE; repeatable",
    ),
    "requests": Option(
        flag="--llm-requests",
        metavar="N",
        help="requests that count in a cell, going round its samples",
    ),
    "slo": Option(
        flag="--llm-slo",
        metavar="EXPR",
        help="bounds for goodput: 'ttft<0.5 tpot<50ms e2e<3s queue<1s'",
    ),
    "timeout": Option(
        flag="--llm-timeout",
        metavar="SECONDS",
        help="when a request to a server is given up: 120, 90s, 5min",
    ),
    "against": Option(
        flag="--llm-against",
        metavar="NAME",
        help="model to measure each other one beside, in turn (A B B A)",
    ),
    "baseline": Option(
        flag="--llm-baseline",
        metavar="FILE",
        help="stored run to compare with; a regression fails the run",
    ),
    "save_baseline": Option(
        flag="--llm-save-baseline",
        metavar="FILE",
        alone="baseline.json",
        help="store this run for later ones (default: baseline.json)",
    ),
    "tolerance": Option(
        flag="--llm-tolerance",
        metavar="EXPR",
        kind="linelist",
        help="how much worse is tolerated: '[TASK@MODEL:] e2e=5%% quality=0.02'",
    ),
    "limit": Option(
        flag="--llm-limit",
        metavar="EXPR",
        kind="linelist",
        help="absolute limits: '[TASK@MODEL:] quality>=0.6 ttft_p95<=0.5s'",
    ),
    "new_cells": Option(
        flag="--llm-new-cells",
        metavar="WHAT",
        default="warn",
        help="cells that the baseline lacks: fail, warn or pass",
    ),
    "inconclusive": Option(
        flag="--llm-inconclusive",
        metavar="WHAT",
        default="pass",
        help="what cannot be decided: pass or fail",
    ),
    "power": Option(
        flag="--llm-power",
        metavar="",
        help="tell before the run which changes it can see beside the baseline",
    ),
}
"""By the name under which each is read."""

MARKERS = {
    "llm(*tasks, samples=None, scenario=None, **limits)": "tasks for each model",
    "cpu": "cells that run on the processor",
    "cuda": "cells that run on an NVIDIA GPU",
    "a6000": "cells that run on an NVIDIA RTX A6000",
    "mps": "cells that run on Apple silicon",
    "hf": "cells that run in Hugging Face's cloud",
    "endpoint": "cells that run on an HTTP server of yours",
}
"""What each marker means, by how it is written."""
