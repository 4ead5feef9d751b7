"""``report.html`` without a browser: what is in the file, and what is not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.page import embedding, samples, write_page
from pytest_llmlat.report.page.cell_content import STEPS, steps
from pytest_llmlat.report.page.drawn_data import (
    PlotPoints,
    read,
    rooms_of,
)
from pytest_llmlat.report.page.embedding import content_policy, inert_json
from pytest_llmlat.report.page.visible import visible
from pytest_llmlat.values.keeping_up import Steadiness, WhyBehind
from pytest_llmlat.values.records import Grade
from pytest_llmlat.values.results import Contrast, Estimate, Scoreboard
from pytest_llmlat.values.row_comparison import WhyBetter
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.boards import HOSTILE, RUN, a_board, a_comparison, a_run
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)
from tests.unit.page_contents import contents_of, reader_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.records import Record

pytestmark = pytest.mark.slow

EMPTY = Scoreboard(summaries=(), standings=())
ATTACK = (
    "</script></textarea><script>window.hit=1</script><img src=x onerror=hit()>"
    "<a href='javascript:hit()'>x</a><!--\u202e\x1b[31m\u2028\ud800"
)


@pytest.fixture(autouse=True)
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the plotting library out, installed or not; browsers try it."""
    monkeypatch.setattr("pytest_llmlat.report.page.plotting_library", lambda: None)


class Page(HTMLParser):
    """A page as a parser sees it: elements, scripts by id, text that is shown."""

    def __init__(self, text: str) -> None:
        """Parse a whole page."""
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.blocks: list[tuple[dict[str, str | None], str]] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside = [tag]
            self.blocks.append((dict(attrs) | {"tag": tag}, ""))

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        if tag in ("script", "style"):
            self.inside = []

    def handle_data(self, data: str) -> None:
        """Keep a text where it belongs."""
        if self.inside:
            attrs, text = self.blocks[-1]
            self.blocks[-1] = (attrs, text + data)
        else:
            self.shown += data

    def block(self, id_: str) -> str:
        """Return the text of a script by its id."""
        return next(text for attrs, text in self.blocks if attrs.get("id") == id_)

    def values(self) -> dict[str, Any]:
        """Return what the page's script works with."""
        found: dict[str, Any] = json.loads(self.block("values"))
        return found

    def chunk(self, place: int) -> dict[str, Any]:
        """Return the samples of a cell."""
        data = base64.b64decode(self.block(f"chunk-{place}"))
        found: dict[str, Any] = json.loads(gzip.decompress(data))
        return found


def a_page(
    folder: Path,
    board: Scoreboard,
    records: Iterable[Record] = (),
    run: dict[str, Any] = RUN,
) -> Page:
    """Write a page and read it back."""
    path = folder / "report.html"
    write_page(path, run, board, reader_of(records))
    return Page(path.read_bytes().decode("utf-8"))


def a_measured(
    *records: Record, balance: Balance = "geometric"
) -> tuple[Scoreboard, list[Record]]:
    """Return the board of these records, which are grouped by cell."""
    cells = {record.cell.id: record.cell for record in records}
    counts = {id_: sum(r.cell.id == id_ for r in records) for id_ in cells}
    facts = [some_facts(cell, planned=counts[id_]) for id_, cell in cells.items()]
    board = scoreboard(facts, records, balance=balance, seed=0)
    return board, list(records)


def of_models(*speeds: float, family: str = "reasoning") -> list[Record]:
    """Return records of models ``m0``, ``m1`` ... that take so many seconds."""
    return [
        replace(
            a_record(
                f"s{number}",
                cell=a_cell(f"m{place}", task=f"{family}/t"),
                timing=a_timing(seconds / 4, seconds * (1 + number / 10)),
                value=float(number % 3 != place % 3),
            ),
            output_tokens=2,
        )
        for place, seconds in enumerate(speeds)
        for number in range(6)
    ]


def drawn_of(board: Scoreboard, records: Iterable[Record]) -> PlotPoints:
    """Return what a page draws of records."""
    return read(board, contents_of(records, rooms_of(board)))


def test_the_records_are_gone_through_once(tmp_path: Path) -> None:
    """A stream is enough, which nobody can go back in."""
    board, records = a_measured(*of_models(1.0, 2.0, 3.0))
    alive: list[str] = []

    def stream() -> Iterator[Record]:
        for record in records:
            alive.append(record.cell.id)
            yield record

    source = stream()
    page = a_page(tmp_path, board, source)

    assert next(source, None) is None
    assert alive == [record.cell.id for record in records]
    assert [len(page.chunk(place)["rows"]) for place in range(3)] == [6, 6, 6]


