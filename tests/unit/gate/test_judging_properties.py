"""What holds of all verdicts, whatever was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlat.gate.changes import changes
from pytest_llmlat.gate.judging import ALPHA, judge
from pytest_llmlat.gate.pairing import LATENCIES, pair
from pytest_llmlat.gate.tolerances import GateRules, parse_tolerances
from tests.unit.builders import a_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.gate.match import Match
    from pytest_llmlat.values.records import Record
from tests.unit.example_counts import at_most
from tests.unit.gate.test_judging import answers, found, judged, matched

CALM = settings(max_examples=at_most(30), deadline=None)


WORTH = st.floats(0, 1)


ROW = st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), st.booleans(), st.booleans())


CELL = st.lists(ROW, min_size=5, max_size=14)


def drawn(rows: Sequence[tuple[float, float, bool, bool]], number: int = 0) -> Match:
    """Return a cell of (our time, their time, our mark, their mark)."""
    cell = a_cell(task=f"reasoning/t{number}")
    ours, theirs, right, before = zip(*rows, strict=True)
    return matched(
        answers(ours, right=right, cell=cell, stamped=True),
        answers(theirs, right=before, cell=cell, stamped=True),
    )


@pytest.mark.slow
@CALM
@given(st.lists(CELL, min_size=1, max_size=4), st.sampled_from(["5%", "0", "40%"]))
def test_every_verdict_follows_from_its_figures(
    rows: list[list[tuple[float, float, bool, bool]]], tolerance: str
) -> None:
    """By the contract, with Holm's steps worked out beside it."""
    matches = [drawn(each, number) for number, each in enumerate(rows)]
    rules = GateRules(tolerances=parse_tolerances([f"e2e={tolerance}"], where="here"))
    tolerated = rules.tolerated(a_cell())
    families: dict[tuple[str, str], dict[str, float]] = {}
    for match in matches:
        for name, change in changes(
            pair(match.records, match.reference or ()),
            list(tolerated),
            balance="geometric",
        ).items():
            # Latencies are of one clock.
            what = "time" if name in LATENCIES else name
            families.setdefault((match.facts.cell.id, what), {})[name] = change.p
    ranked = sorted(families.items(), key=lambda item: max(item[1].values()))
    names = {(cell, name) for (cell, _), own in ranked for name in own}
    significant, rate, going = set(), 0.0, True
    for rank, ((cell, _), own) in enumerate(ranked):
        rate = ALPHA / 2 / (len(ranked) - rank) if going else rate
        going = going and max(own.values()) <= rate
        # Hommel's for two: the larger one counts for both, or twice the smaller.
        both = min(len(own) * min(own.values()), max(own.values()))
        significant |= {(cell, n) for n, p in own.items() if max(p, both) <= rate}

    verdicts = judge(matches, rules, balance="geometric")

    assert {(v.cell, v.quantity) for v in verdicts} == names
    for verdict in verdicts:
        assert verdict.change is not None
        assert verdict.low is not None
        assert verdict.high is not None
        assert verdict.tolerance == tolerated[verdict.quantity]
        assert verdict.low <= verdict.change <= verdict.high
        worse = (verdict.cell, verdict.quantity) in significant and verdict.low > 0
        if worse and verdict.low > verdict.tolerance:
            assert (verdict.outcome, verdict.note) == ("regression", None)
        elif verdict.high <= verdict.tolerance:
            note = "worse, but tolerably" if worse else None
            assert (verdict.outcome, verdict.note) == ("pass", note)
        else:
            assert verdict.outcome == "inconclusive"
            needed = verdict.needed_samples
            assert needed is None or needed > (verdict.samples or 0)


@pytest.mark.slow
@CALM
@given(CELL)
def test_both_cannot_be_worse_than_the_other(
    rows: list[tuple[float, float, bool, bool]],
) -> None:
    """Swapping candidate and baseline never makes a regression of both."""
    there = judged(drawn(rows))
    back = judged(drawn([(b, a, y, x) for a, b, x, y in rows]))

    assert there.keys() == back.keys()
    for name, verdict in there.items():
        assert {verdict.outcome, back[name].outcome} != {"regression"}
        assert (verdict.baseline, verdict.candidate) == (
            back[name].candidate,
            back[name].baseline,
        )


@pytest.mark.slow
@CALM
@given(CELL, st.sampled_from([2, 10, 1000]))
def test_the_unit_of_time_does_not_matter(
    rows: list[tuple[float, float, bool, bool]], factor: int
) -> None:
    """All times and budgets longer by the same factor: the same verdicts."""
    match = drawn(rows)

    def longer(record: Record) -> Record:
        timing = record.timing
        assert timing is not None
        return replace(
            record,
            budget_s=record.budget_s * factor,
            timing=replace(
                timing,
                start_ns=factor * timing.start_ns,
                end_ns=factor * timing.end_ns,
                stamps_ns=tuple(factor * stamp for stamp in timing.stamps_ns),
            ),
        )

    stretched = replace(
        match,
        records=tuple(map(longer, match.records)),
        reference=tuple(map(longer, match.reference or ())),
    )
    before, after = judged(match), judged(stretched)

    assert {name: v.outcome for name, v in before.items()} == {
        name: v.outcome for name, v in after.items()
    }
    assert before["e2e"].change == pytest.approx(after["e2e"].change, abs=1e-9)
    assert after["e2e"].candidate == pytest.approx(
        factor * (before["e2e"].candidate or 0)
    )


@pytest.mark.slow
def test_identical_candidates_are_rarely_a_regression() -> None:
    """In 100 sessions of two noisy cells, at most one in twenty has a false alarm."""
    import numpy as np

    source = np.random.default_rng(7)

    def session() -> bool:
        matches = []
        for number in range(2):
            usual = source.normal(0, 0.6, 20)
            times = np.exp(usual + source.normal(0, 0.2, (2, 20)))
            right = source.random((2, 20)) < 0.5
            rows = zip(*times.tolist(), *right.tolist(), strict=True)
            matches.append(drawn(list(rows), number))
        return any(v.outcome == "regression" for v in found(matches))

    # 5 % of 100 and two standard errors more.
    assert sum(session() for _ in range(100)) <= 10
