"""Small files of other tools, in their shapes, of our own content."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STARTED_NS = 1_790_000_000_000_000_000
"""An instant of the wall clock, such as tools write."""


def as_lines(rows: Iterable[dict[str, Any]]) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def lm_eval_line(number: int, *, right: bool = True, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a line of samples: a question that was answered in words."""
    return {
        "doc_id": number,
        "doc": {"q": number},
        "target": str(number),
        "arguments": {"gen_args_0": {"arg_0": f"Say {number}:", "arg_1": {}}},
        "resps": [[f" {number}" if right else " no"]],
        "filtered_resps": [str(number) if right else "no"],
        "filter": "none",
        "metrics": ["exact_match"],
        "exact_match": float(right),
        **more,
    }


def lm_eval_choice(number: int, *, chosen: int) -> dict[str, Any]:
    """Return a line of samples: four options were ranked, the second is right."""
    options = {
        f"gen_args_{place}": {"arg_0": f"Which is {number}?", "arg_1": f" {word}"}
        for place, word in enumerate(("red", str(number), "blue", "green"))
    }
    ranks = [["-0.1" if place == chosen else "-2.5", "False"] for place in range(4)]
    return {
        "doc_id": number,
        "doc": {"g": 1},
        "target": "1",
        "arguments": options,
        "resps": [[each] for each in ranks],
        "filtered_resps": ranks,
        "filter": "none",
        "metrics": ["acc", "acc_norm"],
        "acc": float(chosen == 1),
        "acc_norm": 1.0,
    }


def lm_eval_results(task: str, *, samples: int) -> dict[str, Any]:
    """Return what a run says of itself."""
    return {
        "results": {task: {}},
        "configs": {task: {"output_type": "generate_until"}},
        "higher_is_better": {task: {"exact_match": True}},
        "n-samples": {task: {"original": 99, "effective": samples}},
        "config": {"model": "hf", "device": "cuda:0", "batch_size": 4},
        "lm_eval_version": "0.4.13",
        "model_name": "org/owl",
    }


def write_lm_eval(folder: Path, rows: list[dict[str, Any]], task: str = "sums") -> Path:
    """Write the folder of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"samples_{task}_2026-11-01T10.jsonl").write_text(as_lines(rows))
    told = lm_eval_results(task, samples=len(rows))
    (folder / "results_2026-11-01T10.json").write_text(json.dumps(told))
    return folder


def inspect_sample(number: int, value: Any = "C", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a sample of a log, with one call of 0.25 s."""
    output = {
        "choices": [{"message": {"content": f"It is {number}"}, "stop_reason": "stop"}],
        "completion": f"It is {number}",
        "usage": {"input_tokens": 9, "output_tokens": 4},
        "time": 0.25,
    }
    return {
        "id": f"s{number}",
        "epoch": 1,
        "input": f"Say {number}",
        "target": str(number),
        "output": output,
        "scores": {"match": {"value": value, "answer": str(number)}},
        "events": [{"event": "model", "output": output}],
        **more,
    }


def inspect_log(samples: list[dict[str, Any]], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a log of these samples."""
    about = {
        "task": "sums",
        "model": "openai/owl",
        "created": "2026-11-01T10:00:00+00:00",
        "dataset": {"samples": len(samples)},
        "config": {"epochs": 1},
        "model_generate_config": {"max_connections": 1},
        "packages": {"inspect_ai": "0.3.285"},
    }
    return {"version": 2, "status": "success", "eval": about | more, "samples": samples}


def packed(log: dict[str, Any]) -> bytes:
    """Return a log as an archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        header = {name: value for name, value in log.items() if name != "samples"}
        archive.writestr("header.json", json.dumps(header))
        for sample in log["samples"]:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, json.dumps(sample))
    return held.getvalue()


