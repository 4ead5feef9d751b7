"""``report.md``: a run for a pull request's comment or a job's summary on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.report.answer_sentence import answer_sentence, lines_beside_sentence
from pytest_llmlat.report.breakdown_tables import breakdown_tables
from pytest_llmlat.report.broken_model_lines import broken_model_lines
from pytest_llmlat.report.cache_lines import cache_lines
from pytest_llmlat.report.energy_lines import energy_lines
from pytest_llmlat.report.figure_tables import (
    cell_columns,
    load_columns,
    row_columns,
    texts,
    titles,
)
from pytest_llmlat.report.figures import MISSING, listed, seconds
from pytest_llmlat.report.gfm import (
    TrimmableBlock,
    code,
    fitted,
    head,
    joined,
    plain,
    row,
    typed,
)
from pytest_llmlat.report.improver_lines import improver_lines
from pytest_llmlat.report.judge_lines import judge_lines
from pytest_llmlat.report.leaders import comparison_lines, tuning_lines
from pytest_llmlat.report.load_answer_lines import load_answer_lines
from pytest_llmlat.report.load_points import load_order
from pytest_llmlat.report.loads import clock_lines, keeping_lines
from pytest_llmlat.report.machine_words import MACHINE, machine_words
from pytest_llmlat.report.memory_lines import memory_lines
from pytest_llmlat.report.missing_lines import missing_lines
from pytest_llmlat.report.node_lines import node_lines
from pytest_llmlat.report.peer_lines import peer_lines
from pytest_llmlat.report.price_lines import price_lines
from pytest_llmlat.report.race_lines import race_lines
from pytest_llmlat.report.repeat_lines import repeat_lines
from pytest_llmlat.report.route_words import route_lines
from pytest_llmlat.report.score_lines import score_lines
from pytest_llmlat.report.search_lines import search_remarks
from pytest_llmlat.report.short_names import name_lines, renamed, short_names
from pytest_llmlat.report.sitting_lines import sitting_lines
from pytest_llmlat.report.tail_lines import tail_lines
from pytest_llmlat.report.verdicts import (
    COLUMNS,
    columns,
    gate_summary,
    ordered,
    outcome_counts,
    own_notes,
    summed_passes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmlat.values.results import Scoreboard, Verdict
    from pytest_llmlat.values.routes import FoundRoutes

LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""
_FEW = 8
"""Verdicts that are all shown open; of more, those that pass are folded."""
_LONG = 400
"""Characters of a sentence from elsewhere that are shown; a name has fewer."""
_ELSEWHERE = "`summary.json` has all of them."
_SYSTEM = ("system", "release", "machine")

# What is kept longest. Passing verdicts are cut first, then cells.
_RUN, _FAILING, _MODELS, _WARNINGS, _OPEN, _CLOCK, _LOADS, _CELLS, _PASSING = range(9)


def report_text(
    run: dict[str, Any], board: Scoreboard, *, routes: FoundRoutes | None = None
) -> str:
    """Return the whole file: verdicts, worst first, then what they were made of.

    Args:
        run: id, started, seconds, environment and, where it is known, commit.
        board: the figures.
        routes: found through its models, if somebody looked for them.
    """
    names = short_names(board)
    board = renamed(board, names)
    blocks = (
        *_gate(board),
        _models(board),
        _tunings(board),
        _races(board),
        _routes(routes),
        _cells(board),
        _loads(board),
        *_breakdowns(board),
        _told("Names", name_lines(names), rank=_CLOCK),
        _told("Scores", score_lines(board), rank=_CLOCK),
        _told("Judges", judge_lines(board), rank=_CLOCK),
        _told("Repeats", repeat_lines(board), rank=_CLOCK),
        _told("Clock and machine", _disturbed(board), rank=_CLOCK),
        _told("Warnings", _warnings(board), rank=_WARNINGS),
        _where(run),
    )
    return fitted(blocks, limit=LIMIT)


def _gate(board: Scoreboard) -> tuple[TrimmableBlock, ...]:
    verdicts, answer = board.verdicts, code(answer_sentence(board), most=_LONG)
    if not verdicts:
        told = f"{answer}\n\nThere was no gate: this run was measured and not judged."
        return (TrimmableBlock(rank=_RUN, title=("## pytest-llmlat", "", told)),)
    counts, _, end = gate_summary(verdicts).rpartition(": ")
    told = (
        f"{answer}\n\n{plain(counts)}. A change is shown with its 90 % interval (each"
        " bound holds with 95 %), wider where many quantities are gated (Holm)."
    )
    shown = ordered(verdicts)
    failing = [v for v in shown if v.failing]
    passing = [v for v in shown if v.outcome == "pass"]
    open_ = [v for v in shown if not v.failing and v.outcome != "pass"]
    many = len(shown) > _FEW
    folded = "<details>" if many else "<details open>"
    summary = f"<summary>{plain(summed_passes(passing))}</summary>"
    return (
        TrimmableBlock(rank=_RUN, title=(f"## pytest-llmlat: {plain(end)}", "", told)),
        _judged(failing, rank=_FAILING),
        _judged(open_, rank=_OPEN),
        _judged(
            passing,
            rank=_PASSING if many else _OPEN,
            opening=(folded, summary, ""),
            closing=("", "</details>"),
            counted=summed_passes,
        ),
    )


def _judged(
    verdicts: Sequence[Verdict],
    *,
    rank: int,
    opening: tuple[str, ...] = (),
    closing: tuple[str, ...] = (),
    counted: Callable[[Sequence[Verdict]], str] = outcome_counts,
) -> TrimmableBlock:
    return TrimmableBlock(
        rank=rank,
        opening=(*opening, *head((*COLUMNS, "notes"), right=(5, 6))),
        lines=tuple(map(_verdict, verdicts)),
        closing=closing,
        left=lambda kept: f"Left out here: {counted(verdicts[kept:])}. {_ELSEWHERE}",
    )


def _verdict(verdict: Verdict) -> str:
    outcome, *figures = columns(verdict)
    names = [code(text) for text in figures[:3]]
    note = [code(verdict.note, most=_LONG)] if verdict.note else []
    own = own_notes(verdict)
    notes = "; ".join([*note, plain(own)] if own else note) or MISSING
    told = f"**{plain(outcome)}**" if verdict.failing else plain(outcome)
    return joined([told, *names, *map(plain, figures[3:]), notes])


def _models(board: Scoreboard) -> TrimmableBlock:
    columns = row_columns(board)
    header = titles(columns)
    rows = [row(texts(columns, s), hostile=(0, 1)) for s in board.standings]
    sentences = [*lines_beside_sentence(board), *comparison_lines(board)]
    remarks = [f"- {code(sentence, most=_LONG)}" for sentence in sentences]
    return _table(
        "Models",
        head(header, right=range(2, len(header))),
        rows,
        rank=_MODELS,
        closing=("", *remarks) if remarks else (),
    )


def _tunings(board: Scoreboard) -> TrimmableBlock:
    """Say which settings to take, with the lines to paste."""
    lines = [typed(line) for line in tuning_lines(board)]
    return _table("Settings", ("<pre>",), lines, rank=_LOADS, closing=("</pre>",))


def _races(board: Scoreboard) -> TrimmableBlock:
    """Say which setting won a race, how sure that is, and what each did."""
    lines = [typed(line) for line in race_lines(board)]
    return _table("Tuning", ("<pre>",), lines, rank=_LOADS, closing=("</pre>",))


def _routes(found: FoundRoutes | None) -> TrimmableBlock:
    """Say which cascade or router does best, and what is predicted of it."""
    lines = () if found is None else route_lines(found, most=None)
    told = [typed(line) for line in lines]
    return _table("Routes", ("<pre>",), told, rank=_LOADS, closing=("</pre>",))


def _cells(board: Scoreboard) -> TrimmableBlock:
    columns = cell_columns(board.summaries)
    foreign = [0, *(i for i, c in enumerate(columns, start=1) if c.key == "metric")]
    rows = [
        row((s.cell.id, *texts(columns, s)), hostile=foreign) for s in board.summaries
    ]
    names = head(
        ("cell", *titles(columns)),
        right=[i for i, column in enumerate(columns, start=1) if column.number],
    )
    return _table("Cells", names, rows, rank=_CELLS)


def _loads(board: Scoreboard) -> TrimmableBlock:
    """Return the points of all load curves, each curve in the order of its load."""
    loaded = sorted(
        (s for s in board.summaries if s.load is not None),
        key=lambda s: (s.cell.task, s.cell.model, s.cell.device, *load_order(s)),
    )
    columns = load_columns(loaded)
    names = ("task", "model", "device", *titles(columns))
    rows = [
        row(
            (s.cell.task, s.cell.model, s.cell.device, *texts(columns, s)),
            hostile=range(4),
        )
        for s in loaded
    ]
    objectives = dict.fromkeys(s.slo for s in loaded if s.slo)
    good = [f"- good: {code(slo)}" for slo in objectives]
    return _table(
        "Load curves",
        head(names, right=range(4, len(names) - 1)),
        rows,
        rank=_LOADS,
        closing=("", *good) if good else (),
    )


def _breakdowns(board: Scoreboard) -> list[TrimmableBlock]:
    """Return what cells come to by turn, by length and by depth."""
    return [
        _table(
            plain(each.title),
            head(each.header, right=sorted({*range(len(each.header))} - {*each.words})),
            [row(line, hostile=range(1 + len(each.by))) for line in each.rows],
            rank=_CELLS,
        )
        for each in breakdown_tables(board)
    ]


def _disturbed(board: Scoreboard) -> list[str]:
    """Say which loads were too much, how true the clock was, and who was disturbed."""
    contended = [
        f"contended: {s.cell.id}: {s.contention.contended}"
        for s in board.summaries
        if s.contention is not None and s.contention.contended
    ]
    return [
        *missing_lines(board),
        *broken_model_lines(board),
        *search_remarks(board),
        *keeping_lines(board),
        *load_answer_lines(board),
        *tail_lines(board),
        *clock_lines(board),
        *contended,
        *peer_lines(board),
        *sitting_lines(board),
        *node_lines(board),
        *cache_lines(board),
        *price_lines(board),
        *energy_lines(board),
        *memory_lines(board),
        *improver_lines(board),
    ]


def _warnings(board: Scoreboard) -> list[str]:
    return list(dict.fromkeys(w for s in board.summaries for w in s.warnings))


def _told(title: str, sentences: Iterable[str], *, rank: int) -> TrimmableBlock:
    lines = [f"- {code(sentence, most=_LONG)}" for sentence in sentences]
    return _table(title, (), lines, rank=rank)


def _table(
    title: str,
    opening: tuple[str, ...],
    lines: Sequence[str],
    *,
    rank: int,
    closing: tuple[str, ...] = (),
) -> TrimmableBlock:
    """Return a part under a title of its own; nothing at all without lines."""
    if not lines:
        return TrimmableBlock(rank=rank)
    return TrimmableBlock(
        rank=rank,
        title=(f"### {title}", ""),
        opening=opening,
        lines=tuple(lines),
        closing=closing,
        left=lambda kept: f"{len(lines) - kept} more are left out here. {_ELSEWHERE}",
    )


def _where(run: dict[str, Any]) -> TrimmableBlock:
    """Say what was run, when and on what."""
    environment = run.get("environment") or {}
    other = {"python", "commit", *MACHINE, *_SYSTEM}
    libraries = [
        f"{name} {version}"
        for name, version in environment.items()
        if name not in other and version is not None
    ]
    facts = {
        "run": run.get("id"),
        "started": run.get("started"),
        "took": seconds(run.get("seconds")),
        "commit": run.get("commit") or environment.get("commit"),
        "machine": machine_words(environment),
        "system": listed([environment.get(name) for name in _SYSTEM], " "),
        "python": environment.get("python"),
        "libraries": listed(libraries),
    }
    rows = [
        joined([name, MISSING if _absent(value) else code(str(value), most=_LONG)])
        for name, value in facts.items()
    ]
    return _table("Run", head(("what", "value")), rows, rank=_RUN)


def _absent(value: object) -> bool:
    return value is None or value in ("", MISSING)
