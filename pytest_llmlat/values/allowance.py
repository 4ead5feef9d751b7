"""Allowances: whether a further request may be made, asked before each one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record, Request


class Allowance(Protocol):
    """An allowance of a model in one cell."""

    def admit(self, request: Request, place: int | None) -> bool:
        """Whether a request may be made; if so, the most that it may cost is set aside.

        It is asked before the request and outside of its timed region, and takes
        microseconds. After the first request that may not, none may.

        Args:
            request: as it will be made.
            place: among those that count; ``None`` for one that does not.
        """
        ...

    def settle(self, place: int, record: Record) -> None:
        """Put what a request really cost in the place of what was set aside."""
        ...

    def end(self) -> None:
        """Learn that the cell has ended, whole or not."""
        ...

    @property
    def refused(self) -> str | None:
        """Why a request was not made; ``None`` while all were."""
        ...


class NoBounds:
    """The allowance of a run that may spend what it likes."""

    refused: str | None = None

    def admit(
        self,
        request: Request,  # noqa: ARG002 - any may be made
        place: int | None,  # noqa: ARG002 - any may be made
    ) -> bool:
        """Let every request be made."""
        return True

    def settle(self, place: int, record: Record) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


NO_BOUNDS = NoBounds()
