"""Sibling workers: who started them, and whether there are any."""

from __future__ import annotations

import os

from pytest_llmlat.machine.sibling_workers import (
    OWN,
    PARENT,
    has_siblings,
    parent_of_workers,
    worker_number,
)


def test_workers_of_xdist_are_children_of_one_process() -> None:
    """Which is that of each; a run with one worker has no siblings."""
    worker = {"PYTEST_XDIST_WORKER": "gw3", "PYTEST_XDIST_WORKER_COUNT": "4"}

    assert parent_of_workers(worker) == os.getppid()
    assert has_siblings(worker)
    assert worker_number(worker) == 3
    assert not has_siblings({**worker, "PYTEST_XDIST_WORKER_COUNT": "1"})


def test_own_workers_say_who_started_them() -> None:
    """On a cluster nobody did that has no other children."""
    assert parent_of_workers({OWN: "here", PARENT: "4711"}) == 4711
    assert parent_of_workers({OWN: "far"}) is None
    assert has_siblings({OWN: "far"})


def test_a_process_that_measures_alone_has_none() -> None:
    """Neither a parent whose children count, nor siblings."""
    assert parent_of_workers({}) is None
    assert not has_siblings({})
    assert worker_number({}) == 0
