"""A panel of judges: who judges what, by which rubric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.judge_votes import VERDICT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.judge_votes import PanelRule, Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel: who judges what by which rubric."""

    judges: tuple[ModelSpec, ...]
    rubric: Rubric
    rule: PanelRule = "mean"
    in_flight: int = 8
    """How many requests a judge's server is asked at once."""
    tokens: int = VERDICT_TOKENS
    """Tokens at most of a verdict."""
    against: str = ""
    """Whose answers others are held against in pairs; empty for the right ones."""

    @property
    def rubric_id(self) -> str:
        """What votes and labels are about, by which they are told apart."""
        return self.rubric.beside(self.against)


def check_panel(panel: Panel, *, where: str) -> None:
    """Refuse a panel that cannot judge, before anybody is asked.

    Args:
        panel: as it was asked for.
        where: how a judge is named, for complaints.

    Raises:
        UsageError: no judge, or two of one name.
    """
    names = [judge.name for judge in panel.judges]
    if not names:
        raise UsageError(f"a panel needs a judge: name one with {where} NAME")
    check_twins(names, where=where)


def check_twins(names: Sequence[str], *, where: str) -> None:
    """Refuse two judges of one name.

    Raises:
        UsageError: names it.
    """
    for name in names:
        if names.count(name) > 1:
            raise UsageError(
                f"{where} {name}: is named twice; one model has one vote, and two"
                " alike would agree with themselves"
            )
