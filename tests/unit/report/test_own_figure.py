"""A figure is defined once: an entry of the table is all that it needs."""

from __future__ import annotations

import csv
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import jsonschema
import pytest

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.plugin.task_runner import headlines
from pytest_llmlat.report.benchmark_json import benchmark_text
from pytest_llmlat.report.history import draw, history_of
from pytest_llmlat.report.history.history_changes import find_changes
from pytest_llmlat.report.history.page import rows_of, titles_of
from pytest_llmlat.report.markdown import report_text
from pytest_llmlat.report.notebook import board_html
from pytest_llmlat.report.page import page_tables, rows, write_page
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.store.export_files import export
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values import column_order
from pytest_llmlat.values.column_order import TableLayout
from pytest_llmlat.values.figure import (
    FigureColumn,
    FigureDefinition,
    RatioParts,
    RecordValues,
    View,
)
from pytest_llmlat.values.figure_columns import (
    column_key,
    column_value,
    columns_of,
    headline_values,
    limited_figures,
)
from pytest_llmlat.values.figure_table import FIGURES
from pytest_llmlat.values.results import Distribution, Standing, Summary
from tests.summary_schema import figure_list, with_figures
from tests.unit.boards import a_load
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts
from tests.unit.page_contents import reader_of
from tests.unit.report.test_summary_schema import PUBLISHED
from tests.unit.stored_runs import a_stored_run, answers

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Scoreboard

