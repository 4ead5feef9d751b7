"""Code debugging: how many broken functions are mended?"""

import pytest


@pytest.mark.llm("code_debugging", samples=15)
def test_code_debugging(llm, llmlat):
    """Every function is answered, half of them within 25 s.

    How many are mended is reported and not gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 25
