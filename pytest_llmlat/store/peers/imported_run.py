"""A run of ours made of what was read of another tool's files.

Whose figures they are stands in each cell: in its facts (``peer``), in its backend
(``measured_by``), so that a latency is never compared with another tool's, and in the
name of its model (``owl@aiperf``), so that no table shows it as measured here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmlat.store.journal import Journal
from pytest_llmlat.store.peers.prompt_names import named_by_prompt
from pytest_llmlat.values.cell_facts import CellFacts, LoadFacts
from pytest_llmlat.values.errors import BadPeerFile, UsageError
from pytest_llmlat.values.overlap import most_at_once
from pytest_llmlat.values.peer_facts import PeerFacts
from pytest_llmlat.values.records import Cell, Grade, Record
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.timing import NS_PER_S, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_llmlat.store.peers.peer_file import PeerFile
    from pytest_llmlat.store.peers.peer_run import PeerAnswer, PeerCell, PeerRun
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Finish

METRIC = "reported"
"""Our metric of grades that another tool gave."""
UNUSED_BUDGET_S = 1.0
"""Latency budget where no score can be made of it."""
_SERVER = "endpoint"
"""Device of a model that a tool asks over the network."""
_DIGITS = 16
_NOT_IN_NAMES = str.maketrans({"|": "_", "/": "_", "\n": " ", "\r": " "})
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWish:
    """What whoever imports says, and no file tells."""

    model: str | None = None
    """Name of the model; ``None`` for the tool's."""
    task: str | None = None
    """Name of the task, where there is one; ``None`` for the tool's."""
    machine: str | None = None
    """Name of the machine that measured; ``None``: not known."""
    budget_s: float | None = None
    """Latency at which an answer earns half of the speed score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCell:
    """A cell as it will stand in the run."""

    facts: CellFacts
    records: tuple[Record, ...]


def imported(
    tool: str, read: PeerRun, files: Sequence[PeerFile], wish: ImportWish
) -> list[ImportedCell]:
    """Make cells of what was read.

    Args:
        tool: its name.
        read: what its reader made of the files.
        files: the files.
        wish: what they do not tell.

    Raises:
        BadPeerFile: there is nothing in it, two cells are one, or an answer stands
            there twice.
        UsageError: a budget or a name is missing, or cannot be.
    """
    cells = [cell for cell in read.cells if cell.answers]
    if not cells:
        raise BadPeerFile(f"{files[0].path}: there is no answer in it")
    if wish.task is not None and len({cell.task for cell in cells}) > 1:
        names = ", ".join(dict.fromkeys(cell.task for cell in cells))
        raise UsageError(f"--task {wish.task}: there are several tasks: {names}")
    if wish.model is not None and len({cell.model for cell in cells}) > 1:
        names = ", ".join(dict.fromkeys(cell.model for cell in cells))
        raise UsageError(f"--as {wish.model}: there are several models: {names}")
    peer = PeerFacts(
        tool=tool,
        version=read.version,
        files=tuple((file.path.name, file.digest) for file in files),
        metric=None,
    )
    found = [_imported(cell, peer, wish) for cell in cells]
    counted = Counter(one.facts.cell.id for one in found)
    if twice := [key for key, times in counted.items() if times > 1]:
        raise BadPeerFile(
            f"{twice[0]}: stands twice in these files; read one run at a time"
        )
    return found


def _imported(read: PeerCell, peer: PeerFacts, wish: ImportWish) -> ImportedCell:
    cell = _cell(read, peer.tool, wish)
    answers = _once(read.answers, cell)
    if read.by_prompt:
        answers = named_by_prompt(answers)
    untimed = read.untimed or _untimed(answers, peer.tool)
    ungraded = read.ungraded or _ungraded(answers, peer.tool)
    if untimed is None and ungraded is None and wish.budget_s is None:
        raise UsageError(
            f"{cell.id}: has grades and times, and a speed score needs a latency"
            " budget: say --budget SECONDS, at which an answer earns half of it"
        )
    start = min((a.start_ns for a in answers if a.start_ns is not None), default=0)
    budget_s = wish.budget_s or UNUSED_BUDGET_S
    right_or_wrong = ungraded is None and {a.value for a in answers} <= {0, 1, None}
    records = tuple(
        _record(
            answer,
            cell,
            start_ns=start if read.one_clock else None,
            budget_s=budget_s,
            graded=ungraded is None and answer.graded,
            right_or_wrong=right_or_wrong,
        )
        for answer in answers
    )
    told = replace(
        peer,
        metric=read.metric,
        ungraded=ungraded,
        untimed=untimed,
        notes=read.notes,
        files=tuple(f for f in peer.files if read.file in (None, f[0])),
    )
    revision = _revision(records)
    facts = CellFacts(
        cell=cell,
        planned=max(read.planned or 0, len(records)),
        finished=True,
        load_s=None,
        warmup_s=None,
        peak_rss_bytes=None,
        peak_device_bytes=None,
        wall_s=None,
        task_revision=revision,
        asked=revision,
        backend=_backend(read, peer),
        load=_load(records) if read.one_clock and untimed is None else None,
        peer=told,
    )
    return ImportedCell(facts=facts, records=records)


def _cell(read: PeerCell, tool: str, wish: ImportWish) -> Cell:
    model = _name(wish.model or read.model)
    return Cell(
        model=f"{model}@{tool}",
        device=read.device or _SERVER,
        task=f"{tool}/{_name(wish.task or read.task)}",
        family=tool,
        scenario=read.scenario,
    )


def _name(text: str) -> str:
    """Return a name that can stand in a cell's id."""
    shown = "".join(
        c if c.isprintable() else "_" for c in text.translate(_NOT_IN_NAMES)
    )
    return shown.strip()[:_LONGEST_NAME] or "unnamed"


