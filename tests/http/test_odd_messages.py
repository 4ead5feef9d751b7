"""Messages whose text, end or words stand where others have none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.completions.finish_reasons import nearer_reason, reason_of
from pytest_llmlat.backends.completions.server_words import page_title
from pytest_llmlat.backends.completions.server_words import said as words_of
from tests.http.asking import ask, error_of, read, url_of
from tests.http.loopback import (
    CLOSE,
    DONE,
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
    from pytest_llmlat.values.records import Generation, Response
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback

END = event(ended()) + event(used(2)) + DONE
BLUE = event(said("bl")) + event(said("ue"))


def at_once(*parts: bytes, top: bytes | None = None) -> Response:
    """Read a stream whose events came in one piece."""
    return read([(10, (top or head()) + chunks(b"".join(parts)))])


def generation_of(response: Response) -> Generation:
    """Return what was generated, which must be something."""
    assert response.generation is not None, response.error
    return response.generation


def choice(delta: object, finish: object = None, **more: object) -> bytes:
    """Return an event with one choice."""
    own = {"index": 0, "delta": delta, "finish_reason": finish, **more}
    return event({"choices": [own]})


# Events that are no text.


@pytest.mark.parametrize(
    "other",
    [
        b"data: null\n\n",
        b"retry: 2500\n\n",
        b'event: heartbeat\ndata: {"message": "at work"}\n\n',
        event({"code": 0, "message": "Success", "sid": "s-1"}),
        event({"status": "success", "detail": "accepted"}),
        b'event: queue\ndata: {"position": 4}\n\n',
    ],
)
@pytest.mark.parametrize("kind", ["text/event-stream", "text/plain"])
def test_events_that_say_that_all_is_well(other: bytes, kind: str) -> None:
    """They are passed over, before the text and in its midst."""
    top = head().replace(b"text/event-stream", kind.encode())

    response = at_once(other, event(said("bl")), other, event(said("ue")), END, top=top)

    assert generation_of(response).text == "blue"
    assert len(response.timing.stamps_ns) == 2


@pytest.mark.parametrize("mark", [b'"[DONE]"', b"[done]", b" [DONE]\r"])
def test_marks_of_the_end(mark: bytes) -> None:
    """Some write it as JSON."""
    response = at_once(BLUE, event(ended()), event(used(2)), b"data: " + mark + b"\n\n")

    assert generation_of(response).text == "blue"


# Text in other places.


@pytest.mark.parametrize(
    "delta",
    [
        {"content": ["bl", "ue"]},
        {"content": [{"type": "text", "text": "bl"}, "ue"]},
    ],
)
def test_parts_that_are_plain_text(delta: object) -> None:
    """They are text like others."""
    assert generation_of(at_once(choice(delta), END)).text == "blue"


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (choice({"text": "blue"}), "blue"),
        (choice({"output_text": "blue"}), "blue"),
        (choice({"content": {"parts": ["blue"]}}), "blue"),
        (event({"choices": [{"index": 0, "content": "blue"}]}), "blue"),
    ],
)
def test_text_where_none_belongs_is_told(part: bytes, words: str) -> None:
    """An empty answer would be graded that the model never gave."""
    error = error_of(at_once(part, END))

    assert "no text is where it belongs" in error
    assert words in error


def test_a_whole_answer_with_its_text_elsewhere() -> None:
    """It is told as well."""
    message = {"role": "assistant", "output": "blue"}
    told = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    error = error_of(read([(10, answer(json.dumps(told)))]))

    assert '"output": "blue"' in error


@pytest.mark.parametrize(
    "delta",
    [
        {"role": "assistant", "content": ""},
        {"content": None, "tool_calls": [{"index": 0, "function": {"name": "f"}}]},
        {"content": "", "refusal": "No."},
        {"content": None, "function_call": {"name": "f", "arguments": "{}"}},
    ],
)
def test_an_answer_without_text_may_be_one(delta: object) -> None:
    """A model may say nothing, decline, or call a tool."""
    assert generation_of(at_once(choice(delta), END)).text == ""


def test_texts_of_two_answers_are_none() -> None:
    """A gateway that mixes them up has answered neither."""
    error = error_of(
        at_once(
            event({**said("bl"), "id": "a"}),
            event({**said("re"), "id": "b"}),
            event({**said("ue"), "id": "a"}),
            END,
        )
    )

    assert "two answers are mixed" in error


def test_names_that_change_are_no_two_answers() -> None:
    """Some have a new one in each message."""
    texts = [{**said(text), "id": f"x{n}"} for n, text in enumerate("blue")]

    assert generation_of(at_once(*map(event, texts), END)).text == "blue"


# Ends.


@pytest.mark.parametrize("none", ["null", "None", "", "FINISH_REASON_UNSPECIFIED", 0])
def test_words_for_no_reason(none: object) -> None:
    """They hide no bound that is named at the end, and are no end themselves."""
    text = choice({"content": "bl"}, none)

    cut = generation_of(at_once(text, choice({}, "length"), DONE))

    assert cut.finish == "length"
    assert "cut off" in error_of(read([(10, head() + chunks(text))]))


def test_a_reason_that_nobody_knows_hides_none_that_follows() -> None:
    """Some name a state in each message."""
    text = choice({"content": "bl"}, "in_progress")

    assert generation_of(at_once(text, choice({}, "length"), DONE)).finish == "length"
    assert "gave the answer up" in error_of(
        at_once(text, choice({}, "content_filter"), DONE)
    )


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        *(
            ("stop", "stop"),
            (["length"], "length"),
            (2, "2"),
            (["a", "b"], '["a", "b"]'),
        ),
        *((None, None), (False, None), (True, None), (0, None), ([], None)),
    ],
)
def test_reasons_of_other_kinds(told: object, reason: str | None) -> None:
    """What is no text stays a reason that is not known, which is told."""
    assert reason_of(told) == reason


def test_a_reason_that_is_a_number_is_told() -> None:
    """Of an answer that may have been cut off."""
    response = at_once(BLUE, choice({}, 2), event(used(2)), DONE)

    assert "finish_reason '2' is not known" in str(response.note)


def test_a_reason_beside_the_choices() -> None:
    """It ends the answer as well."""
    end = event({"choices": [], "finish_reason": "length"})

    assert generation_of(at_once(BLUE, end, DONE)).finish == "length"


@pytest.mark.parametrize(
    ("beside", "reason", "taken"),
    [
        ({"native_finish_reason": "MAX_TOKENS"}, "stop", "MAX_TOKENS"),
        ({"native_finish_reason": "STOP"}, "length", "length"),
        ({"native_finish_reason": "moon"}, "stop", "stop"),
        ({"stop_reason": "max_tokens"}, None, "max_tokens"),
        ({"stop_reason": "error"}, "stop", "stop"),
        ({"stop_reason": "\n\nQ:"}, None, None),
        ({"stop_reason": "no error"}, None, None),
        ({"stop_reason": 151645}, "stop", "stop"),
    ],
)
def test_reasons_beside_the_reason(
    beside: dict[str, object], reason: str | None, taken: str | None
) -> None:
    """A gateway's stop hides no bound; a string that was stopped at is no reason."""
    assert nearer_reason(beside, reason) == taken