def a_loaded(name: str) -> Scoreboard:
    """Return a board whose one cell was under a load, as its row was."""
    board = a_board(name)
    row = replace(board.standings[0], scenario="concurrent:2")
    return replace(board, standings=(row,), comparisons=(a_comparison(row),))


@pytest.mark.parametrize(
    ("board", "records"),
    [
        (EMPTY, []),
        a_measured(a_record()),
        a_measured(an_error("e1"), an_error("e2"), an_overflow()),
        a_measured(
            replace(a_record(), timing=a_timing(end_s=30.0), finish="timeout"),
        ),
        (a_loaded("a/'\"\N{PILE OF POO}\u202e<b>"), []),
        (a_loaded(HOSTILE), []),
    ],
    ids=["nothing", "one", "errors", "time-out", "names", "hostile"],
)
def test_a_strange_run_is_a_whole_page(
    board: Scoreboard, records: list[Record], tmp_path: Path
) -> None:
    """No run is too small or too broken to be shown."""
    page = a_page(tmp_path, board, records)

    assert len(page.values()["rows"]) == len(board.standings)
    assert page.source.rstrip().endswith("</html>")


def test_hostile_text_is_no_markup(tmp_path: Path) -> None:
    """Names and answers add no element and no attribute to those of a plain page."""
    cell = a_cell(ATTACK, device=ATTACK, task=f"reasoning/{ATTACK}")
    hostile = replace(
        a_record(ATTACK, cell=cell),
        prompt=ATTACK,
        reference=ATTACK,
        answer=ATTACK,
        extracted=ATTACK,
        error=ATTACK,
    )
    plain = a_record("x", cell=a_cell("x", device="x", task="reasoning/x"))

    attacked = a_page(tmp_path, *a_measured(hostile), run=a_run(ATTACK))
    peaceful = a_page(tmp_path, *a_measured(plain), run=a_run("x"))

    def seen(page: Page) -> list[tuple[str, list[str]]]:
        tags = [(tag, sorted(attrs)) for tag, attrs in page.tags]
        return [tag for tag in tags if tag != ("span", ["class"])]

    assert seen(attacked) == seen(peaceful)
    assert not re.search("[\u202e\x1b]", attacked.source)
    assert attacked.chunk(0)["rows"][0][4] == ATTACK


@given(st.text())
def test_json_in_a_script_reads_back_and_cannot_end_it(text: str) -> None:
    """Whatever a string holds, the element ends where ours does."""
    written = inert_json({text: text})

    assert json.loads(written) == {text: text}
    assert not set("<>&\u2028\u2029") & set(written)
    assert written.isascii()


@given(st.text())
def test_visible_text_holds_nothing_that_acts(text: str) -> None:
    """What is shown parses back to text alone, with no control in it."""
    shown = str(visible(text))
    tags = re.sub(r'<span class="ctl">[^<>]*</span>', "", shown)
    kinds = {unicodedata.category(letter) for letter in shown}

    assert "<" not in tags
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", shown)


def test_controls_are_named() -> None:
    """A reader sees which sign there was."""
    assert str(visible("a\x1b\u202e\x7f")) == (
        'a<span class="ctl">␛</span><span class="ctl">U+202E</span>'
        '<span class="ctl">␡</span>'
    )


def test_the_policy_names_every_script_and_style_that_runs(tmp_path: Path) -> None:
    """A browser runs what has a digest here, so ours must and nothing else may."""
    page = a_page(tmp_path, *a_measured(*of_models(1.0, 2.0)))
    policy = next(
        attrs["content"] or ""
        for tag, attrs in page.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    running = [
        text
        for attrs, text in page.blocks
        if attrs["tag"] == "style" or "type" not in attrs
    ]
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in running
    ]

    assert policy.startswith("default-src 'none'; ")
    assert [digest for digest in digests if f"'sha256-{digest}'" not in policy] == []
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.replace("style-src-attr", "").split("; ")[1]
    assert len(running) == 3


def test_the_page_asks_for_nothing(tmp_path: Path) -> None:
    """No element of it names another file."""
    page = a_page(tmp_path, *a_measured(*of_models(1.0, 2.0)))
    named = [
        value
        for _, attrs in page.tags
        for name, value in attrs.items()
        if name in ("src", "href", "action", "data", "srcset")
    ]

    assert all(value and value.startswith(("#", "data:")) for value in named)


