"""Reader of promptfoo's results: ``promptfoo eval -o results.json``.

What to know of these files (promptfoo 0.121):

- ``latencyMs`` is the time of a whole call, retries and waiting for a slot included, in
  whole milliseconds; of a cached answer it is that of the cache or of long ago;
- ``score`` is a weighted mean of assertions, and an assertion on latency or cost is one
  of them: a score with such a part is no quality;
- a test without assertions passes with score 1, and says nothing.
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
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerWish

_NOT_QUALITY = ("latency", "cost")
_MIXED = (
    "its score has assertions on latency or cost in it; ask for --metric NAME, one of"
    " its named metrics, or write these assertions into another file"
)
_NOTE = "times are promptfoo's, of a whole call with its retries, in whole milliseconds"
_FAILED = 2
"""``failureReason`` of a call that broke; 1 is an assertion that failed."""


def recognises(file: PeerFile) -> bool:
    """Whether it is a file of results."""
    rows = _rows(dict(file.head))
    return bool(rows) and {"promptIdx", "testIdx", "provider"} <= table(rows[0]).keys()


def read(files: Sequence[PeerFile], wish: PeerWish) -> PeerRun:
    """Return a cell for each provider and prompt.

    Raises:
        BadPeerFile: there are several files.
    """
    if len(files) > 1:
        raise BadPeerFile(
            f"{files[1].path}: is of another run than {files[0].path}; read one run at"
            " a time"
        )
    content = files[0].whole()
    about = table(content.get("config"))
    results = table(content.get("results"))
    version = table(content.get("metadata")).get("promptfooVersion")
    return PeerRun(
        version=text(version) or None,
        cells=list(_cells(_rows(content), about, wish)),
        started=text(results.get("timestamp")) or None,
    )


def _rows(content: dict[str, Any]) -> list[Any]:
    results = content.get("results")
    return listed(results.get("results") if isinstance(results, dict) else results)


def _cells(
    rows: Sequence[Any], about: dict[str, Any], wish: PeerWish
) -> Iterator[PeerCell]:
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in map(table, rows):
        provider = table(row.get("provider"))
        name = text(provider.get("label")) or text(provider.get("id")) or "unnamed"
        groups.setdefault((name, count(row.get("promptIdx")) or 0), []).append(row)
    prompts = {number for _, number in groups}
    task = text(about.get("description")) or "eval"
    many = count(table(about.get("evaluateOptions")).get("maxConcurrency"))
    for (name, prompt), own in groups.items():
        mixed = wish.metric is None and any(map(_is_mixed, own))
        yield PeerCell(
            model=name,
            task=f"{task} prompt {prompt + 1}" if len(prompts) > 1 else task,
            answers=[*_answers(own, wish)],
            scenario="single" if many == 1 else "offline",
            metric=None if mixed else wish.metric or "score",
            ungraded=_MIXED if mixed else None,
            notes=(_NOTE,),
        )


def _is_mixed(row: dict[str, Any]) -> bool:
    """Whether an assertion that is no quality is a part of the score."""
    return any(
        text(each.get("type")).removeprefix("not-") in _NOT_QUALITY
        for each in _assertions(row)
    )


def _assertions(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the assertions of a row, those within sets included."""
    waiting = [*listed(table(row.get("testCase")).get("assert"))]
    parts = listed(table(row.get("gradingResult")).get("componentResults"))
    waiting += [table(part).get("assertion") for part in parts]
    while waiting:
        each = table(waiting.pop())
        if each:
            yield each
            waiting += listed(each.get("assert"))


def _answers(rows: Sequence[dict[str, Any]], wish: PeerWish) -> Iterator[PeerAnswer]:
    seen: dict[str, int] = {}
    for row in rows:
        sample = text(row["testIdx"])
        repeat = seen[sample] = seen.get(sample, -1) + 1
        yield _answer(row, sample, repeat, wish)


def _answer(
    row: dict[str, Any], sample: str, repeat: int, wish: PeerWish
) -> PeerAnswer:
    response = table(row.get("response"))
    usage = table(response.get("tokenUsage"))
    broke = row.get("failureReason") == _FAILED
    error = text(row.get("error")) or text(response.get("error")) or "failed"
    grading = table(row.get("gradingResult"))
    took = None if response.get("cached") else span_ns(row.get("latencyMs"), "ms")
    scores = table(row.get("namedScores"))
    value = row.get("score") if wish.metric is None else scores.get(wish.metric)
    checked = bool(next(_assertions(row), None))
    return PeerAnswer(
        sample=sample,
        repeat=repeat,
        prompt=text(table(row.get("prompt")).get("raw")),
        reference=_expected(row),
        answer=None if broke else text(response.get("output")),
        error=error if broke else None,
        graded=checked or broke,
        value=share(value) if checked else None,
        note=text(grading.get("reason"))[:500] or None,
        start_ns=None if took is None else 0,
        end_ns=took,
        prompt_tokens=count(usage.get("prompt")),
        output_tokens=count(usage.get("completion")),
    )


def _expected(row: dict[str, Any]) -> str:
    """Return what assertions compare with, joined."""
    values = [each.get("value") for each in _assertions(row)]
    return "; ".join(dict.fromkeys(v for v in values if isinstance(v, str)))


READER = PeerReader(
    files="results.json of promptfoo eval -o", recognises=recognises, read=read
)
