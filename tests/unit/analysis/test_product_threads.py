"""Threads of matrix products while several of them are made at once."""

from __future__ import annotations

import pytest

from pytest_llmlat.analysis.product_threads import one_thread_each

MANY = 1_000_000


def test_many_rows_leave_each_product_one_thread() -> None:
    """And as many as before behind it."""
    threads = pytest.importorskip("threadpoolctl")
    pytest.importorskip("numpy")

    def found() -> list[int]:
        return [
            library["num_threads"]
            for library in threads.threadpool_info()
            if library["user_api"] == "blas"
        ]

    before = found()
    with one_thread_each(MANY):
        within = found()

    assert within == [1] * len(before)
    assert found() == before


def test_few_rows_look_for_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for it takes longer than it saves; without the extra nobody looks."""
    threads = pytest.importorskip("threadpoolctl")
    asked: list[object] = []
    monkeypatch.setattr(threads, "threadpool_limits", lambda *_, **__: asked.append(1))

    with one_thread_each(10):
        pass

    assert asked == []
