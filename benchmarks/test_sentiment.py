"""Sentiment: is the right label given, and fast enough to sort a stream of messages?"""

import pytest


@pytest.mark.llm("sentiment", samples=24)
def test_sentiment(llm, llmlat):
    """The model beats a coin that knows the labels, half of the time within 3 s."""
    result = llmlat.run(llm)

    assert result.quality.value >= 0.1
    assert result.e2e_s.p50 <= 3
