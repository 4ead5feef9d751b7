"""The machine of a run in words."""

from __future__ import annotations

import pytest

from pytest_llmlat.report.machine_words import MACHINE, cores_words, machine_words


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"cpu": "EPYC", "cores": 2}, "EPYC, 2 cores"),
        ({"cpu": "EPYC", "cores": 8, "gpus": "A6000"}, "EPYC, 8 cores, A6000"),
        (
            {"cpu": "EPYC", "cores": 8, "cpu_quota": 1.5, "memory_limit": 2 * 10**9},
            "EPYC, 8 cores with a quota of 1.5, at most 2.00 GB of memory",
        ),
        ({"cores": 2, "cpu_quota": 2.0}, "2 cores with a quota of 2"),
        ({"cpu": None, "cores": None, "cpu_quota": 0.5}, ""),
    ],
)
def test_what_may_be_used_stands_beside_what_is_there(
    environment: dict[str, object], words: str
) -> None:
    """A reader of a container's run does not take its time for that of all cores."""
    assert machine_words(environment) == words


def test_a_machine_of_which_nothing_is_known_has_no_cores() -> None:
    """No number is made up."""
    assert cores_words({}) is None


def test_bounds_are_no_libraries() -> None:
    """Reports list as libraries whatever is no fact of the machine."""
    assert {"cpu_quota", "memory_limit"} <= set(MACHINE)
