"""How an answer ends, in the ways of many servers, and what a burst is worth."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.completions.finish_reasons import end_of
from pytest_llmlat.backends.completions.instants import by_instant
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.timing import NS_PER_S
from tests.http.asking import CLOCK, QUESTION, ask, error_of, read, url_of
from tests.http.loopback import (
    DONE,
    HANG,
    answer,
    body,
    chunks,
    ended,
    event,
    head,
    said,
    stream,
    used,
)

if TYPE_CHECKING:
    from pytest_llmlat.backends.completions.completions_server import Completions
    from pytest_llmlat.values.records import Response
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

MS = 1_000_000


def streamed(*messages: tuple[int, object], last: bool = True) -> Response:
    """Read messages that came at the given milliseconds, and were cut off or not."""
    pieces = [(0, head())]
    pieces += [(at * MS, chunks(event(one), last=False)) for at, one in messages]
    if last:
        pieces.append((messages[-1][0] * MS, chunks(DONE)))
    return read(pieces, complete=last)


def text_of(response: Response) -> str:
    """Return the text of an answer that counts."""
    assert response.generation is not None, response.error
    return response.generation.text


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        *(("stop", "whole"), ("STOP", "whole"), ("end_turn", "whole")),
        *(("length", "cut"), ("MAX_TOKENS", "cut"), ("model_length", "cut")),
        *(("FINISH_REASON_MAX_TOKENS", "cut"), ("max-output-tokens", "cut")),
        *(("SAFETY", "failed"), ("network_error", "failed"), ("Error", "failed")),
        *(("insufficient_system_resource", "failed"), ("timeout", "failed")),
        *(("guardrail_intervened", "failed"), ("ERROR_TOXIC", "failed")),
        *(("model_context_window_exceeded", "cut"), ("MAX_TOKENS_REACHED", "cut")),
        ("length_policy_violation", "failed"),
        *(("moon", "unknown"), ("", "unknown")),
    ],
)
def test_what_a_reason_means(reason: str, end: str) -> None:
    """Whatever its case, and with the prefix that some give it."""
    assert end_of(reason) == end


def test_a_failure_that_is_named_as_the_end_is_an_error() -> None:
    """Half an answer is none, though its connection ended in order."""
    response = streamed((10, said("posi")), (20, ended("NETWORK_ERROR")))

    assert response.generation is None
    assert "gave the answer up: NETWORK_ERROR" in str(response.error)


def test_an_end_that_nobody_knows_counts_and_is_told() -> None:
    """It may be a new word for the same; who reads the figures should know."""
    response = streamed((10, said("positive")), (20, ended("moonrise")))

    assert text_of(response) == "positive"
    assert response.note is not None
    assert "'moonrise'" in response.note


def test_a_reason_that_is_an_object_has_its_words_told() -> None:
    """As SGLang writes it."""
    reason = {"type": "abort", "message": "Out of cache"}
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}

    response = streamed((10, said("pos")), (20, end))

    assert "Out of cache (abort)" in str(response.error)


def with_stop(text: str) -> dict[str, object]:
    """Return a message that has text and says that it is the end."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": "stop"}
    return {"choices": [choice]}


def test_a_reason_in_every_message_proves_no_end() -> None:
    """Where the connection broke, the answer was cut off."""
    cut = streamed((10, with_stop("The answer")), (20, with_stop(" is")), last=False)
    whole = streamed((10, with_stop("The answer")), (20, with_stop(" is 4.")))
    one = streamed((10, with_stop("4")), last=False)

    assert "cut off" in str(cut.error)
    assert text_of(whole) == "The answer is 4."
    assert text_of(one) == "4"


def test_usage_and_the_mark_of_the_end_need_no_reason() -> None:
    """A server that never gives one has said that the answer is whole."""
    response = streamed((10, said("positive")), (20, used(1)))

    assert text_of(response) == "positive"


