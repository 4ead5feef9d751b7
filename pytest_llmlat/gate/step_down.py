"""Step-down tests of many changes, with one promise over all of them.

Changes come in families: quantities that are read from one clock, so that what makes
one of them worse makes the others so too. Between families it is Holm's step-down
correction (1979), weighted; within one it is Hommel's (1988, Biometrika 75(2)), which
loses nothing where all of a family moved alike: if each of two p-values is below the
level of the family, both are rejected. It needs that p-values are not negatively
dependent (Simes 1986; Sarkar 1998), as those of one clock are not. Both together are a
closed test: the level of a family goes on to others only when all of it is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class HommelFamily:
    """A family of p-values that share a level."""

    p: tuple[float, ...]
    """P-values, one-sided, one for each member; at least one."""
    weight: float
    """Share of the level, beside those of the other families."""

    def steps(self, level: float) -> int:
        """Return the divisor of the level for each member (Hommel's j, from 1).

        A member is rejected if its p-value is at most the level by this, and all are
        if this is 1 and none is above the level.
        """
        ranked = sorted(self.p)
        for size in range(len(ranked), 0, -1):
            largest = ranked[len(ranked) - size :]
            if all(p > k * level / size for k, p in enumerate(largest, start=1)):
                return size
        return 1

    def whole(self) -> float:
        """Least level at which all members are rejected."""
        return max(self.p)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShare:
    """A family's share of the level."""

    level: float
    """Level at which each of its members is tested: one-sided, the step of Hommel
    within."""
    bound: float
    """Level of the interval that is shown: it grows with each family that comes
    before."""


def step_down(
    families: Sequence[HommelFamily], alpha: float, *, least: float = 0.0
) -> list[LevelShare]:
    """Return the share of each family, in their order.

    A member is rejected if its p-value is at most the level of its family.

    Args:
        families: all that is tested.
        alpha: the one-sided level over all.
        least: weight of all families that there will be, if these are some of them.
    """
    found: dict[int, LevelShare] = {}
    places = sorted(
        range(len(families)), key=lambda n: families[n].whole() / families[n].weight
    )
    remaining = sum(family.weight for family in families)
    rejecting, rate = True, alpha
    for place in places:
        family = families[place]
        now = alpha / max(remaining, least, family.weight)
        if rejecting:
            rate = now
        level, bound = rate * family.weight, now * family.weight
        found[place] = LevelShare(
            level=level / family.steps(level), bound=bound / family.steps(bound)
        )
        # The rate stands still from the first that is not rejected whole.
        rejecting = rejecting and family.whole() <= level
        remaining -= family.weight
    return [found[place] for place in range(len(families))]
