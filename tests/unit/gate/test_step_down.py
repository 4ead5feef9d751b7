"""Which of many changes are certain, over families of them."""

from __future__ import annotations

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.gate.step_down import HommelFamily, step_down

ALPHA = 0.05
PS = st.lists(
    st.lists(
        st.sampled_from([0.001, 0.012, 0.016, 0.024, 0.026, 0.04, 0.06, 0.5]),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
)


def rejected(rows: list[list[float]], **more: float) -> set[tuple[int, int]]:
    """Return the places of what is rejected."""
    families = [HommelFamily(p=tuple(row), weight=1.0) for row in rows]
    return {
        (n, m)
        for n, share in enumerate(step_down(families, ALPHA, **more))
        for m, p in enumerate(rows[n])
        if p <= share.level
    }


def simes(ps: list[float], level: float) -> bool:
    """Whether the hypothesis that all of them are chance is rejected."""
    return any(p <= (n + 1) * level / len(ps) for n, p in enumerate(sorted(ps)))


@given(PS)
def test_no_more_is_rejected_than_a_closed_test_does(rows: list[list[float]]) -> None:
    """All sets that hold it must be rejected, by Bonferroni over families of Simes."""
    every = [(n, m) for n, row in enumerate(rows) for m in range(len(row))]
    sets = chain.from_iterable(combinations(every, k) for k in range(1, len(every) + 1))
    kept = set()
    for some in sets:
        families = {n for n, _ in some}
        if not any(
            simes([rows[n][m] for f, m in some if f == n], ALPHA / len(families))
            for n in families
        ):
            kept |= set(some)

    assert not rejected(rows) & kept


def test_a_family_that_moved_alike_has_its_whole_level() -> None:
    """Two p-values of 0.04 are both below 0.05; alone each would need 0.025."""
    assert rejected([[0.04, 0.04]]) == {(0, 0), (0, 1)}
    assert rejected([[0.04], [0.04]]) == set()
    assert rejected([[0.04, 0.5]]) == set()
    assert rejected([[0.02, 0.5]]) == {(0, 0)}


def test_a_level_goes_on_when_all_of_a_family_is_rejected() -> None:
    """And stays where some of it may be chance."""
    assert rejected([[0.01], [0.04]]) == {(0, 0), (1, 0)}
    assert rejected([[0.01, 0.5], [0.04]]) == {(0, 0)}


def test_families_that_are_still_to_come_are_counted() -> None:
    """As if they were there."""
    assert rejected([[0.02]]) == {(0, 0)}
    assert rejected([[0.02]], least=3) == set()
