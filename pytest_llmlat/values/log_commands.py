"""Commands of continuous integration in texts from elsewhere, made harmless.

Runners read commands out of what a program prints: GitHub Actions ``::add-mask::`` at
the beginning of a line and ``##[error]`` anywhere, Azure Pipelines ``##vso[...]``,
TeamCity ``##teamcity[...]``. An answer of a model could set a variable that way.
"""

from __future__ import annotations

import re

_COMMANDS = re.compile(r"#(?=#[A-Za-z]*\[)|(?<!\S):(?=:[A-Za-z])")


def without_commands(text: str) -> str:
    """Return a text in which a blank breaks up what a runner would obey."""
    return _COMMANDS.sub(r"\g<0> ", text)
