"""Summarization: how much of a careful editor's summary does the model's hold?"""

import pytest


@pytest.mark.llm("summarization", samples=12)
def test_summarization(llm, llmlat):
    """Every text is answered, half of them within 15 s.

    ROUGE is reported and not gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 15
