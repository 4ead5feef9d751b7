"""Reader of AIPerf's files: ``profile_export.jsonl`` and what lies beside it.

Times are in ``profile_export.jsonl``, grades in ``accuracy_export.jsonl``, prompts in
``inputs.json``, version and model in ``profile_export_aiperf.json``. Lines of the first
two are of one request where their ``x_request_id`` is the same.

What to know of these files (AIPerf 0.13.0):

- latencies are taken from the start of the sending to the first and to the last chunk
  with content; a wait for a free connection before it is not in them;
- ids of requests and conversations are drawn anew in each run, and the text of an
  answer stands beside its grade only;
- ``inter_token_latency`` is one mean of each answer, so that no single gap is known;
- one chunk may carry several tokens; it is counted as one;
- ``unparsed`` says that a grader needed its fallback, and such an answer may be right.
"""

from __future__ import annotations

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
    span_ns,
    table,
    text,
)
from pytest_llmlat.values.errors import BadPeerFile
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerWish

_PROFILING = "profiling"
_NO_GRADES = "no accuracy_export.jsonl was read"
_NOTE = (
    "times are AIPerf's, from the start of the sending, also where a request had been"
    " due before"
)


def _is_profile(head: dict[str, Any]) -> bool:
    return "request_start_ns" in table(head.get("metadata")) and "metrics" in head


def _is_accuracy(head: dict[str, Any]) -> bool:
    return {"grader_name", "passed"} <= head.keys()


def _is_inputs(head: dict[str, Any]) -> bool:
    sessions = listed(head.get("data"))
    return bool(sessions) and {"session_id", "payloads"} <= table(sessions[0]).keys()


def _is_summary(head: dict[str, Any]) -> bool:
    return "aiperf_version" in head and "request_latency" in head


_KINDS = (_is_profile, _is_accuracy, _is_inputs, _is_summary)


def recognises(file: PeerFile) -> bool:
    """Whether it is one of the files that are read here."""
    return any(kind(dict(file.head)) for kind in _KINDS)


