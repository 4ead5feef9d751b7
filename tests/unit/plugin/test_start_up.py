"""What every pytest run of the environment pays for: how our modules are found."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points

import pytest

import pytest_llmlat
from pytest_llmlat.plugin import PlainFinder, options


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


def test_our_devices_are_read_from_our_own_part() -> None:
    """Each device that is offered has its marker, and nothing else has one."""
    offered = entry_points(group="pytest_llmlat.devices")
    ours = {point.name for point in offered if point.value.startswith("pytest_llmlat.")}

    assert set(options._own_devices()) == ours
