"""What the requests of both sides of a comparison cost, item by item.

A right answer costs what was spent on all judged answers, over the right ones. The cost
of stored answers is counted by the candidate's price: what is gated is how much of it
is used, and no provider's price list.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmlat.analysis.cached_prompts import cached_apart
from pytest_llmlat.analysis.cost_scores import cost_scores, joules_of, money_of
from pytest_llmlat.values.balance import weighed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.gate.pairing import Pairs
    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record

COSTS = ("cost_per_correct", "joules_per_correct")
"""Costs of a right answer that can be gated: in money, and in measured joules."""
FEWEST_RIGHT = 5
"""Right answers of each side that are needed to know what one costs."""
COST_SCORE = "cost_score"
_SHARED = (
    "under a load an answer has a share of what the load cost, and nobody knows how far"
    " another load's would differ"
)

CostRow: TypeAlias = tuple[float, ...]
Amounts: TypeAlias = "Sequence[float | None] | str"
"""Of each request, ``None`` where that is not known; or why nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLacking:
    """Why a cost is not compared."""

    why: str
    lost: bool = False
    """Whether the reference has it, and the candidate does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCosts:
    """Costs of paired answers, in the order of the pairs' items."""

    rows: Mapping[str, Sequence[CostRow]] = field(default_factory=dict)
    """Of each cost of a right answer (candidate's cost, its right answers, reference's
    cost, its right answers); of the cost score (candidate's, reference's)."""
    lacking: Mapping[str, CostLacking] = field(default_factory=dict)
    of_time: frozenset[str] = frozenset()
    """Those that grow with the time of an answer."""


def paired_costs(
    match: Match, pairs: Pairs, quantities: Iterable[str], balance: Balance
) -> PairedCosts:
    """Return the costs that are gated, or that the balanced score weighs.

    Args:
        match: a cell and what it is compared with.
        pairs: their answers.
        quantities: names of what is gated.
        balance: which mean is called balanced.
    """
    wanted = [name for name in COSTS if name in quantities]
    if weighed(balance).weighs_cost:
        wanted.append(COST_SCORE)
    found = {name: _paired(match, pairs, name) for name in wanted}
    price = match.facts.price
    by_hour = price is not None and not price.by_token
    budget = match.facts.cost_budget
    timed = {
        "cost_per_correct": by_hour,
        "joules_per_correct": True,
        COST_SCORE: by_hour or (budget is not None and budget.of_energy),
    }
    return PairedCosts(
        rows={n: own for n, own in found.items() if not isinstance(own, CostLacking)},
        lacking={n: own for n, own in found.items() if isinstance(own, CostLacking)},
        of_time=frozenset(name for name, holds in timed.items() if holds),
    )


def by_tokens(match: Match, costs: PairedCosts, name: str) -> bool:
    """Whether a quantity is a cost that no disturbance of times changes.

    Both sides were measured in turn, and their servers kept as much of the prompts: a
    kept token may be cheaper.
    """
    return (
        name in COSTS
        and name not in costs.of_time
        and match.beside is not None
        and cached_apart(match.records, match.reference or ()) is None
    )


def _paired(match: Match, pairs: Pairs, name: str) -> Sequence[CostRow] | CostLacking:
    """Return the rows of a cost, or of the cost score, or why there are none."""
    stopping = match.facts.stopping
    if stopping is not None and stopping.early:
        told = "of what answers cost no test holds that was not of all pairs"
        return CostLacking(why=f"{stopping.told}: {told}")
    sides = (match.facts, match.records), _reference(match)
    ours, theirs = (_amounts(name, facts, records) for facts, records in sides)
    if isinstance(ours, str):
        return CostLacking(why=ours, lost=not isinstance(theirs, str))
    if isinstance(theirs, str):
        return CostLacking(why=f"{match.against}: {theirs}")
    own, other = (
        _by_item(match, records, amounts)
        for (_, records), amounts in zip(sides, (ours, theirs), strict=True)
    )
    rows = [(*own[item], *other[item]) for item in pairs.samples]
    if name == COST_SCORE:
        return [(score, its) for score, _, its, _ in rows]
    return _few(rows, match.against) or rows


def _reference(match: Match) -> tuple[CellFacts, Sequence[Record]]:
    """Return facts and records of the reference.

    Of stored runs the facts are the candidate's, without what it measured itself.
    """
    records = match.reference or ()
    if match.beside is not None:
        return match.beside, records
    energy = match.facts.energy
    if energy is not None:
        energy = replace(energy, joules=None, seconds=None, reason="not stored")
    return replace(match.facts, energy=energy), records


def _amounts(name: str, facts: CellFacts, records: Sequence[Record]) -> Amounts:
    """Return a cost, or a cost score, of each request of a side."""
    if name == COST_SCORE:
        found = cost_scores(facts, records)
        if isinstance(found, str):
            return found
        return _SHARED if found.shared else found.scores
    joules = name == "joules_per_correct"
    by_token = facts.price is not None and facts.price.by_token and not joules
    if facts.load is not None and not by_token:
        return _SHARED
    costs = joules_of(facts, records) if joules else money_of(facts, records)
    return costs if isinstance(costs, str) else _whole(costs, records)


def _whole(costs: Sequence[float | None], records: Sequence[Record]) -> Amounts:
    """Return costs of which a right answer's can be told, or why it cannot."""
    unknown = sum(cost is None for cost in costs)
    if unknown:
        return f"nobody knows what {unknown} failed requests cost"
    if any(r.grade.correct is None for r in records if r.graded):
        return "its metric knows no right and wrong"
    return costs


def _by_item(
    match: Match, records: Sequence[Record], amounts: Sequence[float | None]
) -> Mapping[str, tuple[float, float]]:
    """Return the mean cost of an answer to each item, and the share of right ones.

    Of a conversation those turns count that both sides have.
    """
    theirs = {record.sample for record in match.reference or ()}
    # By the candidate's items, as pairs are: an older run may not know of clusters.
    both = {r.sample: r.item for r in match.records if r.sample in theirs}
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for record, amount in zip(records, amounts, strict=True):
        if record.sample in both and amount is not None:
            found[both[record.sample]].append((amount, bool(record.grade.correct)))
    return {
        item: (fmean(cost for cost, _ in own), fmean(right for _, right in own))
        for item, own in found.items()
    }


def _few(rows: Sequence[CostRow], against: str) -> CostLacking | None:
    ours, theirs = (sum(row[place] for row in rows) for place in (1, 3))
    if not ours and theirs >= FEWEST_RIGHT:
        return CostLacking(
            why="nothing was right here, so a right answer has no end of a price",
            lost=True,
        )
    if min(ours, theirs) < FEWEST_RIGHT:
        return CostLacking(
            why=f"{ours:g} answers are right here and {theirs:g} of {against}; at least"
            f" {FEWEST_RIGHT} of both are needed to tell what one costs"
        )
    return None
