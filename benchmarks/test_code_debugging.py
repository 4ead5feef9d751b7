"""Code debugging: does the mended function pass the tests that the broken one fails?"""

import pytest


@pytest.mark.llm("code_debugging", samples=15)
def test_code_debugging(llm, llmlat):
    """Some functions are mended, and half of all answers come within 25 s."""
    result = llmlat.run(llm)

    assert result.quality.value > 0
    assert result.e2e_s.p50 <= 25
