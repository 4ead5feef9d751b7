"""Commands of continuous integration in texts from elsewhere, made harmless.

Runners read commands out of what a program prints: GitHub Actions ``::add-mask::`` at
the beginning of a line and ``##[error]`` anywhere, Azure Pipelines ``##vso[...]``,
TeamCity ``##teamcity[...]``, GitLab ``section_start:...``, Travis ``travis_fold:...``,
and Buildkite folds what follows a line that begins with ``---`` or ``+++``. An answer
of a model could set a variable that way, or hide what failed.
"""

from __future__ import annotations

import re

_COMMANDS = re.compile(
    r"#(?=#[A-Za-z]*\[)|(?<!\S):(?=:[A-Za-z])|section_(?=(?:start|end):\d)"
    r"|travis_(?=(?:fold|time):)"
)
_FOLDS = re.compile(r"^(?=(?:---|\+\+\+|~~~|\^\^\^)[ \t])", re.MULTILINE)


def without_commands(text: str) -> str:
    """Return a text in which a blank breaks up what a runner would obey."""
    return _FOLDS.sub(" ", _COMMANDS.sub(r"\g<0> ", text))
