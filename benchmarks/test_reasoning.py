"""Reasoning: word problems and logic, judged by the final answer alone."""

import pytest


@pytest.mark.llm("reasoning", samples=15)
def test_reasoning(llm, llmlat):
    """Some answers are right, and half of all come within 15 s."""
    result = llmlat.run(llm)

    assert result.quality.value > 0
    assert result.e2e_s.p50 <= 15
