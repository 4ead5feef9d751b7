"""Reader of lm-eval's ``samples_TASK_TIME.jsonl``, beside its ``results_TIME.json``.

What to know of these files (lm-eval 0.4.13):

- there is no time of an answer in them, only that of the whole evaluation;
- a line is an answer under one filter: of a task with two filters each answer stands
  there twice, and only those of one filter are read;
- ``acc`` and its kind are grades of an answer, while BLEU, perplexity or MCC are made
  of all answers, and a line holds only what they are made of;
- why a text ended is not told: an answer that was cut off looks like any other;
- ``device`` in them is what was asked for, ``cuda:0`` also where there is no GPU.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.peers.peer_run import (
    PeerAnswer,
    PeerCell,
    PeerReader,
    PeerRun,
)
from pytest_llmlat.store.peers.peer_values import count, listed, share, table, text
from pytest_llmlat.values.errors import BadPeerFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerWish

_SAMPLES = ("doc_id", "doc", "target", "filtered_resps")
_RESULTS = ("results", "configs")
_NO_TIMES = "lm-eval takes no time of single answers"
_NOTE = "lm-eval does not tell which answers were cut off at the token limit"
_RANKED = "multiple_choice"
_SETTING = ("model", "model_args", "batch_size", "model_dtype", "limit", "gen_kwargs")


def _is_samples(file: PeerFile) -> bool:
    return all(key in file.head for key in _SAMPLES)


def _is_results(file: PeerFile) -> bool:
    return all(isinstance(file.head.get(key), dict) for key in _RESULTS)


def recognises(file: PeerFile) -> bool:
    """Whether it holds samples of a task, or the results of a run."""
    return _is_samples(file) or _is_results(file)


def read(files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Return a cell for each task and filter.

    Raises:
        BadPeerFile: there are no samples, or several runs.
    """
    samples = [file for file in files if _is_samples(file)]
    results = [file for file in files if _is_results(file)]
    if not samples:
        raise BadPeerFile(
            f"{files[0].path}: holds the means of a run and no answers; run lm_eval"
            " with --log_samples, and name its samples_*.jsonl too"
        )
    if len(results) > 1:
        raise BadPeerFile(
            f"{results[1].path}: is of another run than {results[0].path}; read one run"
            " at a time"
        )
    told = results[0].whole() if results else {}
    left: list[str] = []
    cells = [_cell(each, told, wish, left) for each in samples]
    if not results:
        left.append("no results_*.json was named: model and version are not known")
    version = text(told.get("lm_eval_version")) or None
    return PeerRun(version=version, cells=cells, told=tuple(left))


def _cell(
    file: PeerFile, told: dict[str, Any], wish: PeerWish, left: list[str]
) -> PeerCell:
    by_filter: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in file.lines():
        by_filter[text(line.get("filter")) or "none"].append(line)
    task = _task_name(file, told)
    wanted, _, chosen = (wish.metric or "").partition(",")
    chosen = chosen or next(iter(by_filter))
    if chosen not in by_filter:
        raise BadPeerFile(
            f"{file.path}: has no filter {chosen!r:.80}, only {', '.join(by_filter)}"
        )
    if others := [name for name in by_filter if name != chosen]:
        left.append(
            f"{task}: answers under the filter {chosen} are read; ask for --metric"
            f" METRIC,FILTER for {' or '.join(others)}"
        )
    lines = by_filter[chosen]
    metric, ungraded = _metric(lines, told, task, wanted)
    config, run = table(table(told.get("configs")).get(task)), table(told.get("config"))
    ranked = config.get("output_type") == _RANKED or _has_options(lines[0])
    shown = metric if chosen == "none" or metric is None else f"{metric},{chosen}"
    return PeerCell(
        model=text(told.get("model_name")) or "unnamed",
        task=task,
        answers=[_answer(line, metric, ranked=ranked) for line in lines],
        scenario="offline",
        device="unknown",
        metric=shown,
        ungraded=ungraded,
        untimed=_NO_TIMES,
        planned=count(_effective(told, task)),
        setting=tuple((key, text(run[key])) for key in _SETTING if run.get(key)),
        notes=() if ranked else (_NOTE,),
        file=file.path.name,
    )


