"""An answer that is one token over and over is told from answers that repeat."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.repeated_token import is_one_token
from tests.unit.builders import a_record

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Finish


@pytest.mark.parametrize(
    ("text", "tokens", "finish", "expected"),
    [
        ("!" * 16, 16, "length", True),
        ("the" + " the" * 15, 16, "length", True),
        (" the" * 16, 16, "length", True),
        ("ab" * 16, 16, "length", True),
        ("\n" * 32, 32, "length", True),
        ("ab" * 16, 32, "length", False),
        ("!" * 16, 16, "stop", False),
        ("!" * 7, 7, "length", False),
        ("!" * 15 + "?", 16, "length", False),
        ("yes" + "!" * 15, 16, "length", False),
        ("!" * 16, None, "length", False),
        ("", 16, "length", False),
        ("one two three four five six seven eight", 8, "length", False),
    ],
)
def test_one_token_to_the_end(
    text: str, tokens: int | None, finish: Finish, *, expected: bool
) -> None:
    """Cut at the limit, as many tokens as repeats, the first perhaps without blank."""
    record = replace(a_record(), answer=text, output_tokens=tokens, finish=finish)

    assert is_one_token(record) is expected
