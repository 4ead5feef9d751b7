"""The sentence that answers the question, and what came of varying a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlat.report.leaders import (
    comparison_lines,
    leader_lines,
    tuning_lines,
)
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.values.results import Contrast, Estimate, Scoreboard, Tuning
from pytest_llmlat.values.row_comparison import (
    Apart,
    Comparison,
    Sweep,
    Unranked,
    WhyApart,
    WhyUnranked,
)
from tests.unit.boards import a_comparison, a_standing

NAMES = ("owl", "parrot", "raven")
ROWS = tuple(
    replace(a_standing(name), balanced=Estimate(value=0.5, low=0.4, high=0.6))
    for name in NAMES
)


WHOLE = a_comparison(*ROWS)


def board(*comparisons: Comparison) -> Scoreboard:
    """Return three rows, compared as told."""
    return Scoreboard(summaries=(), standings=ROWS, comparisons=comparisons)


def left_out(place: int, why: WhyApart) -> Apart:
    """Return a row that was not compared."""
    return Apart(row=ROWS[place].id, why=why)


def test_the_best_is_told_with_whom_it_beats_and_whom_not() -> None:
    """What cannot be told is no victory."""
    whole = replace(WHOLE, better_than=(ROWS[1].id,), not_distinguishable=(ROWS[2].id,))

    (line,) = leader_lines(board(whole))

    assert line == (
        "best balance: owl on cpu, 0.500 [0.40, 0.60]; better than parrot on cpu;"
        " not distinguishable from raven on cpu"
    )


def test_rows_that_were_not_compared_are_named_with_the_reason() -> None:
    """They are neither beaten nor rivals; another load is told in its own sentence."""
    pair = a_comparison(*ROWS[:2])
    apart = {
        why: leader_lines(board(replace(pair, apart=(left_out(2, why),))))[0]
        for why in WhyApart
    }

    assert apart[WhyApart.SAMPLES].endswith(
        "; not compared with raven on cpu (other samples)"
    )
    assert apart[WhyApart.FAMILIES].endswith("raven on cpu (other families)")
    assert apart[WhyApart.MISSING].endswith("raven on cpu (answers are missing)")
    assert "raven" not in apart[WhyApart.LOAD]
    assert len(set(apart.values())) == len(WhyApart)


def test_rows_that_are_all_alone_have_no_best() -> None:
    """An easier half is no victory."""
    alone = [
        replace(
            a_comparison(row),
            apart=tuple(
                left_out(other, WhyApart.SAMPLES) for other in range(3) if other != own
            ),
        )
        for own, row in enumerate(ROWS)
    ]

    (line,) = leader_lines(board(*alone))

    assert line == (
        "owl on cpu, parrot on cpu, raven on cpu: cannot be compared and are not ranked"
        " (other samples)"
    )


def test_each_scenario_has_its_own_sentence() -> None:
    """Under a load another may be best."""
    loaded = replace(ROWS[1], scenario="concurrent:4")
    whole = replace(
        board(a_comparison(ROWS[0]), a_comparison(loaded)),
        standings=(ROWS[0], loaded),
    )
    lines = leader_lines(whole)

    assert len(lines) == 2
    assert all("name more models with --llm" in line for line in lines)


@pytest.mark.parametrize(
    ("sweep", "told"),
    [
        (
            Sweep(of="weight", low=0.3, high=0.7, holds_from=0.42, holds_to=0.7),
            "the ranking depends on it (this one holds from 0.42 to 0.7)",
        ),
        (
            Sweep(of="budget", low=0.25, high=4.0, holds_from=0.5, holds_to=1.0),
            "the ranking depends on it (this one holds from b/2 to 1b)",
        ),
        (
            Sweep(of="budget", low=0.25, high=4.0, holds_from=0.25, holds_to=4.0),
            "latency budgets from b/4 to 4b: the ranking holds",
        ),
    ],
)
def test_how_far_a_ranking_holds_is_told(sweep: Sweep, told: str) -> None:
    """From where to where, and only where it does not hold throughout."""
    lines = comparison_lines(board(replace(a_comparison(*ROWS[:2]), sweeps=(sweep,))))

    assert any(line.endswith(told) for line in lines)


def test_a_score_to_which_time_says_nothing_is_told() -> None:
    """With the weight that it has, and what would give it more."""
    little = replace(a_comparison(*ROWS[:2]), time_hardly_counts=0.0212)

    (line,) = [one for one in comparison_lines(board(little)) if "weighs" in one]

    assert line.startswith("time weighs 0.02 of what quality does")
    assert "--llm-latency-budget" in line


def test_several_comparisons_are_told_apart() -> None:
    """Each front is named with the rows that it is the front of."""
    held = Sweep(of="weight", low=0.3, high=0.7, holds_from=0.3, holds_to=0.7)
    pairs = (a_comparison(*ROWS[:2]), a_comparison(*ROWS[1:]))
    lines = comparison_lines(board(*(replace(c, sweeps=(held,)) for c in pairs)))

    words = ("Pareto front of quality and e2e p50", "weight of quality from 0.3 to 0.7")
    assert [line.rpartition(": ")[0] for line in lines] == [
        f"among {names}: {each}"
        for names in ("owl on cpu, parrot on cpu", "parrot on cpu, raven on cpu")
        for each in words
    ]
    assert lines[2].endswith(": parrot on cpu, raven on cpu")


def test_what_was_measured_on_a_busy_machine_says_so() -> None:
    """Only of the comparison that it is in."""
    busy = replace(a_comparison(*ROWS[:2]), contended=True)
    told, quiet = leader_lines(board(busy, a_comparison(*ROWS[1:])))

    assert told.endswith("; cells were contended, so that their times prove nothing")
    assert "contended" not in quiet


def test_a_load_that_was_not_kept_up_is_told_beside_the_best_row() -> None:
    """Who is best of rows whose times grow may be another one in a longer run."""
    saturated = replace(a_comparison(*ROWS[:2]), behind=True)
    told, other = leader_lines(board(saturated, a_comparison(*ROWS[1:])))

    assert told.endswith(
        "; cells did not keep up with their load, so that their times grow with the"
        " length of the run"
    )
    assert "keep up" not in other


def test_nothing_measured_is_no_sentence() -> None:
    """Nor is a row without a score."""
    assert leader_lines(replace(board(), unscored=(ROWS[0].id,))) == []
    assert comparison_lines(board()) == []


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
    assert lines[-1] == (
        "  not compared, for they lack answers or were asked otherwise: owl[threads=9]"
    )


def test_a_pull_request_is_told_the_same() -> None:
    """The lines to paste keep their blanks, and nothing in them is Markdown."""
    hostile = replace(TUNING, entry='[models."owl"]\nweights = "</pre>@team ```"\n')
    told = report_text({}, replace(board(WHOLE), tunings=(hostile,)))

    assert "### Settings" in told
    assert "<code>best balance&#58; owl on cpu, 0.500" in told
    assert "    weights &#61;" in told
    assert told.count("</pre>") == 1
    assert "@team" not in told
    assert "```" not in told


@pytest.mark.parametrize(
    ("why", "right", "words"),
    [
        (
            [WhyUnranked.GUESSING],
            11,
            "above guessing for certain (11 of 24 answers were",
        ),
        ([WhyUnranked.UNANSWERED], 0, "no request was answered"),
        (
            [WhyUnranked.QUALITY, WhyUnranked.GUESSING],
            0,
            "is 0 or the quality is not above",
        ),
    ],
)
def test_where_no_score_is_above_nothing_the_reason_is_told(
    why: list[WhyUnranked], right: int, words: str
) -> None:
    """There is nothing to recommend, and nothing is said that was not seen."""
    zero = replace(
        a_comparison(*ROWS, best=False),
        unranked=tuple(
            Unranked(row=row.id, why=one)
            for row, one in zip(ROWS, why * len(ROWS), strict=False)
        ),
        right_in_time=right,
        judged=24,
    )

    (line,) = leader_lines(board(zero))

    assert line.startswith("no row is ranked: ")
    assert words in line
    assert "best" not in line
    assert ("in time" in line) == bool(right)


def test_a_model_that_only_guesses_has_no_setting_to_take() -> None:
    """The best of settings that are all worth nothing is not one."""
    (told,) = tuning_lines(
        replace(board(), tunings=(replace(TUNING, guessing=(TUNING.best,)),))
    )

    assert "no setting is above guessing" in told
