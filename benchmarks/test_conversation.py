"""Conversations: what was told in earlier turns is asked for in later ones.

It runs only where it is named: ``--llm-task conversation/orders``.
"""

import pytest


@pytest.mark.llm("conversation", samples=6)
def test_conversation(llm, llmlat):
    """Every turn is answered, half of them within 15 s.

    How many answers are right, and how fast each turn begins, is reported by turn.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 15
