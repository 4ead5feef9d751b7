"""Samples inside the page: stored once, cut to a size."""

from __future__ import annotations

import base64
import gzip
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.report.page import samples
from pytest_llmlat.report.page.samples import (
    ChosenSamples,
    Store,
    digest,
    shares,
    shortened,
)
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
)
from tests.unit.report.test_page import (
    a_measured,
    a_page,
    of_models,
    without_plots,  # noqa: F401 - for all tests
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llmlat.values.records import Record


@pytest.mark.slow
def test_a_prompt_is_stored_once_for_all_models(tmp_path: Path) -> None:
    """The second model's samples point to the first one's prompts."""
    page = a_page(tmp_path, *a_measured(*of_models(1.0, 2.0)))

    assert [len(page.chunk(place)["texts"]) for place in (0, 1)] == [1, 0]
    assert page.chunk(1)["rows"][0][3] == [0, 0]


@pytest.mark.slow
def test_a_page_that_grows_too_large_is_cut_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts lose their middle first; every sample stays."""
    source = random.Random(0)  # noqa: S311 - no secret
    noise = [
        "".join(source.choices("abcdefghijklmnopqrstuvwxyz ", k=6000))
        for _ in range(60)
    ]
    records = [
        replace(a_record(f"s{number}"), answer=text)
        for number, text in enumerate(noise)
    ]
    monkeypatch.setattr("pytest_llmlat.report.page.PAGE_BYTES", 250_000)

    page = a_page(tmp_path, *a_measured(*records))

    assert len(page.source) <= 250_000
    assert len(page.chunk(0)["rows"]) == 60
    head, gone, tail = page.chunk(0)["rows"][0][4]
    assert len(head) + gone + len(tail) == 6000
    assert noise[0].startswith(head)
    assert noise[0].endswith(tail)
    assert "60 texts longer than" in page.shown


def chosen(records: Iterable[Record], most: int) -> ChosenSamples:
    """Return the samples that are chosen of records, at most so many."""
    found = ChosenSamples(most)
    for record in records:
        found.add(record, digest(record.sample))
    return found


@pytest.mark.slow
def test_samples_that_cannot_be_kept_are_the_same_of_every_model() -> None:
    """Two answers to a sample stay side by side."""
    source = random.Random(0)  # noqa: S311 - no secret
    store = Store(2)
    for place, model in enumerate("ab"):
        records = [
            replace(
                a_record(f"s{number}", cell=a_cell(model)),
                answer="".join(source.choices("abcdefghijklmnop", k=90)),
            )
            for number in range(200)
        ]
        store.take(place, chosen(records, most=200))

    kept = store.fit(12_000)

    names = [
        [row[0] for row in json.loads(gzip.decompress(base64.b64decode(chunk)))["rows"]]
        for chunk in kept.chunks
    ]
    assert sum(map(len, kept.chunks)) <= 12_000
    assert names[0] == names[1]
    assert kept.kept == (len(names[0]), len(names[0]))
    assert 0 < len(names[0]) < 200


@pytest.mark.slow
def test_a_store_holds_no_more_records_than_the_page_shows() -> None:
    """A cell of very many samples is drawn from while it passes by."""
    store = Store(1)
    (most,) = shares([50_000])
    stream = (a_record(f"s{number}") for number in range(50_000))
    store.take(0, chosen(stream, most=most))

    kept = store.fit(samples.PAGE_BYTES)

    assert kept.kept == (samples.MOST,)
    assert kept.seen == (50_000,)


def test_of_too_many_samples_the_slowest_and_the_failed_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who looks for the slowest finds them, although not all are there."""
    monkeypatch.setattr(samples, "MOST", 20)
    records = [
        a_record(f"s{number}", timing=a_timing(float(number))) for number in range(99)
    ]
    store = Store(1)
    (most,) = shares([100])
    store.take(0, chosen([*records, an_error("broken")], most=most))

    kept = store.fit(samples.PAGE_BYTES)

    chunk = json.loads(gzip.decompress(base64.b64decode(kept.chunks[0])))
    names = {row[0] for row in chunk["rows"]}
    assert len(names) == 20
    assert {"broken", "s98", "s97", "s96", "s95"} <= names


@given(st.text(min_size=0, max_size=400), st.integers(3, 60), st.integers(3, 60))
def test_a_text_that_is_cut_twice_tells_how_much_is_gone(
    text: str, first: int, second: int
) -> None:
    """What is left and what is told to be gone make up the whole."""
    once = shortened(text, max(first, second))
    twice = shortened(once, min(first, second))

    if isinstance(twice, list):
        head, gone, tail = map(str, twice)
        assert len(head) + int(gone) + len(tail) == len(text)
        assert len(head) + len(tail) <= max(first, second)
        assert text.startswith(head)
        assert text.endswith(tail)
    else:
        assert twice == text