EVERY_VIEW: tuple[View, ...] = get_args(View)
OWN = FigureDefinition(
    name="prompt_letters",
    meaning="Letters of the prompt.",
    shape="distribution",
    unit="count",
    better=None,
    read=lambda record: RecordValues(values=[float(len(record.prompt))]),
    exported={"prompt_letters": lambda record: float(len(record.prompt))},
    columns=(
        FigureColumn(title="letters p50", which="p50", views=("cells", "history")),
        FigureColumn(title="letters p99", which="p99", views=("cells", "history")),
    ),
)
SHARE = FigureDefinition(
    name="short_share",
    meaning="Share of answers of one letter.",
    shape="number",
    unit="ratio",
    better="higher",
    row_meaning="The same of all cells.",
    limited=True,
    headlines=("value",),
    ratio=lambda record: RatioParts(above=float(len(record.answer or "") == 1)),
    exported={"short": lambda record: float(len(record.answer or "") == 1)},
    columns=(FigureColumn(title="short answers", views=EVERY_VIEW),),
)
COUNT = FigureDefinition(
    name="long_prompts",
    meaning="Requests with a prompt of more than two letters.",
    shape="number",
    unit="count",
    better=None,
    row_meaning="Those of all cells.",
    optional=False,
    count=lambda record: int(len(record.prompt) > 2),
    noted=("cells", "loads"),
)
TOLD = FigureDefinition(
    name="cells_planned",
    meaning="Requests that were planned.",
    shape="number",
    unit="count",
    better=None,
    told=lambda facts: float(facts.planned or 0),
    columns=(FigureColumn(title="meant", views=("cells", "loads")),),
)
ROOT = Path(__file__).parents[3]
LETTERS = str(len(a_record().prompt))
NO_FIGURES = {
    *(
        "above_guessing",
        "cell",
        "planned",
        "partial",
        "metric",
        "details",
        "slo",
        "task_revision",
    ),
    *(
        "load",
        "energy",
        "sittings",
        "anew",
        "reruns",
        "reused_answers",
        "untimed",
        *("cost_budget", "no_cost", "device_memory"),
        "steadiness",
        "stopping",
        "instrument",
        "contention",
        "backend",
        "peer",
        "warnings",
        "figures",
        "numbers",
        "averages",
        "drawn",
        "breakdown",
        "constraint",
        "missed",
        "price",
        "engine",
        "draft_check",
        "judging",
        "node",
    ),
    *(
        "model",
        "device",
        "scenario",
        "families",
        "pareto",
        "ranks",
        "budget_ranks",
        "bis",
    ),
}
"""What says of what a cell or a row is, or where it stands beside others."""


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Define figures of each kind as a change to the table would."""
    for figure in (OWN, SHARE, COUNT, TOLD):
        monkeypatch.setitem(FIGURES, figure.name, figure)


def board_of(*records: Record) -> Scoreboard:
    """Return the figures of one cell."""
    facts = some_facts(records[0].cell, planned=len(records))
    return scoreboard([facts], records, balance="geometric", seed=0)


@pytest.mark.usefixtures("own")
def test_an_entry_shows_a_figure_in_every_report() -> None:
    """Terminal, Markdown, page, ``summary.json`` and its schema need no other line."""
    board = board_of(a_record())

    header, line, *_ = scoreboard_lines(board)
    page = page_tables.cell_table(board, rows.rows_of(board))
    place = [column.title for column in page.columns].index("letters p50")
    content = json.loads(summary_text({"id": "r1"}, board))
    schema = with_figures(PUBLISHED)

    assert "letters p50" in header
    assert f" {LETTERS} " in line
    assert f" {LETTERS} |" in report_text({"id": "r1"}, board)
    assert page.rows[0][place].text == LETTERS
    assert page.rows[0][place].key == float(LETTERS)
    assert content["cells"][0]["prompt_letters"]["p50"] == float(LETTERS)
    assert content["cells"][0]["prompt_letters"]["p99"] is None
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content)) == []
    assert not jsonschema.Draft202012Validator(PUBLISHED).is_valid(content)


@pytest.mark.usefixtures("own")
def test_an_entry_shows_a_figure_of_stored_runs(tmp_path: Path) -> None:
    """The export has it of each record, the history of each cell."""
    run = open_run(a_stored_run(tmp_path / "runs" / "r1", answers()))
    path = tmp_path / "x.csv"

    export(run, path)
    history = history_of([run], balance="geometric")
    (line, *_) = rows_of(history, find_changes(history))

    with path.open(encoding="utf-8", newline="") as file:
        assert {row["prompt_letters"] for row in csv.DictReader(file)} == {
            f"{LETTERS}.0"
        }
    assert line[titles_of(history).index("letters p50")] == LETTERS
    point = history.timelines[0].points[0]
    assert point.figure("prompt_p50_letters").value == float(LETTERS)


@pytest.mark.slow
@pytest.mark.usefixtures("own")
def test_a_share_is_of_the_sums_of_all_records_in_every_report() -> None:
    """Of a row too: no mean of its cells' shares. 1 of 4, and not (1/1 + 0/3) / 2."""
    one, two = (a_cell(task=f"reasoning/{x}", scenario="concurrent:2") for x in "ab")
    load = a_load()
    records = [
        replace(a_record("s1", cell=one), answer="x"),
        *(replace(a_record(f"s{n}", cell=two), answer="xy") for n in range(3)),
    ]
    facts = [
        replace(some_facts(cell, planned=planned), load=load)
        for cell, planned in ((one, 1), (two, 3))
    ]
    board = scoreboard(facts, records, balance="geometric", seed=0)
    content = json.loads(summary_text({"id": "r1"}, board))
    schema = with_figures(PUBLISHED)

    assert [cell["short_share"] for cell in content["cells"]] == [1.0, 0.0]
    assert [cell["cells_planned"] for cell in content["cells"]] == [1.0, 3.0]
    assert [row["short_share"] for row in content["models"]] == [0.25]
    assert [row["long_prompts"] for row in content["models"]] == [4]
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content)) == []
    # Cells, load curves and rows: each in the terminal, in Markdown and on the page.
    lines = "\n".join(scoreboard_lines(board))
    tables = (
        page_tables.cell_table(board, rows.rows_of(board)),
        page_tables.load_table(board),
        page_tables.scoreboard_table(board, rows.rows_of(board)),
    )
    assert lines.count("short answers") == 4
    assert lines.count(" 0.250") == 1
    assert lines.count(" meant") == 3
    assert lines.count("3 long prompts") == 2
    assert report_text({"id": "r1"}, board).count("| short answers |") == 3
    assert report_text({"id": "r1"}, board).count("| 0.250 |") == 1
    assert board_html(board).count(">short answers<") == 2
    for table, expected in zip(
        tables, (["1.000", "0.000"],) * 2 + (["0.250"],), strict=True
    ):
        assert table is not None
        place = [column.title for column in table.columns].index("short answers")
        assert [row[place].text for row in table.rows] == expected
    assert figure_list().count("`short_share` | ratio | higher | cell, row |") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("own")
def test_the_pages_script_gets_what_its_tables_have(tmp_path: Path) -> None:
    """Rows, cells and points of curves have it by its name, and a curve its title."""
    cell = a_cell(scenario="concurrent:2")
    record = replace(a_record(cell=cell), answer="x")
    facts = replace(some_facts(cell, planned=1), load=a_load())
    board = scoreboard([facts], [record], balance="geometric", seed=0)

    write_page(tmp_path / "report.html", {"id": "r1"}, board, reader_of([record]))

    page = (tmp_path / "report.html").read_text("utf-8")
    found = page.partition('<script type="application/json" id="values">')[2]
    values = json.loads(found.partition("</script>")[0])
    (curve,) = values["curves"]
    for part in (values["rows"][0], values["cells"][0], curve["points"][0]):
        assert part["figures"]["short_share"] == 1.0
    assert {"key": "short_share", "title": "short answers", "unit": "ratio"} in values[
        "series"
    ]


