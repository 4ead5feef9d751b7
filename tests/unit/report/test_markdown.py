"""The report of a pull request: harmless whatever the names are, and never too long."""

from __future__ import annotations

import re
import string
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pytest_llmlat.report.gfm import TrimmableBlock, code, fitted, plain
from pytest_llmlat.report.markdown import LIMIT, report_text
from pytest_llmlat.values.results import OUTCOMES, Scoreboard
from tests.unit.boards import (
    FINE,
    HOSTILE,
    RUN,
    a_board,
    a_comparison,
    a_load,
    a_run,
    a_standing,
    a_summary,
)
from tests.unit.builders import a_cell
from tests.unit.example_counts import at_most

KNOWN = ("e2e", "ttft", "tpot", "itl", "ttfr", "queue", "quality", "balanced", "speed")
OURS = ("code", "details", "summary")
LATENCIES = ("e2e", "ttft", "tpot", "itl", "ttfr", "queue")
NAMES = (
    st.text(min_size=1, max_size=60)
    | st.text(string.punctuation + "\n\r aw19", min_size=1, max_size=60)
).filter(lambda name: name not in {"-", *KNOWN})
"""A dash and no text at all are shown as what is missing; a quantity's own name says
how its figures are written."""


def skeleton(text: str) -> list[str]:
    """Return what is Markdown in each line: texts from elsewhere are taken out."""
    return [re.sub(r"<code>.*?</code>", "", line) for line in text.split("\n")]


def section(text: str, title: str) -> list[str]:
    """Return the lines of a part, without empty ones."""
    part = text.partition(f"### {title}\n")[2].partition("\n### ")[0]
    return [line for line in part.split("\n") if line]


@pytest.mark.slow
@given(NAMES)
@example(HOSTILE)
@example("a" * 200)
@example("|" * 159)
@example("\\")
@settings(
    deadline=None, max_examples=at_most(60), suppress_health_check=list(HealthCheck)
)
def test_a_hostile_name_changes_no_structure(name: str) -> None:
    """It adds no line and no column, opens no tag, and closes none of ours."""
    # What begins as the name of a latency is written as one, in seconds.
    assume(name.partition("_")[0] not in LATENCIES)
    text = report_text(a_run(name), a_board(name))

    expected = skeleton(report_text(a_run("owl"), a_board("owl")))
    assert skeleton(text) == expected
    assert len(text) <= LIMIT
    for inside in re.findall(r"<code>(.*?)</code>", text):
        rest = inside.replace("<!-- -->", "")
        assert not re.search(r"[|`<>\[\]@#!*_~$\\:]", re.sub(r"&#\d+;", "", rest))
        assert not re.search(r"&(?!#\d+;)", rest)


@given(st.text())
@example(HOSTILE)
def test_no_text_is_one_that_github_links(name: str) -> None:
    """In no run of characters is there an address, even when they are decoded."""
    inside = code(name, most=1000).removeprefix("<code>").removesuffix("</code>")

    for run in inside.split("<!-- -->"):
        decoded = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), run)
        assert not re.search(r"@.|://|www\.", decoded, re.IGNORECASE)


@given(st.text(string.ascii_letters + string.punctuation + "äß世", max_size=160))
def test_a_name_can_be_read_and_copied(name: str) -> None:
    """Nothing invisible is put into it, and nothing that is harmless is lost."""
    shown = plain(name).replace("<!-- -->", "")

    decoded = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), shown)
    assert decoded == name


def test_a_long_name_keeps_both_ends() -> None:
    """Names of one family differ at the start or at the end."""
    shown = code("start" + "x" * 500 + "end")

    assert len(shown) < 200
    assert shown.startswith("<code>start")
    assert shown.endswith("end</code>")
    assert "…" in shown


@pytest.mark.parametrize("name", [HOSTILE, "\\", "a|b", "`", "</code>", "[a]: /b"])
def test_a_markdown_reader_sees_nothing_of_a_hostile_name(name: str) -> None:
    """Another program's reading of it has our elements only, and our columns."""
    reader = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")

    found = reader.render(report_text(a_run(name), a_board(name)))
    expected = reader.render(report_text(a_run("owl"), a_board("owl")))

    tags = re.compile(r"<(/?\w+)")
    assert tags.findall(found) == tags.findall(expected)
    assert set(OURS) <= set(tags.findall(found))
    assert "<a" not in found
    assert "<img" not in found