def _backend(read: PeerCell, peer: PeerFacts) -> tuple[tuple[str, Scalar | None], ...]:
    """Return the facts by which times of two measurers are kept apart."""
    return (
        ("measured_by", peer.tool),
        ("measured_by_version", peer.version),
        *read.setting,
    )


def _once(answers: Iterable[PeerAnswer], cell: Cell) -> list[PeerAnswer]:
    """Return answers, one that is written down twice only once.

    Raises:
        BadPeerFile: two answers to one question are told apart by nothing.
    """
    found: dict[tuple[str, int], PeerAnswer] = {}
    for answer in answers:
        key = answer.sample, answer.repeat
        if found.setdefault(key, answer) != answer:
            raise BadPeerFile(
                f"{cell.id}: sample {answer.sample:.60} has two answers that differ;"
                " are these files of several runs? Read one run at a time"
            )
    return list(found.values())


def _untimed(answers: Sequence[PeerAnswer], tool: str) -> str | None:
    """Say why there is no speed: a mean of some answers would be of a selection."""
    asked = [answer for answer in answers if answer.error is None]
    without = sum(_timing(answer, None) is None for answer in asked)
    if not asked:
        return f"{tool} got no answer"
    if without:
        return f"{tool} has no time of {without} of {len(asked)} answers"
    return None


def _ungraded(answers: Sequence[PeerAnswer], tool: str) -> str | None:
    """Say why there is no quality."""
    asked = [answer for answer in answers if answer.error is None and answer.graded]
    without = sum(answer.value is None for answer in asked)
    if not any(answer.graded for answer in answers):
        return "nothing tells what is right"
    if without:
        return f"{tool} has no grade of {without} of {len(asked)} answers"
    return None


def _record(
    answer: PeerAnswer,
    cell: Cell,
    *,
    start_ns: int | None,
    budget_s: float,
    graded: bool,
    right_or_wrong: bool,
) -> Record:
    value = answer.value if graded and answer.error is None else None
    return Record(
        cell=cell,
        sample=answer.sample,
        round=answer.repeat,
        prompt=answer.prompt,
        reference=answer.reference,
        answer=answer.answer,
        extracted=answer.extracted,
        finish=_finish(answer),
        error=answer.error,
        timing=_timing(answer, start_ns),
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        token_source=None,
        metric=METRIC,
        grade=Grade(
            value=value or 0.0,
            correct=(value == 1 if right_or_wrong else None) if graded else None,
            details=answer.details,
            note=answer.note,
        ),
        # A request that failed has no answer that could be cut off or refused.
        unparsed=answer.unparsed if answer.error is None else False,
        truncated=answer.truncated if answer.error is None else False,
        refused=None if answer.error is None else False,
        empty=_empty(answer),
        budget_s=budget_s,
        chance=answer.chance,
        graded=graded,
    )