def test_without_the_extra_the_page_says_what_to_install(tmp_path: Path) -> None:
    """All but the plots is there, and the reader learns why they are not."""
    page = a_page(tmp_path, *a_measured(*of_models(1.0, 2.0)))

    assert "pip install 'pytest-llmlat[report]'" in page.shown
    assert 'id="library"' not in page.source


def test_the_extra_is_found_by_its_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is not installed is no error."""
    monkeypatch.setattr(embedding, "find_spec", lambda _: None)

    assert embedding.plotting_library() is None


def test_scripts_of_ours_are_whole_and_end_nowhere() -> None:
    """No text of a script would end its element, and none asks the network."""
    folder = Path(embedding.__file__).with_name("templates")
    sources = {path.name: path.read_text("utf-8") for path in folder.glob("*.js")}

    assert {
        n for n, text in sources.items() if re.search("</script|<!--", text)
    } == set()
    banned = r"innerHTML|insertAdjacentHTML|document\.write|\bfetch\(|eval\(|https?:"
    assert {n for n, text in sources.items() if re.search(banned, text)} == set()


def test_no_name_is_declared_twice_in_the_scripts() -> None:
    """They are one script in one scope: a second declaration stops all of it."""
    folder = Path(embedding.__file__).with_name("templates")
    declared = re.compile(r"^(?:const|let|(?:async )?function) (\w+)", re.MULTILINE)
    names = [
        name
        for path in sorted(folder.glob("*.js"))
        if path.name != "early.js"
        for name in declared.findall(path.read_text("utf-8"))
    ]

    assert len(names) > 50
    assert [name for name in set(names) if names.count(name) > 1] == []


def test_a_policy_of_texts_is_of_their_digests() -> None:
    """The digest is of the text as it stands between the tags."""
    empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

    assert f"script-src {empty}; style-src {empty};" in content_policy([""], [""])


def test_time_outs_keep_the_distribution_below_one() -> None:
    """Of a time-out is only known that it took longer: the last step says so."""
    assert steps([2.0, 1.0, 2.0], timeouts=1) == [[1.0, 0.25], [2.0, 0.75]]
    assert steps([1.0], timeouts=0) == [[1.0, 1.0]]
    assert steps([], timeouts=3) == []


def test_a_long_distribution_is_drawn_by_its_ranks() -> None:
    """Of many answers some steps are left out, and those drawn are true."""
    times = [float(number) for number in range(1, 10_001)]

    drawn = steps(times, timeouts=0)

    assert len(drawn) <= STEPS
    assert drawn[0] == [1.0, 0.0001]
    assert drawn[-1] == [10_000.0, 1.0]
    assert all(abs(share - time / 10_000) < 1e-4 for time, share in drawn)


def test_where_time_goes_is_told_only_where_it_is_known() -> None:
    """Queue, before and after the first token add up; without a token all is one."""
    queued = replace(
        a_record("s1", timing=replace(a_timing(3.0, 5.0), sent_ns=1_000_000_000))
    )
    blind = a_record("s2", timing=a_timing(end_s=7.0))
    lost = replace(a_record("s3", timing=a_timing(end_s=30.0)), finish="timeout")
    board, records = a_measured(queued, blind, lost)

    drawn = drawn_of(board, records).drawn["cells"][0]

    assert drawn["spent"] == [1.0, 2.0, 2.0, 7.0]
    assert (drawn["split"], drawn["whole"], drawn["queued"]) == (1, 1, 1)
    assert (drawn["answered"], drawn["timeouts"]) == (2, 1)


@pytest.mark.parametrize("balance", ["geometric", "arithmetic", "harmonic"])
def test_the_slider_is_told_which_mean_is_balanced(
    balance: Balance, tmp_path: Path
) -> None:
    """Where all means of all cells agree, it could not be guessed from figures."""
    records = [replace(r, grade=Grade(value=0.0, correct=False)) for r in of_models(1)]
    board, records = a_measured(*records, balance=balance)

    assert a_page(tmp_path, board, records).values()["balance"] == balance


def test_a_row_of_one_easy_family_is_not_the_best(tmp_path: Path) -> None:
    """Whoever answered less is not ranked with whoever answered all."""
    whole = [*of_models(2.0), *of_models(2.0, family="sentiment")]
    easy = [
        replace(r, cell=a_cell("easy", task="sentiment/t"))
        for r in of_models(0.001, family="sentiment")
    ]
    board, records = a_measured(*whole, *easy)
    assert board.standings[0].model == "easy"

    page = a_page(tmp_path, board, records)

    assert [row["label"] for row in page.values()["rows"]] == ["m0", "easy"]
    assert "No two rows can be compared here (other families)." in page.shown
    assert "1 of 2 rows cover other families" in page.shown


@pytest.mark.parametrize(
    ("certain", "words"),
    [
        (True, "Best balance of quality and speed: m0, better than m1."),
        (False, "Best balance of quality and speed: m0, not distinguishable from m1."),
        (None, "Best balance of quality and speed: m0, not distinguishable from m1."),
    ],
)
def test_the_answer_says_what_the_comparison_says(
    certain: bool | None,  # noqa: FBT001 - a parameter of the test
    words: str,
    tmp_path: Path,
) -> None:
    """A row is better only where the board's paired comparison is sure of it."""
    board, records = a_measured(*of_models(1.0, 2.0))
    first, second = board.standings
    contrast = Contrast(
        row=first.id,
        other=second.id,
        difference=Estimate(value=0.1, low=0.0, high=0.2),
        certain=certain,
        why=(WhyBetter.FASTER,) if certain else (),
    )
    comparison = replace(
        board.comparisons[0],
        better_than=(second.id,) if certain else (),
        not_distinguishable=() if certain else (second.id,),
        halves=(),
    )
    board = replace(board, contrasts=(contrast,), comparisons=(comparison,))

    shown = a_page(tmp_path, board, records).shown

    names = {"m0": first.model, "m1": second.model}
    assert re.sub("m[01]", lambda m: names[m[0]], words) in shown
    # An interval of the score that holds zero beside "better" would be a riddle.
    assert ("better: faster and as good" in shown) == bool(certain)


