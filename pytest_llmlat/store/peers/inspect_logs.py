"""Reader of inspect's logs: ``.eval`` archives and ``.json`` files.

What to know of these files (inspect-ai 0.3.285):

- the time of an answer is in its model event, taken round the last attempt alone: what
  failed before it is not in it. An answer that came from the cache has none;
- ``hf/`` models answer in batches, and the time of a batch stands at each of its
  answers;
- a sample of several calls of the model has no one time: there is none here then;
- a score is ``C``, ``I``, ``P`` or ``N``, a truth value, or a number that need not lie
  between 0 and 1; a sample without a score drops out of inspect's own means.
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
    listed,
    share,
    span_ns,
    table,
    text,
)
from pytest_llmlat.values.errors import BadPeerFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerWish

_HEADER, _SAMPLES = "header.json", "samples/"
_WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_BATCHED = "hf/"
_BATCHES = "inspect gives each answer of an hf/ model the time of its whole batch"
_NOTE = (
    "times are inspect's, of the last attempt of a call; attempts that failed before it"
    " are not in them"
)
_LIMITS = ("max_tokens", "model_length")


def recognises(file: PeerFile) -> bool:
    """Whether it is a log, whole or not."""
    if file.is_archive:
        return _HEADER in file.members
    return {"eval", "status"} <= file.head.keys()


def read(files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Return a cell for each log.

    Raises:
        BadPeerFile: a log has no samples.
    """
    told: list[str] = []
    cells = [_cell(file, wish, told) for file in files]
    headers = [_log(file) for file in files]
    versions = {_version(header) for header in headers}
    return PeerRun(
        version=versions.pop() if len(versions) == 1 else None,
        cells=cells,
        started=text(table(headers[0].get("eval")).get("created")) or None,
        told=tuple(told),
    )


def _log(file: PeerFile) -> dict[str, Any]:
    if file.is_archive:
        return table(file.member(_HEADER))
    return file.whole()


def _version(log: dict[str, Any]) -> str | None:
    packages = table(table(log.get("eval")).get("packages"))
    return text(packages.get("inspect_ai")) or None


def _samples(file: PeerFile, log: dict[str, Any]) -> list[dict[str, Any]]:
    if not file.is_archive:
        return [table(sample) for sample in listed(log.get("samples"))]
    names = [
        name
        for name in file.members
        if name.startswith(_SAMPLES) and name.endswith(".json")
    ]
    return [table(file.member(name)) for name in dict.fromkeys(names)]


def _cell(file: PeerFile, wish: PeerWish, told: list[str]) -> PeerCell:
    log = _log(file)
    about, samples = table(log.get("eval")), _samples(file, log)
    if not samples:
        raise BadPeerFile(
            f"{file.path}: has no samples; run inspect without --no-log-samples"
        )
    status = text(log.get("status"))
    if status != "success":
        told.append(
            f"{file.path}: its status is {status!r:.40}, so it may lack samples"
        )
    model = text(about.get("model")) or "unnamed"
    scorer, ungraded = _scorer(samples, wish)
    config = table(about.get("config"))
    connections = count(
        table(about.get("model_generate_config")).get("max_connections")
    )
    total = count(table(log.get("results")).get("total_samples"))
    if total is None:
        size = count(table(about.get("dataset")).get("samples"))
        total = None if size is None else size * (count(config.get("epochs")) or 1)
    return PeerCell(
        model=model,
        task=text(about.get("task")) or "unnamed",
        answers=[_answer(sample, scorer) for sample in samples],
        scenario="single" if connections == 1 else "offline",
        metric=scorer,
        ungraded=ungraded,
        untimed=_BATCHES if model.startswith(_BATCHED) else None,
        file=file.path.name,
        planned=total,
        setting=tuple(
            (key, value)
            for key, value in table(about.get("model_generate_config")).items()
            if isinstance(value, str | int | float)
        ),
        notes=(_NOTE,),
    )


def _scorer(
    samples: Iterable[dict[str, Any]], wish: PeerWish
) -> tuple[str | None, str | None]:
    """Return the scorer whose scores are grades, or why there is none."""
    scores = [table(one.get("scores")) for one in samples if not one.get("error")]
    known = dict.fromkeys(name for each in scores for name in each)
    names = [wish.metric] if wish.metric is not None else [*known]
    why = "no sample has a score"
    for name in names:
        values = [table(each.get(name)).get("value") for each in scores]
        if all(value is None for value in values):
            why = f"there is no score {name}"
        elif any(value is not None and _grade(value) is None for value in values):
            why = f"scores of {name} are no grades between 0 and 1"
        else:
            return name, None
    return None, why


def _grade(value: Any) -> float | None:  # noqa: ANN401 - any JSON value
    return _WORDS.get(value) if isinstance(value, str) else share(value)


def _answer(sample: dict[str, Any], scorer: str | None) -> PeerAnswer:
    output = table(sample.get("output"))
    choice = table(next(iter(listed(output.get("choices"))), None))
    score = table(table(sample.get("scores")).get(scorer or ""))
    options = listed(sample.get("choices"))
    usage, took = table(output.get("usage")), _took(sample, output)
    error = table(sample.get("error"))
    return PeerAnswer(
        sample=text(sample["id"]),
        repeat=max(0, (count(sample.get("epoch")) or 1) - 1),
        prompt=_prompt(sample.get("input")),
        reference=_joined(sample.get("target")),
        answer=text(output.get("completion")) or _content(table(choice.get("message"))),
        extracted=text(score.get("answer")) or None,
        error=text(error.get("message")) or "failed" if error else None,
        truncated=_cut(choice.get("stop_reason")),
        value=_grade(score.get("value")),
        note=text(score.get("explanation"))[:500] or None,
        chance=1 / len(options) if len(options) > 1 else 0.0,
        start_ns=None if took is None else 0,
        end_ns=took,
        prompt_tokens=count(usage.get("input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
    )


def _cut(reason: Any) -> bool | None:  # noqa: ANN401 - any JSON value
    """Whether an answer was cut off; ``None`` where the log does not know."""
    return None if reason in (None, "unknown") else reason in _LIMITS


def _took(sample: dict[str, Any], output: dict[str, Any]) -> int | None:
    """Return the time of the only call; ``None`` of several, or from the cache."""
    calls = [
        each
        for each in map(table, listed(sample.get("events")))
        if each.get("event") == "model"
    ]
    if len(calls) != 1 or calls[0].get("cache") == "read":
        return None
    own = table(calls[0].get("output")).get("time", output.get("time"))
    return span_ns(own, "s")


def _prompt(told: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(told, list):
        return "\n".join(_content(table(message)) for message in told)
    return text(told)


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(text(table(part).get("text")) for part in content)
    return text(content)


def _joined(target: Any) -> str:  # noqa: ANN401 - any JSON value
    return "; ".join(map(text, target)) if isinstance(target, list) else text(target)


READER = PeerReader(
    files="logs of inspect eval, *.eval or *.json", recognises=recognises, read=read
)
