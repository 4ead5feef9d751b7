"""What is a thought and what the answer, however the text is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.thought_tags import THOUGHT_TAGS, ThoughtTags, tags_of
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter

PAIRS = [tags for tags in THOUGHT_TAGS if tags.closing]
WORDS = st.text(alphabet="ab \n<", max_size=8)
PLACES = st.lists(st.integers(0, 200), max_size=12)
HARMONY = (
    "<|channel|>analysis<|message|>Negative? No.<|end|><|start|>assistant"
    "<|channel|>final<|message|>positive"
)


def cut(text: str, places: list[int]) -> list[str]:
    """Cut a text into pieces."""
    borders = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(borders)]


def ending(meter: Meter) -> str | None:
    """Return what would end the thought that is under way."""
    return None if meter.within is None else meter.within.ending


def told(
    pieces: list[str],
    stop: tuple[str, ...] = (),
    tags: tuple[ThoughtTags, ...] = THOUGHT_TAGS,
    prompt: str = "",
) -> Meter:
    """Stamp a piece each 10 ns, until a stop string is complete."""
    clock = ManualClock()
    meter = Meter(clock, stop, tags)
    meter.prompted(prompt)
    for place, piece in enumerate(pieces, start=1):
        clock.wait_until(10 * place)
        if meter.token(piece):
            break
    return meter


@given(tags=st.sampled_from(PAIRS), thought=WORDS, answer=WORDS, places=PLACES)
@example(tags=PAIRS[0], thought="a\n\nb", answer="  b", places=[3, 9, 10])
@example(tags=PAIRS[7], thought="", answer="a", places=[])
@example(tags=PAIRS[9], thought="<", answer="<a", places=[30, 31, 70])
def test_a_thought_is_told_however_it_is_cut(
    tags: ThoughtTags, thought: str, answer: str, places: list[int]
) -> None:
    """Tags in several pieces are tags; no character is lost or in both texts."""
    whole = f"\n{tags.opening}{thought}{tags.leftover}{tags.closing}\n\n{answer}"

    meter = told(cut(whole, places))

    assert meter.thoughts == (thought.strip() or None)
    lines = answer.lstrip()
    kept = f"\n\n{answer}"[: 2 + len(answer) - len(lines)].rpartition("\n")[2] + lines
    assert meter.text == (kept if lines else "")
    assert not meter.thinking


@given(text=st.text(alphabet="ab<>/think[]THINK \n", max_size=30), places=PLACES)
@example(text="a <think>b</think>", places=[3])
@example(text="<thin", places=[1, 2])
def test_text_that_does_not_begin_with_a_tag_is_the_answer(
    text: str, places: list[int]
) -> None:
    """A tag that an answer only talks about opens nothing."""
    if text.lstrip().startswith(tuple(tags.opening for tags in THOUGHT_TAGS)):
        text = f"a{text}"

    meter = told(cut(text, places))

    assert meter.text == text
    assert meter.thoughts is None
    assert meter.thought_tokens == 0
    assert meter.timing().reasoning_ns is None


def test_thought_and_answer_have_stamps_and_tokens_of_their_own() -> None:
    """Ttfr is the first token behind the tag, ttft the first of the answer."""
    meter = told(["<think>", "hm", ".", "</think>", "\n\n", "Par", "is"])

    timing, generation = meter.timing(), meter.generation("stop", 5)

    assert (timing.reasoning_ns, timing.thought_end_ns) == (20, 40)
    assert timing.stamps_ns == (60, 70)
    assert timing.thinking_s == 40 / NS_PER_S
    assert timing.answering_s == 10 / NS_PER_S
    assert timing.ttfr_s is not None
    assert timing.e2e_s == pytest.approx(timing.ttfr_s + 50 / NS_PER_S)
    assert (generation.text, generation.thoughts) == ("Paris", "hm.")
    assert (generation.output_tokens, generation.thought_tokens) == (7, 5)
    assert not generation.cut_in_thought


def test_a_stop_string_ends_the_answer_and_no_thought() -> None:
    """A blank line in a thought, or behind it, is not the end of the answer."""
    meter = told(
        ["<think>", "a\n\nb", "</think>", "\n\n", "Paris", "\n\n", "x"], ("\n\n",)
    )

    assert meter.text == "Paris"
    assert meter.thoughts == "a\n\nb"
    assert meter.timing().stamps_ns == (50, 60)


def test_an_answer_cut_in_its_thoughts_has_no_first_token() -> None:
    """It ends with the last token of the thought, and is counted apart."""
    meter = told(["<think>", "is it ", "31?"])

    timing, generation = meter.timing(), meter.generation("length", 5)

    assert generation.cut_in_thought
    assert (generation.text, generation.thoughts) == ("", "is it 31?")
    assert (timing.ttft_s, timing.e2e_s) == (None, 30 / NS_PER_S)
    assert meter.generation("stop", 5).cut_in_thought is False


def test_a_template_may_have_opened_the_thought() -> None:
    """Then only the closing tag is seen; an opening one more is no thought."""
    prompt = "<|im_start|>assistant\n<think>\n"

    meter = told(["hm", "</think>", "\n", "Paris"], prompt=prompt)
    again = told(["<think>", "hm", "</think>", "Paris"], prompt=prompt)

    assert (meter.text, meter.thoughts) == ("Paris", "hm")
    assert meter.timing().reasoning_ns == 10
    blank = told(["\n", "hm", "</think> Paris"], prompt=prompt)
    assert (blank.text, blank.timing().reasoning_ns) == ("Paris", 20)
    assert (again.text, again.thoughts) == ("Paris", "hm")


def test_a_template_may_have_closed_the_thought() -> None:
    """A model told not to think answers at once."""
    meter = told(["Paris"], prompt="assistant\n<think>\n\n</think>\n\n")

    assert (meter.text, meter.thoughts) == ("Paris", None)
    assert meter.timing().stamps_ns == (10,)


def test_tags_with_nothing_between_are_no_thought() -> None:
    """Their tokens are not the answer's, and there is no time of a thought."""
    meter = told(["<think>", "\n\n", "</think>", "\n\n", "Paris"])

    timing = meter.timing()

    assert (meter.thoughts, meter.thought_tokens, meter.tokens) == (None, 4, 5)
    assert (timing.reasoning_ns, timing.thinking_s) == (None, None)
    assert timing.stamps_ns == (50,)


