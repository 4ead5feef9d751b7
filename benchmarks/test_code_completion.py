"""Code completion: does the function pass its tests?"""

import pytest


@pytest.mark.llm("code_completion", samples=21)
def test_code_completion(llm, llmlat):
    """Some functions pass all their tests, and half of all come within 25 s."""
    result = llmlat.run(llm)

    assert result.quality.value > 0
    assert result.e2e_s.p50 <= 25
