"""Long contexts: a number that stands somewhere in a text of thousands of words.

It runs only where it is named: ``--llm-task long_context/needles``.
"""

import pytest


@pytest.mark.llm("long_context")
def test_long_context(llm, llmlat):
    """Nothing breaks; a prompt that does not fit into the context is told as such.

    How many answers are right is reported by length and by depth.
    """
    result = llmlat.run(llm)

    assert result.errors == 0
