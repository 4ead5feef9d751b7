"""Tolerances and absolute limits: expressions as a user types them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pytest_llmlat.gate.changes import BALANCED, QUALITY, QUANTITIES
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.figure_columns import limited_figures
from pytest_llmlat.values.units import named, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.values.records import Cell

Unsure: TypeAlias = Literal["pass", "fail"]
"""Treatment of a run in which something could not be decided."""
NewCells: TypeAlias = Literal["fail", "warn", "pass"]
"""Treatment of a cell that the baseline does not have."""
UNSURE: tuple[Unsure, ...] = get_args(Unsure)
NEW_CELLS: tuple[NewCells, ...] = get_args(NewCells)

DEFAULT_TOLERANCE: Mapping[str, float] = {
    QUALITY: 0.02,
    BALANCED: 0.02,
    "e2e": 0.05,
    "ttft": 0.05,
}
"""Tolerances by default: points of quality and score, shares of a latency. What is not
named here, as ``tpot``, is gated only where a tolerance is given for it."""
USUAL_ANSWERED = 0.5
"""Share of a cell's requests that are to be answered, where nobody says another."""
_SCOPE = re.compile(r"(?P<task>[^@:\s]*)(?:@(?P<model>\S+?))?:\s+")
_SHARE = re.compile(r"([0-9]*\.?[0-9]+)\s*(%?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The cells that an expression is about; ``None`` stands for all."""

    task: str | None = None
    """Name of a task or a family."""
    model: str | None = None

    @property
    def text(self) -> str:
        """The scope as it is typed: ``TASK@MODEL``."""
        return f"{self.task or ''}{f'@{self.model}' if self.model else ''}"

    def holds(self, cell: Cell) -> bool:
        """Whether ``cell`` is one of them."""
        return self.task in (None, cell.task, cell.family) and self.model in (
            None,
            cell.model,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Tolerances of some cells: how much worse each quantity may become."""

    scope: Scope
    most: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredShare:
    """The least share of the requests of some cells that are to be answered."""

    scope: Scope
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The rules of a gate: tolerances, and the treatment of undecided and new cells."""

    tolerances: tuple[Tolerance, ...] = ()
    """Tolerances; later ones come before earlier ones."""
    unsure: Unsure = "pass"
    new_cells: NewCells = "warn"
    answered: tuple[AnsweredShare, ...] = ()
    """Shares of requests that are to be answered; later ones come before earlier."""

    def least_answered(self, cell: Cell) -> float:
        """Return the share of a cell's requests that are to be answered."""
        known = (one.least for one in self.answered[::-1] if one.scope.holds(cell))
        return next(known, USUAL_ANSWERED)

    def tolerated(self, cell: Cell) -> dict[str, float]:
        """Return the gated quantities of a cell, and how much worse each may be."""
        found = dict(DEFAULT_TOLERANCE)
        for tolerance in self.tolerances:
            if tolerance.scope.holds(cell):
                found |= dict(tolerance.most)
        return {name: found[name] for name in QUANTITIES if name in found}


def scoped(text: str) -> tuple[Scope, str]:
    """Split ``TASK@MODEL: expression`` into its scope and the rest."""
    match = _SCOPE.match(f"{text.strip()} ")
    if match is None or not (match["task"] or match["model"]):
        return Scope(), text.strip()
    scope = Scope(task=match["task"] or None, model=match["model"])
    return scope, text.strip()[match.end() :].strip()


def parse_tolerances(texts: Iterable[str], *, where: str) -> tuple[Tolerance, ...]:
    """Return the tolerances of expressions such as ``sentiment: e2e=5% quality=0.02``.

    Raises:
        UsageError: shows the place and the grammar.
    """
    found = []
    for text in texts:
        scope, rest = scoped(text)
        values = named(rest, QUANTITIES, where=f"{where}: {text!r}")
        most = tuple((name, _share(values[name], name, where)) for name in values)
        found.append(Tolerance(scope=scope, most=most))
    return tuple(found)


def parse_answered(texts: Iterable[str], *, where: str) -> tuple[AnsweredShare, ...]:
    """Return the shares of ``90%`` or ``sentiment@gpt2: 0.9``.

    Raises:
        UsageError: shows the place and the grammar.
    """
    found = []
    for text in texts:
        scope, rest = scoped(text)
        match = _SHARE.fullmatch(rest)
        least = float(match[1]) / (100 if match[2] else 1) if match else math.inf
        if least > 1:
            raise UsageError(
                f"{where}: {text!r}: write the share of requests that are to be"
                " answered, from 0 to 100%, such as 90% or 'sentiment: 0.9'"
            )
        found.append(AnsweredShare(scope=scope, least=least))
    return tuple(found)


def _share(text: str, name: str, where: str) -> float:
    match = _SHARE.fullmatch(text)
    if match is None:
        raise UsageError(
            f"{where}: {name}={text}: write a share such as 5% or 0.05, or points of"
            " quality such as 0.02"
        )
    value = float(match[1]) / (100 if match[2] else 1)
    points = name in (QUALITY, BALANCED)
    if not math.isfinite(value) or (value > 1 and (points or not match[2])):
        raise UsageError(
            f"{where}: {name}={text}: is more than there is; did you mean %?"
        )
    return value


LIMITED = limited_figures()
"""Figures that an absolute limit can be on, by the names that are typed."""
Sign: TypeAlias = Literal[">=", "<="]
SIGNS: tuple[Sign, ...] = get_args(Sign)
_AMOUNTS = ("money", "J", "W", "g")
"""Units of what answers cost."""
_CURRENCY = re.compile(r"(?!cost)[a-z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """An absolute bound on one figure of some cells."""

    scope: Scope
    quantity: str
    sign: Sign
    bound: float
    text: str
    """The limit as it was typed, for the report."""
    currency: str | None = None
    """Of an amount, as in ``usd_per_correct``; ``None`` for that of the run."""


def parse_limits(texts: Iterable[str], *, where: str) -> tuple[Limit, ...]:
    """Return the limits of ``sentiment@gpt2: quality>=0.6 ttft_p95<=0.5s``.

    Raises:
        UsageError: shows the place and the grammar.
    """
    return tuple(
        limit
        for text in texts
        for scope, rest in [scoped(text)]
        for part in re.split(r"[\s,]+", rest)
        for limit in [_limit(part, scope, where=f"{where}: {text!r}")]
    )


def parse_limit(quantity: str, text: str, *, where: str) -> Limit:
    """Return the limit of a marker's argument, such as ``quality=">=0.6"``."""
    return _limit(f"{quantity}{text.strip().replace(' ', '')}", Scope(), where=where)


def _limit(part: str, scope: Scope, *, where: str) -> Limit:
    grammar = (
        "write FIGURE>=BOUND or FIGURE<=BOUND, separated by blanks; figures: "
        + ", ".join(LIMITED)
    )
    for sign in SIGNS:
        quantity, between, bound = part.partition(sign)
        if not between:
            continue
        figure, currency = _in_currency(quantity)
        if figure not in LIMITED or not bound:
            break
        return Limit(
            scope=scope,
            quantity=figure,
            sign=sign,
            bound=_bound(figure, bound, where=f"{where}: {part}"),
            text=part,
            currency=currency,
        )
    raise UsageError(f"{where}: {part!r} is not understood; {grammar}")


def _in_currency(quantity: str) -> tuple[str, str | None]:
    """Return the figure that ``usd_per_correct`` means, and its currency."""
    currency, between, of = quantity.partition("_per_")
    figure = f"cost_per_{of}"
    if not between or figure not in LIMITED or not _CURRENCY.fullmatch(currency):
        return quantity, None
    return figure, currency.upper()


def _bound(quantity: str, text: str, *, where: str) -> float:
    unit = LIMITED[quantity][0].unit
    if unit == "s":
        return seconds(text, where=where)
    if unit in ("1/s", *_AMOUNTS):
        kind = "rate" if unit == "1/s" else "amount"
        match = re.fullmatch(r"[0-9]*\.?[0-9]+", text)
        if match is None or not math.isfinite(float(text)):
            raise UsageError(f"{where}: {text!r} is no {kind}; write such as 2.5")
        return float(text)
    return _share(text, QUALITY, where)
