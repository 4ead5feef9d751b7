"""What every pytest run of the environment pays for: how our modules are found."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

import pytest_llmlat
from pytest_llmlat.plugin import options
from pytest_llmlat.plugin.plain_finder import PlainFinder

if TYPE_CHECKING:
    from pathlib import Path

TWICE = """
import sys, pytest

class Told:
    def pytest_sessionstart(self):
        print("told", ours())

def ours():
    names = [getattr(one, "__name__", "") for one in sys.meta_path]
    return names.count("PlainFinder")

for _ in range(2):
    pytest.main(["-q", "-p", "no:cacheprovider"], plugins=[Told()])
    print("left", ours())
"""


def test_our_modules_are_found_as_python_finds_them() -> None:
    """Pytest is not asked: it would rewrite assertions, and compile at every start."""
    found = PlainFinder.find_spec("pytest_llmlat.values", pytest_llmlat.__path__)

    assert found is not None
    assert type(found.loader) is SourceFileLoader


@pytest.mark.parametrize(
    "name",
    ["pytest", "pytest_llmlat", "pytest_llmlat.benchmarks", "pytest_llmlat_of_others"],
)
def test_what_is_not_ours_or_is_a_test_is_left_to_others(name: str) -> None:
    """The assertions of the tests that we bring are explained as those of others."""
    assert PlainFinder.find_spec(name, pytest_llmlat.__path__) is None


def test_our_finder_is_there_while_pytest_runs(tmp_path: Path) -> None:
    """Whatever stays in the list keeps all of pytest alive when Python ends."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", TWICE],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    lines = [
        line for line in done.stdout.splitlines() if line[:5] in {"told ", "left "}
    ]
    assert lines == ["told 1", "left 0"] * 2


def test_our_devices_are_read_from_our_own_part() -> None:
    """Each device that is offered has its marker, and nothing else has one."""
    offered = entry_points(group="pytest_llmlat.devices")
    ours = {point.name for point in offered if point.value.startswith("pytest_llmlat.")}

    assert set(options._own_devices()) == ours
