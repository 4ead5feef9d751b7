"""The sentence that answers the question, and what came of varying a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.leaders import leader_lines, tuning_lines
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.values.results import Contrast, Estimate, Scoreboard, Tuning
from tests.unit.boards import a_standing

NAMES = ("owl", "parrot", "raven")
ROWS = tuple(
    replace(a_standing(name), balanced=Estimate(value=0.5, low=0.4, high=0.6))
    for name in NAMES
)


def contrast(other: int, *, certain: bool | None) -> Contrast:
    """Return how much better the owl is than another row."""
    return Contrast(
        row=ROWS[0].id,
        other=ROWS[other].id,
        difference=Estimate(value=0.1, low=0.05, high=0.15),
        certain=certain,
    )


def board(*contrasts: Contrast) -> Scoreboard:
    """Return three rows, compared as far as told."""
    return Scoreboard(summaries=(), standings=ROWS, contrasts=contrasts)


def test_the_best_is_told_with_whom_it_beats_and_whom_not() -> None:
    """What cannot be told is no victory."""
    own = board(contrast(1, certain=True), contrast(2, certain=False))

    (line,) = leader_lines(own)

    assert line.startswith("best balance: owl on cpu, ")
    assert line.endswith(
        "; better than parrot on cpu; not distinguishable from raven on cpu"
    )


@pytest.mark.parametrize("certain", [False, None])
def test_what_is_not_known_is_not_called_better(certain: bool | None) -> None:  # noqa: FBT001 - a parameter of the test
    """One sample has no spread, and tells nothing."""
    (line,) = leader_lines(
        board(contrast(1, certain=certain), contrast(2, certain=certain))
    )

    assert "better than" not in line
    assert "not distinguishable from parrot on cpu, raven on cpu" in line


def test_a_row_of_other_samples_is_named() -> None:
    """It is neither beaten nor a rival."""
    (line,) = leader_lines(board(contrast(1, certain=True)))

    assert line.endswith("not compared with raven on cpu (other samples)")


def test_rows_of_other_samples_have_no_best() -> None:
    """An easier half is no victory."""
    (line,) = leader_lines(board())

    assert line.endswith("answered different samples and cannot be ranked")
    assert "best" not in line


def test_each_scenario_has_its_own_best() -> None:
    """Under a load another may be."""
    loaded = replace(ROWS[1], scenario="concurrent:4")
    lines = leader_lines(replace(board(), standings=(ROWS[0], loaded)))

    assert len(lines) == 2
    assert all("name more models with --llm" in line for line in lines)


def test_nothing_measured_is_no_sentence() -> None:
    """Nor is a row without a score."""
    empty = replace(ROWS[0], balanced=Estimate(value=None))

    assert leader_lines(replace(board(), standings=(empty,))) == []


TUNING = Tuning(
    model="owl",
    device="cpu",
    scenario="single",
    front=("owl", "owl[threads=1]"),
    best="owl[threads=1]",
    balanced=0.6,
    gain=Contrast(
        row="owl[threads=1]|cpu|single",
        other="owl|cpu|single",
        difference=Estimate(value=0.05, low=0.01, high=0.09),
        certain=True,
    ),
    entry='[models."owl"]\noptions = { "threads" = 1 }\n',
)


def test_a_setting_that_is_better_is_told_with_the_lines_to_paste() -> None:
    """And with how much better, and how sure that is."""
    told, *others = tuning_lines(replace(board(), tunings=(TUNING,)))

    assert told == (
        "owl on cpu: best balance owl[threads=1], +0.050 [+0.010, +0.090] beside the"
        " entry as it is: better"
    )
    assert others == [
        "  Pareto front of quality and e2e p50: owl, owl[threads=1]",
        "  for a catalogue (--llm-models FILE):",
        '    [models."owl"]',
        '    options = { "threads" = 1 }',
    ]


def test_a_setting_that_may_be_no_better_says_so() -> None:
    """The best of many is best by chance too."""
    assert TUNING.gain is not None
    unsure = replace(TUNING, gain=replace(TUNING.gain, certain=False))

    assert tuning_lines(replace(board(), tunings=(unsure,)))[0].endswith(
        "beside the entry as it is: not distinguishable"
    )


def test_an_entry_that_is_best_as_it_is_needs_no_lines() -> None:
    """What lacks answers is named."""
    stays = replace(TUNING, best="owl", gain=None, left_out=("owl[threads=9]",))
    lines = tuning_lines(replace(board(), tunings=(stays,)))

    assert lines[0] == "owl on cpu: best balance as its entry says"
    assert lines[-1] == "  not compared, answers are missing: owl[threads=9]"


def test_a_pull_request_is_told_the_same() -> None:
    """The lines to paste keep their blanks, and nothing in them is Markdown."""
    hostile = replace(TUNING, entry='[models."owl"]\nweights = "</pre>@team ```"\n')
    told = report_text({}, replace(board(), tunings=(hostile,)))

    assert "### Settings" in told
    assert "<code>owl on cpu, parrot on cpu, raven on cpu&#58; answered" in told
    assert "    weights &#61;" in told
    assert told.count("</pre>") == 1
    assert "@team" not in told
    assert "```" not in told


def test_who_only_guesses_is_not_the_best() -> None:
    """Where no score is above 0 there is nothing to recommend."""
    zero = Estimate(value=0.0, low=0.0, high=0.4)
    rows = tuple(replace(row, balanced=zero) for row in ROWS)
    own = replace(board(contrast(1, certain=False)), standings=rows)
    tuned = replace(TUNING, balanced=0.0)

    (line,) = leader_lines(own)
    assert line.startswith("no balance above 0: the quality of each is no better than")
    (told,) = tuning_lines(replace(own, tunings=(tuned,)))
    assert "no setting is better" in told