def read(files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Return a cell for each task; one where nothing was graded.

    Raises:
        BadPeerFile: there are no records of requests, or two files of one kind.
    """
    del wish
    profile, accuracy, inputs, summary = (_only(files, kind) for kind in _KINDS)
    if profile is None:
        raise BadPeerFile(
            f"{files[0].path}: holds no times; name profile_export.jsonl of the same"
            " run too (AIPerf writes it with --export-level records)"
        )
    about = {} if summary is None else summary.whole()
    lines = [line for line in profile.lines() if _counts(line)]
    grades, told = _grades(accuracy, profile)
    cells = _cells(lines, grades, _prompts(inputs), about)
    if summary is None:
        told.append("no profile_export_aiperf.json was named: no model, no version")
    return PeerRun(
        version=text(about.get("aiperf_version")) or None,
        cells=cells,
        started=text(about.get("start_time")) or None,
        told=tuple(told),
    )


def _only(files: Iterable[PeerFile], kind: Any) -> PeerFile | None:  # noqa: ANN401 - one of the four tests
    found = [file for file in files if kind(dict(file.head))]
    if len(found) > 1:
        raise BadPeerFile(
            f"{found[1].path}: is of another run than {found[0].path}; read one run at"
            " a time"
        )
    return found[0] if found else None


def _counts(line: dict[str, Any]) -> bool:
    """Whether a request is measured, and neither a warm-up nor called off."""
    metadata = table(line.get("metadata"))
    phase = metadata.get("benchmark_phase", _PROFILING)
    return phase == _PROFILING and metadata.get("was_cancelled") is not True


def _grades(
    accuracy: PeerFile | None, profile: PeerFile
) -> tuple[dict[str, dict[str, Any]] | None, list[str]]:
    """Return the grade of each request by its id, ``None`` where nothing was graded.

    Raises:
        BadPeerFile: two grades of one request differ, or it has no id.
    """
    if accuracy is None:
        return None, []
    found: dict[str, dict[str, Any]] = {}
    for line in accuracy.lines():
        if line.get("benchmark_phase", _PROFILING) != _PROFILING:
            continue
        key = text(line.get("x_request_id"))
        if not key:
            raise accuracy.bad("a grade has no x_request_id to join it by")
        if found.get(key, line) != line:
            raise accuracy.bad(f"request {key:.60} has two grades that differ")
        found[key] = line
    asked = {
        text(table(x.get("metadata")).get("x_request_id")) for x in profile.lines()
    }
    strange = len(found.keys() - asked)
    told = [f"{strange} grades are of no request in {profile.path.name}, and left out"]
    return found, told if strange else []


def _request(line: dict[str, Any]) -> str:
    return text(table(line.get("metadata")).get("x_request_id"))


def _prompts(inputs: PeerFile | None) -> dict[str, list[str]]:
    """Return the prompts of each conversation, turn by turn."""
    if inputs is None:
        return {}
    return {
        text(table(session).get("session_id")): [
            _prompt(table(payload))
            for payload in listed(table(session).get("payloads"))
        ]
        for session in listed(inputs.whole().get("data"))
    }


def _prompt(payload: dict[str, Any]) -> str:
    messages = listed(payload.get("messages"))
    if messages:
        return text(table(messages[-1]).get("content"))
    return text(payload.get("prompt"))


def _cells(
    lines: Sequence[dict[str, Any]],
    grades: dict[str, dict[str, Any]] | None,
    prompts: dict[str, list[str]],
    about: dict[str, Any],
) -> list[PeerCell]:
    found: dict[str, list[PeerAnswer]] = {}
    for line in lines:
        grade = (grades or {}).get(_request(line))
        task = text(table(grade).get("task")) or _task(about)
        found.setdefault(task, []).append(_answer(line, grade, prompts))
    if grades is not None and len(found) > 1 and _task(about) in found:
        # A request that failed has no grade and no task: it belongs to none of them.
        orphans = found.pop(_task(about))
        largest = max(found, key=lambda task: len(found[task]))
        found[largest] += orphans
    return [
        PeerCell(
            model=_model(about) or "unnamed",
            task=task,
            answers=answers,
            scenario=_scenario(about),
            metric=None if grades is None else "accuracy",
            ungraded=_NO_GRADES if grades is None else None,
            one_clock=len(found) == 1,
            by_prompt=grades is None,
            notes=(_NOTE,),
        )
        for task, answers in found.items()
    ]


def _answer(
    line: dict[str, Any],
    grade: dict[str, Any] | None,
    prompts: dict[str, list[str]],
) -> PeerAnswer:
    metadata, metrics = table(line["metadata"]), table(line.get("metrics"))
    error, told = table(line.get("error")), table(grade)
    start = instant_ns(metadata.get("request_start_ns"))
    first, last = (
        _span(metrics, "time_to_first_token"),
        _span(metrics, "request_latency"),
    )
    output = _span(metrics, "time_to_first_output_token")
    first = output if output is not None else first
    session, turn = text(metadata.get("conversation_id")), metadata.get("turn_index")
    place, asked = count(turn) or 0, prompts.get(session, [])
    name = session or text(metadata.get("session_num"))
    return PeerAnswer(
        sample=f"{name}.{place}" if place else name,
        prompt=asked[place] if place < len(asked) else "",
        reference=text(told.get("expected")),
        answer=None if error or grade is None else text(told.get("model_output")),
        extracted=text(told.get("actual")) or None,
        error=(text(error.get("message")) or "failed") if error else None,
        value=float(told["passed"]) if type(told.get("passed")) is bool else None,
        note=text(told.get("explanation"))[:500] or None,
        start_ns=start,
        first_ns=_after(start, first),
        last_ns=_after(start, last),
        end_ns=instant_ns(metadata.get("request_end_ns")),
        prompt_tokens=_tokens(metrics, "input_sequence_length"),
        output_tokens=_tokens(metrics, "output_sequence_length"),
    )


def _after(start_ns: int | None, span: int | None) -> int | None:
    return None if start_ns is None or span is None else start_ns + span


def _span(metrics: dict[str, Any], name: str) -> int | None:
    found = table(metrics.get(name))
    return span_ns(found.get("value"), text(found.get("unit")))


def _tokens(metrics: dict[str, Any], name: str) -> int | None:
    return count(table(metrics.get(name)).get("value"))


def _named(about: dict[str, Any], *names: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the first member of one of these names, wherever it lies."""
    open_ones: list[Any] = [about.get("input_config")]
    while open_ones:
        each = open_ones.pop(0)
        if isinstance(each, dict):
            for name in names:
                if each.get(name) not in (None, [], {}):
                    return each[name]
            open_ones += each.values()
        elif isinstance(each, list):
            open_ones += each
    return None


def _model(about: dict[str, Any]) -> str:
    """Return the model's name, from where versions of AIPerf have it."""
    told = _named(about, "model_names", "models", "model")
    while isinstance(told, list | dict):
        inner = list(told.values()) if isinstance(told, dict) else told
        told = inner[0] if inner else None
    return text(told)


def _task(about: dict[str, Any]) -> str:
    return text(table(_named(about, "accuracy")).get("benchmark")) or "requests"


def _scenario(about: dict[str, Any]) -> str:
    rate, many = _named(about, "request_rate"), _named(about, "concurrency")
    if isinstance(rate, int | float) and rate > 0:
        return f"server:{rate:g}"
    level = count(many)
    if level is not None and level > 1:
        return f"concurrent:{level}"
    return SINGLE.name if level == 1 else "offline"


READER = PeerReader(
    files="profile_export.jsonl of aiperf profile, with profile_export_aiperf.json,"
    " inputs.json and accuracy_export.jsonl",
    recognises=recognises,
    read=read,
)