def test_no_line_is_a_command() -> None:
    """GitLab obeys a line such as ``/close`` in a comment."""
    text = report_text(a_run(HOSTILE), a_board(HOSTILE))

    assert not any(line.lstrip().startswith("/") for line in text.splitlines())


def a_large_board(*, passing: bool = True) -> Scoreboard:
    """Return ten models of 200 cells, five verdicts on each."""
    names = [f"model-{n}" for n in range(10)]
    plain_cell = a_summary()
    summaries = [
        replace(plain_cell, cell=a_cell(name, task=f"reasoning/task-{n}"))
        for name in names
        for n in range(200)
    ]
    kinds = ("quality", "balanced", "e2e", "ttft", "tpot")
    verdicts = [
        replace(FINE, cell=summary.cell.id, quantity=kind)
        for summary in summaries
        for kind in kinds
    ]
    bad = [replace(v, outcome="regression") for v in verdicts[::200]]
    open_ = [replace(v, outcome="inconclusive") for v in verdicts[1::20]]
    rows = tuple(a_standing(name) for name in names)
    return Scoreboard(
        summaries=tuple(summaries),
        standings=rows,
        comparisons=(a_comparison(*rows),),
        verdicts=(*bad, *open_[:30], *verdicts) if passing else tuple(verdicts),
    )


@pytest.mark.slow
def test_a_large_run_fits() -> None:
    """Of ten models of 200 cells, what passes is left out first, and then cells."""
    text = report_text(RUN, a_large_board())

    assert LIMIT - 1000 < len(text) <= LIMIT
    assert text.count("**REGRESSION**") == 50
    assert text.count("\n| inconclusive |") == 30
    assert "\n| pass |" not in text
    assert "*Left out here: 10000 pass. `summary.json` has all of them.*" in text
    assert len(section(text, "Models")) == 2 + 10 + 3
    *cells, left = section(text, "Cells")
    assert left.startswith(f"*{2000 - (len(cells) - 2)} more are left out here.")
    assert section(text, "Run")


@pytest.mark.slow
def test_regressions_are_cut_last() -> None:
    """Where not even these fit, nothing of less weight takes their place."""
    board = a_large_board()
    bad = [replace(v, outcome="regression") for v in board.verdicts[80:]]

    text = report_text(RUN, replace(board, verdicts=(*bad, FINE)))

    assert len(text) <= LIMIT
    shown = text.count("**REGRESSION**")
    assert 100 < shown < 10_000
    assert f"*Left out here: {10_000 - shown} regressions." in text
    assert "*Left out here: 1 pass." in text
    assert "*2000 more are left out here." in text
    assert section(text, "Run")[2].startswith("| run |")


@pytest.mark.slow
@pytest.mark.parametrize("name", [HOSTILE * 9, "@" * 9999, "|" * 9999, "世" * 9999])
def test_the_longest_names_fit(name: str) -> None:
    """A bound that holds for good names only is none."""
    text = report_text(a_run(name), a_board(name, times=40))

    assert len(text) <= LIMIT


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.lists(st.text("xy", max_size=9)), st.booleans()
        ),
        max_size=6,
    ),
    st.integers(400, 700),
)
def test_a_fitted_text_is_never_too_long(
    parts: list[tuple[int, list[str], bool]], limit: int
) -> None:
    """Whatever the parts are, and what is of less weight is cut first."""
    blocks = [
        TrimmableBlock(
            rank=rank,
            title=("title",) if titled else (),
            opening=("opening",),
            lines=tuple(lines),
        )
        for rank, lines, titled in parts
    ]

    assert len(fitted(blocks, limit=limit)) <= limit


def test_a_run_without_a_gate() -> None:
    """It was measured and not judged, and says so."""
    text = report_text(RUN, Scoreboard(summaries=(a_summary(),), standings=()))

    assert text.startswith("## pytest-llmlat\n\n<code>nothing was measured</code>")
    assert "There was no gate: this run was measured and not judged." in text
    assert "pass" not in text
    assert section(text, "Cells")[2] == (
        "| <code>reasoning/sums&#124;owl&#124;cpu&#124;single</code> | 1 |"
        " <code>accuracy</code> | 1.000 [0.17, 1.00] | 0.000 | 0.707 |"
        " 1.00 s | - | - |"
    )


