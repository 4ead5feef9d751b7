"""The table of options: each one's names, its meaning, and how it is read."""

from __future__ import annotations

from pytest_llmlat.plugin import given_option
from pytest_llmlat.plugin.gate_options import GATE_OPTIONS
from pytest_llmlat.plugin.option_entry import Option

OPTIONS = {
    "models": Option(
        flag="--llm",
        metavar="NAME",
        kind="args",
        help="model or address (hf:ORG/NAME, gguf:PATH) to measure; repeatable",
        read=given_option.texts,
        looked_up=True,
    ),
    "tasks": Option(
        flag="--llm-task",
        metavar="NAME",
        kind="args",
        help="task or family to run, of those that the tests name; repeatable",
        read=given_option.texts,
        looked_up=True,
    ),
    "samples": Option(
        flag="--llm-samples",
        metavar="N",
        help="samples of each task, a seeded and stratified draw; 'all' for all",
        read=given_option.samples,
    ),
    "repeats": Option(
        flag="--llm-repeats",
        metavar="N",
        help="how often each sample is asked, each time with a seed of its own",
        read=given_option.optional(given_option.whole(1)),
    ),
    "temperature": Option(
        flag="--llm-temperature",
        metavar="T",
        help="with which tokens are drawn, whatever test, model and task say; 0 takes"
        " the likeliest",
        read=given_option.optional(given_option.temperature),
    ),
    "top_p": Option(
        flag="--llm-top-p",
        metavar="P",
        help="share of the probability that tokens are drawn from, such as 0.95",
        read=given_option.optional(given_option.top_p),
    ),
    "shots": Option(
        flag="--llm-shots",
        metavar="N",
        help="examples before each question of a task that shows some; 0 for none",
        read=given_option.optional(given_option.whole(0)),
    ),
    "system": Option(
        flag="--llm-system",
        metavar="TEXT",
        help="system prompt of every chat, whatever model and task say",
        read=given_option.text,
    ),
    "chat_template_kwargs": Option(
        flag="--llm-chat-template-kwargs",
        metavar="EXPR",
        help="switches of the chat template: 'enable_thinking=false'",
        read=given_option.switches,
    ),
    "seed": Option(
        flag="--llm-seed",
        metavar="N",
        help="seed of draws, resampling and backends",
        read=given_option.whole(0),
    ),
    "vary": Option(
        flag="--llm-vary",
        metavar="EXPR",
        help="each model in the product of settings: 'dtype=float32,bfloat16"
        " threads=1,2'",
        read=given_option.vary,
        looked_up=True,
    ),
    "tune": Option(
        flag="--llm-tune",
        metavar="SPACE",
        help="find the best setting of each model: a TOML file, or 'threads=1,2,4"
        " batch=32..512'",
        read=given_option.space,
        looked_up=True,
    ),
    "tune_for": Option(
        flag="--llm-tune-for",
        metavar="GOAL",
        help="what is to be best: balance, 'fastest quality>=0.6' or 'cheapest"
        " quality=0.02'",
        read=given_option.plain,
        looked_up=True,
    ),
    "tune_budget": Option(
        flag="--llm-tune-budget",
        metavar="EXPR",
        help="what a tuning may take: 'requests=2000 minutes=30'",
        read=given_option.plain,
        looked_up=True,
    ),
    "tune_resume": Option(
        flag="--llm-tune-resume",
        metavar="DIR",
        help="folder of a run whose tuning goes on where it was cut short",
        read=given_option.optional(given_option.path_from_here),
        looked_up=True,
    ),
    "model_files": Option(
        flag="--llm-models",
        metavar="FILE",
        kind="paths",
        help="catalogue with more models (TOML); repeatable",
        read=given_option.paths,
        looked_up=True,
    ),
    "task_files": Option(
        flag="--llm-tasks",
        metavar="FILE",
        kind="paths",
        help="catalogue with more tasks (TOML); repeatable",
        read=given_option.paths,
        looked_up=True,
    ),
    "data": Option(
        flag="--llm-data",
        metavar="DIR",
        help="folder with local copies of public sets (JSONL, CSV or Parquet)",
        read=given_option.optional(given_option.data),
    ),
    "runs": Option(
        flag="--llm-runs",
        metavar="DIR",
        help="folder that runs are written to (default: .llmlat/runs of the project)",
        read=given_option.optional(given_option.path_from_here),
    ),
    "resume": Option(
        flag="--llm-resume",
        metavar="RUN",
        alone="last",
        help="go on with a run that was cut off: its folder or its name (default: the"
        " newest one); write =, and what to run apart",
        read=given_option.text,
        looked_up=True,
    ),
    "reuse": Option(
        flag="--llm-reuse",
        metavar="RUNS",
        alone="all",
        help="take answers of earlier runs for quality where all that decides them is"
        " the same, never for speed: names of runs (default: all); write =",
        read=given_option.text,
        looked_up=True,
    ),
    "spread": Option(
        flag="--llm-spread",
        metavar="WHERE",
        help="measure cells side by side: auto (each card of this machine), numa (those"
        " that share no memory), ray (a cluster here) or ray://HEAD:10001",
        read=given_option.text,
        looked_up=True,
    ),
    "clients": Option(
        flag="--llm-clients",
        metavar="N",
        help="processes that offer the load of a server together, where one cannot"
        " offer as much; 1 by default",
        read=given_option.whole(1),
    ),
    "shards": Option(
        flag="--llm-shards",
        metavar="N",
        help="workers of --llm-spread that answer each offline set together, one part"
        " each; 1 by default",
        read=given_option.whole(1),
    ),
    "report": Option(
        flag="--llm-report",
        metavar="DIR",
        help="folder for report.html, report.md, summary.json and the records",
        read=given_option.optional(given_option.path_from_here),
        looked_up=True,
    ),
    "benchmark": Option(
        flag="--llm-pytest-benchmark",
        metavar="FILE",
        help="write the cells' e2e as a file that pytest-benchmark reads",
        read=given_option.optional(given_option.file),
        looked_up=True,
    ),
    "balance": Option(
        flag="--llm-balance",
        metavar="EXPR",
        help="what is called balanced: a mean (geometric, arithmetic, harmonic or"
        " proportional), weights 'quality=1 speed=1 cost=1', or both",
        read=given_option.balance,
    ),
    "latency_budget": Option(
        flag="--llm-latency-budget",
        metavar="EXPR",
        kind="linelist",
        help="latency budgets in place of the tasks' own: '2s' or 'sentiment=500ms"
        " reasoning/sums=2s'",
        read=given_option.latency_budgets,
        looked_up=True,
    ),
    "cost_budget": Option(
        flag="--llm-cost-budget",
        metavar="EXPR",
        kind="linelist",
        help="cost budgets in place of the tasks' own: '0.002USD', '40J' or"
        " 'sentiment=0.001USD reasoning=0.004USD'",
        read=given_option.cost_budgets,
        looked_up=True,
    ),
    "sandbox": Option(
        flag="--llm-sandbox",
        metavar="NAME",
        help="where generated code runs: auto, none (unsafe), or one by name",
        read=given_option.choice(given_option.sandboxes),
    ),
    "limits": Option(
        flag="--llm-code-limits",
        metavar="EXPR",
        help="limits of a generated program: 'time=10s memory=2GiB output=1MB'",
        read=given_option.limits,
    ),
    "scenarios": Option(
        flag="--llm-scenario",
        metavar="S",
        kind="args",
        help="single, offline, concurrent:N or server:RATE; server:search finds the"
        " highest rate that is good and correct; repeatable",
        read=given_option.scenarios,
    ),
    "requests": Option(
        flag="--llm-requests",
        metavar="N",
        help="requests that count in a cell, going round its samples",
        read=given_option.optional(given_option.whole(1)),
    ),
    "slo": Option(
        flag="--llm-slo",
        metavar="EXPR",
        help="bounds for goodput: 'ttft<0.5 tpot<50ms e2e<3s queue<1s'",
        read=given_option.slo,
    ),
    "energy": Option(
        flag="--llm-energy",
        metavar="EXPR",
        help="how joules are counted: off, idle=10s (idle power before; 0 skips it),"
        " tdp=65 (an estimate beside)",
        read=given_option.energy,
    ),
    "judges": Option(
        flag="--llm-judge",
        metavar="NAME",
        kind="args",
        help="model that grades answers of tasks with the metric 'judge', when all is"
        " measured; repeatable",
        read=given_option.texts,
        looked_up=True,
    ),
    "spend": Option(
        flag="--llm-spend",
        metavar="EXPR",
        help="stop before more is spent: 'usd=5 minutes=30 joules=1e6'",
        read=given_option.spend,
        looked_up=True,
    ),
    "grid": Option(
        flag="--llm-grid",
        metavar="KG",
        help="carbon dioxide of a kilowatt-hour in kg, such as 0.35",
        read=given_option.optional(given_option.grid),
    ),
    "search": Option(
        flag="--llm-search",
        metavar="EXPR",
        help="when a load that is searched for holds: 'share=95%% quality=0.6 lost=0.05"
        " confidence=95%% within=10%% from=1 to=64'",
        read=given_option.search,
    ),
    "timeout_s": Option(
        flag="--llm-timeout",
        metavar="SECONDS",
        help="when a request to a server is given up: 120, 90s, 5min",
        read=given_option.optional(given_option.duration),
    ),
    **GATE_OPTIONS,
}
"""The options, by the name of the setting that each fills."""

MARKERS = {
    "llm(*tasks, samples=None, scenario=None, repeats=None, temperature=None,"
    " top_p=None, shots=None, variant=None, **limits)": "tasks for each model",
}
"""The markers as they are written, and what each means; each device has one beside."""
