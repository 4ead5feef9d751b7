"""Verdicts on changes, over all quantities of all cells at once."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.calibrated_quality import why_ungated
from pytest_llmlat.gate.answered_share import few_answered
from pytest_llmlat.gate.block_pairs import block_pairs
from pytest_llmlat.gate.cell_changes import cell_changes, units_of
from pytest_llmlat.gate.changes import BALANCED, FEWEST, QUALITY, RATIOS
from pytest_llmlat.gate.hypotheses import (
    ALL_CELLS_SHARE,
    Hypothesis,
    across_runs,
    as_change,
    families,
    hommel_family,
)
from pytest_llmlat.gate.known_halves import with_halves
from pytest_llmlat.gate.looks import unsuited
from pytest_llmlat.gate.needed_samples import (
    Undecided,
    needed_in_turn,
    needed_runs,
    needed_samples,
)
from pytest_llmlat.gate.pair_costs import COST_SCORE, by_tokens
from pytest_llmlat.gate.pairing import LATENCIES, known, log_ratios, pair
from pytest_llmlat.gate.step_down import step_down
from pytest_llmlat.gate.stored_runs import stored_times
from pytest_llmlat.gate.verdict_notes import (
    growing,
    lacking,
    mixed,
    remarks,
    scaled,
)
from pytest_llmlat.values.results import OUTCOMES, Verdict
from pytest_llmlat.values.verdict_order import worst_first

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.gate.block_pairs import BlockPairs
    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.pair_costs import PairedCosts
    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.gate.step_down import LevelShare
    from pytest_llmlat.gate.tolerances import GateRules
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.results import Outcome

ALPHA = 0.10
"""Level of all two-sided intervals together. A regression is one side of them, and a
pass the other: of either at most one in twenty is a mistake."""
SHARES = 3
"""Shares of the level in a cell that is gated whole: quality, balance and time."""
_SHOWN = 3
_LARGEST = 700.0
"""Logarithm of about the largest float."""


def judge(
    matches: Iterable[Match], rules: GateRules, *, balance: Balance, among: int = 0
) -> tuple[Verdict, ...]:
    """Judge every cell; the worst verdict comes first.

    Holm's correction (1979, weighted) is over all quantities of all cells: under
    identical candidates at most one session in twenty reports any regression. Quality,
    balance and time have equal shares; what is read from the one clock shares that of
    time by Hommel's, since a model that is slower is so in all of it. Where all answers
    are the same, balance changes with time alone and has no share: it is a regression
    where e2e is one, and it lost more than is tolerated.

    Args:
        matches: the cells.
        rules: what is tolerated.
        balance: which mean is called balanced.
        among: at least so many cells are gated in all, for who judges some of them
            before the others are there: then a regression is one for certain.
    """
    told: list[Verdict] = []
    gated: list[Hypothesis] = []
    for match in matches:
        verdicts, changed = _examine(match, rules, balance)
        told += verdicts
        gated += changed
    stored = any(each.stored for each in gated)
    if among:
        # How unlike cells move is known when all of them are there.
        gated = [each for each in gated if not (each.stored and each.change.slope)]
    else:
        gated = across_runs(gated)
    grouped = families(gated)
    shares = step_down(
        [hommel_family(some) for some in grouped],
        ALPHA / 2,
        # All cells together have a share of their own.
        least=among * SHARES / (1 - ALL_CELLS_SHARE if stored else 1),
    )
    told += [
        _verdict(each, share)
        for some, share in zip(grouped, shares, strict=True)
        for each in some
    ]
    return worst_first(_settled(verdict, rules) for verdict in told)


def _settled(verdict: Verdict, rules: GateRules) -> Verdict:
    """Return a verdict that fails where it is undecided, if that was asked for."""
    if verdict.outcome != "inconclusive" or rules.unsure == "pass":
        return verdict
    note = _joined(*filter(None, [verdict.note, "inconclusive"]))
    return replace(verdict, outcome="failed", note=note)


def _examine(
    match: Match, rules: GateRules, balance: Balance
) -> tuple[list[Verdict], list[Hypothesis]]:
    """Return the verdicts that are known at once, and the hypotheses to be judged."""
    tolerated = rules.tolerated(match.facts.cell)
    match, halves = with_halves(match)
    tolerated = {name: most for name, most in tolerated.items() if name in halves}
    if not match.facts.whole(len(match.records)) or not match.records:
        note = f"{len(match.records)} of {match.facts.planned} answers are there"
        return [_plain(match, "records", "failed", note)], []
    if match.reference is None:
        outcome = {"fail": "failed", "warn": "warned", "pass": "pass"}[rules.new_cells]
        note = f"new: {match.against} has no such cell"
        return [_plain(match, "records", outcome, note)], []
    pairs = pair(match.records, match.reference)
    if not pairs.samples:
        shown = ", ".join(pairs.missing[:_SHOWN]) or "it is empty"
        note = (
            f"no sample of {match.against} was measured (it has {shown}, …); same"
            " --llm-samples, --llm-seed and tasks?"
        )
        return [_plain(match, "records", "failed", note)], []
    if few_answered(match.reference, rules.least_answered(match.facts.cell)):
        answered = sum(record.answered for record in match.reference)
        few = f"only {answered} of {len(match.reference)} requests"
        note = (
            f"{few if answered else 'no request'} to {match.against}"
            f" {'were' if answered else 'was'} answered, and beside that"
            f" {'much' if answered else 'all'} would pass; measure it anew"
        )
        return [_plain(match, "records", "failed", note)], []
    why = None if match.in_turn else unsuited(match.facts.stopping)
    blocks = block_pairs(match)
    units = pairs if blocks is None else blocks.pairs
    if len(units.samples) < FEWEST:
        what = "pairs" if blocks is None else "pairs of blocks"
        told = f"{len(units.samples)} {what} tell nothing"
        why = f"{told}; at least {FEWEST} are needed"
    if not halves:
        why = "it has neither grades nor times, so that nothing can be judged"
    if why is not None:
        names = tolerated or ("records",)
        return [_plain(match, name, "inconclusive", why) for name in names], []
    return _compare(match, pairs, blocks, tolerated, balance)


def _compare(
    match: Match,
    pairs: Pairs,
    blocks: BlockPairs | None,
    tolerated: dict[str, float],
    balance: Balance,
) -> tuple[list[Verdict], list[Hypothesis]]:
    found, costs = cell_changes(match, pairs, blocks, tolerated, balance)
    early = bool(match.facts.stopping and match.facts.stopping.early)
    kept = QUALITY in found and found[QUALITY].estimate == 0
    same = match.same_answers and not early and kept
    # One stored run tells nothing of how runs differ: there all levels stay smaller.
    by_clock = same and len(match.runs) != 1
    said = tuple(remarks(match, pairs))
    told: list[Verdict] = []
    gated: list[Hypothesis] = []
    for name, tolerance in tolerated.items():
        if name not in found:
            told += _uncosted(match, costs, name) or _unpaired(match, pairs, name)
            continue
        of_blocks, samples_each, unsure = units_of(blocks, pairs, name)
        own = (
            *lacking(match, pairs, name),
            *(() if early else mixed(pairs, name)),
            *growing(match, name),
            *scaled(match, name),
            *of_blocks,
        )
        each = Hypothesis(
            cell=match.facts.cell.id,
            against=match.against,
            change=found[name],
            tolerance=tolerance,
            notes=(*said, *own),
            stored=len(match.runs),
            by_clock=by_clock and name == BALANCED,
            samples_each=samples_each,
        )
        if name == QUALITY and same:
            note = "every answer is the same, letter for letter"
            told.append(_at_once(each, "pass", note))
            continue
        timeless = name == QUALITY or by_tokens(match, costs, name)
        apart = None if timeless else match.only_quality
        if name in (QUALITY, BALANCED):
            ungated = why_ungated(match.records, match.reference or ())
            apart = ungated or unsure or apart
        if apart is not None:
            told.append(_at_once(each, "inconclusive", f"not gated: {apart}"))
            continue
        gated.append(each)
    times = {
        name: stored_times(match.records, match.runs, name, found[name])
        for name in LATENCIES
        if match.runs and name in found
    }
    return told, [
        replace(each, times={name: known for name, known in times.items() if known})
        for each in gated
    ]


def _uncosted(match: Match, costs: PairedCosts, name: str) -> list[Verdict]:
    """Say of a cost, or of a score that weighs it, why it is not compared."""
    found = costs.lacking.get(COST_SCORE if name == BALANCED else name)
    if found is None:
        return []
    if found.lost:
        note = f"{match.against} has it and this run does not: {found.why}"
        return [_plain(match, name, "failed", note)]
    return [_plain(match, name, "inconclusive", found.why)]


def _unpaired(match: Match, pairs: Pairs, name: str) -> Iterable[Verdict]:
    """Say that too few pairs have a latency, and whether this run has lost it."""
    if name not in LATENCIES:
        return
    theirs = known(pairs.baseline, name)
    both = sum(ratio is not None for ratio in log_ratios(pairs, name))
    if theirs and not both:
        note = f"{match.against} has it and this run does not"
        yield _plain(match, name, "failed", note)
    elif theirs >= FEWEST:
        note = f"{match.against} has it of {theirs} samples, this run of {both} of them"
        yield _plain(match, name, "failed", note)
    elif theirs:
        note = f"{both} pairs tell nothing; at least {FEWEST} are needed"
        yield _plain(match, name, "inconclusive", note)


def _verdict(each: Hypothesis, share: LevelShare) -> Verdict:
    """Judge one change.

    Args:
        each: the change and its tolerance.
        share: what its family has of the level.
    """
    change, alpha = each.change, 2 * share.bound
    low, high = change.interval(alpha)
    tolerance = as_change(change.quantity, each.tolerance)
    significant = change.p <= share.level
    # Beside stored runs p is of a change beyond what is tolerated.
    between = change.between.variance > 0
    worse = (significant or between) and low > 0
    verdict = _figures(each, (low, high))
    if significant and low > tolerance:
        return replace(verdict, outcome="regression")
    if high <= tolerance:
        said = ("worse, but tolerably",) if worse else ()
        return replace(verdict, outcome="pass", note=_joined(*each.notes, *said))
    if worse:
        told = "worse for certain, perhaps by no more than is tolerated"
        verdict = replace(verdict, note=_joined(*each.notes, told))
    case = Undecided(
        change=change,
        low=low,
        high=high,
        tolerance=tolerance,
        level=share.level,
        stored=each.stored,
        looks=next((own.cell.looks for own in each.times.values()), 1.0),
    )
    # More samples of one run do not tell how much runs differ.
    by_runs = bool(each.stored and between)
    needed = needed_runs(case) if by_runs else needed_samples(case)
    if needed is None and by_runs:
        told = _no_runs(needed_in_turn(case))
        return replace(verdict, note=_joined(*filter(None, [verdict.note, told])))
    if needed is None:
        return verdict
    if by_runs:
        fewest, enough = needed.fewest, needed.enough
        return replace(verdict, needed_at_least=fewest, needed_runs=enough)
    return replace(
        verdict,
        needed_at_least=each.as_samples(needed.fewest),
        needed_samples=each.as_samples(needed.enough),
    )


def _no_runs(in_turn: int | None) -> str:
    """Say what decides where stored runs do not, however many there are."""
    told = "no number of baseline runs would decide"
    if in_turn is None:
        return f"{told}: measure it in turn, or longer"
    return f"{told}: measured in turn (--llm-against) about {in_turn} samples would"


def _at_once(each: Hypothesis, outcome: Outcome, note: str) -> Verdict:
    """Return the verdict on a change that takes no share of the level."""
    figures = _figures(each, each.change.interval(ALPHA))
    return replace(figures, outcome=outcome, note=_joined(*each.notes, note))


def _figures(each: Hypothesis, interval: tuple[float, float]) -> Verdict:
    """Return an inconclusive verdict with all its figures."""
    change, name = each.change, each.change.quantity
    low, high = interval
    return Verdict(
        cell=each.cell,
        quantity=name,
        outcome="inconclusive",
        against=each.against,
        baseline=change.baseline,
        candidate=change.candidate,
        change=_as_share(name, change.estimate),
        low=_as_share(name, low),
        high=_as_share(name, high),
        tolerance=each.tolerance,
        samples=each.as_samples(change.samples),
        note=_joined(*each.notes),
    )


def _as_share(quantity: str, change: float) -> float:
    """Return a change as it is reported: of a latency or a cost as a share.

    What lies between 0 and 1 changes by 1 at most.
    """
    if quantity not in RATIOS:
        return max(-1.0, min(1.0, change))
    return math.expm1(change) if change < _LARGEST else math.inf


def _plain(match: Match, quantity: str, outcome: str, note: str) -> Verdict:
    """Return a verdict without figures."""
    known = next(each for each in OUTCOMES if each == outcome)
    return Verdict(
        cell=match.facts.cell.id,
        quantity=quantity,
        outcome=known,
        against=match.against,
        note=note,
    )


def _joined(*notes: str) -> str | None:
    return "; ".join(notes) or None
