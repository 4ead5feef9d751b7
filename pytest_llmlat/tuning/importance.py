"""Importance of the keys of a space: which of them moved the goal.

By main effects: the share of the variance of all gains that the means of a key's
values explain. Of a full product the shares of all keys add up to at most 1, and the
rest is of several keys together and of noise. Of settings that were drawn a key may
have some of another's share; there Optuna's fANOVA (Hutter et al. 2014, ICML) is taken
where it can be had.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_llmlat.tuning.proposals import ParzenSettings
from pytest_llmlat.values.tuning_race import KeyWeight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.tuning.proposals import Proposer
    from pytest_llmlat.values.search_space import SearchSpace, Setting

_BINS = 4
"""Parts into which the numbers of a range are grouped."""
_FEWEST = 4
MAIN_EFFECTS = "main effects, share of variance"
FANOVA = "fANOVA (Optuna), share of variance"


def weights(
    space: SearchSpace, gains: Mapping[Setting, float], proposer: Proposer
) -> tuple[str | None, tuple[KeyWeight, ...]]:
    """Return how importance was reckoned, and each key's, the largest first.

    Args:
        space: its keys.
        gains: of each setting that was measured, on the same items.
        proposer: who proposed them.

    Returns:
        ``None`` and nothing where there are too few settings to tell.
    """
    if len(gains) < _FEWEST or max(gains.values()) == min(gains.values()):
        return None, ()
    found = _fanova(proposer, gains)
    how = FANOVA if found else MAIN_EFFECTS
    if not found:
        found = {
            key.name: _explained(
                [(dict(s.values).get(key.name), g) for s, g in gains.items()]
            )
            for key in space.keys
        }
    ranked = sorted(found.items(), key=lambda pair: -pair[1])
    return how, tuple(KeyWeight(key=key, share=share) for key, share in ranked)


def _explained(pairs: Sequence[tuple[object, float]]) -> float:
    """Return the share of the variance that the means of groups explain."""
    groups: dict[object, list[float]] = defaultdict(list)
    for value, gain in zip(_grouped([v for v, _ in pairs]), pairs, strict=True):
        groups[value].append(gain[1])
    gains = [gain for _, gain in pairs]
    mean = fmean(gains)
    whole = sum((gain - mean) ** 2 for gain in gains)
    between = sum(len(own) * (fmean(own) - mean) ** 2 for own in groups.values())
    return between / whole


def _grouped(values: Sequence[object]) -> list[object]:
    """Return values, those of a range by which part of it they are in."""
    numbers = sorted({v for v in values if isinstance(v, int | float)})
    if len(numbers) <= _BINS or len(numbers) < len(values) / _BINS:
        return [(type(value), value) for value in values]
    size = len(numbers) / _BINS
    places = {number: int(place / size) for place, number in enumerate(numbers)}
    return [places.get(value, value) for value in values]  # type: ignore[call-overload] # numbers only


def _fanova(proposer: Proposer, gains: Mapping[Setting, float]) -> dict[str, float]:
    """Return Optuna's importances; empty where there is no study of it."""
    if not isinstance(proposer, ParzenSettings) or find_spec("sklearn") is None:
        return {}
    return proposer.importance(gains)
