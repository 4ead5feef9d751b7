"""Reader of GuideLLM's ``benchmarks.json``.

What to know of these files (GuideLLM 0.8.1):

- instants are of the wall clock, which may be set back;
- latencies are taken from the sending, and leave out the time by which it was late;
- ``time_per_output_token_ms`` there has the first token in it; the figure here is
  counted from its instants, and has not;
- requests that were under way at the end are ``incomplete``, and no failures;
- a report may hold only a part of the requests (``sample_size``), and none of answers
  but their text: there is no quality in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.peers.peer_run import (
    PeerAnswer,
    PeerCell,
    PeerReader,
    PeerRun,
)
from pytest_llmlat.store.peers.peer_values import (
    count,
    instant_ns,
    listed,
    number,
    table,
    text,
)
from pytest_llmlat.values.errors import BadPeerFile
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerWish

_UNGRADED = "GuideLLM grades no answers"
_NOTE = (
    "times are GuideLLM's, of the wall clock, from the sending of a request and not"
    " from when it was due"
)
_STATES = ("successful", "errored")


def recognises(file: PeerFile) -> bool:
    """Whether it is a report with requests in it."""
    found = [table(one) for one in listed(file.head.get("benchmarks"))]
    return bool(found) and "requests" in found[0] and "metrics" in found[0]


def read(files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Return a cell for each load of a report.

    Raises:
        BadPeerFile: several reports, or one without requests.
    """
    del wish
    if len(files) > 1:
        raise BadPeerFile(
            f"{files[1].path}: is another report than {files[0].path}; read one report"
            " at a time"
        )
    report = files[0].whole()
    told: list[str] = []
    cells = []
    for benchmark in map(table, listed(report["benchmarks"])):
        cell = _cell(benchmark, report, told)
        if cell.answers:
            cells.append(cell)
        else:
            told.append(f"the load {cell.scenario} has no request, and is left out")
    if not cells:
        raise BadPeerFile(f"{files[0].path}: no request is in it; write it as JSON")
    version = table(report.get("metadata")).get("guidellm_version")
    return PeerRun(version=text(version) or None, cells=cells, told=tuple(told))


def _cell(
    benchmark: dict[str, Any], report: dict[str, Any], told: list[str]
) -> PeerCell:
    requests = table(benchmark.get("requests"))
    scenario = _scenario(table(table(benchmark.get("config")).get("strategy")))
    under_way = len(listed(requests.get("incomplete")))
    if under_way:
        told.append(
            f"{scenario}: {under_way} requests were under way at the end, and left out"
        )
    lines = [
        (state, table(one)) for state in _STATES for one in listed(requests.get(state))
    ]
    return PeerCell(
        model=_model(benchmark, report) or "unnamed",
        task="requests",
        answers=[_answer(one, failed=state == "errored") for state, one in lines],
        scenario=scenario,
        ungraded=_UNGRADED,
        planned=_total(benchmark),
        one_clock=True,
        by_prompt=True,
        notes=(_NOTE,),
    )


def _total(benchmark: dict[str, Any]) -> int | None:
    """Return the requests that ended, of which a report may keep only some."""
    totals = table(table(benchmark.get("metrics")).get("request_totals"))
    parts = [count(totals.get(state)) for state in _STATES]
    return None if None in parts else sum(part or 0 for part in parts)


def _scenario(strategy: dict[str, Any]) -> str:
    kind, streams = strategy.get("type_"), count(strategy.get("streams"))
    rate = number(strategy.get("rate"))
    if kind == "synchronous":
        return SINGLE.name
    if kind == "concurrent" and streams:
        return f"concurrent:{streams}"
    if kind in ("constant", "poisson") and rate and rate > 0:
        return f"server:{rate:g}"
    return "offline"


def _answer(line: dict[str, Any], *, failed: bool) -> PeerAnswer:
    info = table(line.get("info"))
    times = table(info.get("timings"))
    first = times.get("first_output_token_iteration")
    first = times.get("first_token_iteration") if first is None else first
    prompt = _prompt(line.get("request_args"))
    return PeerAnswer(
        sample=text(line["request_id"]),
        prompt=prompt,
        answer=None if failed else text(line.get("output")),
        error=(text(info.get("error")) or "failed") if failed else None,
        start_ns=instant_ns(times.get("request_start"), "s"),
        first_ns=instant_ns(first, "s"),
        last_ns=instant_ns(times.get("last_token_iteration"), "s"),
        end_ns=instant_ns(times.get("request_end"), "s"),
        prompt_tokens=_tokens(line.get("input_metrics")),
        output_tokens=_tokens(line.get("output_metrics")),
    )


def _tokens(told: Any) -> int | None:  # noqa: ANN401 - any JSON value
    found = table(told)
    return count(found.get("text_tokens", found.get("total_tokens")))


def _prompt(told: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the last message, or the prompt, of a request as it was sent."""
    try:
        body = table(table(json.loads(told)).get("body"))
    except (TypeError, ValueError, RecursionError):
        return text(told)
    messages = listed(body.get("messages"))
    content = table(messages[-1]).get("content") if messages else body.get("prompt")
    if isinstance(content, list):
        return "".join(text(table(part).get("text")) for part in content)
    return text(content)


def _model(benchmark: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the model's name, from where versions of GuideLLM have it."""
    backend = table(table(benchmark.get("config")).get("backend"))
    asked = table(report.get("config") or report.get("args"))
    kwargs = table(asked.get("backend_kwargs"))
    for told in (backend.get("model"), asked.get("model"), kwargs.get("model")):
        if told:
            return text(told)
    return text(table(asked.get("backend")).get("model"))


READER = PeerReader(
    files="benchmarks.json of guidellm", recognises=recognises, read=read
)
