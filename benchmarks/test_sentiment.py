"""Sentiment: is the right label given, and fast enough to sort a stream of messages?"""

import pytest


@pytest.mark.llm("sentiment", samples=24)
def test_sentiment(llm, llmlat):
    """Every text is answered, half of them within 3 s.

    How many labels are right is reported and not gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 3