# Words.


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('{"status": "failed", "reason": "the day\'s quota"}', "the day's quota"),
        ('{"state": "queued", "eta": 12}', "queued"),
        ('{"choices": [], "message": "blocked"}', "blocked"),
        ("<Error><Message>slow down</Message></Error>", "slow down"),
        ("<!DOCTYPE html><title>Sign in</title>", "Sign in"),
    ],
)
def test_words_instead_of_an_answer(told: str, words: str) -> None:
    """They stand in the error, whatever they are called."""
    assert words in error_of(read([(10, answer(told))]))


def test_words_instead_of_choices_in_a_stream() -> None:
    """Of a message that has choices, and none."""
    limit = {"choices": None, "status_code": 429, "status_msg": "too many"}

    assert "too many" in error_of(at_once(event(limit), DONE))
    assert "odd things" in error_of(at_once(event({"kind": "odd things"}), DONE))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (b'{"error": {"msg": "seven is too many"}}', "seven is too many"),
        (b'{"errors": [{"message": "seven"}]}', "seven"),
        (b'{"title": "Too hot", "type": "about:blank"}', "Too hot"),
        (b'{"error": {"message": "", "code": "hot"}}', "hot"),
        (b'{"error": {"message": "no", "param": "seed", "type": "x"}}', "no (x, seed)"),
        (b"error: too hot", "error: too hot"),
    ],
)
def test_words_of_an_error(told: bytes, words: str) -> None:
    """In the shapes of many servers."""
    assert words in words_of(told)


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<html><head><title>504 Gateway\nTime-out</title>", "504 Gateway Time-out"),
        (b"<TITLE lang=en>a &amp; b</TITLE>", "a & b"),
        (b"<h1>Bad</h1>", None),
        (b"<title>" + b"x" * 400, None),
    ],
)
def test_the_title_of_a_page(page: bytes, title: str | None) -> None:
    """It says more than that there is a page."""
    assert page_title(page) == title


# HTTP.


@pytest.mark.parametrize("packing", ["none", "UTF-8", "", "identity", "chunked"])
def test_a_packing_that_is_none(packing: str) -> None:
    """Who writes it means that nothing is packed."""
    top = head(f"Content-Encoding: {packing}")

    assert generation_of(at_once(BLUE, END, top=top)).text == "blue"


@pytest.mark.parametrize("packing", ["br", "identity, zstd"])
def test_a_packing_of_another_kind(packing: str) -> None:
    """It is named, and not read as text."""
    top = head(f"Content-Encoding: {packing}")

    assert "was not asked for" in error_of(at_once(BLUE, END, top=top))


def test_a_body_that_ends_with_its_connection(
    server: Loopback, open_at: Opener
) -> None:
    """Also where the server calls a stream plain text."""
    text = body(said("bl"), said("ue"), ended(), used(2))
    top = b"HTTP/1.1 200\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    server.scripts = [[top + text, CLOSE]]

    assert generation_of(ask(open_at(url_of(server)))).text == "blue"


def test_a_failure_that_the_server_calls_lasting_is_not_tried_again(
    server: Loopback, open_at: Opener
) -> None:
    """It says so in a head of its own, and heeds no status; or by its words."""
    told = '{"error": {"message": "no", "code": "insufficient_quota"}}'
    model = open_at(url_of(server))
    scripts = [
        [answer("no", status="500 X", headers=["x-should-retry: false"])],
        [answer(told, status="429 X")],
    ]
    for number, script in enumerate(scripts, start=1):
        server.scripts = [script]

        assert "no" in error_of(ask(model))
        assert len(server.posted) == number


def test_a_failure_that_the_server_calls_passing_is_tried_again(
    server: Loopback, open_at: Opener
) -> None:
    """Though its status does not."""
    first = answer("later", status="403 X", headers=["x-should-retry: TRUE"])
    server.scripts = [[first], [stream(said("blue"), ended(), used(1))]]

    response = ask(open_at(url_of(server)))

    assert generation_of(response).text == "blue"
    assert response.transport is not None
    assert response.transport.retried_for == ("403",)
