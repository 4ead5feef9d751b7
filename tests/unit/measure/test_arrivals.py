"""Scenarios by their names, and the instants at which requests arrive."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.measure.arrivals import Arrivals, streams_of, visits
from pytest_llmlat.measure.load_warm_up import WarmUp
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import KINDS, LEVELLED, SINGLE, Scenario, parse
from pytest_llmlat.values.timing import NS_PER_S
from tests.unit.builders import a_sample

WHERE = "--llm-scenario"
SAMPLES = tuple(a_sample(f"s{n}") for n in range(3))
LETTERS = st.sampled_from("singleofflineconcurrentserver:,.0123456789eE+-_ ")


def concurrent(level: float) -> Scenario:
    """Return a closed loop."""
    return Scenario(kind="concurrent", level=level)


def server(rate: float) -> Scenario:
    """Return an open loop."""
    return Scenario(kind="server", level=rate)


def instants(rate: float, seed: int, count: int) -> list[int]:
    """Return the first arrivals of an open loop."""
    arrivals = Arrivals(rate, seed)
    return [arrivals.next_ns() for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("single", (SINGLE,)),
        (" single ", (SINGLE,)),
        ("offline", (Scenario(kind="offline"),)),
        ("concurrent:1", (concurrent(1),)),
        ("concurrent:1,2,4", (concurrent(1), concurrent(2), concurrent(4))),
        ("concurrent:4,1", (concurrent(4), concurrent(1))),
        ("concurrent:2,2,1,2", (concurrent(2), concurrent(1))),
        ("concurrent:2,2.0", (concurrent(2),)),
        ("server:2.5", (server(2.5),)),
        ("server:0.5,10", (server(0.5), server(10))),
    ],
)
def test_every_kind_is_read(text: str, expected: tuple[Scenario, ...]) -> None:
    """Levels keep their order, and one that comes twice counts once."""
    assert parse(text, where=WHERE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Single",
        "singles",
        "single:3",
        "single:",
        "offline:",
        "offline:8",
        "concurrent",
        "server",
        "burst:2",
        "concurrent,server:1",
    ],
)
def test_what_is_no_scenario_shows_the_grammar(text: str) -> None:
    """The message says where it stood and what may stand there."""
    with pytest.raises(UsageError) as caught:
        parse(text, where=WHERE)

    assert str(caught.value).startswith(f"{WHERE}: {text!r} is no scenario; write ")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("concurrent:", ""),
        ("concurrent:0", "0"),
        ("concurrent:-1", "-1"),
        ("concurrent:1.5", "1.5"),
        ("concurrent:nan", "nan"),
        ("concurrent:inf", "inf"),
        ("concurrent:many", "many"),
        ("concurrent:1,,2", ""),
        ("concurrent:1,2,", ""),
        ("concurrent:1:2", "1:2"),
        ("concurrent:1 2", "1 2"),
        ("server:0", "0"),
        ("server:-1", "-1"),
        ("server:nan", "nan"),
        ("server:inf", "inf"),
        ("server:-inf", "-inf"),
        ("server:1e999", "1e999"),
    ],
)
def test_a_bad_level_is_named(text: str, level: str) -> None:
    """Of a list of levels the bad one is told, and what it should be."""
    kind = text.partition(":")[0]
    what = "a rate above 0" if kind == "server" else "a whole number above 0"

    with pytest.raises(UsageError) as caught:
        parse(text, where=WHERE)

    assert str(caught.value).startswith(f"{WHERE}: {kind}:{level} is not {what}; ")


@pytest.mark.parametrize("text", ["concurrent:99999999", "server:1,2e6"])
def test_a_level_that_no_machine_offers_is_refused(text: str) -> None:
    """A slip of the finger would fill memory and never end."""
    with pytest.raises(UsageError, match="write at most 1,000,000"):
        parse(text, where=WHERE)


@given(st.lists(LETTERS, max_size=20).map("".join) | st.text(max_size=12))
@example("concurrent:1_0")
def test_whatever_is_typed_is_a_scenario_or_refused(text: str) -> None:
    """Every level is above 0 and finite, whole in a closed loop; no other error."""
    try:
        found = parse(text, where=WHERE)
    except UsageError:
        return
    assert found
    for scenario in found:
        assert scenario.kind in KINDS
        assert (scenario.level is not None) == (scenario.kind in LEVELLED)
        assert scenario.level is None or 0 < scenario.level < math.inf
        if scenario.kind == "concurrent":
            assert scenario.level is not None
            assert scenario.level == int(scenario.level)


@given(
    st.sampled_from([SINGLE, Scenario(kind="offline")])
    | st.integers(1, 10**6).map(concurrent)
    | st.floats(0.001, 1e6, allow_subnormal=False).map(server)
)
@example(concurrent(8))
@example(server(2.5))
@example(concurrent(999_999))
@example(server(0.123_456_789))
def test_a_name_is_read_back_as_the_scenario(scenario: Scenario) -> None:
    """What stands in a cell's id is what was offered, and can be typed again."""
    assert parse(scenario.name, where=WHERE) == (scenario,)


