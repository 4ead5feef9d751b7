"""Translation: how near does the model come to a translator's sentence?"""

import pytest


@pytest.mark.llm("translation", samples=14)
def test_translation(llm, llmlat):
    """chrF++ is above that of an untranslated copy, half of the time within 10 s."""
    result = llmlat.run(llm)

    assert result.quality.value >= 0.1
    assert result.e2e_s.p50 <= 10