def _effective(told: dict[str, Any], task: str) -> object:
    return table(table(told.get("n-samples")).get(task)).get("effective")


def _task_name(file: PeerFile, told: dict[str, Any]) -> str:
    """Return the task of a file ``samples_TASK_TIME.jsonl``."""
    stem = file.path.name.removeprefix("samples_").removesuffix(".jsonl")
    known = [task for task in table(told.get("configs")) if stem.startswith(task)]
    # One task's name may begin another's.
    return max(known, key=len, default=stem.rsplit("_", 1)[0] or stem)


def _metric(
    lines: Sequence[dict[str, Any]], told: dict[str, Any], task: str, wanted: str
) -> tuple[str | None, str | None]:
    """Return the metric that is a grade of an answer, or why there is none."""
    listed_ones = [text(name) for name in listed(lines[0].get("metrics"))]
    names = [wanted] if wanted else listed_ones
    better = table(table(told.get("higher_is_better")).get(task))
    why = "there is no metric in its lines"
    for name in names:
        if any(name not in line for line in lines):
            why = f"{name} is not in each of its lines"
        elif any(share(line[name]) is None for line in lines):
            why = f"{name} is no grade between 0 and 1 of a single answer"
        elif better.get(name) is False:
            why = f"lower is better of {name}"
        else:
            return name, None
    return None, why


def _answer(line: dict[str, Any], metric: str | None, *, ranked: bool) -> PeerAnswer:
    options = _options(line) if ranked else []
    given = _first(line.get("resps"))
    chosen = _first(line.get("filtered_resps"))
    if options:
        chosen = given = _likeliest(line, options)
    return PeerAnswer(
        sample=text(line["doc_id"]),
        prompt=text(_arguments(line)[0][0] if _arguments(line) else line.get("doc")),
        reference=_right(line, options),
        answer=text(given),
        extracted=text(chosen),
        value=None if metric is None else share(line[metric]),
        details=tuple(
            (name, value)
            for name in map(text, listed(line.get("metrics")))
            if name != metric and (value := share(line.get(name))) is not None
        ),
        chance=1 / len(options) if len(options) > 1 else 0.0,
    )


def _arguments(line: dict[str, Any]) -> list[list[Any]]:
    """Return the arguments of each request: a prompt, and what was asked of it."""
    told = line.get("arguments")
    if isinstance(told, dict):
        return [list(table(each).values()) or [""] for each in told.values()]
    return [
        each if isinstance(each, list) and each else [each] for each in listed(told)
    ]


def _options(line: dict[str, Any]) -> list[str]:
    """Return the options whose likelihoods were asked for."""
    return [
        text(each[1]).strip()
        for each in _arguments(line)
        if len(each) > 1 and isinstance(each[1], str)
    ]


def _has_options(line: dict[str, Any]) -> bool:
    return len(_options(line)) > 1


def _right(line: dict[str, Any], options: Sequence[str]) -> str:
    """Return the right answer: the text of the option where a number tells which."""
    target = text(line.get("target"))
    place = int(target) if target.isascii() and target.isdecimal() else None
    if place is not None and place < len(options):
        return options[place]
    return target


def _likeliest(line: dict[str, Any], options: Sequence[str]) -> str | None:
    """Return the option of the highest likelihood, as ``acc`` chooses it."""
    found = []
    for each in listed(line.get("filtered_resps")):
        first = each[0] if isinstance(each, list) and each else each
        try:
            found.append(float(first))
        except (TypeError, ValueError, OverflowError):
            return None
    if len(found) != len(options):
        return None
    return options[max(range(len(found)), key=found.__getitem__)]


def _first(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the first answer of several, however deep it lies."""
    while isinstance(value, list):
        value = value[0] if value else None
    return value


READER = PeerReader(
    files="samples_*.jsonl and results_*.json of lm_eval --log_samples",
    recognises=recognises,
    read=read,
)
