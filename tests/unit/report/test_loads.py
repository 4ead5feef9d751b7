"""The load curve for people, and where it was this client that was measured."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from pytest_llmlat.analysis.slo import parse
from pytest_llmlat.analysis.summary import summarise
from pytest_llmlat.report.loads import clock_lines, keeping_lines, load_lines
from pytest_llmlat.report.terminal import scoreboard_lines
from pytest_llmlat.values.cell_facts import Instrument, LoadFacts
from pytest_llmlat.values.records import Record, Transport
from pytest_llmlat.values.results import Scoreboard
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

HOSTILE = "\x1b[2J\r\nevil\u202e\u200b\x07|<b>"


def a_load(**changes: object) -> LoadFacts:
    """Return a load of four requests a second."""
    plain = LoadFacts(
        window_s=1.0,
        ended=4,
        failed=0,
        before=2,
        after=1,
        in_flight=2,
        send_lag_p99_s=None,
        loop_lag_p99_s=0.0001,
        cpu_share=0.1,
        client_limited=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def some_records(scenario: str, *, model: str = "parrot") -> list[Record]:
    """Return two answers of two tokens, after 0.5 s and after 2 s."""
    cell = a_cell(model, scenario=scenario)
    return [
        replace(
            a_record(f"s{n}", cell=cell, timing=a_timing(s / 2, s)), output_tokens=2
        )
        for n, s in enumerate((0.5, 2.0))
    ]


def board_of(
    *cells: tuple[list[Record], LoadFacts | None],
    slo: str = "",
    instrument: Instrument | None = None,
) -> Scoreboard:
    """Return a board of cells with their loads."""
    summaries = [
        summarise(
            replace(
                some_facts(records[0].cell, planned=len(records)),
                load=load,
                instrument=instrument,
            ),
            records,
            balance="geometric",
            slo=parse(slo, where="slo"),
        )
        for records, load in cells
    ]
    return Scoreboard(summaries=tuple(summaries), standings=())


def a_point(slo: str = "", **changes: object) -> dict[str, str]:
    """Return one line of a table by its columns."""
    board = board_of((some_records("concurrent:2"), a_load(**changes)), slo=slo)
    header, line = load_lines(board)[:2]
    return columns(header, line)


def columns(header: str, line: str) -> dict[str, str]:
    """Pair the cells of two lines of a table."""
    names, values = (
        [cell.strip() for cell in text.split("  ") if cell.strip()]
        for text in (header, line)
    )
    return dict(zip(names, values, strict=True))


def test_a_point_of_a_load_curve() -> None:
    """How many, how fast, and how long it took."""
    assert a_point() == {
        "reasoning/sums, parrot on cpu": "concurrent:2",
        "n": "2",
        "req/s": "4",
        "tok/s": "8.0",
        "ttft p50": "250 ms",
        "ttft p95": "-",
        "tpot p50": "250 ms",
        "e2e p50": "500 ms",
        "e2e p95": "-",
        "queue p50": "-",
        "notes": "-",
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"in_flight": 1}, "at most 1 of 2 in flight"),
        ({"uncounted_retries": 3}, "3 retries of uncounted requests"),
        (
            {"uncounted_retries": 3, "uncounted_failed": 1},
            "3 retries, 1 errors of uncounted requests",
        ),
        ({"in_flight": 1, "batch": 1}, "-"),
    ],
)
def test_what_a_server_turned_away_is_told(
    changes: dict[str, object], told: str
) -> None:
    """A load that was never there, and trouble before and after what counts."""
    assert a_point("", **changes)["notes"] == told


def test_goodput_that_cannot_be_told_says_why() -> None:
    """Both tokens of the second answer came at one instant: its tpot is unknown."""
    first, second = some_records("concurrent:2")
    burst = replace(second, timing=a_timing(0.4, tokens=[2]))

    board = board_of(([first, burst], a_load()), slo="tpot<1")
    header, line = load_lines(board)[:2]

    found = columns(header, line)
    assert found["goodput/s"] == "-"
    assert found["notes"] == "no goodput: tokens of 1 answers untimed"


def test_objectives_add_goodput_and_say_what_good_is() -> None:
    """Half of four a second came within a second."""
    found = a_point("e2e<1")

    assert (found["goodput/s"], found["good+correct/s"]) == ("2", "2")
    board = board_of((some_records("concurrent:2"), a_load()), slo="e2e<1")
    assert load_lines(board)[-1] == "good: e2e<1s"


def test_goodput_that_is_unknown_is_a_dash() -> None:
    """Answers in one piece have no first token to be judged by."""
    whole = replace(
        a_record(cell=a_cell(scenario="offline")), timing=a_timing(end_s=1.0)
    )

    header, line = load_lines(board_of(([whole], a_load()), slo="ttft<1"))[:2]

    found = columns(header, line)
    assert (found["goodput/s"], found["good+correct/s"]) == ("-", "-")
    assert (found["ttft p50"], found["tpot p50"]) == ("-", "-")


def test_a_small_goodput_is_not_0() -> None:
    """A model that answers once a minute is slow, and not useless."""
    found = a_point("e2e<9", window_s=100.0)

    assert found["req/s"] == "0.04"
    assert float(found["goodput/s"]) == pytest.approx(0.04)


@pytest.mark.parametrize("window_s", [0.0001, 0.0032, 0.004, 3.0, 400.0])
def test_a_rate_of_requests_is_written_out(window_s: float) -> None:
    """People compare figures, not exponents, and three digits of them."""
    shown = a_point(window_s=window_s)["req/s"]

    assert "e" not in shown
    assert float(shown.replace(",", "")) == pytest.approx(4 / window_s, rel=0.005)


def test_without_a_window_there_is_no_rate() -> None:
    """A dash and not a 0."""
    found = a_point(window_s=0.0)

    assert (found["req/s"], found["tok/s"]) == ("-", "-")


def test_points_stand_in_the_order_of_the_load() -> None:
    """Ten comes after two, whatever came first; other kinds stand together."""
    scenarios = ["server:10", "concurrent:10", "offline", "server:2.5", "concurrent:2"]

    lines = load_lines(board_of(*((some_records(s), a_load()) for s in scenarios)))

    assert [line.split()[0] for line in lines[1:6]] == [
        "concurrent:2",
        "concurrent:10",
        "offline",
        "server:2.5",
        "server:10",
    ]


def test_each_model_and_task_has_a_curve() -> None:
    """What was not under a load is in none."""
    lines = load_lines(
        board_of(
            (some_records("offline"), a_load()),
            (some_records("offline", model="owl"), a_load()),
            (some_records("single"), None),
        )
    )

    tables = [line for line in lines if " on cpu" in line]
    assert [line.split("  ")[0] for line in tables] == [
        "reasoning/sums, parrot on cpu",
        "reasoning/sums, owl on cpu",
    ]
    assert not any(line.startswith("single") for line in lines)


def test_without_a_load_there_is_nothing_to_tell() -> None:
    """A plain run ends as it did."""
    board = board_of((some_records("single"), None))

    assert load_lines(board) == []
    assert clock_lines(board) == []


def test_tails_are_told_where_there_are_enough() -> None:
    """Of twenty the 95th percentile is the last but one."""
    cell = a_cell(scenario="offline")
    records = [
        a_record(f"s{n}", cell=cell, timing=a_timing(n, 2 * n)) for n in range(1, 21)
    ]

    header, line = load_lines(board_of((records, a_load())))[:2]

    found = columns(header, line)
    assert (found["ttft p50"], found["ttft p95"]) == ("10.0 s", "19.0 s")
    assert (found["e2e p50"], found["e2e p95"]) == ("20.0 s", "38.0 s")


def test_the_queue_is_told() -> None:
    """Half of the answers waited longer than this."""
    records = [
        replace(r, timing=r.timing and replace(r.timing, sent_ns=NS_PER_S // 4))
        for r in some_records("server:4")
    ]

    header, line = load_lines(board_of((records, a_load())))[:2]

    assert columns(header, line)["queue p50"] == "250 ms"


def test_what_went_wrong_is_noted() -> None:
    """Errors, time-outs, retries, and a client that was the bottleneck."""
    cell = a_cell(scenario="offline")
    transport = Transport(
        request_id=None,
        status=200,
        reused=True,
        dns_s=None,
        connect_s=None,
        tls_s=None,
        retries=3,
    )
    records = [
        an_error("a", cell=cell),
        replace(an_error("b", cell=cell), finish="timeout"),
        replace(a_record("c", cell=cell), transport=transport),
    ]

    lines = load_lines(board_of((records, a_load(client_limited="it was late"))))

    assert lines[1].endswith("1 errors, 1 timeouts, 3 retries, client-limited")


def arrivals(growth: float, *, failed: int = 0, count: int = 200) -> list[Record]:
    """Return answers to 40 requests a second, slower by so much in each second."""
    cell = a_cell(scenario="server:40")
    answered = [
        replace(
            a_record(f"s{n:03}", cell=cell),
            timing=a_timing(0.5 + growth * n / 40, start_s=n / 40),
        )
        for n in range(count)
    ]
    for n in range(failed):
        answered[n * 3] = replace(
            an_error(f"s{n * 3:03}", cell=cell), timing=answered[n * 3].timing
        )
    return answered


def notes_of(records: list[Record], **changes: object) -> str:
    """Return what the table says beside a load."""
    header, line = load_lines(board_of((records, a_load(**changes))))[:2]
    return columns(header, line)["notes"]


def test_a_load_that_was_not_kept_up_is_told() -> None:
    """In its table, and with its figures in a line of its own."""
    load = a_load(window_s=8.0, ended=200, steady=False)

    board = board_of((arrivals(0.6), load))

    assert load_lines(board)[1].endswith("NOT KEEPING UP")
    (line,) = keeping_lines(board)
    assert line == (
        "not keeping up: reasoning/sums|parrot|cpu|server:40: 25 of 40 requests offered"
        " a second were answered; with each second answers became 600 ms slower: its"
        " latencies are those of a queue that grows, longer in a longer run, and have"
        " no interval"
    )
    assert line in scoreboard_lines(board)


def test_a_load_of_which_much_failed_is_not_kept_up() -> None:
    """What was answered may be as fast as ever."""
    load = a_load(window_s=5.0, ended=200, steady=True)

    (line,) = keeping_lines(board_of((arrivals(0.0, failed=20), load)))

    assert line == (
        "not keeping up: reasoning/sums|parrot|cpu|server:40: 36 of 40 requests offered"
        " a second were answered; 20 of 200 failed, and those are in no latency"
    )


def test_a_load_that_is_kept_up_needs_no_word() -> None:
    """A dash, and no line."""
    assert notes_of(arrivals(0.0), steady=True) == "-"
    assert keeping_lines(board_of((arrivals(0.0), a_load(steady=True)))) == []


def test_a_load_that_was_not_steady_is_told() -> None:
    """It may be slower than it looks, without growing while it was counted."""
    board = board_of((arrivals(0.0), a_load(steady=False, before=200)))

    assert notes_of(arrivals(0.0), steady=False) == "not steady"
    (line,) = keeping_lines(board)
    assert line == (
        "not steady: reasoning/sums|parrot|cpu|server:40: answers were still becoming"
        " slower when counting began, after 200 requests; in a longer run they may be"
        " slower"
    )


def test_a_run_that_is_too_short_to_tell_says_so() -> None:
    """No word would be taken for a load that is kept up."""
    short = arrivals(0.0, count=12)

    assert notes_of(short, steady=True) == "too few to tell if it keeps up"
    assert keeping_lines(board_of((short, a_load(steady=True)))) == [
        "too few requests for an interval of speed: server:40 needs 128"
    ]


def test_loads_that_are_too_short_for_an_interval_share_a_line() -> None:
    """A sweep has many of them."""
    board = board_of(
        *((some_records(f"concurrent:{level}"), a_load()) for level in (2, 8))
    )

    (line,) = keeping_lines(board)
    assert line == (
        "too few requests for an interval of speed: concurrent:2 needs 12,"
        " concurrent:8 needs 48"
    )


def test_a_limited_client_is_told_with_its_cell() -> None:
    """Whose latencies are not the server's, and why."""
    why = "the client used 97% of its core"
    board = board_of(
        (some_records("concurrent:2"), a_load()),
        (some_records("concurrent:64"), a_load(client_limited=why)),
    )

    assert clock_lines(board) == [
        "client-limited: reasoning/sums|parrot|cpu|concurrent:64: "
        + why
        + "; its latencies are not the server's"
    ]