@pytest.mark.usefixtures("own")
def test_other_programs_files_and_limits_know_a_headline() -> None:
    """JUnit's and pytest-benchmark's files have it by its name; limits as well."""
    board = board_of(replace(a_record(), answer="x"))
    (summary,) = board.summaries
    file = json.loads(benchmark_text({}, board, {summary.cell.id: [1.0]}))

    assert dict(headlines(summary))["llm_short_share"] == 1.0
    assert file["benchmarks"][0]["extra_info"]["short_share"] == 1.0
    assert limited_figures()["short_share"] == (SHARE, None)


@pytest.mark.usefixtures("own")
@pytest.mark.slow
def test_a_picture_of_the_history_has_a_figure_that_wants_it(tmp_path: Path) -> None:
    """Beside the score, quality and latency."""
    run = open_run(a_stored_run(tmp_path / "runs" / "r1", answers()))

    history = history_of([run], balance="geometric")

    assert b">short answers<" in draw(history, "svg", find_changes(history))
    assert "short answers" in titles_of(history)


def test_a_ratio_that_is_unknown_of_one_record_is_unknown_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The known ones may be the better ones. What it is not about is left out."""

    def parts(record: Record) -> RatioParts | None:
        known = {"s1": RatioParts(above=1.0, below=4.0), "s2": None}
        return known.get(record.sample, RatioParts(above=None))

    own = replace(SHARE, ratio=parts)
    monkeypatch.setitem(FIGURES, own.name, own)

    def value(*samples: str) -> float | None:
        board = board_of(*(a_record(sample) for sample in samples))
        (cell,), (row,) = board.summaries, board.standings
        assert dict(cell.numbers)[own.name] == dict(row.numbers)[own.name]
        return dict(cell.numbers)[own.name]

    assert value("s1", "s2") == 0.25
    assert value("s2") is None
    assert value("s1", "s2", "s3") is None


@pytest.mark.usefixtures("own")
def test_a_column_that_nothing_fills_is_left_out() -> None:
    """A p99 of one answer is null, and a column of dashes tells nobody anything."""
    board = board_of(a_record())

    assert "letters p99" not in "".join(scoreboard_lines(board))
    assert "letters p99" not in report_text({"id": "r1"}, board)


@pytest.mark.parametrize("most", range(60, 130, 5))
def test_further_columns_take_no_room_from_others(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a narrow terminal stands what stood there without them, to the letter."""
    board = board_of(a_record(timing=a_timing(0.5, 1.0)))
    with_them = scoreboard_lines(board, most=most)
    monkeypatch.setitem(FIGURES, "itl_s", replace(FIGURES["itl_s"], columns=()))
    without = scoreboard_lines(board, most=most)

    assert with_them == without or "itl p50" in with_them[0]
    assert max(map(len, with_them[:2])) <= most or with_them == without


def test_the_reference_lists_every_figure() -> None:
    """As it is defined, in the order of the table."""
    reference = (ROOT / "docs" / "reference.md").read_text("utf-8")

    assert figure_list() in reference


@pytest.mark.parametrize(
    "layout",
    [each for each in vars(column_order).values() if isinstance(each, TableLayout)],
)
def test_a_layout_orders_columns_that_there_are(layout: TableLayout) -> None:
    """A name that no figure's column has would change nothing, unseen."""
    names = [column_key(*defined) for defined in columns_of(layout)]
    words = {"metric"} & set(layout.first)

    assert set(layout.first) - words <= set(names)
    assert set(layout.given_up) <= set(layout.first)
    assert [name for name in layout.first if name not in words] == names[
        : len(layout.first) - len(words)
    ]


def test_no_two_columns_of_a_table_have_one_name() -> None:
    """The second would take the place of the first."""
    found = [
        (view, column_key(figure, column))
        for figure in FIGURES.values()
        for column in figure.columns
        for view in column.views
    ]

    assert len(found) == len(set(found))


