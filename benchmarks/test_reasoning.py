"""Reasoning: word problems and logic, judged by the final answer alone."""

import pytest


@pytest.mark.llm("reasoning", samples=15)
def test_reasoning(llm, llmlat):
    """Every question is answered, half of them within 15 s.

    How many answers are right is reported and not gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 15
