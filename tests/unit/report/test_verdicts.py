"""The gate's verdicts for people: the natural direction, and nothing flattered."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from pytest_llmlat.report.gate_sentence import gate_sentence
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.report.verdict_table import toned_verdicts, verdict_lines
from pytest_llmlat.values.results import Outcome, Scoreboard, Verdict
from tests.unit.builders import a_cell

HOSTILE = "\x1b[2J\r\nevil\u202e\u200b\x07|<b>"
SLOWER = Verdict(
    cell="reasoning/sums|owl|cpu|single",
    quantity="e2e",
    outcome="regression",
    against="baseline.json",
    baseline=1.0,
    candidate=1.123,
    change=0.123,
    low=0.081,
    high=0.16,
    tolerance=0.05,
    samples=24,
)
WORSE = replace(
    SLOWER,
    quantity="quality",
    outcome="inconclusive",
    baseline=0.54,
    candidate=0.5,
    change=0.04,
    low=-0.001,
    high=0.08,
    tolerance=0.02,
    needed_samples=120,
)
FINE = replace(SLOWER, outcome="pass", change=-0.01, low=-0.03, high=0.012)


def board_of(*verdicts: Verdict) -> Scoreboard:
    """Return a board of nothing but verdicts."""
    return Scoreboard(summaries=(), standings=(), verdicts=verdicts)


def shown(verdict: Verdict) -> dict[str, str]:
    """Return one verdict's line by its columns."""
    header, line = verdict_lines(board_of(verdict))[:2]
    names, values = (
        [cell.strip() for cell in text.split("  ") if cell.strip()]
        for text in (header, line)
    )
    return dict(zip(names, values, strict=True))


def many(outcome: Outcome, count: int) -> list[Verdict]:
    """Return so many verdicts on different cells."""
    return [replace(FINE, outcome=outcome, cell=f"{outcome}/{n}") for n in range(count)]


def test_a_slower_model_is_told() -> None:
    """What, where, by how much, and how much was allowed."""
    assert shown(SLOWER) == {
        "gate": "REGRESSION",
        "cell": "reasoning/sums|owl|cpu|single",
        "quantity": "e2e",
        "against": "baseline.json",
        "baseline → candidate": "1.00 s → 1.12 s",
        "change [90 %]": "+12.3 % [+8.1, +16.0]",
        "tolerance": "+5 %",
        "notes": "-",
    }


def test_quality_that_fell_is_told_as_a_fall() -> None:
    """The gate counts worse as positive; people do not, and the ends change places."""
    found = shown(WORSE)

    assert found["baseline → candidate"] == "0.540 → 0.500"
    assert found["change [90 %]"] == "-0.040 [-0.080, +0.001]"
    assert found["tolerance"] == "-0.02"
    assert found["notes"] == "24 pairs; about 120 samples would decide"


@pytest.mark.parametrize(
    ("quantity", "change", "told"),
    [
        ("e2e", -0.25, "-25.0 % [-25.0, -25.0]"),
        ("ttft_p95", 0.5, "+50.0 % [+50.0, +50.0]"),
        ("tpot", 0.0, "+0.0 % [+0.0, +0.0]"),
        ("balanced", -0.25, "+0.250 [+0.250, +0.250]"),
        ("quality", 0.0, "+0.000 [+0.000, +0.000]"),
        ("quality", -0.0, "+0.000 [+0.000, +0.000]"),
        ("errors", 0.25, "+0.250 worse [+0.250, +0.250]"),
    ],
)
def test_the_direction_of_a_change(quantity: str, change: float, told: str) -> None:
    """Less time and more quality are gains; of the unknown the word is said."""
    verdict = replace(
        FINE, quantity=quantity, change=change, low=change, high=change, outcome="pass"
    )

    assert shown(verdict)["change [90 %]"] == told


@pytest.mark.parametrize(
    ("quantity", "tolerance", "told"),
    [
        ("e2e", 0.05, "+5 %"),
        ("e2e", 0.0, "+0 %"),
        ("ttft_p95", 0.125, "+12.5 %"),
        ("quality", 0.0025, "-0.0025"),
        ("quality", 0.0, "+0"),
    ],
)
def test_a_tolerance_is_not_rounded(quantity: str, tolerance: float, told: str) -> None:
    """It is what somebody typed, in the direction that is shown."""
    found = shown(replace(FINE, quantity=quantity, tolerance=tolerance))

    assert found["tolerance"] == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"low": None, "high": None}, "+12.3 % [no interval]"),
        ({"low": None}, "+12.3 % [-, +16.0]"),
        ({"change": None}, "- [+8.1, +16.0]"),
        ({"change": float("nan")}, "- [+8.1, +16.0]"),
        ({"change": None, "low": None, "high": None}, "-"),
    ],
)
def test_a_change_that_is_not_known(changes: dict[str, Any], told: str) -> None:
    """A dash stands for each figure that is not there, and never a 0."""
    assert shown(replace(SLOWER, **changes))["change [90 %]"] == told


