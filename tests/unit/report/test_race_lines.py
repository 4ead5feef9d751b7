"""What is said of a race of settings."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmlat.report.answer_sentence import answer_sentence
from pytest_llmlat.report.race_lines import race_lines, race_sentence
from pytest_llmlat.values.results import Scoreboard
from pytest_llmlat.values.tuning_race import GUESSING
from tests.unit.tuning.races import A_RACE, CERTAIN

BOARD = Scoreboard(summaries=(), standings=(), races=(A_RACE,))


def test_a_winner_is_told_with_its_confirmed_gain_and_the_lines() -> None:
    """The gain of the confirmation, not that of the race, is in the sentence."""
    text = "\n".join(race_lines(BOARD))

    assert answer_sentence(BOARD) == (
        "best balance of gpt2 on cpu: [threads=2], balanced +0.100 [+0.050, +0.150]"
        " beside today's setting, confirmed on 30 items that it was not chosen on"
    )
    assert "28 of 30 answered alike" in text
    assert "out of memory" in text
    assert "not told from the best by the race: [threads=3]" in text
    assert "what mattered (main effects, share of variance): threads 90%" in text
    assert "280 requests, 50% of the full product's 560" in text
    assert "    [models.gpt2]" in text
    assert "others used this machine" in text


def test_other_ends_are_told_without_lines_to_paste() -> None:
    """No setting is better, nothing decided, or cut short with how to go on."""
    ends = {
        "no better": "no setting is recommended; [threads=2], balanced +0.100",
        "undecided": "nothing can be decided; a note",
        "interrupted": "go on with --llm-tune-resume",
    }
    for end, words in ends.items():
        race = replace(A_RACE, end=end, entry=None)  # type: ignore[arg-type] # its words
        board = replace(BOARD, races=(race,))
        assert words in answer_sentence(board)
        assert not any("[models.gpt2]" in line for line in race_lines(board))


def test_a_gain_that_is_not_recommended_says_why() -> None:
    """A guesser's time, or quality that may be lost; without a gain there is none."""
    assert A_RACE.confirmed is not None
    unsure = replace(A_RACE.confirmed, gain=replace(CERTAIN, low=-0.01))
    lost = replace(A_RACE, end="no better", entry=None)
    told = {
        race_sentence(race).rpartition("; ")[2].rpartition(", but ")[2]: race
        for race in (
            lost,
            replace(lost, notes=(GUESSING,)),
            replace(lost, confirmed=unsure),
            replace(lost, confirmed=None, best=None),
        )
    }

    assert list(told) == [
        "it may lose more quality than is allowed",
        "it is not above guessing for certain",
        "best balance of gpt2 on cpu: no setting is better than today's for certain",
    ]


def test_a_race_that_never_began_is_not_to_be_gone_on_with() -> None:
    """Its model could not be loaded, and nothing was measured that could be kept."""
    race = replace(A_RACE, end="interrupted", requests=0)

    told = answer_sentence(replace(BOARD, races=(race,)))

    assert "ended before its first request" in told
    assert "--llm-tune-resume" not in told


def test_time_that_is_saved_is_told_as_a_share() -> None:
    """Where the fastest was looked for."""
    assert A_RACE.confirmed is not None
    own = replace(A_RACE.confirmed, gain=CERTAIN)
    race = replace(A_RACE, goal="fastest", goal_kind="fastest", confirmed=own)

    assert "time saved +10.0% [+5.0%, +15.0%]" in answer_sentence(
        replace(BOARD, races=(race,))
    )


def test_names_cannot_write_to_the_terminal() -> None:
    """Whatever a setting is called."""
    race = replace(A_RACE, best="a\x1b[31m")

    assert "\x1b" not in "\n".join(race_lines(replace(BOARD, races=(race,))))
