"""Summarization: how much of a careful editor's summary does the model's hold?"""

import pytest


@pytest.mark.llm("summarization", samples=12)
def test_summarization(llm, llmlat):
    """ROUGE-L is that of a related text at least, half of the time within 15 s."""
    result = llmlat.run(llm)

    assert result.quality.value >= 0.1
    assert result.e2e_s.p50 <= 15
