"""Signals that ask a process to end are one Ctrl-C, and only once."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.session.stop_signals import StopSignals

if TYPE_CHECKING:
    from collections.abc import Iterator

TERM = signal.SIGTERM


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    """Give signals that are given back."""
    made = StopSignals()
    yield made
    made.restore()


def test_the_first_signal_is_a_ctrl_c(signals: StopSignals) -> None:
    """Later ones would break off the writing; which came is told."""
    signals.listen()

    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(TERM)
    signal.raise_signal(TERM)

    assert signals.heard == "SIGTERM"


def test_what_is_deaf_to_ctrl_c_is_ended_too(signals: StopSignals) -> None:
    """A shell makes what it runs in the background so; it would never end."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        signals.listen()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(TERM)
    finally:
        signal.signal(signal.SIGINT, before)

    assert signals.heard == "SIGTERM"


def test_what_is_written_is_not_broken_off(signals: StopSignals) -> None:
    """A signal after the last cell changes nothing, and is not told as an end."""
    signals.listen()
    signals.write_on()

    signal.raise_signal(TERM)

    assert signals.heard is None


def test_handlers_of_others_stay() -> None:
    """Those of a program around us, and what nohup lets be ignored."""
    before = signal.signal(TERM, signal.SIG_IGN)
    try:
        signals = StopSignals()
        signals.listen()
        assert signal.getsignal(TERM) is signal.SIG_IGN
        signals.restore()
    finally:
        signal.signal(TERM, before)


def test_signals_are_given_back(signals: StopSignals) -> None:
    """As if there had been no run."""
    before = signal.getsignal(TERM)
    signals.listen()
    assert signal.getsignal(TERM) is not before

    signals.restore()

    assert signal.getsignal(TERM) is before


@pytest.mark.slow
def test_what_the_end_of_a_run_needs_is_loaded_before() -> None:
    """An import of numpy that is broken off cannot be made again."""
    program = (
        "import sys\n"
        "from pytest_llmlat.session.stop_signals import StopSignals\n"
        "assert 'numpy' not in sys.modules\n"
        "signals = StopSignals()\n"
        "signals.listen()\n"
        "print('numpy.random' in sys.modules)\n"
        "signals.restore()\n"
    )

    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "True\n"
