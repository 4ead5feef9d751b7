"""Translation: how near does the model come to a translator's sentence?"""

import pytest


@pytest.mark.llm("translation", samples=14)
def test_translation(llm, llmlat):
    """Every sentence is answered, half of them within 10 s.

    ChrF++ is reported and not gated: see the scoreboard.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
    assert result.empty < result.samples
    assert result.e2e_s.p50 <= 10