@pytest.mark.parametrize(
    ("scenario", "name"),
    [
        (SINGLE, "single"),
        (Scenario(kind="offline"), "offline"),
        (concurrent(8), "concurrent:8"),
        (server(2.5), "server:2.5"),
        (server(10.0), "server:10"),
    ],
)
def test_a_scenario_has_a_short_name(scenario: Scenario, name: str) -> None:
    """A whole level is written without a point."""
    assert scenario.name == name


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        (1, [("s0", 0)]),
        (3, [("s0", 0), ("s1", 0), ("s2", 0)]),
        (
            7,
            [
                *[("s0", 0), ("s1", 0), ("s2", 0)],
                *[("s0", 1), ("s1", 1), ("s2", 1)],
                ("s0", 2),
            ],
        ),
    ],
)
def test_requests_go_round_the_samples(
    requests: int, expected: list[tuple[str, int]]
) -> None:
    """Fewer stop early, more begin another round."""
    assert [(s.id, n) for s, n in visits(SAMPLES, requests)] == expected


@given(st.integers(1, 9), st.integers(1, 60))
def test_no_request_is_asked_twice_in_a_round(samples: int, requests: int) -> None:
    """Sample and round name each record, so no two requests share both."""
    drawn = tuple(a_sample(f"s{n}") for n in range(samples))

    asked = [(sample.id, number) for sample, number in visits(drawn, requests)]

    assert len(asked) == len(set(asked)) == requests


def goes_before(scenario: Scenario, measured: int, took_s: list[float]) -> int:
    """Return how many go before where each ends before the next is sent."""
    warm_up = WarmUp(scenario, measured)
    for sent, seconds in enumerate(took_s):
        if warm_up.over(sent):
            return sent
        warm_up.ended(round(seconds * NS_PER_S))
    raise AssertionError("warm-up has no end")


@pytest.mark.parametrize(
    ("scenario", "measured", "before"),
    [
        (SINGLE, 10, 0),
        (Scenario(kind="offline"), 10, 0),
        (concurrent(1), 10, 1),
        (concurrent(8), 3, 8),
        (server(5), 1, 4),
        (server(5), 40, 4),
        (server(5), 41, 5),
        (server(5), 200, 20),
    ],
)
def test_a_load_is_brought_up_before_it_counts(
    scenario: Scenario, measured: int, before: int
) -> None:
    """A closed loop is filled once, an open one begins with a tenth; no other does.

    Of answers that all take the same, four are known to.
    """
    assert goes_before(scenario, measured, [1.0] * 50) == before


def test_an_open_loop_counts_when_answers_have_crossed_their_mean_thrice() -> None:
    """Up, down and up again about a mean of 2."""
    assert goes_before(server(5), 20, [1.0, 3.0, 1.0, 3.0, 1.0, 3.0]) == 5
    rising = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert goes_before(server(5), 20, [*rising, 2.0, 7.0, 2.0, 7.0, 2.0]) == 9