def test_a_bound_of_quality_that_is_missing_is_on_its_side() -> None:
    """The gate's upper end is the lower one that people see."""
    found = shown(replace(WORSE, high=None))

    assert found["change [90 %]"] == "-0.040 [-, +0.001]"


def test_records_that_are_missing() -> None:
    """A cell that measured nothing fails, with dashes and a reason."""
    verdict = Verdict(
        cell="c",
        quantity="records",
        outcome="failed",
        against="main",
        note="3 of 24 samples were measured",
    )

    assert verdict_lines(board_of(verdict))[1].split() == [
        *("FAILED", "c", "records", "main", "-", "-", "-"),
        *("3", "of", "24", "samples", "were", "measured"),
    ]


def test_a_limit_has_no_baseline() -> None:
    """It is told by what was typed and what was found."""
    verdict = Verdict(
        cell="c",
        quantity="ttft_p95",
        outcome="failed",
        against="ttft_p95<0.5",
        candidate=0.612,
    )

    found = shown(verdict)

    assert found["against"] == "ttft_p95<0.5"
    assert found["baseline → candidate"] == "- → 612 ms"


def test_the_worst_comes_first() -> None:
    """In whatever order they come; what has the same outcome keeps its own."""
    verdicts = [
        *many("pass", 1),
        *many("warned", 1),
        *many("inconclusive", 1),
        *many("failed", 2),
        *many("regression", 1),
    ]

    lines = verdict_lines(board_of(*verdicts))

    assert [line.split()[:2] for line in lines[1:-1]] == [
        ["REGRESSION", "regression/0"],
        ["FAILED", "failed/0"],
        ["FAILED", "failed/1"],
        ["inconclusive", "inconclusive/0"],
        ["warned", "warned/0"],
        ["pass", "pass/0"],
    ]
    assert lines[-1] == (
        "gate: 1 regression, 2 failed, 1 inconclusive, 1 warned, 1 pass: FAILED"
    )


def test_many_that_pass_are_one_line() -> None:
    """Nobody reads twenty lines to find the one that matters."""
    lines = verdict_lines(
        board_of(*many("regression", 2), *many("inconclusive", 1), *many("pass", 23))
    )

    assert len(lines) == 6
    assert lines[-2:] == [
        "23 pass",
        "gate: 2 regressions, 1 inconclusive, 23 pass: FAILED",
    ]


@pytest.mark.parametrize(("count", "lines"), [(8, 10), (9, 2)])
def test_a_few_that_pass_are_shown(count: int, lines: int) -> None:
    """Eight fit a screen; of nine only the number is told, without a table."""
    assert len(verdict_lines(board_of(*many("pass", count)))) == lines


def test_what_is_worse_and_passes_is_said() -> None:
    """A tolerated loss is not hidden among those that pass, by line or by number."""
    slower = replace(FINE, change=0.03, low=0.01, high=0.06)

    assert shown(slower)["notes"] == "worse, within the tolerance"
    said = replace(slower, note="worse, but tolerably")
    assert shown(said)["notes"] == "worse, but tolerably"
    lines = verdict_lines(board_of(slower, *many("pass", 9)))
    assert lines[0] == "10 pass (1 of them worse, within the tolerance)"


def test_a_gate_that_passed_says_what_it_could_not_decide() -> None:
    """Passing for want of evidence is not the same as passing."""
    passed = verdict_lines(board_of(*many("pass", 2)))
    undecided = verdict_lines(
        board_of(*many("inconclusive", 2), *many("warned", 1), *many("pass", 1))
    )

    assert passed[-1] == "gate: 2 pass: passed"
    assert undecided[-1] == (
        "gate: 2 inconclusive, 1 warned, 1 pass: passed, 2 undecided, 1 warned of"
    )


def test_a_warning_is_not_undecided() -> None:
    """A new cell, or a changed rule, leaves nothing open that samples could decide."""
    lines = verdict_lines(board_of(*many("warned", 1), *many("pass", 1)))

    assert lines[-1] == "gate: 1 warned, 1 pass: passed, 1 warned of"


