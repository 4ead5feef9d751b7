"""The gate: did speed or quality get worse, by more than is tolerated?

``pairing`` puts two measurements of the same samples side by side, ``changes`` says how
much each quantity changed and how sure that is, ``judging`` makes verdicts of it, and
``limits`` holds a cell to absolute bounds. All of it works on records alone.

A change is counted so that positive is worse. Nothing here reads a clock or a file.
"""

from __future__ import annotations