@pytest.mark.parametrize(
    ("bias_s", "told"), [(0.0001, "+100 µs"), (-0.0001, "-100 µs"), (0.0, "+0.00 µs")]
)
def test_how_true_the_clock_was_is_told_once(bias_s: float, told: str) -> None:
    """Cells that were measured with the same clock need one line."""
    instrument = Instrument(streams=8, requests=40, bias_s=bias_s, jitter_p99_s=0.0025)
    board = board_of(
        (some_records("concurrent:2"), a_load()),
        (some_records("concurrent:8"), a_load()),
        instrument=instrument,
    )

    (line,) = clock_lines(board)
    assert line == (
        f"clock at 8 in flight: TTFT {told} on average, 2.50 ms off at p99, of 40"
        " answers whose true times a loopback server logged"
    )


def test_names_from_elsewhere_are_harmless() -> None:
    """A model's name cannot move the cursor, break a line or turn the text round."""
    records = some_records("offline", model=HOSTILE)
    board = board_of((records, a_load(client_limited="it was late")), slo="e2e<1")

    for lines in (load_lines(board), clock_lines(board), scoreboard_lines(board)):
        assert lines
        for line in lines:
            assert not any(unicodedata.category(letter)[0] == "C" for letter in line)


def test_batches_are_told_with_the_answers_that_they_changed() -> None:
    """How many at once, in which way, and what came of looking again."""
    found = a_point(
        batch=8, batching="padded", batch_checked=16, batch_changed=2, batch_halved=1
    )

    assert found["notes"] == "batch 8 (padded, halved 1 x), 2 of 16 answers changed"


def test_batches_that_changed_nothing_are_told_by_their_size() -> None:
    """A queue of one at a time has no note."""
    same = a_point(batch=16, batching="continuous", batch_checked=4, batch_changed=0)

    assert same["notes"] == "batch 16 (continuous)"
    assert a_point(batch=1)["notes"] == "-"


def test_a_load_has_all_of_its_notes() -> None:
    """Errors first, then the batch, then whose time it was."""
    cell = a_cell(scenario="offline")
    load = a_load(batch=2, batching="padded", client_limited="it was busy")

    header, line = load_lines(board_of(([an_error(cell=cell)], load)))[:2]

    notes = columns(header, line)["notes"]
    assert notes == "1 errors, batch 2 (padded), client-limited"