def whole_answer(text: str) -> dict[str, object]:
    """Return a whole answer, as it comes without a stream."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "x", "choices": [choice], "usage": {"completion_tokens": 1}}


def test_a_whole_answer_in_one_event_is_an_answer() -> None:
    """Without stamps, since nothing came token by token."""
    response = streamed((10, whole_answer("positive")))

    assert text_of(response) == "positive"
    assert response.timing.ttft_s is None


def test_a_whole_answer_that_is_called_a_stream() -> None:
    """Behind it some put the end of a stream."""
    data = json.dumps(whole_answer("positive")).encode() + b"\n" + DONE

    assert text_of(read([(10, head() + chunks(data))])) == "positive"


def test_a_stream_that_is_called_json() -> None:
    """It is read as what it is."""
    events = body(said("pos"), said("itive"), ended(), used(2))

    response = read([(10, answer(events, kind="application/json"))])

    assert text_of(response) == "positive"
    assert response.timing.stamps_ns


@pytest.mark.parametrize(
    "data",
    [
        b'data: {"code": "Bad", "message": "range is 1 to 9", "request_id": "r"}\n\n',
        b'data: {"detail": "range is 1 to 9"}\n\n',
        b'data: {"error_code": 3, "error_msg": "range is 1 to 9"}\n\n',
        b'error: {"code": 400, "message": "range is 1 to 9"}\n\n',
        b'data: [{"error": {"message": "range is 1 to 9"}}]\n\n',
    ],
)
def test_what_a_server_says_in_its_stream_is_told(data: bytes) -> None:
    """In its own words, wherever it puts them."""
    response = read([(10, head() + chunks(data))])

    assert "range is 1 to 9" in str(response.error)


def test_what_a_server_says_instead_of_an_answer_is_told() -> None:
    """Though its status is that of success."""
    response = read([(10, answer('{"detail": "quota exceeded"}'))])

    assert "quota exceeded" in str(response.error)


def test_messages_in_one_read_are_one_instant() -> None:
    """Ten tokens that came together took no time after one another that is known."""
    words = [said(f" word{number}") for number in range(10)]
    pieces = [(300 * MS, stream(*words, ended(), used(10)))]

    timing = by_instant(read(pieces).timing)

    assert timing.stamps_ns == (300 * MS,)
    assert timing.stamp_tokens == (10,)
    assert timing.tpot_s is None
    assert timing.itl_s == ()
    assert timing.grouped


def test_two_bursts_are_two_instants() -> None:
    """The tokens of the first took no time that is seen after it began."""
    words = [said(f" word{number}") for number in range(10)]
    burst = b"".join(event(word) for word in words)
    pieces = [(0, head()), (100 * MS, chunks(burst, last=False))]
    pieces.append((300 * MS, chunks(burst + body(ended(), used(20)))))

    timing = by_instant(read(pieces).timing)

    assert timing.stamp_tokens == (10, 10)
    assert timing.tpot_s == pytest.approx(0.02)


def test_bursts_of_which_only_the_sum_is_known_weigh_by_their_messages() -> None:
    """One message, then three in one read: three quarters of the tokens came later."""
    text = "and a few more words"
    later = b"".join(event(said(text)) for _ in range(3))
    pieces = [(0, head()), (10 * MS, chunks(event(said(text)), last=False))]
    pieces.append((90 * MS, chunks(later + body(ended(), used(24)))))

    timing = by_instant(read(pieces).timing)

    assert (timing.stamp_tokens, timing.spread_tokens) == ((1, 3), 24)
    assert timing.later_tokens == 18


def test_stamps_of_their_own_are_left_as_they_are() -> None:
    """Nothing is merged where nothing came together."""
    timing = streamed((10, said("a")), (30, said("b")), (40, ended())).timing

    assert by_instant(timing) is timing


def test_hidden_tokens_make_nothing_faster() -> None:
    """Eight tokens are not three short pieces of a word: the rest was not shown."""
    texts = enumerate(["pos", "it", "ive"], start=1)
    messages = [(20 * number, said(text)) for number, text in texts]

    timing = streamed(*messages, (80, ended()), (90, used(8))).timing

    assert timing.tpot_s == pytest.approx(0.02)


def test_digits_may_be_tokens_of_their_own() -> None:
    """So seven of them in two messages are believed."""
    messages = [(20, said("123")), (40, said("4567")), (60, ended()), (70, used(7))]

    assert streamed(*messages).timing.spread_tokens == 7


def test_usage_from_before_the_text_is_no_sum_of_it() -> None:
    """One that is told at the start and never again says nothing of the answer."""
    first = {**said(""), "usage": {"completion_tokens": 1, "prompt_tokens": 9}}
    messages = [(10 * number, said("word ")) for number in range(2, 6)]

    response = streamed((10, first), *messages, (90, ended()))

    assert response.generation is not None
    assert response.generation.output_tokens is None


def test_llama_cpp_s_own_figures_stand_for_usage() -> None:
    """Told with the last message, with what its server had kept of the prompt."""
    end = {**ended(), "timings": {"prompt_n": 3, "cache_n": 6, "predicted_n": 2}}

    response = streamed((10, said("pos")), (20, said("itive")), (30, end))

    assert response.generation is not None
    assert response.generation.output_tokens == 2
    assert response.generation.prompt_tokens == 9


BEATS = [b"8\r\n: ping\n\n\r\n"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "end",
    [event(ended()) + DONE, event(ended()) + event(used(1))],
    ids=["mark", "reason and usage"],
)
def test_an_answer_that_says_its_end_is_at_its_end(
    server: Loopback, open_at: Opener, end: bytes
) -> None:
    """Though the server keeps the connection open and sends heartbeats."""
    begun = head() + chunks(event(said("four")), end, last=False)
    server.scripts = [[begun, *BEATS, HANG]]
    model = open_at(url_of(server), timeout_s=30.0)

    start = CLOCK.now_ns()
    exchange = model.run(model.exchange(QUESTION, start))
    response = model.read(QUESTION, exchange)

    assert response.generation is not None, response.error
    assert response.generation.text == "four"
    assert not response.timed_out
    assert response.timing.end_ns - start < NS_PER_S // 2


def test_a_server_that_is_silent_in_an_answer_is_waited_for(
    server: Loopback, open_at: Opener
) -> None:
    """A reason to finish alone is no end: usage, or an error, may follow."""
    begun = head() + chunks(event(said("four")), event(ended()), last=False)
    server.scripts = [[begun, HANG]]

    response = ask(open_at(url_of(server), timeout_s=0.3))

    assert response.timing.end_ns - response.timing.start_ns >= 0.29 * NS_PER_S


class AlarmRang(BaseException):
    """What a time limit of tests raises, as pytest's own failures do."""