@pytest.mark.parametrize(("measured", "most"), [(3, 10), (20, 20), (64, 64)])
def test_a_load_that_never_becomes_steady_counts_all_the_same(
    measured: int, most: int
) -> None:
    """After as many as count, and it is told; ten are not too many."""
    warm_up = WarmUp(server(5), measured)
    sent = 0
    while not warm_up.over(sent):
        warm_up.ended(sent * NS_PER_S)
        sent += 1

    assert sent == most
    assert warm_up.steady is False


def test_what_ends_after_counting_began_does_not_make_a_load_steady() -> None:
    """It was not when it mattered."""
    warm_up = WarmUp(server(5), 10)
    assert warm_up.over(10)

    for seconds in (1, 3, 1, 3, 1, 3):
        warm_up.ended(seconds * NS_PER_S)

    assert warm_up.steady is False


@pytest.mark.parametrize("scenario", [Scenario(kind="offline"), concurrent(2)])
def test_whether_other_loads_are_steady_is_not_looked_at(scenario: Scenario) -> None:
    """What was not measured is not told."""
    warm_up = WarmUp(scenario, 10)
    for seconds in (1, 3, 1, 3, 1, 3):
        warm_up.ended(seconds * NS_PER_S)

    assert warm_up.steady is None


@pytest.mark.parametrize(
    ("scenario", "streams"),
    [
        (SINGLE, 1),
        (Scenario(kind="offline"), 50),
        (concurrent(8), 8),
        (server(0.25), 1),
        (server(2.5), 3),
        (concurrent(10**6), 1024),
    ],
)
def test_the_clock_is_tried_with_as_many_streams(
    scenario: Scenario, streams: int
) -> None:
    """About as many as will be in flight, and never more than a thousand or so."""
    assert streams_of(scenario, requests=50) == streams


def test_a_long_offline_load_tries_the_clock_with_a_bounded_number() -> None:
    """No user has to wait for ten thousand connections to ourselves."""
    assert streams_of(Scenario(kind="offline"), requests=10**4) == 1024


def test_arrivals_follow_the_seed() -> None:
    """The same seed and rate arrive alike; another seed arrives otherwise."""
    assert instants(2.0, 7, 50) == instants(2.0, 7, 50)
    assert instants(2.0, 7, 50) != instants(2.0, 8, 50)


def test_the_arrivals_of_a_seed_stay_what_they_are() -> None:
    """A run of last year can be offered again, on any machine."""
    assert instants(2.0, 0, 4) == instants(2.0, 0, 6)[:4]
    assert instants(2.0, 0, 3) == [606_195_193, 1_008_845_821, 1_902_457_906]


@given(st.floats(0.01, 1e4), st.integers(0, 2**32))
def test_arrivals_never_go_back(rate: float, seed: int) -> None:
    """Each is no earlier than the one before it, and after the beginning."""
    found = instants(rate, seed, 100)

    assert found == sorted(found)
    assert found[0] >= 0
    assert found[-1] > 0
    assert all(type(instant) is int for instant in found)


@pytest.mark.parametrize("rate", [0.5, 2.0, 300.0])
def test_arrivals_come_at_their_rate(rate: float) -> None:
    """The mean gap of ten thousand is within four of its standard errors."""
    count = 10_000

    mean = instants(rate, 3, count)[-1] / NS_PER_S / count

    assert mean * rate == pytest.approx(1, abs=4 / math.sqrt(count))


def test_gaps_between_arrivals_are_exponential() -> None:
    """As many are longer than 1, 2 and 3 mean gaps as such a law says."""
    found = [0, *instants(1.0, 11, 10_000)]
    gaps = [b - a for a, b in pairwise(found)]

    for means in (1, 2, 3):
        share = sum(gap > means * NS_PER_S for gap in gaps) / len(gaps)
        assert share == pytest.approx(math.exp(-means), abs=0.02)


def test_arrivals_do_not_look_at_any_clock() -> None:
    """Two sets that are asked in turn arrive as each would alone."""
    first, second = Arrivals(2.0, 1), Arrivals(5.0, 1)
    taken = [(first.next_ns(), second.next_ns()) for _ in range(20)]

    assert [a for a, _ in taken] == instants(2.0, 1, 20)
    assert [b for _, b in taken] == instants(5.0, 1, 20)
