"""The budget of a run (``--llm-spend``): what it may spend, and what it has spent.

It stops before the budget is exceeded: a request is made only if the most that it may
cost fits beside what was spent and what is under way. So the budget is exceeded by
nothing but what was under way.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_llmlat.measure.judge_requests import AskedFreely
from pytest_llmlat.values.allowance import NO_BOUNDS
from pytest_llmlat.values.errors import BudgetSpent, UsageError
from pytest_llmlat.values.request_cost import cost_of
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.measure.cell_tools import LoadedModel
    from pytest_llmlat.measure.judge_requests import JudgeAllowance
    from pytest_llmlat.values.allowance import Allowance
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.records import Record, Request
    from pytest_llmlat.values.spend import SpendLimits

_OF_MESSAGE = 16
"""Tokens of a chat template round one message, at most."""
_OF_PROMPT = 64
_SECONDS = 60


def most_cost(request: Request, price: Price) -> Decimal:
    """Return the most that a request may cost where tokens are paid.

    A token is a byte at least, and an answer has as many as it may have.
    """
    messages = request.messages
    text = sum(len(content.encode("utf-8", "replace")) for _, content in messages)
    prompt = text + _OF_MESSAGE * len(messages) + _OF_PROMPT
    each = price.of_tokens(prompt, 0, request.most_tokens)
    return each * max(1, len(request.continuations))


def check_prices(
    limits: SpendLimits, models: Iterable[ModelSpec], *, where: str
) -> None:
    """Refuse a budget of money where nobody says what a model costs.

    Args:
        limits: what may be spent.
        models: those that will be asked.
        where: how the user writes the setting.

    Raises:
        UsageError: a model has no price, or one in another currency.
    """
    if limits.money is None:
        return
    for model in models:
        currency = None if model.price is None else model.price.currency
        if currency != limits.currency:
            told = "has no price" if currency is None else f"is paid in {currency}"
            raise UsageError(
                f"{where}: is in {limits.currency}, and {model.name!r} {told}:"
                " write a price into its entry, or leave the money out"
            )


class Budget:
    """The budget of a run."""

    def __init__(
        self, limits: SpendLimits, clock: Clock, *, begin_ns: int, where: str
    ) -> None:
        """Begin with nothing spent.

        Args:
            limits: what may be spent.
            clock: tells the time that was spent.
            begin_ns: when the run began.
            where: how the user writes the setting, for complaints.
        """
        self.limits, self.where = limits, where
        self.clock = clock
        self._begin_ns = begin_ns
        self.money = Decimal(0)
        """Money that was spent, what is under way not included."""
        self.joules = 0.0
        self.refused: str | None = None
        """Why the run was stopped; ``None`` if it was not."""

    def allowance(self, model: LoadedModel) -> Allowance:
        """Return the allowance of one cell of a model."""
        if not self.limits.any:
            return NO_BOUNDS
        return CellAllowance(self, model.deployment.model.price)

    def for_judge(self, judge: ModelSpec) -> JudgeAllowance:
        """Return the allowance of a judge, from the same budget."""
        if not self.limits.any:
            return AskedFreely()
        return CellAllowance(self, judge.price)

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return (self.clock.now_ns() - self._begin_ns) / NS_PER_S

    def check(self) -> None:
        """See that something may still be measured.

        Raises:
            BudgetSpent: the budget is spent; says which.
        """
        if self.refused is None:
            self.refused = self._over(Decimal(0), 0.0, 0.0)
        if self.refused is not None:
            raise BudgetSpent(self.refused)

    def see_nothing(self) -> None:
        """Learn that a request was made whose joules nobody counted."""
        if self.limits.joules is not None and self.refused is None:
            self.refused = (
                "not measured: budget: nothing counted the joules of an answer, so that"
                " it cannot be kept; see the line on energy, or leave joules out"
            )

    def fits(self, money: Decimal, seconds: float, joules: float) -> bool:
        """Whether so much more fits, beside what was spent.

        Args:
            money: at most, with all that is under way.
            seconds: that are likely to pass.
            joules: that are likely to be used.
        """
        if self.refused is None:
            self.refused = self._over(money, seconds, joules)
        return self.refused is None

    def would_fit(self, money: Decimal) -> bool:
        """Whether so much more money would fit; asks without stopping the run."""
        return self.refused is None and self._over(money, 0.0, 0.0) is None

    def _over(self, money: Decimal, seconds: float, joules: float) -> str | None:
        limits, spent = self.limits, self.money
        if limits.money is not None and spent + money > limits.money:
            return (
                f"not measured: budget: {spent:.6f} of {limits.money} {limits.currency}"
                f" were spent, and what is next may cost up to {money:.6f}"
            )
        minutes = (self.seconds + seconds) / _SECONDS
        if limits.minutes is not None and minutes > limits.minutes:
            return (
                f"not measured: budget: {self.seconds / _SECONDS:.2f} of"
                f" {limits.minutes:g} minutes were spent"
            )
        if limits.joules is not None and self.joules + joules > limits.joules:
            return (
                f"not measured: budget: {self.joules:.0f} of {limits.joules:g} joules"
                f" were used, and an answer took up to {joules:.0f}"
            )
        return None


class CellAllowance:
    """The allowance of one cell, from a run's budget."""

    def __init__(self, budget: Budget, price: Price | None) -> None:
        """Begin now.

        Args:
            budget: of the run.
            price: of the cell's model; ``None`` where it costs no money.
        """
        self._budget, self._price = budget, price
        self._begin_ns = budget.clock.now_ns()
        self._aside: dict[int, Decimal] = {}
        self._most_s = self._most_j = 0.0

    def admit(self, request: Request, place: int | None) -> bool:
        """Whether a request may be made; sets aside what it may cost.

        Raises:
            UsageError: the whole budget is less than this one answer may cost.
        """
        budget, price = self._budget, self._price
        own = Decimal(0)
        if price is not None and price.by_token:
            own = most_cost(request, price)
            self._check_one(own)
        under_way = sum(self._aside.values(), Decimal(0)) + self._hours()
        if not budget.fits(under_way + own, self._most_s, self._most_j):
            return False
        if place is None:
            # Nobody tells what it cost in the end.
            budget.money += own
        else:
            self._aside[place] = own
        return True

    def waits(self, request: Request) -> bool:
        """Whether a request is too dear only beside what is under way."""
        price = self._price
        if not self._aside or price is None or not price.by_token:
            return False
        own, others = most_cost(request, price), sum(self._aside.values(), Decimal(0))
        fits = self._budget.would_fit
        return fits(own) and not fits(own + others)

    def settle(self, place: int, record: Record) -> None:
        """Put what a request really cost in the place of what was set aside."""
        price, took = self._price, 0.0
        cost = None if price is None else cost_of(record, price, None)
        if record.timing is not None:
            took = (record.timing.end_ns - record.timing.start_ns) / NS_PER_S
        self.settle_vote(place, cost, took)
        if record.energy_j is not None:
            self._budget.joules += record.energy_j
            self._most_j = max(self._most_j, record.energy_j)
        elif record.timing is not None:
            self._budget.see_nothing()

    def settle_vote(self, place: int, cost: Decimal | None, seconds: float) -> None:
        """The same of an answer whose cost is known, such as a judge's."""
        aside, price = self._aside.pop(place, Decimal(0)), self._price
        if price is not None and price.by_token:
            self._budget.money += aside if cost is None else cost
        self._most_s = max(self._most_s, seconds)

    def end(self) -> None:
        """Add the time of a machine that is paid by the hour, and what is unsettled."""
        self._budget.money += self._hours(ahead=False)
        self._budget.money += sum(self._aside.values(), Decimal(0))
        self._aside.clear()
        self._begin_ns = self._budget.clock.now_ns()

    @property
    def refused(self) -> str | None:
        """Why a request was not made; ``None`` while all were."""
        return self._budget.refused

    def _hours(self, *, ahead: bool = True) -> Decimal:
        """Return the price of the time since the cell began, and of one answer more."""
        price = self._price
        if price is None or price.by_token:
            return Decimal(0)
        passed = self._budget.clock.now_ns() - self._begin_ns
        return price.of_time(passed + round(self._most_s * NS_PER_S) * ahead)

    def _check_one(self, own: Decimal) -> None:
        limits, price = self._budget.limits, self._price
        if limits.money is None or price is None or own <= limits.money:
            return
        raise UsageError(
            f"{self._budget.where}: {limits.money} {limits.currency} are less than one"
            f" answer may cost ({own:.6f} {price.currency}): nothing could be measured;"
            " allow more, or fewer tokens"
        )
