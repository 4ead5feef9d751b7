"""Scripted answers come at their instants, to the nanosecond."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.scripted import Scripted, open_model
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    BadCatalogue,
    GenerationFailed,
    WeightsUnavailable,
)
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.sampling import Sampling
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.timing import Timing

SCRIPT: dict[str, str | Mapping[str, str]] = {
    "capital": "Paris is it",
    "broken": {"error": "out of memory"},
    "": "none",
}


def a_request(prompt: str = "the capital?", most: int = 8, *stop: str) -> Request:
    """Return a chat request."""
    return Request(prompt=prompt, chat=True, max_new_tokens=most, stop=stop)


def answer(
    backend: Scripted, clock: ManualClock, request: Request
) -> tuple[Generation, Timing]:
    """Ask as the scenarios do."""
    meter = Meter(clock, request.stop)
    meter.start()
    generation = backend.generate(request, meter)
    return generation, meter.timing()


def said(request: Request, *, context: int = 4096) -> Generation:
    """Return what the script answers."""
    clock = ManualClock()
    return answer(Scripted(SCRIPT, clock=clock, context=context), clock, request)[0]


def opened(options: Mapping[str, Scalar], clock: ManualClock | None = None) -> Scripted:
    """Open a catalogue entry with these options."""
    model = replace(a_model("parrot"), options=tuple(options.items()))
    return open_model(a_deployment(model), clock or ManualClock())


def test_tokens_come_at_their_instants() -> None:
    """Known times of tokens give exact figures, whatever the clock stood at."""
    clock = ManualClock(7_000_000_123)
    backend = Scripted(SCRIPT, clock=clock, ttft_s=0.25, tpot_s=0.125)

    generation, timing = answer(backend, clock, a_request())

    assert generation.text == "Paris is it"
    assert (timing.ttft_s, timing.tpot_s, timing.e2e_s) == (0.25, 0.125, 0.5)
    assert timing.itl_s == (0.125, 0.125)
    assert timing.end_ns == clock.now_ns() == 7_500_000_123


def test_a_script_may_think() -> None:
    """Its thought has tokens and seconds of its own, and ends at a budget."""
    script = {"": "<think> one two three </think> Paris it is"}

    def thought(budget: int | None) -> tuple[Generation, Timing]:
        clock = ManualClock()
        backend = Scripted(script, clock=clock, ttft_s=1.0, tpot_s=1.0)
        return answer(backend, clock, replace(a_request(), thinking_tokens=budget))

    whole, timing = thought(None)
    short, sooner = thought(2)

    assert (whole.text, whole.thoughts) == ("Paris it is", "one two three")
    assert (timing.ttfr_s, timing.thinking_s, timing.answering_s) == (2.0, 4.0, 2.0)
    assert (short.text, short.thoughts) == ("Paris it is", "one")
    assert (short.output_tokens, short.thought_tokens) == (5, 2)
    assert sooner.e2e_s == 5.0


def test_an_answer_of_one_token_has_no_time_per_token() -> None:
    """There is no second token to wait for."""
    clock = ManualClock()
    backend = Scripted({"": "yes"}, clock=clock, ttft_s=0.5, tpot_s=0.1)

    _, timing = answer(backend, clock, a_request())

    assert (timing.ttft_s, timing.tpot_s) == (0.5, None)


def test_tokens_are_counted() -> None:
    """A token is a word with the white space behind it."""
    generation = said(a_request("tell  the capital\n"))

    assert (generation.prompt_tokens, generation.output_tokens) == (3, 3)
    assert (generation.finish, generation.token_source) == ("stop", "tokenizer")


def test_an_error_in_the_script_raises() -> None:
    """The backend breaks as a model library would."""
    with pytest.raises(GenerationFailed, match=r"^out of memory$"):
        said(a_request("a broken one"))


def test_the_first_key_that_the_prompt_contains_decides() -> None:
    """The empty key is in every prompt; without any there is no answer."""
    clock = ManualClock()

    assert said(a_request("something else")).text == "none"
    assert said(a_request("broken? the capital?")).text == "Paris is it"
    alone = Scripted({"x": "y"}, clock=clock)
    assert answer(alone, clock, a_request("z"))[0].text == ""


def test_a_function_may_answer() -> None:
    """It sees the whole request."""
    clock = ManualClock()
    backend = Scripted(lambda request: request.prompt.upper(), clock=clock)

    assert answer(backend, clock, a_request("abc"))[0].text == "ABC"


@pytest.mark.parametrize(
    ("most", "text", "finish"),
    [
        (2, "Paris is ", "length"),
        (3, "Paris is it", "stop"),
        (4, "Paris is it", "stop"),
    ],
)
def test_an_answer_is_cut_at_the_most_tokens(most: int, text: str, finish: str) -> None:
    """An answer that had more to say ended by length; one that just fits did not."""
    generation = said(a_request("capital", most))

    assert (generation.text, generation.finish) == (text, finish)


@pytest.mark.parametrize("context", [1, 2])
def test_a_prompt_without_room_is_not_cut(context: int) -> None:
    """The answer is empty, says so and took no token."""
    generation = said(a_request("the capital?"), context=context)

    assert (generation.text, generation.finish) == ("", "context")
    assert generation.output_tokens == 0


def test_a_prompt_without_room_is_not_even_read() -> None:
    """An error in the script is not reached where nothing is answered."""
    assert said(a_request("a broken one"), context=3).finish == "context"


def test_the_context_bounds_the_answer() -> None:
    """Prompt and answer share it: what is left over is the most there can be."""
    generation = said(a_request("the capital?"), context=4)

    assert (generation.text, generation.finish) == ("Paris is ", "length")


def test_a_stop_string_ends_the_answer() -> None:
    """Nothing comes after it, and the time stops with it."""
    clock = ManualClock()
    backend = Scripted({"": "yes \n no no"}, clock=clock, ttft_s=1.0, tpot_s=1.0)

    generation, timing = answer(backend, clock, a_request("?", 8, " \n"))

    assert (generation.text, generation.finish) == ("yes", "stop")
    assert timing.e2e_s == 1.0


def test_an_answer_that_was_stopped_is_not_too_long() -> None:
    """A stop string before the limit is the end, however much the script goes on."""
    generation = said(a_request("capital", 2, " is"))

    assert (generation.text, generation.finish) == ("Paris", "stop")


def test_an_entry_sets_the_script() -> None:
    """The catalogue's options are the times, the answer and the context."""
    clock = ManualClock()
    backend = opened({"answer": "a b", "ttft_s": 0.5, "tpot_s": 1, "context": 9}, clock)

    generation, timing = answer(backend, clock, a_request())

    assert generation.text == "a b"
    assert (timing.ttft_s, timing.e2e_s) == (0.5, 1.5)
    assert backend.facts["context"] == 9
    assert backend.chat is True


