"""Families of tasks: properties that tasks of one kind share."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmlat.values.extensions import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family: properties of all tasks named ``family/task``."""

    labels: bool = False
    """Whether answers are labels even of tasks that list none, so that macro-F1 is told
    beside accuracy. A task with ``labels`` needs no such family."""


SUMMARIZATION = CODE_COMPLETION = CODE_DEBUGGING = Family()
TRANSLATION = REASONING = Family()
SENTIMENT = Family(labels=True)


def _family(name: str, value: object) -> Family:
    if not isinstance(value, Family):
        raise TypeError(f"must be a Family, not {value!r:.80}")
    if "/" in name or "|" in name:
        raise ValueError("the name of a family has no '/' and no '|'")
    return value


FAMILIES: Table[Family] = Table("families", "family", _family)
"""The families of tasks by name."""
