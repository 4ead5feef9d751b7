"""``report.html`` in a real browser: it works, stays silent, and lets nothing act."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.values.results import Scoreboard
from tests.browser.demo import a_demo
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmlat.values.records import Record

ATTACKS = {
    "script": "<script>alert(1)</script>",
    "textarea": "</textarea><script>alert(2)</script>",
    "end": "</script><script>alert(3)</script><!--",
    "handler": "<img src=x onerror=alert(4)><svg onload=alert(5)>",
    "link": "<a href='javascript:alert(6)'>click</a> [x](javascript:alert(7))",
    "rtl": "\u202egnp.exe\u2066 \u200b end",
    "ansi": "\x1b[2J\x1b[31mred\x07\x00\x7f",
    "separators": "a\u2028b\u2029c\ufeff",
    "half": "half a pair \ud83d and \udc00",
    "template": "${alert(8)} {{ 7 * 7 }} %{text} <b>bold</b> $x^2$",
}
SHOWN = "html[data-samples]"


def a_run(*records: Record) -> tuple[Scoreboard, list[Record]]:
    """Return the board of some records that stand together by cell."""
    cells = {record.cell.id: record.cell for record in records}
    facts = [
        some_facts(cell, planned=sum(r.cell.id == id_ for r in records))
        for id_, cell in cells.items()
    ]
    return scoreboard(facts, records, balance="geometric", seed=0), list(records)


def samples_of(page: Any) -> Any:  # noqa: ANN401 - playwright has no types here
    """Scroll to the samples, which are read when they are near."""
    page.locator("#samples").scroll_into_view_if_needed()
    page.wait_for_selector(SHOWN, state="attached")
    return page


def chosen(page: Any, id_: str, value: str) -> None:  # noqa: ANN401
    """Choose in the samples' filters, and wait for the list."""
    turn = page.locator("html").get_attribute("data-samples")
    page.locator(id_).select_option(value)
    page.wait_for_selector(f"html:not([data-samples='{turn}'])", state="attached")


def column(page: Any, number: int, table: str = "#board") -> list[str]:  # noqa: ANN401
    """Return the texts of a column."""
    found: list[str] = page.locator(
        f"{table} tbody td:nth-child({number})"
    ).all_inner_texts()
    return found


def test_the_page_runs_silently_and_asks_for_nothing(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """No error, no message, no request beside the file, wherever one clicks."""
    opened = open_page(demo)
    page = samples_of(opened.page)
    for id_ in ("#plane-family", "#plane-axis", "#task", "#curve"):
        for value in page.locator(f"{id_} option").evaluate_all(
            "options => options.map((option) => option.value)"
        ):
            page.locator(id_).select_option(value)
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.emulate_media(media="print")

    assert page.locator("html").get_attribute("data-plots") == "drawn"
    assert opened.quiet(), opened.heard


def test_every_plot_is_drawn(open_page: Callable[..., Any], demo: Path) -> None:
    """None is left blank where there is something to draw."""
    page = open_page(demo).page

    drawn = page.locator(".plot").evaluate_all(
        "all => all.filter((one) => one.querySelector('svg')).map((one) => one.id)"
    )

    assert sorted(drawn) == [
        "plot-ecdf",
        "plot-load-latency",
        "plot-load-rate",
        "plot-parts",
        "plot-plane",
        "plot-quality",
        "plot-ttft",
        "plot-weights",
    ]


def test_hovering_a_point_shows_its_figures(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """Who points at a model in the plane reads its numbers."""
    page = open_page(demo).page
    page.locator("#plot-plane").scroll_into_view_if_needed()

    page.locator("#plot-plane .scatterlayer .points path").last.hover(force=True)

    told = page.locator("#plot-plane .hoverlayer").text_content()
    assert "quality" in told
    assert "e2e p50" in told


def test_labels_of_near_points_never_overprint(open_run: Callable[..., Any]) -> None:
    """Seven models that are nearly alike: each is named, in its place or the legend."""
    records = [
        a_record(
            f"s{sample}",
            cell=a_cell(f"model-number-{model}"),
            value=float(sample < 12),
            timing=a_timing(0.1, 1.0 + 0.004 * model + 0.001 * sample),
        )
        for model in range(7)
        for sample in range(24)
    ]
    page = open_run(*a_run(*records)).page
    page.locator("#plane").scroll_into_view_if_needed()

    boxes = page.locator("#plot-plane .textpoint text").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().toJSON())"
    )

    # Letters of a drawing are no text of the document.
    named = page.locator("#plot-plane .legendtext").all_text_contents()
    assert len(boxes) + sum("model-number" in name for name in named) == 7
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            assert not (
                one["left"] < other["right"]
                and other["left"] < one["right"]
                and one["top"] < other["bottom"]
                and other["top"] < one["bottom"]
            )


