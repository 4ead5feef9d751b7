"""Replies that were not asked for: sent ahead, again, in another order, beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox import ProgramOutcome

SPEAKS = """
import json, os, struct, sys
def say(reply):
    body = json.dumps(reply).encode()
    os.write(3, struct.pack('!I', len(body)) + body)
def asked():
    frame = sys._getframe()
    while 'question' not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals['question']
def value(given, nonce):
    return {'value': given, 'heap': [], 'printed': '', 'nonce': nonce}
"""
TESTS = "assert f(1) == 11\nassert f(2) == 12\nassert f(3) == 13\n"
AHEAD = "".join(f"say(value({n}, None))\n" for n in (11, 12, 13))


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(
            f"say({{'ready': True}})\n{AHEAD}def f(n): return 0",
            id="before the first question",
        ),
        pytest.param(
            "for n in ('', 0, True, [], '0' * 16, 'f' * 16):\n"
            "    say({'ready': True, 'nonce': n})\n"
            "def f(n): return n + 10",
            id="readiness with a nonce that is made up",
        ),
        pytest.param(
            "def f(n):\n"
            "    nonce = asked()['nonce']\n"
            "    for later in range(n, 4): say(value(later + 10, nonce))\n"
            "    while True: os.read(3, 1 << 16)\n",
            id="all with the nonce of the first",
        ),
        pytest.param(
            "def f(n):\n    say(value(n + 10, asked()['nonce']))\n    return n + 10\n",
            id="each of them twice",
        ),
        pytest.param(
            "def f(n):\n"
            "    if n == 3: say(value(13, asked()['nonce']))\n"
            "    return n + 10\n",
            id="the last one twice",
        ),
        pytest.param(
            "nonces = []\n"
            "def f(n):\n"
            "    nonces.append(asked()['nonce'])\n"
            "    if n > 1: say(value(n + 10, nonces[0]))\n"
            "    return n + 10\n",
            id="with the nonce of an earlier one",
        ),
        pytest.param(
            "def f(n):\n"
            "    say(value(n + 10, [asked()['nonce']]))\n"
            "    return n + 10\n",
            id="with a nonce of another kind",
        ),
        pytest.param(
            "def f(n):\n    say({'value': n + 10, 'heap': []})\n    return n + 10\n",
            id="without a nonce",
        ),
        pytest.param(
            "def f(n):\n"
            "    say({'do': 'call', 'of': 0, 'args': ['t'], 'kwargs': ['t'],\n"
            "         'heap': [], 'nonce': 'x'})\n"
            "    return n + 10\n",
            id="a question of its own with a nonce that is made up",
        ),
    ],
)
def test_a_reply_that_was_not_asked_for_is_refused(
    outcome: Callable[..., ProgramOutcome], program: str
) -> None:
    """Even where what it says is right."""
    found = outcome(SPEAKS + program, TESTS, time_s=20)

    assert found.kind == "refused", found


def test_a_reply_that_repeats_the_nonce_is_one(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """The control of the above: the same words with the right nonce are an answer."""
    program = (
        "def f(n):\n"
        "    while True:\n"
        "        say(value(n + 10, question['nonce']))\n"
        "        question = json.loads(os.read(3, 1 << 16)[4:])\n"
        "        n += 1\n"
    ).replace("    while", "    question = asked()\n    while", 1)

    assert outcome(SPEAKS + program, TESTS).kind == "pass"


def test_no_nonce_is_met_twice(outcome: Callable[..., ProgramOutcome]) -> None:
    """Not in one program, and not in the next, whose random numbers are the same."""
    source = f"{SPEAKS}def f():\n    return asked()['nonce']"
    tests = "assert [f(), f(), f()] == 0"

    notes = [outcome(source, tests).note for _ in range(2)]
    seen = outcome(
        source,
        "nonces = [f() for _ in range(50)]\n"
        "assert len({*nonces}) == 50 and {*map(len, nonces)} == {16}",
    )

    assert seen.kind == "pass", seen
    assert notes[0] != notes[1]


def test_a_thread_of_the_program_waits_for_its_turn(
    outcome: Callable[..., ProgramOutcome],
) -> None:
    """Between two questions the judge does not listen; with the next one it does."""
    source = (
        "import threading, time\n"
        "threads = []\n"
        "def f(call):\n"
        "    if call is None:\n"
        "        threads[0].join(5)\n"
        "        return 1\n"
        "    late = threading.Timer(0.05, lambda: [call(n) for n in range(3)])\n"
        "    threads.append(late)\n"
        "    late.start()\n"
        "    return 0\n"
    )
    tests = (
        "import time\n"
        "got = []\n"
        "assert f(got.append) == 0\n"
        "time.sleep(0.15)\n"
        "assert f(None) == 1\n"
        "assert got == [0, 1, 2], got\n"
    )

    found = outcome(source, tests, time_s=20)

    assert found.kind == "pass", found