def test_a_signal_s_exception_ends_a_request_that_hangs(
    server: Loopback, model: Completions
) -> None:
    """A time limit of the whole test is kept, whichever event loop there is."""
    server.scripts = [[head(), HANG]]

    def ring(*_: object) -> None:
        raise AlarmRang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(AlarmRang):
            ask(model)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_another_loop_that_is_running_is_told(model: Completions) -> None:
    """In a sentence that says what to write instead."""

    async def inside() -> None:
        ask(model)

    with pytest.raises(Unsupported, match="write the test as def, not async def"):
        asyncio.run(inside())


def test_a_server_opened_inside_of_a_loop(server: Loopback, open_at: Opener) -> None:
    """The sentence is the error, and not what came of closing what was opened."""

    async def test() -> None:
        open_at(url_of(server), check=True)

    with pytest.raises(Unsupported, match="write the test as def, not async def"):
        asyncio.run(test())


def test_a_model_closed_inside_of_a_loop(model: Completions) -> None:
    """A fixture of a library of asynchronous tests may be what ends the session."""
    assert ask(model).error is None

    async def test() -> None:
        model.close()

    asyncio.run(test())
    model.close()


def test_a_user_s_own_loop_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, server: Loopback, open_at: Opener
) -> None:
    """Also without uvloop: the thread's loop is not ours to set or to take away."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        model = open_at(url_of(server))
        ask(model)
        model.close()
        assert asyncio.get_event_loop_policy().get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


@pytest.mark.parametrize("mark", [b"[DONE]", b"[done]", b" [Done] "])
def test_the_mark_of_the_end_in_any_case(mark: bytes) -> None:
    """Some gateways write it in small letters."""
    events = [event(said("yes")), event(ended()), b"data: " + mark + b"\n\n"]

    response = read([(10, head() + chunks(*events))])

    assert response.error is None
    assert response.generation is not None
    assert response.generation.text == "yes"


def test_an_error_beside_the_finish_of_a_choice() -> None:
    """A provider behind a gateway broke off: its words are those of the error."""
    broken = {"code": 502, "message": "provider disconnected"}
    choice = {"index": 0, "delta": {"content": "y"}, "finish_reason": "error"}

    response = read([(10, stream({"choices": [{**choice, "error": broken}]}))])

    assert "provider disconnected" in error_of(response)


def test_a_status_in_place_of_an_answer() -> None:
    """Its words are the error; beside an answer it says that all is well."""
    refused = {"base_resp": {"status_code": 1008, "status_msg": "no balance left"}}
    choice = {"index": 0, "message": {"content": "yes"}, "finish_reason": "stop"}
    good = {
        "choices": [choice],
        "base_resp": {"status_code": 0, "status_msg": "success"},
    }

    assert "no balance left" in error_of(read([(10, answer(json.dumps(refused)))]))
    assert read([(10, answer(json.dumps(good)))]).error is None
