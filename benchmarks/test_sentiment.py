"""Sentiment: is the right label given, and fast enough to sort a stream of messages?"""

import pytest


@pytest.mark.llm("sentiment", samples=24)
def test_sentiment(llm, llmlat):
    """One answer in ten is right, and half of the answers come within 3 s."""
    result = llmlat.run(llm)

    assert result.quality.value >= 0.1
    assert result.e2e_s.p50 <= 3
