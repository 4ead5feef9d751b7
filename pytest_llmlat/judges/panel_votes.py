"""The panel: one grade from the votes of several judges."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pytest_llmlat.values.judge_votes import PanelRule, Vote

LEFT_OUT = "is the candidate or of its family"


def without_own(
    votes: Sequence[Vote], candidate: str, lineages: Collection[str]
) -> list[Vote]:
    """Return votes of which those of the candidate and its family do not count.

    They are kept and shown: how far a judge favours its own is worth knowing.

    Args:
        votes: on one answer.
        candidate: name of the model that gave it.
        lineages: family of that model; of a cascade that of each step.
    """
    return [
        replace(vote, counted=vote.judge != candidate and vote.lineage not in lineages)
        for vote in votes
    ]


def in_both_orders(first: Vote, second: Vote) -> Vote:
    """Return one vote of two on the same pair, in both orders.

    A judge that says in both that the one in the same place is better has not seen a
    difference: it comes to a tie. Without one of them there is no vote.

    Args:
        first: where the answer stood first; its score is high where the first is
            better.
        second: where the answer stood second.
    """
    seconds = [vote.seconds for vote in (first, second) if vote.seconds is not None]
    costs = [vote.cost for vote in (first, second) if vote.cost is not None]
    vote = replace(
        first,
        why=first.why if second.why in (None, first.why) else _both_said(first, second),
        seconds=sum(seconds) if seconds else None,
        cost=sum(costs) if costs else None,
        prompt_tokens=_both(first.prompt_tokens, second.prompt_tokens),
        output_tokens=_both(first.output_tokens, second.output_tokens),
    )
    if first.share is None or second.share is None:
        broken = first if first.share is None else second
        return replace(vote, score=None, share=None, problem=broken.problem)
    orders = (first.share, 1 - second.share)
    return replace(vote, score=sum(orders), share=fmean(orders), orders=orders)


def _both_said(first: Vote, second: Vote) -> str:
    return f"where it stood first: {first.why}; where it stood second: {second.why}"


def _both(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def panel_grade(votes: Sequence[Vote], rule: PanelRule) -> Grade | None:
    """Return the grade that counted votes come to; ``None`` if there are none.

    The details tell how many votes counted and how far they lie apart.

    Args:
        votes: on one answer; those without a score, or that do not count, are left out.
        rule: how one grade is made of them.
    """
    shares = [v.share for v in votes if v.counted and v.share is not None]
    if not shares:
        return None
    value = _RULES[rule](shares)
    details = (
        ("judge_votes", float(len(shares))),
        ("judge_spread", max(shares) - min(shares)),
    )
    return Grade(value=value, details=details, note=_told(votes))


def _majority(shares: Sequence[float]) -> float:
    counts = Counter(shares)
    most = max(counts.values())
    return fmean(share for share, count in counts.items() if count == most)


_RULES: Mapping[PanelRule, Callable[[Sequence[float]], float]] = {
    "mean": fmean,
    "median": median,
    "majority": _majority,
}


def _told(votes: Sequence[Vote]) -> str:
    """Write each vote: who said what, and which do not count."""
    return "; ".join(
        f"{vote.judge} {_score(vote)}{'' if vote.counted else f' ({LEFT_OUT})'}"
        for vote in votes
    )


def _score(vote: Vote) -> str:
    return vote.problem or "no score" if vote.score is None else f"{vote.score:g}"
