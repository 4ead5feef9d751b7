"""What judges said of answers, how far they can be trusted, and what they cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.prediction_powered import FEWEST_LABELS
from pytest_llmlat.report.figures import bounds, placed, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmlat.values.judging_figures import JudgeFigures, JudgingFigures
    from pytest_llmlat.values.results import Scoreboard, Summary

UNCHECKED = "nobody has checked these judges against people"


def judge_lines(board: Scoreboard) -> list[str]:
    """Return sentences on each judged cell, and on each judge over all of them."""
    judged = [(s, s.judging) for s in board.summaries if s.judging is not None]
    if not judged:
        return []
    lines = [line for each, found in judged for line in _of_cell(each, found)]
    own: dict[str, list[JudgeFigures]] = {}
    for _, found in judged:
        for judge in found.judges:
            own.setdefault(judge.judge, []).append(judge)
    return [*lines, *(_of_judge(each) for each in own.values())]


def _of_cell(summary: Summary, found: JudgingFigures) -> Iterator[str]:
    cell = summary.cell
    where = f"{cell.task}, {cell.model} on {placed(cell.device, cell.scenario)}"
    by = found.rubric.partition(" ")[0]
    if found.trust is None:
        yield printable(
            f"judged by {by}: {where}: quality {bounds(found.panel)} is uncalibrated:"
            f" {_unchecked(found)}"
        )
    else:
        yield printable(
            f"judged by {by}: {where}: quality {bounds(summary.quality)} by"
            f" {found.labels} labels and the panel (the panel alone:"
            f" {bounds(found.panel)}; its weight λ {found.trust:.2f})"
        )
    if found.ungated is not None and found.trust is not None:
        yield printable(f"  shown, and not gated: {found.ungated}")
    if found.alpha.value is not None:
        yield f"  agreement of the judges (Krippendorff's alpha): {bounds(found.alpha)}"
    elif len(found.judges) > 1:
        several = sum(judge.read > 0 for judge in found.judges) > 1
        why = "their votes do not differ" if several else "only one has any"
        if not any(judge.read for judge in found.judges):
            why = "no verdict could be read"
        yield f"  agreement of the judges cannot be told: {why}"
    yield from _relations(found)
    for name, estimate in found.beside:
        told = "cannot be told" if estimate.value is None else bounds(estimate)
        beside = dict(summary.details).get(name)
        mean = "" if beside is None else f" {bounds(beside)}"
        yield printable(f"  {name} beside it{mean}: rank correlation {told}")


def _unchecked(found: JudgingFigures) -> str:
    """Say how far people have checked judges whose quality stays uncalibrated."""
    if not found.labels:
        return UNCHECKED
    return (
        f"people have labelled {found.labels} of its answers, and {FEWEST_LABELS} are"
        " needed (llmlat label)"
    )


def _relations(found: JudgingFigures) -> Iterator[str]:
    """Say which judges are of one family: their agreement tells less."""
    families: dict[str, list[str]] = {}
    for judge in found.judges:
        families.setdefault(judge.lineage, []).append(judge.judge)
    for family, names in families.items():
        if len(names) > 1:
            yield printable(
                f"  {' and '.join(names)} are of one family ({family}): that they"
                " agree tells less than with judges of several"
            )


def _of_judge(own: Sequence[JudgeFigures]) -> str:
    """Write what a judge did and cost over all cells, apart from the candidates."""
    votes, read = sum(j.votes for j in own), sum(j.read for j in own)
    told = f"judge {own[0].judge}: {read} of {votes} verdicts read"
    problems: Counter[str] = Counter()
    for judge in own:
        problems.update(dict(judge.problems))
    if problems:
        each = (f"{count} {name}" for name, count in sorted(problems.items()))
        told += f" ({', '.join(each)})"
    if left := sum(j.left_out for j in own):
        told += f"; {left} do not count, for it is the candidate or of its family"
    if known := sum(j.known for j in own):
        told += f"; {known} known from before"
    told += f"; of its own {', '.join(_costs(own))}"
    rest = [judge.with_rest for judge in own if judge.with_rest is not None]
    if rest:
        told += f"; alpha with the others {min(rest):.2f}"
        told += "" if len(rest) == 1 else f" to {max(rest):.2f}"
    return printable(f"{told}; {_FITNESS[own[-1].fit]}")


_FITNESS = {
    True: "fit, as far as it was tried",
    False: "UNFIT: shown, never gated",
    None: "never tried (llmlat judges)",
}


def _costs(own: Iterable[JudgeFigures]) -> Iterator[str]:
    """Yield what a judge took in this sitting; what is not known is no 0."""
    judges = list(own)
    seconds = [judge.seconds for judge in judges if judge.seconds is not None]
    if not seconds:
        yield "nothing now"
        return
    yield f"{sum(seconds):.1f} s"
    counts = [n for j in judges for n in (j.prompt_tokens, j.output_tokens)]
    tokens = [count for count in counts if count is not None]
    yield f"{sum(tokens)} tokens" if tokens else "tokens that nobody counted"
    paid = [(j.cost, j.currency) for j in judges if j.cost is not None]
    if paid:
        yield f"{sum(cost for cost, _ in paid):.4f} {paid[0][1]}"
