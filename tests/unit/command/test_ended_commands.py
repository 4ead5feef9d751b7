"""Commands that a signal ends."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.command import INTERRUPTED, main

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNALS = ["SIGTERM", "SIGHUP"]


@pytest.fixture
def handlers() -> Callable[[], list[object]]:
    """Give what looks up who handles the signals now."""
    return lambda: [signal.getsignal(getattr(signal, name)) for name in SIGNALS]


@pytest.mark.parametrize("name", SIGNALS)
def test_they_end_a_command_as_ctrl_c_does(
    name: str, monkeypatch: pytest.MonkeyPatch, handlers: Callable[[], list[object]]
) -> None:
    """It tidies up; the status tells which it was; the handlers are as before."""
    number, tidied = getattr(signal, name), []

    def run(given: object) -> int:
        try:
            signal.raise_signal(number)
        finally:
            tidied.append(given)
        return 0

    monkeypatch.setattr("pytest_llmlat.command.models.run", run)
    before = handlers()

    assert main(["models"]) == 128 + number
    assert len(tidied) == 1
    assert handlers() == before


def test_a_command_that_takes_ctrl_c_itself_has_the_signals_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And Ctrl-C alone has its own."""

    def run(sent: signal.Signals) -> int:
        try:
            signal.raise_signal(sent)
        except KeyboardInterrupt:
            return INTERRUPTED
        return 0

    for sent, status in ((signal.SIGTERM, 143), (signal.SIGINT, INTERRUPTED)):
        monkeypatch.setattr(
            "pytest_llmlat.command.models.run", lambda _, sent=sent: run(sent)
        )
        assert main(["models"]) == status


def test_what_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``nohup`` has it."""
    seen: list[object] = []

    def run(given: object) -> int:
        seen.append(signal.getsignal(signal.SIGHUP))
        return given is None

    monkeypatch.setattr("pytest_llmlat.command.models.run", run)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main(["models"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)

    assert seen == [signal.SIG_IGN]