def test_harmony_channels_are_thoughts_but_the_last() -> None:
    """The final channel is the answer, with or without one before it."""
    both, direct = told([HARMONY]), told(["<|channel|>final<|message|>positive"])

    assert (both.text, both.thoughts) == ("positive", "Negative? No.")
    assert (direct.text, direct.thoughts) == ("positive", None)
    begun = ending(told(["<|channel|>analysis<|message|>Nega"]))
    # A channel is ended as the model itself does it, without lines.
    assert HARMONY.endswith(f"{begun}positive")


def test_tokens_of_a_piece_on_the_border_are_not_guessed() -> None:
    """A message of several tokens does not say how many are thoughts."""
    clock = ManualClock()
    meter = Meter(clock)
    meter.token("<think>hm", 3)
    meter.token(".</think>Paris", 5)

    assert meter.thought_tokens is None
    assert meter.tokens == 8


def test_a_budget_is_of_the_tokens_of_a_thought() -> None:
    """Once it is spent, what follows is the answer, whatever it looks like."""
    meter = told(["<think>", "a", "b"])

    assert meter.overdue(3)
    assert not meter.overdue(4)
    assert ending(meter) == "\n</think>\n\n"
    meter.end_thought()
    assert not meter.overdue(0)
    assert ending(meter) is None
    meter.token("\nParis")
    assert (meter.text, meter.thoughts) == ("Paris", "ab")


def test_an_entry_may_name_its_tags() -> None:
    """A pair, a closing tag alone, none, or all that are known."""
    own, inside = tags_of("(( ))"), tags_of("</think>")

    assert told(["((hm))", "x"], tags=own).text == "x"
    assert told(["<think>hm</think>x"], tags=own).thoughts is None
    assert told(["hm</think>", "x"], tags=inside).thoughts == "hm"
    assert told(["<think>x"], tags=tags_of(False)).text == "<think>x"  # noqa: FBT003
    assert tags_of(True) == THOUGHT_TAGS  # noqa: FBT003
    with pytest.raises(ValueError, match="two tags"):
        tags_of("a b c")
