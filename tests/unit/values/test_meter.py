"""What counts as content, and when it was there."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter

TEXT = st.text(alphabet="ab\n", max_size=12)
STOPS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=3), max_size=3)


def told(
    pieces: list[str], stop: list[str], clock: ManualClock | None = None
) -> tuple[Meter, bool]:
    """Stamp pieces until a stop string is complete, as every backend does."""
    meter = Meter(clock or ManualClock(), stop)
    return meter, any(meter.token(piece) for piece in pieces)


def cut(text: str, places: list[int]) -> list[str]:
    """Cut a text into pieces."""
    borders = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(borders)]


def separate(stops: list[str]) -> bool:
    """Whether no stop string lies inside another."""
    return not any(
        short in long[:-1] for short in stops for long in stops if short != long
    )


def test_each_token_is_stamped_when_it_comes() -> None:
    """Stamps, start and end are the clock's, to the nanosecond."""
    clock = ManualClock(100)
    meter = Meter(clock)
    clock.wait_until(200)
    meter.start()
    for instant, text in ((250, "Hel"), (300, "lo"), (451, "!")):
        clock.wait_until(instant)
        meter.token(text)
    clock.wait_until(999)

    timing = meter.timing()

    assert meter.text == "Hello!"
    assert (timing.start_ns, timing.end_ns) == (200, 999)
    assert timing.stamps_ns == (250, 300, 451)
    assert timing.stamp_tokens == (1, 1, 1)
    assert timing.ttft_s == 50 / NS_PER_S
    assert timing.e2e_s == 251 / NS_PER_S
    assert timing.tpot_s == 201 / NS_PER_S / 2
    assert timing.itl_s == (50 / NS_PER_S, 151 / NS_PER_S)


def test_the_start_is_when_the_meter_was_made_unless_told() -> None:
    """A backend that is called without ``start`` has a start all the same."""
    assert Meter(ManualClock(7)).timing().start_ns == 7


def test_a_piece_without_text_holds_no_stamp() -> None:
    """Half a character is no content: its token goes to the piece that shows it."""
    clock = ManualClock()
    meter = Meter(clock)
    for instant, text in ((10, ""), (20, ""), (30, "é"), (40, "a")):
        clock.wait_until(instant)
        meter.token(text)

    timing = meter.timing()

    assert timing.stamps_ns == (30, 40)
    assert timing.stamp_tokens == (3, 1)
    assert meter.tokens == 4


def test_a_role_message_is_no_first_token() -> None:
    """An empty message of no tokens moves nothing, neither stamps nor counts."""
    clock = ManualClock()
    meter = Meter(clock)
    clock.wait_until(10)
    meter.token("", 0)
    clock.wait_until(20)
    meter.token("yes", 2)

    assert meter.timing().ttft_s == 20 / NS_PER_S
    assert meter.timing().stamp_tokens == (2,)


def test_tokens_that_never_became_text_are_counted() -> None:
    """An answer that ends in half a character used its tokens all the same."""
    meter = Meter(ManualClock())
    meter.token("a")
    meter.token("")

    assert meter.tokens == 2
    assert meter.timing().stamp_tokens == (1,)


def test_an_answer_without_content_has_no_stamp() -> None:
    """The end-to-end time of nothing is the whole call."""
    clock = ManualClock()
    meter = Meter(clock)
    clock.wait_until(80)

    timing = meter.timing()

    assert (meter.text, meter.tokens) == ("", 0)
    assert (timing.ttft_s, timing.tpot_s) == (None, None)
    assert timing.e2e_s == 80 / NS_PER_S


def test_an_instant_of_arrival_is_kept() -> None:
    """What was read before parsing is the stamp, not the time after it."""
    clock = ManualClock(500)
    meter = Meter(clock)

    meter.token("a", at_ns=300)
    meter.reasoning(at_ns=200)

    assert meter.timing().stamps_ns == (300,)
    assert meter.timing().reasoning_ns == 200


def test_an_instant_of_zero_is_an_instant() -> None:
    """The clock may stand at 0."""
    meter = Meter(ManualClock(9))

    meter.token("a", at_ns=0)

    assert meter.timing().stamps_ns == (0,)


def test_the_first_reasoning_token_counts() -> None:
    """Later reasoning leaves the stamp as it is, and none is a token of content."""
    clock = ManualClock()
    meter = Meter(clock)
    for instant in (10, 20):
        clock.wait_until(instant)
        meter.reasoning()

    assert meter.timing().reasoning_ns == 10
    assert meter.timing().stamps_ns == ()


def test_a_stop_string_ends_the_answer_before_itself() -> None:
    """The text is cut before the stop string; the tokens that made it are counted."""
    meter, stopped = told(["yes", "\n\nQues", "tion:", " no"], ["\nQuestion:"])

    assert stopped
    assert meter.text == "yes\n"
    assert meter.tokens == 3


def test_without_stop_strings_nothing_stops() -> None:
    """A model that says everything is heard out."""
    meter, stopped = told(["a", "</s>", "b"], [])

    assert not stopped
    assert meter.text == "a</s>b"


@given(TEXT, st.lists(st.integers(0, 20), max_size=5), STOPS.filter(separate))
@example("aab", [1, 2], ["ab"])
def test_where_a_text_is_cut_does_not_matter(
    text: str, places: list[int], stop: list[str]
) -> None:
    """The same characters in other pieces are the same answer, stopped or not."""
    whole, ended = told([text], stop)
    pieces, also = told(cut(text, places), stop)

    assert (pieces.text, also) == (whole.text, ended)


def test_a_stop_string_inside_another_cuts_wherever_the_pieces_end() -> None:
    """Of two stop strings the one that is complete first ends the answer."""
    whole, _ = told(["xabcd"], ["abcd", "bc"])
    letters, _ = told(list("xabcd"), ["abcd", "bc"])

    assert letters.text == "xa"
    assert whole.text == letters.text


@given(st.lists(TEXT, max_size=8), STOPS.filter(separate))
def test_the_text_holds_no_stop_string(pieces: list[str], stop: list[str]) -> None:
    """Whatever comes, what is graded is free of stop strings."""
    meter, stopped = told(pieces, stop)

    assert not any(string in meter.text for string in stop)
    assert stopped == any(string in "".join(pieces) for string in stop)


@given(st.lists(st.tuples(TEXT, st.integers(0, 3)), max_size=10))
def test_no_token_is_lost(pieces: list[tuple[str, int]]) -> None:
    """Stamps and what is still held back add up to all tokens."""
    meter = Meter(ManualClock())
    for text, tokens in pieces:
        meter.token(text, tokens)

    assert meter.tokens == sum(tokens for _, tokens in pieces)
    assert len(meter.timing().stamps_ns) == sum(bool(text) for text, _ in pieces)


def test_a_generation_is_what_the_meter_holds() -> None:
    """The answer's text and token count are those that were stamped."""
    meter, _ = told(["yes", "", "\nno"], ["\n"])

    generation = meter.generation("stop", 12)

    assert generation.text == "yes"
    assert (generation.prompt_tokens, generation.output_tokens) == (12, 3)
    assert (generation.finish, generation.token_source) == ("stop", "tokenizer")