def aiperf_record(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a line of records: TTFT 50 ms, 200 ms in all, 16 tokens."""
    start = STARTED_NS + number * 100_000_000
    return {
        "metadata": {
            "session_num": number,
            "x_request_id": f"request-{number}",
            "conversation_id": f"session-{number}",
            "turn_index": 0,
            "request_start_ns": start,
            "request_end_ns": start + 210_000_000,
            "benchmark_phase": "profiling",
        },
        "metrics": {
            "time_to_first_token": {"value": 50.0, "unit": "ms"},
            "request_latency": {"value": 200.0, "unit": "ms"},
            "input_sequence_length": {"value": 9, "unit": "tokens"},
            "output_sequence_length": {"value": 16, "unit": "tokens"},
        },
        "error": None,
        **more,
    }


def aiperf_grade(number: int, *, passed: bool = True) -> dict[str, Any]:
    """Return a line of grades."""
    return {
        "session_num": number,
        "x_request_id": f"request-{number}",
        "benchmark_phase": "profiling",
        "task": "sums",
        "grader_name": "math",
        "passed": passed,
        "expected": str(number),
        "actual": str(number if passed else -1),
        "model_output": f"It is {number}",
    }


def write_aiperf(
    folder: Path, records: list[dict[str, Any]], grades: list[dict[str, Any]] | None
) -> Path:
    """Write the folder of a run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile_export.jsonl").write_text(as_lines(records))
    if grades is not None:
        (folder / "accuracy_export.jsonl").write_text(as_lines(grades))
    sessions = [
        {
            "session_id": row["metadata"]["conversation_id"],
            "payloads": [{"messages": [{"role": "user", "content": "Say it"}]}],
        }
        for row in records
    ]
    (folder / "inputs.json").write_text(json.dumps({"data": sessions}))
    about = {
        "aiperf_version": "0.13.0",
        "request_latency": {"unit": "ms"},
        "input_config": {"endpoint": {"model_names": ["owl"]}, "concurrency": 4},
    }
    (folder / "profile_export_aiperf.json").write_text(json.dumps(about))
    return folder


def guidellm_request(number: int, **timings: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a request of a report: TTFT 50 ms, 200 ms in all, 16 tokens."""
    start = STARTED_NS / 1e9 + number / 10
    return {
        "request_id": f"id-{number}",
        "request_args": json.dumps({"body": {"prompt": f"Say {number}"}}),
        "output": "a b c",
        "info": {
            "timings": {
                "request_start": start,
                "first_token_iteration": start + 0.05,
                "last_token_iteration": start + 0.2,
                "request_end": start + 0.21,
                **timings,
            }
        },
        "input_metrics": {"text_tokens": 9},
        "output_metrics": {"text_tokens": 16},
    }


def guidellm_report(
    requests: dict[str, list[dict[str, Any]]],
    strategy: dict[str, Any],
) -> dict[str, Any]:
    """Return a report of one load."""
    totals = {state: len(own) for state, own in requests.items()}
    return {
        "metadata": {"version": 2, "guidellm_version": "0.8.1"},
        "config": {"backend": {"model": "owl"}},
        "benchmarks": [
            {
                "config": {"strategy": strategy, "backend": {"model": "owl"}},
                "requests": requests,
                "metrics": {"request_totals": {"errored": 0, **totals}},
            }
        ],
    }


def promptfoo_row(number: int, *, score: float = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a result: 40 ms, one assertion."""
    assertion = {"type": "equals", "value": str(number)}
    return {
        "testIdx": number,
        "promptIdx": 0,
        "provider": {"id": "echo", "label": "owl"},
        "prompt": {"raw": f"Say {number}"},
        "response": {"output": f"Say {number}", "cached": False},
        "latencyMs": 40,
        "score": score,
        "failureReason": 0 if score else 1,
        "gradingResult": {"componentResults": [{"assertion": assertion}]},
        "testCase": {"assert": [assertion]},
        **more,
    }


def promptfoo_results(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a file of results."""
    return {
        "results": {"version": 3, "results": rows},
        "config": {"description": "sums"},
        "metadata": {"promptfooVersion": "0.121.20"},
    }