def test_every_run_of_a_merged_one_has_its_head(tmp_path: Path) -> None:
    """A page of several machines names them all."""
    merged = {"id": "both", "runs": [a_run("first"), a_run("second")]}

    shown = a_page(tmp_path, EMPTY, run=merged).shown

    assert shown.count("first") > 1
    assert shown.count("second") > 1


def test_a_point_that_the_client_limited_is_marked(tmp_path: Path) -> None:
    """Its figures are not the server's, and both table and curve know it."""
    page = a_page(tmp_path, a_loaded("owl"))

    point = page.values()["curves"][0]["points"][0]
    assert point["limited"] == "owl"
    assert "client-limited" in page.shown


def test_a_point_that_was_not_kept_up_is_marked(tmp_path: Path) -> None:
    """Its times grow with the run, and table, curve and cautions know it."""
    loaded = a_loaded("owl")
    behind = Steadiness(
        keeps_up=False,
        behind=WhyBehind.GROWING,
        offered_per_s=40.0,
        growth=0.6,
        growth_low=0.5,
        growth_high=0.7,
        effective_requests=None,
        short_of=128,
    )
    summaries = [replace(s, steadiness=behind) for s in loaded.summaries]

    page = a_page(tmp_path, replace(loaded, summaries=tuple(summaries)))

    assert page.values()["curves"][0]["points"][0]["behind"] is True
    assert "NOT KEEPING UP" in page.shown
    assert "offered more than was answered" in page.shown
    assert "with each second answers became 600 ms slower" in page.shown


def test_a_sample_has_its_thoughts_and_what_the_model_read() -> None:
    """Beside its answer, with the time and the tokens of the thought, and its mark."""
    timing = replace(a_timing(1.0, 2.0), reasoning_ns=NS_PER_S // 2)
    record = replace(
        a_record(timing=timing),
        thoughts="so " * 3,
        rendered="<user>2 + 2?<assistant>",
        thought_tokens=3,
        cut_in_thought=True,
    )
    board, records = a_measured(record)

    (chunk,) = drawn_of(board, records).store.fit(samples.PAGE_BYTES).chunks
    (row,) = json.loads(gzip.decompress(base64.b64decode(chunk)))["rows"]
    told = dict(zip(samples.COLUMNS, row, strict=True))

    assert (told["thoughts"], told["thought_tokens"]) == ("so so so ", 3)
    assert told["rendered"] == "<user>2 + 2?<assistant>"
    assert told["thinking"] == 0.5
    assert "cut in thought" in told["flags"]
