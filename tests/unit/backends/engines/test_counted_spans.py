"""Counts of an engine over all processes that served a cell."""

from __future__ import annotations

from pytest_llmlat.backends.engines.counted_spans import CountedSpans


def test_one_process_tells_what_it_counted_before_and_after() -> None:
    """As it stands there, also what it told only once."""
    spans = CountedSpans({"answers": 3.0, "gone": 1.0})

    told = spans.told({"answers": 8.0, "new": 2.0})

    assert told == (("answers", 3.0, 8.0), ("gone", 1.0, None), ("new", None, 2.0))


def test_processes_that_begin_at_nothing_add_up() -> None:
    """Five of the first, four of the second, two of one that still runs."""
    spans = CountedSpans({"answers": 3.0})
    spans.end_span({"answers": 8.0})
    spans.begin_span({"answers": 0.0})
    spans.end_span({"answers": 4.0})
    assert spans.told({}) == (("answers", 3.0, 12.0),)
    spans.begin_span({"answers": 1.0})

    assert spans.told({"answers": 3.0}) == (("answers", 3.0, 14.0),)