def test_the_slider_ranks_anew(open_page: Callable[..., Any], demo: Path) -> None:
    """At one half it is the scoreboard; at the ends quality or speed alone."""
    _, board, _ = a_demo()
    level = [s for s in board.standings if s.scenario == "single"]
    page = open_page(demo).page
    slider = page.locator("#weight")

    def ranking() -> list[str]:
        names: list[str] = page.locator("#ranking .who").all_inner_texts()
        return names

    scores = page.locator("#ranking li").evaluate_all(
        "items => items.map((item) => Number(item.dataset.score))"
    )
    assert ranking() == [s.model for s in level]
    assert scores == pytest.approx([s.balanced.value for s in level], abs=1e-12)
    for weight, key in (("1", "quality"), ("0", "speed")):
        slider.fill(weight)
        best = sorted(level, key=lambda s: getattr(s, key).value, reverse=True)
        assert ranking() == [s.model for s in best]
    assert page.locator("#crossings li").count() > 1


def test_the_slider_ranks_rows_of_one_comparison(open_run: Callable[..., Any]) -> None:
    """Rows that were asked other samples are never put in one order."""
    records = [
        a_record(
            f"s{number}",
            cell=a_cell(model),
            value=float(number % 3 > 0),
            timing=a_timing(seconds * (1 + number / 10)),
        )
        for model, seconds, first in (
            *(("a", 1.0, 0), ("b", 2.0, 0)),
            *(("c", 0.5, 20), ("d", 3.0, 20), ("e", 0.1, 40)),
        )
        for number in range(first, first + 6)
    ]
    opened = open_run(*a_run(*records))
    page = opened.page

    def shown() -> tuple[list[str], list[str]]:
        names: list[str] = page.locator("#ranking .who").all_inner_texts()
        front: list[str] = page.locator("#plot-plane").evaluate(
            "plot => plot.data.filter((one) => one.name && one.name !== 'Pareto front')"
            ".map((one) => one.name)"
        )
        return names, sorted(front)

    assert page.locator("#comparison option").all_inner_texts() == [
        *("A: a, b", "B: c, d", "e"),
    ]
    assert shown() == (["a", "b"], ["a", "b"])
    page.locator("#weight").fill("0.9")
    page.locator("#comparison").select_option("1")
    assert shown() == (["c", "d"], ["c", "d"])
    page.locator("#comparison").select_option("2")
    assert shown() == (["e"], ["e"])
    assert opened.quiet(), opened.heard