def test_without_a_gate_there_is_nothing_to_tell() -> None:
    """A plain run ends as it did."""
    assert verdict_lines(board_of()) == []


def test_verdicts_end_the_scoreboard() -> None:
    """And behind them the sentence that a person came for, as in the file."""
    board = board_of(SLOWER, replace(FINE, quantity="quality"))
    lines = scoreboard_lines(board)

    *shown, _, sentence = lines
    assert shown == verdict_lines(board)
    assert sentence == (
        "reasoning/sums|owl|cpu|single is 12 % [8.1, 16] slower than baseline.json and"
        " as good: FAILED"
    )
    assert json.loads(summary_text({"id": "r1"}, board))["sentence"] == sentence


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (FINE, "owl is as fast as baseline.json: passed"),
        (
            replace(FINE, low=-0.03, high=-0.01, change=-0.02),
            "owl is 2.0 % [1.0, 3.0] faster than baseline.json: passed",
        ),
        (
            replace(WORSE, needed_at_least=40),
            (
                "undecided: about 16 to 96 more samples decide; owl may be worse than"
                " baseline.json by 0.040 [-0.001, 0.080]"
            ),
        ),
    ],
)
def test_the_gate_comes_to_one_sentence(verdict: Verdict, told: str) -> None:
    """How much, how sure, and how it ended; what is open is not said as if it were."""
    cell = a_cell("owl", task="reasoning/sums")

    assert gate_sentence([verdict], {cell.id: cell}) == told


def test_a_prompt_is_named_beside_the_other_one() -> None:
    """Both are asked of one model, whose name would tell nothing."""
    cell = a_cell("owl", task="reasoning/sums#short")
    verdict = replace(FINE, cell=cell.id, against="prompt own")

    told = gate_sentence([verdict], {cell.id: cell})

    assert told == "prompt short is as fast as prompt own: passed"


def test_what_is_warned_of_beside_limits_is_counted_as_no_limit() -> None:
    """A run that is stored for no latency is no limit that was missed."""
    limit = Verdict(
        cell="c",
        quantity="quality",
        outcome="pass",
        against="quality>=0.4",
        candidate=0.6,
    )
    stored = Verdict(
        cell="-", quantity="records", outcome="warned", against="b.json", note="stored"
    )

    told = gate_sentence([stored, limit], {})

    assert told == "1 of 1 limits kept for certain: passed, 1 warned of"


def test_what_was_not_measured_since_nothing_changed_is_the_sentence() -> None:
    """It passes, and says why there is nothing to tell."""
    cells = [
        Verdict(
            cell=f"c{n}",
            quantity="records",
            outcome="pass",
            against="main",
            note="not measured: all of it is unchanged",
        )
        for n in range(3)
    ]

    assert gate_sentence(cells, {}) == (
        "records of c0 beside main: not measured: all of it is unchanged; and 2 more:"
        " passed"
    )


def test_the_table_fits_a_terminal() -> None:
    """Notes go below, what is common above, and the least important column goes."""
    verdicts = (SLOWER, WORSE, replace(FINE, quantity="ttft"))
    lines = toned_verdicts(board_of(*verdicts), most=80)

    assert max(len(line.text) for line in lines) <= 80
    assert [line.tone for line in lines if "REGRESSION" in line.text] == ["bad"]
    assert any("120 samples would decide" in line.text for line in lines)


def test_hostile_names_stay_in_their_line() -> None:
    """A name cannot move the cursor, break a line or turn the text round."""
    verdict = replace(
        SLOWER, cell=HOSTILE, quantity=HOSTILE, against=HOSTILE, note=HOSTILE
    )

    lines = verdict_lines(board_of(verdict))

    assert len(lines) == 3
    for line in lines:
        assert not any(unicodedata.category(letter)[0] == "C" for letter in line)


def test_programs_read_verdicts_as_the_gate_counts_them() -> None:
    """In ``summary.json`` positive is worse for every quantity, and absent is null."""
    content = json.loads(summary_text({}, board_of(replace(WORSE, candidate=None))))

    assert content["verdicts"] == [
        {
            "cell": "reasoning/sums|owl|cpu|single",
            "quantity": "quality",
            "outcome": "inconclusive",
            "against": "baseline.json",
            "baseline": 0.54,
            "candidate": None,
            "change": 0.04,
            "low": -0.001,
            "high": 0.08,
            "tolerance": 0.02,
            "samples": 24,
            "needed_samples": 120,
            "needed_runs": None,
            "needed_at_least": None,
            "note": None,
        }
    ]
