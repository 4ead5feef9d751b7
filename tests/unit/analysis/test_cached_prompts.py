"""The share of their prompts that a server had kept, over the answers of a cell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.analysis.cached_prompts import cached_share
from pytest_llmlat.analysis.summary import summarise
from tests.unit.builders import a_record, an_error, some_facts


def test_tokens_are_weighed_and_not_requests() -> None:
    """A long prompt that was kept outweighs a short one that was read."""
    records = [
        replace(a_record("a"), prompt_tokens=900, cached_tokens=900),
        replace(a_record("b"), prompt_tokens=100, cached_tokens=0),
        an_error("c"),
    ]

    summary = summarise(some_facts(), records, balance="geometric")

    assert cached_share(records) == pytest.approx(0.9)
    told = dict(summary.numbers)
    assert told["cached_tokens"] == 900
    assert told["cached_share"] == pytest.approx(0.9)


@pytest.mark.parametrize(("prompt", "cached"), [(None, 0), (9, None)])
def test_an_unknown_answer_leaves_the_share_unknown(
    prompt: int | None, cached: int | None
) -> None:
    """The known ones may be the cold ones: no share is made of a part."""
    known = replace(a_record("a"), prompt_tokens=9, cached_tokens=0)
    other = replace(known, sample="b", prompt_tokens=prompt, cached_tokens=cached)

    assert cached_share([known, other]) is None
    assert cached_share([]) is None
