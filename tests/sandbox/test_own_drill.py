"""Attacks and fakes of our own, in both sandboxes, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.sandbox import Program, ProgramLimits
from pytest_llmlat.grading.sandbox.split import SplitSandbox
from tests.sandbox.drill import drilled
from tests.sandbox.own_attacks import ATTACKS as FIRST_ATTACKS
from tests.sandbox.own_attacks import BARE, HEAD
from tests.sandbox.own_fakes import FAKES as FIRST_FAKES
from tests.sandbox.own_fakes import HONEST
from tests.sandbox.own_later_attacks import LATER_ATTACKS
from tests.sandbox.own_later_fakes import LATER_FAKES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the confinement has been shown to hold on Linux"
)
ATTACKS = FIRST_ATTACKS | LATER_ATTACKS
FAKES = FIRST_FAKES | LATER_FAKES
CHOICES = ["landlock+seccomp", "seccomp"]
WORTH = ProgramLimits(time_s=10)


@pytest.fixture(scope="module", params=CHOICES)
def opened(request: pytest.FixtureRequest) -> Iterator[SplitSandbox]:
    """Give either sandbox."""
    box = SplitSandbox(request.param, isolated=True)
    yield box
    box.close()


@pytest.fixture
def attacks(drill_place: Path) -> Path:
    """Give a folder with the attacks and fakes, which every user may read."""
    folder = drill_place / "attacks"
    folder.mkdir(0o755)
    for name, text in ATTACKS.items():
        (folder / f"o_{name}.py").write_text(HEAD + text)
    for name, text in BARE.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "fakes.json").write_text(json.dumps(FAKES))
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


@pytest.mark.parametrize("name", FAKES)
def test_a_fake_does_not_pass(opened: SplitSandbox, name: str) -> None:
    """Lent modules, told values, hidden methods, matchers, lost failures, exits."""
    found = opened.run(Program(**FAKES[name]), WORTH)

    assert found.kind != "pass"


@pytest.mark.parametrize("name", HONEST)
def test_a_right_program_under_such_tests_passes(
    opened: SplitSandbox, name: str
) -> None:
    """What refuses the fakes refuses no program that does what it is asked for."""
    source, tests, entry_point = HONEST[name]

    found = opened.run(
        Program(source=source, tests=tests, entry_point=entry_point), WORTH
    )

    assert found.kind == "pass", found


@pytest.mark.parametrize("choice", CHOICES)
def test_the_drill_holds(drill_place: Path, attacks: Path, choice: str) -> None:
    """Every attack reaches nothing and leaves nothing."""
    report = drilled(attacks, choice, sys.executable, place=drill_place)

    assert len(report["damage"]) == len(ATTACKS) + len(BARE)
    assert {name: it for name, it in report["damage"].items() if it} == {}
    assert report["passed"] == []


@pytest.mark.parametrize("choice", CHOICES)
def test_the_drill_of_an_ordinary_user_holds(
    drill_place: Path, attacks: Path, as_nobody: tuple[str, ...], choice: str
) -> None:
    """Nothing of it needs a privilege."""
    for name in BARE:
        (attacks / f"{name}.py").unlink()  # a limit is the same for all users

    report = drilled(attacks, choice, *as_nobody, place=drill_place)

    assert (report["uid"] != os.getuid(), len(report["damage"])) == (True, len(ATTACKS))
    assert {name: it for name, it in report["damage"].items() if it} == {}
    assert report["passed"] == []
