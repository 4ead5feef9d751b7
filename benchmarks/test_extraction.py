"""Extraction: orders in messages as JSON, by fit to a schema and right fields.

It runs where it is asked for: pytest benchmarks --llm-task extraction.
"""

import pytest


@pytest.mark.llm("extraction", samples=30)
def test_extraction(llm, llmlat):
    """Every message is answered, half of them within 15 s.

    How many answers fit the schema and how many fields are right is reported and not
    gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 15