def _empty(answer: PeerAnswer) -> bool | None:
    """Whether an answer has no text; ``None`` where the tool keeps no texts."""
    if answer.error is not None:
        return False
    return None if answer.answer is None else not answer.answer.strip()


def _finish(answer: PeerAnswer) -> Finish:
    if answer.error is not None:
        return "timeout" if answer.timed_out else "error"
    return "length" if answer.truncated else "stop"


def _timing(answer: PeerAnswer, origin_ns: int | None) -> Timing | None:
    """Return the times of an answer; ``None`` where they are not those of a clock.

    Args:
        answer: as it was read.
        origin_ns: instant of the tool's clock that is 0 here; ``None``: its own start.
    """
    start, end = answer.start_ns, answer.end_ns
    first, last = answer.first_ns, answer.last_ns
    end = last if end is None else end
    if start is None or end is None:
        return None
    last = end if last is None else last
    known = [start, *([] if first is None else [first]), last, end]
    if known != sorted(known):
        return None
    shift = start if origin_ns is None else origin_ns
    if first is None:
        # It came in one piece: nothing tells when it began.
        return Timing(
            start_ns=start - shift,
            end_ns=last - shift,
            stamps_ns=(),
            stamp_tokens=(),
        )
    many = answer.output_tokens
    stamps: tuple[int, ...] = (last - shift,)
    tokens: tuple[int, ...] = (many or 0,)
    if first != last and many != 1:
        stamps = (first - shift, last - shift)
        tokens = (1, many - 1) if many else (0, 0)
    return Timing(
        start_ns=start - shift,
        end_ns=end - shift,
        stamps_ns=stamps,
        stamp_tokens=tokens,
    )


def _revision(records: Sequence[Record]) -> str:
    """Return the digest of what was asked and what is right."""
    told = sorted({(r.sample, r.prompt, r.reference) for r in records})
    return sha256(repr(told).encode("utf-8", "replace")).hexdigest()[:_DIGITS]


def _load(records: Sequence[Record]) -> LoadFacts | None:
    """Return the facts of a load, as far as instants tell; ``None`` one by one."""
    times = [record.timing for record in records if record.timing is not None]
    if not times or records[0].cell.scenario == SINGLE.name:
        return None
    begin, end = min(t.start_ns for t in times), max(t.end_ns for t in times)
    return LoadFacts(
        window_s=(end - begin) / NS_PER_S,
        ended=len(records),
        failed=sum(not record.answered for record in records),
        before=0,
        after=0,
        in_flight=most_at_once([(t.start_ns, t.end_ns) for t in times]),
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
    )


def write_run(
    folder: Path,
    tool: str,
    read: PeerRun,
    cells: Sequence[ImportedCell],
    wish: ImportWish,
) -> None:
    """Write the folder of the run.

    Raises:
        UsageError: there is something in the folder already.
        RunNotWritten: there is no room for it, or no right to.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"-o {folder}: is there already; name a new folder")
    journal = Journal(folder)
    journal.open(_told(folder, tool, read, cells, wish), [c.facts.cell for c in cells])
    for one in cells:
        for record in one.records:
            journal.add(record)
        journal.add(one.facts)
    journal.finish(seconds=0.0)


def _told(
    folder: Path,
    tool: str,
    read: PeerRun,
    cells: Sequence[ImportedCell],
    wish: ImportWish,
) -> dict[str, Any]:
    """Return the content of ``run.json``."""
    peer = cells[0].facts.peer
    digests = "" if peer is None else "".join(digest for _, digest in peer.files)
    of_files = sha256(digests.encode()).hexdigest()[:12]
    now = dt.datetime.now(dt.UTC).isoformat()
    return {
        "id": folder.name,
        "started": read.started or now,
        "imported": now,
        "measured_by": tool if peer is None else peer.measurer,
        "commit": None,
        "host": wish.machine,
        "settings": {"seed": 0},
        # Two files of a machine that nobody named may be of two machines.
        "environment": {"machine": wish.machine or f"not stated (of files {of_files})"},
    }