def test_the_slider_moves_by_keyboard(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """An arrow key changes the weight by a hundredth."""
    page = open_page(demo).page
    page.locator("#weight").focus()

    page.keyboard.press("ArrowRight")

    assert page.locator("#weight-out").inner_text() == "0.51"


def test_a_click_on_a_head_sorts(open_page: Callable[..., Any], demo: Path) -> None:
    """Figures begin with the largest; a second click turns the order round."""
    page = open_page(demo).page
    head = page.locator("#board th", has_text=re.compile("^Quality"))

    head.locator("button").click()
    falling = [float(text) for text in column(page, 5)]
    told = head.get_attribute("aria-sort")
    head.locator("button").click()
    rising = [float(text) for text in column(page, 5)]

    assert falling == sorted(falling, reverse=True)
    assert told == "descending"
    assert rising == sorted(rising)
    assert head.get_attribute("aria-sort") == "ascending"


def test_a_table_is_sorted_by_keyboard(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """Durations sort by what they last and not by their letters."""
    page = open_page(demo).page
    page.locator("#board th", has_text="e2e p50").locator("button").focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Space")

    _, board, _ = a_demo()
    fastest = sorted(board.standings, key=lambda s: s.e2e_s.p50 or 0.0)
    assert [text.split()[0] for text in column(page, 2)] == [s.model for s in fastest]


def test_filters_and_search_choose_samples(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """The list shows what was asked for, and says how many there are."""
    _, _, records = a_demo()
    cell = "reasoning/arithmetic|smollm2-1.7b|a6000|single"
    own = [r for r in records if r.cell.id == cell]
    page = samples_of(open_page(demo).page)
    chosen(page, "#s-task", "reasoning/arithmetic")
    page.locator("#s-one").select_option(label="smollm2-1.7b")

    for value, wanted in (
        ("right", [r for r in own if r.grade.correct]),
        ("wrong", [r for r in own if not r.grade.correct]),
        ("unparsed", [r for r in own if r.unparsed]),
        ("all", own),
    ):
        chosen(page, "#s-outcome", value)
        names = page.locator("#s-list .id").all_inner_texts()
        assert sorted(names) == sorted(r.sample for r in wanted)
        assert page.locator("#s-count").inner_text().startswith(f"{len(wanted)} of 30")
    slowest = max(own, key=lambda r: r.timing.e2e_s if r.timing else 0.0)
    assert page.locator("#s-list .id").first.inner_text() == slowest.sample
    page.locator("#s-search").fill("item 17)")
    page.locator("#s-count", has_text="1 of 30").wait_for()
    assert page.locator("#s-list .id").all_inner_texts() == ["reasoning-017"]


def test_two_answers_stand_side_by_side(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """Prompt and reference once, and an answer with its timings for each model."""
    page = samples_of(open_page(demo).page)

    chosen(page, "#s-two", page.locator("#s-two option").nth(2).get_attribute("value"))

    parts = page.locator("#s-detail .answer-part")
    assert parts.count() == 2
    boxes = [parts.nth(place).bounding_box() for place in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] < boxes[1]["x"]
    assert page.locator("#s-detail .prompt").count() == 1
    assert page.locator("#s-detail dt", has_text="TTFT").count() == 2


def test_samples_are_walked_by_arrow_keys(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """The next sample is shown as the focus moves to it."""
    page = samples_of(open_page(demo).page)
    page.locator("#s-list button").first.focus()

    page.keyboard.press("ArrowDown")

    second = page.locator("#s-list .id").nth(1).inner_text()
    assert page.locator("#s-detail .sample-name").inner_text() == second


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_text_stays_text(open_run: Callable[..., Any], name: str) -> None:
    """As an answer, a prompt, a model's name or a sample's: shown, and nothing runs."""
    text = ATTACKS[name]
    records = [
        replace(
            a_record(f"{number} {text}", cell=a_cell(model, task=f"reasoning/{text}")),
            prompt=text,
            reference=text,
            answer=text,
            extracted=text,
            error=text,
            output_tokens=3,
        )
        for model in (text, f"other {text}")
        for number in range(2)
    ]

    opened = open_run(*a_run(*records), {"id": text, "commit": text})
    page = samples_of(opened.page)
    chosen(page, "#s-two", "1")

    shown = page.locator("#s-detail .answer-text pre").first.inner_text()
    assert opened.quiet(), opened.heard
    assert (
        page.locator("main script, main img, main a[href^='javascript']").count() == 0
    )
    assert page.locator("#s-detail pre > :not(span)").count() == 0
    if name in ("rtl", "ansi", "separators"):
        assert page.locator("#s-detail .answer-text .ctl").count() > 1
        assert not set(shown) & set("\u202e\u2066\x1b\x07\u2028")
    elif name != "half":
        assert shown == text
    plotted = page.locator(".plot a, .plot b, .plot img").count()
    assert plotted == 0


def test_an_overridden_direction_is_shown_by_its_name(
    open_run: Callable[..., Any],
) -> None:
    """A reader sees that there is an override, and the text in its own order."""
    record = replace(a_record(), answer=ATTACKS["rtl"])

    page = samples_of(open_run(*a_run(record)).page)

    shown = page.locator("#s-detail .answer-text pre").inner_text()
    assert shown == "U+202Egnp.exeU+2066 U+200B end"


def test_a_phone_scrolls_only_down(open_page: Callable[..., Any], demo: Path) -> None:
    """At 360 pixels the page is no wider; wide tables scroll in their own boxes."""
    page = samples_of(open_page(demo, width=360, has_touch=True).page)

    wide = page.locator("html").evaluate("html => html.scrollWidth")
    names = page.locator("#board tbody td:nth-child(2)").first.bounding_box()

    assert wide == 360
    assert names["width"] > 90
    assert names["height"] < 90


def test_a_long_name_does_not_widen_a_phone(open_run: Callable[..., Any]) -> None:
    """Names have no end where a person would put one."""
    name = "org/" + "x" * 300
    records = [
        replace(
            a_record(str(n), cell=a_cell(model, task=f"reasoning/{name}")), answer=name
        )
        for model in (name, "b")
        for n in range(2)
    ]

    opened = open_run(*a_run(*records), width=360)

    page = samples_of(opened.page)
    assert page.locator("html").evaluate("html => html.scrollWidth") == 360
    assert opened.quiet(), opened.heard


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_until_one_chooses(
    open_page: Callable[..., Any], demo: Path, scheme: str
) -> None:
    """The switch goes round: as the system, light, dark."""
    page = open_page(demo, color_scheme=scheme).page

    def back() -> str:
        found: str = page.locator("body").evaluate(
            "body => getComputedStyle(body).backgroundColor"
        )
        return found

    own = back()
    page.locator("#theme").click()
    light = back()
    page.locator("#theme").click()
    dark = back()

    assert light != dark
    assert own == (light if scheme == "light" else dark)


@pytest.mark.parametrize(
    "records",
    [
        [],
        [a_record()],
        [an_error("e1"), an_error("e2")],
        [replace(a_record(), timing=a_timing(end_s=9.0), finish="timeout")],
        [replace(a_record(), cell=a_cell("a/'\"\N{PILE OF POO}", task="x/y \\ z"))],
    ],
    ids=["nothing", "one", "errors", "time-out", "names"],
)
def test_a_strange_run_is_shown_without_a_complaint(
    open_run: Callable[..., Any], records: list[Record]
) -> None:
    """What cannot be drawn says so in words."""
    board, own = (
        a_run(*records) if records else (Scoreboard(summaries=(), standings=()), [])
    )

    opened = open_run(board, own)
    opened.page.locator("#samples").scroll_into_view_if_needed()

    assert opened.page.locator("html").get_attribute("data-plots") == "drawn"
    assert opened.quiet(), opened.heard


def test_time_outs_keep_the_curve_below_one(open_run: Callable[..., Any]) -> None:
    """Half of the requests were never answered: the curve ends at one half."""
    lost = replace(a_record("t"), timing=a_timing(end_s=9.0), finish="timeout")

    page = open_run(*a_run(a_record("s"), lost)).page

    traces = page.locator("#plot-ecdf").evaluate(
        "plot => plot.data.map((one) => one.y)"
    )
    assert max(value for y in traces for value in y) == 0.5
    assert "1 timed out" in page.locator("#ecdf-note").inner_text()


def test_a_point_that_the_client_limited_is_a_cross_off_the_line(
    open_page: Callable[..., Any], demo: Path
) -> None:
    """No line leads to what is not the server's."""
    page = open_page(demo).page

    traces = page.locator("#plot-load-rate").evaluate(
        "plot => plot.data.map((one) => [one.mode, one.x, one.y, one.marker.symbol])"
    )

    line, crosses = traces
    assert line[2][-1] is None
    assert crosses[:2] == ["markers", [32]]
    assert crosses[3] == "x-open"
