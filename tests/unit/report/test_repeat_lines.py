"""What drawn and repeated answers tell, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.repeat_lines import repeat_lines
from tests.unit.builders import a_record, some_facts


def lines(
    marks: list[str], *, temperature: float | None = 0.8, top_p: float | None = 1.0
) -> list[str]:
    """Return what is told of samples with these right (+) and wrong (-) answers."""
    records = [
        replace(
            a_record(f"s{item}", value=float(mark == "+")),
            round=number,
            answer=mark,
            extracted=mark,
            temperature=temperature,
            top_p=top_p,
        )
        for item, row in enumerate(marks)
        for number, mark in enumerate(row)
    ]
    board = scoreboard(
        [some_facts(planned=len(records))], records, balance="geometric", seed=0
    )
    return repeat_lines(board)


def test_the_largest_k_the_majority_and_the_split_are_told() -> None:
    """With the interval of each, and how tokens were drawn."""
    (line,) = lines(["+++", "++-", "---", "---"], top_p=0.95)

    assert line.startswith(
        "reasoning/sums, parrot on cpu: temperature 0.8, top_p 0.95, 3 answers to each"
        " sample; pass@3 0.500 [0.06, 1.00]; pass^3 0.250 ["
    )
    assert "; majority@3 0.500 [0.06, 1.00]; variance " in line
    assert line.endswith(" between items, the rest between repeats")


def test_a_variance_that_is_not_to_be_seen_is_told_as_such() -> None:
    """Its estimate is below 0."""
    (line,) = lines(["+-", "-+", "+-"])

    assert "variance 0% between items, none to be seen, the rest" in line


@pytest.mark.parametrize(
    ("marks", "temperature", "told"),
    [
        (["+", "-"], 0.0, None),
        (["+", "-"], None, None),
        (["++", "--"], 0.0, "2 greedy repeats: they measure the clock again"),
        (["+-", "--"], None, "how its tokens were drawn is not known, 2 answers"),
        (["+", "-"], 0.5, "temperature 0.5, 1 answer to each sample"),
    ],
)
def test_greedy_is_said_only_where_it_is_so(
    marks: list[str], temperature: float | None, told: str | None
) -> None:
    """One greedy answer is the rule, and needs no word."""
    found = lines(marks, temperature=temperature)

    assert [told in line for line in found if told] == ([True] if told else [])
    assert bool(found) == bool(told)