@pytest.mark.parametrize("kind", [Summary, Standing])
def test_every_figure_of_a_cell_and_of_a_row_is_defined(kind: type) -> None:
    """A field is in the table, or it is known to be no figure."""
    names = {field.name for field in fields(kind)}
    own = {name for name, figure in FIGURES.items() if figure.by_entry}

    defined = {
        name
        for name, figure in FIGURES.items()
        if kind is Summary or figure.row_meaning is not None
    }

    assert names - NO_FIGURES == defined - own
    assert all(name == figure.name for name, figure in FIGURES.items())


def test_a_row_has_the_gaps_of_all_its_cells() -> None:
    """As one distribution, no mean of theirs; what only cells have is not in it."""
    short, long = a_cell(task="reasoning/a"), a_cell(task="sentiment/b")
    records = [
        a_record("s1", cell=short, timing=a_timing(0.1, 0.2, 0.3)),
        a_record("s1", cell=long, timing=a_timing(0.5, 1.5)),
    ]
    facts = [some_facts(cell, planned=1) for cell in (short, long)]

    (row,) = scoreboard(facts, records, balance="geometric", seed=0).standings

    gaps = dict(row.figures)
    assert gaps["itl_s"].p50 == pytest.approx(0.1)
    assert gaps["itl_s"].mean == pytest.approx(1.2 / 3)
    assert {name for name in gaps if FIGURES[name].row_meaning is None} == set()
    told = json.loads(
        summary_text(
            {"id": "r1"}, scoreboard(facts, records, balance="geometric", seed=0)
        )
    )
    assert told["models"][0]["itl_s"]["p50"] == pytest.approx(0.1)


def itl(*records: Record) -> Distribution:
    """Return the gaps of one cell."""
    (summary,) = board_of(*records).summaries
    return dict(summary.figures)["itl_s"]


def test_itl_is_every_gap_between_two_stamps() -> None:
    """The wait for the first token is none; all answers of a cell count together."""
    found = itl(
        a_record("s1", timing=a_timing(5.0, 6.0, 8.0)),
        a_record("s2", timing=a_timing(1.0, 1.5)),
        a_record("s3", timing=a_timing(3.0)),
    )

    assert found == Distribution(mean=3.5 / 3, p50=1.0)


def test_itl_invents_no_gap() -> None:
    """A stamp of several tokens ends one gap, which is told to be of several."""
    record = a_record(timing=a_timing(1.0, 3.0, tokens=(1, 4)))
    board = board_of(record)

    assert itl(record) == Distribution(mean=2.0, p50=2.0)
    assert "2.00 s grouped" in "\n".join(scoreboard_lines(board))


def test_itl_of_messages_that_nobody_counted_is_not_known() -> None:
    """They may carry any number of tokens; nor has a broken request any gap."""
    uncounted = a_record(timing=a_timing(1.0, 2.0, tokens=(0, 0)))
    broken = replace(an_error(), timing=a_timing(1.0, 2.0))

    assert itl(uncounted) == itl(broken) == Distribution()


def test_itl_of_a_time_out_ends_with_an_open_gap() -> None:
    """What came is known, and the last gap is longer than any that is."""
    late = a_record(timing=a_timing(1.0, 2.0, end_s=9.0), finish="timeout")

    assert itl(late) == Distribution(p50=1.0)


@pytest.mark.parametrize(("count", "expected"), [(99, None), (100, 0.99)])
def test_p99_needs_a_hundred_answers(count: int, expected: float | None) -> None:
    """Of fewer it would be another name for the slowest."""
    board = board_of(
        *(
            a_record(f"s{n}", timing=a_timing(n / 100, n / 100 + 1))
            for n in range(1, count + 1)
        )
    )
    ttft = FIGURES["ttft_s"]
    (column,) = [column for column in ttft.columns if column.which == "p99"]
    shown = ["ttft p99" in report_text({"id": "r1"}, board)]

    assert column_value(board.summaries[0], ttft, column) == expected
    assert column_value(board.standings[0], ttft, column) == expected
    assert shown == [expected is not None]


def test_the_headlines_of_a_cell_are_few() -> None:
    """What JUnit's and pytest-benchmark's files tell, by names that programs know."""
    (summary,) = board_of(a_record(timing=a_timing(0.5, 1.0))).summaries

    assert list(headline_values(summary).items()) == [
        ("quality", summary.quality.value),
        ("balanced", summary.balanced.value),
        ("e2e_p50_s", 1.0),
        ("e2e_p95_s", None),
        ("ttft_p50_s", 0.5),
        ("tpot_p50_s", 0.5),
        ("requests_per_s", summary.requests_per_s),
        ("samples", 1),
        ("errors", 0),
        ("timeouts", 0),
    ]