def test_a_run_of_nothing() -> None:
    """Parts that have nothing to tell are not there."""
    text = report_text({}, Scoreboard(summaries=(), standings=()))

    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "## pytest-llmlat",
        "### Run",
    ]
    assert all(line.endswith("| - |") for line in section(text, "Run")[2:])


def test_the_worst_is_read_first() -> None:
    """The outcome stands in the title, regressions in the first table."""
    verdicts = [replace(FINE, outcome=o, cell=f"c-{o}") for o in reversed(OUTCOMES)]

    text = report_text(RUN, replace(a_board(), verdicts=tuple(verdicts)))

    assert text.startswith("## pytest-llmlat: FAILED\n")
    places = [text.index(f"<code>c-{outcome}") for outcome in OUTCOMES]
    assert places == sorted(places)
    assert places[-1] < text.index("### Models") < text.index("### Cells")
    assert text.index("### Cells") < text.index("### Load curves")


def test_few_that_pass_are_open_and_many_are_folded() -> None:
    """Nobody has to scroll past a hundred that pass."""
    empty = Scoreboard(summaries=(), standings=())

    few = report_text(RUN, replace(empty, verdicts=(FINE,) * 8))
    many = report_text(RUN, replace(empty, verdicts=(FINE,) * 9))

    assert few.startswith("## pytest-llmlat: passed\n")
    assert "<details open>\n<summary>8 pass</summary>\n\n| gate |" in few
    assert "<details>\n<summary>9 pass</summary>\n\n| gate |" in many
    assert many.count("</details>") == 1


@pytest.mark.slow
def test_what_is_worse_and_passes_is_not_lost() -> None:
    """It leads those that pass, and is counted where all of these are left out."""
    slower = replace(FINE, cell="slower", low=0.001)
    board = a_large_board()

    text = report_text(RUN, replace(board, verdicts=(FINE, slower)))
    long = report_text(RUN, replace(board, verdicts=(*board.verdicts, slower)))

    # The sentence above the table names one of them too.
    assert text.rindex("<code>slower") < text.rindex(f"<code>{FINE.cell[:9]}")
    assert "Left out here: 10001 pass (1 of them worse, within the tolerance)." in long


def test_what_disturbed_a_run_is_told() -> None:
    """A contended machine and a client that was too slow, with their cells."""
    told = section(report_text(RUN, a_board()), "Clock and machine")

    assert any("client-limited" in line for line in told)
    assert any(line.startswith("- <code>contended&#58; owl") for line in told)
    assert section(report_text(RUN, a_board()), "Warnings") == ["- <code>owl</code>"]


def test_points_of_a_load_stand_in_its_order() -> None:
    """Ten in flight come after two."""
    points = [
        replace(a_summary(scenario=f"concurrent:{n}"), load=a_load()) for n in (10, 2)
    ]

    text = report_text(RUN, Scoreboard(summaries=tuple(points), standings=()))

    assert [
        re.findall(r"concurrent&#58;\d+", line)
        for line in section(text, "Load curves")[2:]
    ] == [["concurrent&#58;2"], ["concurrent&#58;10"]]


def test_what_was_run_where() -> None:
    """The machine and what was installed on it; a commit where it is known."""
    known = {**RUN, "commit": "abc1234"}

    rows = section(report_text(known, Scoreboard(summaries=(), standings=())), "Run")

    assert rows[2:] == [
        "| run | <code>r1</code> |",
        "| started | <code>2026-01-01T00&#58;00&#58;00+00&#58;00</code> |",
        "| took | <code>412 s</code> |",
        "| commit | <code>abc1234</code> |",
        "| machine | <code>EPYC, 2 cores</code> |",
        "| system | <code>Linux 6.1 x86&#95;64</code> |",
        "| python | <code>3.11.7</code> |",
        "| libraries | <code>pytest 9.2.0, numpy 2.4.6</code> |",
    ]