def test_an_entry_without_options_says_nothing_at_once() -> None:
    """All settings have defaults."""
    clock = ManualClock(3)

    generation, timing = answer(opened({}, clock), clock, a_request())

    assert (generation.text, generation.finish) == ("", "stop")
    assert timing.e2e_s == 0.0


def test_an_entry_may_be_a_base_model() -> None:
    """``chat = false`` asks for prompts to continue."""
    model = replace(a_model(), chat=False)

    assert open_model(a_deployment(model), ManualClock()).chat is False


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    """It holds parts of prompts and their answers."""
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(SCRIPT), "utf-8")
    clock = ManualClock()
    backend = opened({"script": str(path)}, clock)

    assert answer(backend, clock, a_request("the capital"))[0].text == "Paris is it"
    with pytest.raises(GenerationFailed):
        answer(backend, clock, a_request("broken"))


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message names the model and the file."""
    with pytest.raises(
        WeightsUnavailable, match=r"'parrot'.*none\.json cannot be read"
    ):
        opened({"script": str(tmp_path / "none.json")})


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "\xff"])
def test_a_script_that_is_no_object_is_told(tmp_path: Path, text: str) -> None:
    """The message names the file and the model."""
    path = tmp_path / "answers.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(BadCatalogue, match=r"answers\.json: script of 'parrot'"):
        opened({"script": str(path)})


def test_there_is_no_device_to_measure() -> None:
    """Peak device memory is unknown, not 0."""
    backend = opened({})
    backend.reset_device_peak()

    assert backend.device_peak_bytes() is None
    backend.close()


def test_the_same_request_has_the_same_answer() -> None:
    """A script is as greedy as can be: no state of one request moves the next."""
    clock = ManualClock()
    backend = Scripted(SCRIPT, clock=clock, ttft_s=0.5, tpot_s=0.25)

    first, one = answer(backend, clock, a_request())
    second, two = answer(backend, clock, a_request())

    assert first == second
    assert (one.ttft_s, one.e2e_s) == (two.ttft_s, two.e2e_s)


def test_of_several_answers_the_seed_decides() -> None:
    """Greedily it is the first; else each is as likely, and a seed gives the same."""
    clock = ManualClock()
    backend = Scripted({"": ["4", "5", "6"]}, clock=clock)

    def said(seed: int, temperature: float) -> str:
        how = Sampling(temperature=temperature, seed=seed)
        request = replace(a_request(), seed=seed, sampling=how)
        return answer(backend, clock, request)[0].text

    drawn = [said(seed, 1.0) for seed in range(300)]
    assert {said(seed, 0.0) for seed in range(9)} == {"4"}
    assert drawn == [said(seed, 1.0) for seed in range(300)]
    assert all(drawn.count(text) > 70 for text in "456")


def test_an_empty_list_of_answers_is_refused(tmp_path: Path) -> None:
    """There would be nothing to draw from, in the middle of a run."""
    script = tmp_path / "script.json"
    script.write_text('{"": []}', "utf-8")

    with pytest.raises(BadCatalogue, match="has no answer to draw from"):
        opened({"script": str(script)})
