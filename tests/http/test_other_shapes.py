"""Streams in shapes of other servers and gateways, with what is to be said of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.http.asking import ask, read, url_of
from tests.http.loopback import (
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
from tests.http.told import Told, check

if TYPE_CHECKING:
    from tests.http.asking import Opener
    from tests.http.loopback import Loopback, Script

POS = (said("pos"), said("itive"))
RIGHT = Told(text="positive", tokens=2)


def delta(more: object, finish: object = None, index: int = 0) -> dict[str, object]:
    """Return a message with one choice."""
    return {
        "id": "c",
        "choices": [{"index": index, "delta": more, "finish_reason": finish}],
    }


def thought(*deltas: object, pause: float = 0.1) -> Script:
    """Return a stream that thinks, waits, and answers."""
    return [
        head() + chunks(*(event(delta(d)) for d in deltas), last=False),
        pause,
        chunks(body(*POS, ended())),
    ]


def text_events(*messages: object) -> bytes:
    """Return a stream of events of another kind, closed by no mark."""
    return head() + chunks(*(event(m) for m in messages))


THOUGHT = Told(text="positive", ttft_s=0.09, thought=True)
SHAPES: dict[str, tuple[Script, Told]] = {
    "reasoning, as vLLM names it": (thought({"reasoning": "Hm."}), THOUGHT),
    "details of reasoning, as OpenRouter has them": (
        thought(
            {
                "content": "",
                "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}],
            }
        ),
        THOUGHT,
    ),
    "blocks of thinking, as LiteLLM has them": (
        thought({"thinking_blocks": [{"type": "thinking", "thinking": "Hm."}]}),
        THOUGHT,
    ),
    "thinking beside the content": (thought({"thinking": "Hm."}), THOUGHT),
    "reasoning_text, as Copilot names it": (
        thought({"reasoning_text": "Hm."}),
        THOUGHT,
    ),
    "a thought whose first tag stood in the prompt": (
        thought({"content": "Hm."}, {"content": "</think>"}),
        THOUGHT,
    ),
    "channels of a model of OpenAI, unparsed": (
        thought(
            {"content": "<|channel|>analysis<|message|>Hm."},
            {"content": "<|end|><|start|>assistant<|channel|>final<|message|>"},
        ),
        THOUGHT,
    ),
    "two choices that take turns": (
        [
            stream(
                delta({"content": "pos"}),
                delta({"content": "neg"}, index=1),
                delta({"content": "itive"}),
                delta({"content": "ative"}, index=1),
                delta({}, "stop"),
                delta({}, "stop", index=1),
                used(4),
            )
        ],
        Told(text="positive", no_tokens=True),
    ),
    "the second choice first": (
        [
            stream(
                delta({"content": "negative"}, index=1),
                delta({}, "stop", index=1),
                *POS,
                delta({}, "stop"),
            )
        ],
        Told(text="positive"),
    ),
    "both choices in one message": (
        [
            stream(
                {
                    "choices": [
                        {"index": 1, "delta": {"content": "negative"}},
                        {"index": 0, "delta": {"content": "positive"}},
                    ]
                },
                ended(),
            )
        ],
        Told(text="positive"),
    ),
    "no delta": (
        [stream({"choices": [{"index": 0, "delta": None}]}, *POS, ended(), used(2))],
        RIGHT,
    ),
    "no choices but their name": (
        [stream({"choices": None}, *POS, ended(), used(2))],
        RIGHT,
    ),
    "pings with data": (
        [
            head() + chunks(b'event: ping\ndata: {"type": "ping"}\n\n', last=False),
            0.05,
            chunks(event(POS[0]), b'event: ping\ndata: {"type": "ping"}\n\n'),
        ],
        Told(finish="error", error="cut off"),
    ),
    "pings between all that matters": (
        [
            head() + chunks(b'event: ping\ndata: {"type": "ping"}\n\n', last=False),
            0.1,
            chunks(
                event(POS[0]),
                b'event: ping\ndata: {"type": "ping"}\n\n',
                body(POS[1], ended(), used(2)),
            ),
        ],
        Told(text="positive", tokens=2, ttft_s=0.09),
    ),
    "comments for a while before the text": (
        [
            head() + chunks(b": OPENROUTER PROCESSING\n\n", last=False),
            0.05,
            chunks(b": OPENROUTER PROCESSING\n\n:\n\n", last=False),
            0.05,
            chunks(body(*POS, ended(), used(2))),
        ],
        Told(text="positive", tokens=2, ttft_s=0.09),
    ),
    "fields that are no data": (
        [
            head()
            + chunks(
                b"retry: 3000\nid: 1\n" + event(POS[0]),
                b"id\nwhatever: 7\n" + event(POS[1]),
                body(ended(), used(2)),
            )
        ],
        RIGHT,
    ),
    "a sign in two halves of its number": (
        [
            head()
            + chunks(
                rb'data: {"choices":[{"index":0,"delta":{"content":"ok \ud83d"}}]}'
                b"\n\n",
                rb'data: {"choices":[{"index":0,"delta":{"content":"\ude00"}}]}'
                b"\n\n",
                body(ended()),
            )
        ],
        Told(text="ok \N{GRINNING FACE}"),
    ),
    "half of a sign and never the other": (
        [
            head()
            + chunks(
                rb'data: {"choices":[{"index":0,"delta":{"content":"ok \ud83d"}}]}'
                b"\n\n",
                body(ended()),
            )
        ],
        Told(text="ok \N{REPLACEMENT CHARACTER}"),
    ),
    "the mark of the end as a text": (
        [stream(said("data: [DONE]\n\n"), said("[DONE]"), ended(), used(9))],
        Told(text="data: [DONE]\n\n[DONE]"),
    ),
    "the mark of the end before the usage": (
        [head() + chunks(body(*POS, ended()), event(used(2)))],
        Told(text="positive"),
    ),
    "figures that are whole in fractions": (
        [stream(*POS, ended(), used(2.0))],
        Told(text="positive"),
    ),
    "figures that are words of truth": (
        [stream(*POS, ended(), used(True))],  # noqa: FBT003 - what a server sent
        Told(text="positive", no_tokens=True),
    ),
    "figures below nothing": (
        [stream(*POS, ended(), used(-1))],
        Told(text="positive", no_tokens=True),
    ),
    "figures without measure": (
        [stream(*POS, ended(), used(10**12))],
        Told(text="positive", no_tokens=True, no_tpot=True),
    ),
    "figures that are no numbers": (
        [
            head()
            + chunks(
                body(*POS, ended(), done=False),
                b'data: {"choices":[],"usage":{"completion_tokens":NaN}}\n\n' + DONE,
            )
        ],
        Told(text="positive", no_tokens=True),
    ),
    "text behind the reason": (
        [stream(POS[0], ended(), POS[1], used(2))],
        RIGHT,
    ),
    "a reason in the last text": (
        [stream(POS[0], delta({"content": "itive"}, "stop"), used(2))],
        RIGHT,
    ),
    "an error object, as FastChat sends it": (
        [
            stream(
                POS[0],
                {"object": "error", "message": "worker is gone", "code": 50002},
            )
        ],
        Told(finish="error", error="worker is gone"),
    ),
    "an error as a text with its number": (
        [
            stream(
                {"text": "**NETWORK ERROR DUE TO HIGH TRAFFIC**", "error_code": 50001}
            )
        ],
        Told(finish="error", error="NETWORK ERROR DUE TO HIGH TRAFFIC"),
    ),
    "an error that is a string, with its kind": (
        [
            stream(
                POS[0],
                {"error": "CUDA out of memory", "error_type": "generation"},
            )
        ],
        Told(finish="error", error="CUDA out of memory"),
    ),
    "too many requests inside of a good status": (
        [stream({"error": {"code": 429, "message": "Rate limit: 3 a minute"}})],
        Told(finish="error", error="Rate limit: 3 a minute"),
    ),
    "errors in a list": (
        [stream(POS[0], {"errors": [{"message": "quota", "code": 7}]})],
        Told(finish="error", error="quota"),
    ),
    "Gemini's own candidates": (
        [
            text_events(
                {"candidates": [{"content": {"parts": [{"text": "positive"}]}}]},
                {"candidates": [{"finishReason": "STOP"}]},
            )
        ],
        Told(finish="error", error="candidates"),
    ),
    "TGI's own tokens": (
        [
            text_events(
                {"token": {"id": 1, "text": "pos"}, "generated_text": None},
                {"token": {"id": 2, "text": "itive"}, "generated_text": "positive"},
            )
        ],
        Told(finish="error", error="token"),
    ),
    "events of OpenAI's responses": (
        [
            text_events(
                {"type": "response.output_text.delta", "delta": "positive"},
                {"type": "response.completed", "response": {"status": "completed"}},
            )
        ],
        Told(finish="error", error="response.output_text.delta"),
    ),
    "Ollama's own messages as events": (
        [
            text_events(
                {"message": {"role": "assistant", "content": "pos"}, "done": False},
                {"message": {"content": "itive"}, "done": True, "eval_count": 2},
            )
        ],
        Told(finish="error", error="pos"),
    ),
    "no choices in a whole answer": (
        [answer('{"choices": [], "usage": {"completion_tokens": 0}}')],
        Told(finish="error", error="choices"),
    ),
    "a whole answer in parts": (
        [
            answer(
                json.dumps(
                    {
                        "choices": [
                            {
                                "message": {
                                    "content": [
                                        {"type": "text", "text": "pos"},
                                        {"type": "text", "text": "itive"},
                                    ]
                                },
                                "finish_reason": "stop",
                            }
                        ]
                    }
                )
            )
        ],
        Told(text="positive", no_ttft=True),
    ),
    "a mark of byte order in the midst": (
        [
            head()
            + chunks(event(POS[0]), b"\xef\xbb\xbf" + event(POS[1]), body(ended()))
        ],
        Told(text="positive"),
    ),
    "a call of a function in the old way": (
        [
            stream(
                delta({"function_call": {"name": "f", "arguments": ""}}),
                delta({"function_call": {"arguments": "{}"}}),
                delta({}, "function_call"),
                used(9),
            )
        ],
        Told(text="", no_ttft=True, note="calls a tool"),
    ),
    "a text and then a call of a tool": (
        [
            stream(
                *POS,
                delta({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}),
                delta({}, "tool_calls"),
                used(12),
            )
        ],
        Told(text="positive", note="calls a tool"),
    ),
}
"""By name what the server writes, and what is to be said."""


@pytest.mark.parametrize("name", SHAPES)
def test_another_shape_is_read_or_quoted(
    server: Loopback, open_at: Opener, name: str
) -> None:
    """What another server means is measured, or told; it is never an empty answer."""
    script, wanted = SHAPES[name]
    server.scripts = [script]
    model = open_at(url_of(server), timeout_s=4.0, retries=0)

    check(ask(model), wanted)


def test_reasoning_that_is_sent_under_two_names_is_one() -> None:
    """VLLM sent both for a while; the thought is not told twice."""
    both = delta({"reasoning": "Hm.", "reasoning_content": "Hm."})
    found = read([(10, head() + chunks(body(both, *POS, ended())))])

    check(found, Told(text="positive", thought=True))
    assert found.generation is not None
    assert found.generation.thoughts == "Hm."


MS = 10**6


def at(*pieces: tuple[int, bytes]) -> list[tuple[int, bytes]]:
    """Return pieces of a stream with their milliseconds, head and end around them."""
    last = pieces[-1][0] * MS
    return [
        (0, head()),
        *((ms * MS, chunks(data, last=False)) for ms, data in pieces),
        (last, b"0\r\n\r\n"),
    ]


def test_an_end_that_comes_late_is_no_part_of_the_answer() -> None:
    """The answer took until its last text, not until its reason and its usage."""
    found = read(
        at(
            (100, event(POS[0])),
            (120, event(POS[1])),
            (5000, event(ended())),
            (9000, event(used(2)) + DONE),
        )
    )

    check(found, Told(text="positive", tokens=2))
    assert found.timing.e2e_s == pytest.approx(0.12)
    assert found.timing.tpot_s == pytest.approx(0.02)


def test_an_event_has_come_when_its_last_letter_has() -> None:
    """The first half of a message is no token yet."""
    half = len(event(POS[0])) // 2
    found = read(
        at(
            (100, event(POS[0])[:half]),
            (150, event(POS[0])[half:]),
            (170, body(POS[1], ended(), used(2))),
        )
    )

    assert found.timing.ttft_s == pytest.approx(0.15)
    assert found.timing.tpot_s == pytest.approx(0.02)


def test_tokens_of_a_draft_that_were_turned_down_are_no_output() -> None:
    """Rejected predictions are billed, but no text: decoding is not faster by them."""
    usage = used(12, completion_tokens_details={"rejected_prediction_tokens": 10})
    found = read(
        at((100, event(POS[0])), (200, event(POS[1])), (201, body(ended(), usage)))
    )

    check(found, Told(text="positive", tpot_s=0.1))


def test_reasoning_that_stands_beside_the_sum() -> None:
    """A server may count thoughts beside the completion: no figure is below zero."""
    usage = used(
        2, total_tokens=309, completion_tokens_details={"reasoning_tokens": 300}
    )
    found = read(
        at((100, event(POS[0])), (120, event(POS[1])), (121, body(ended(), usage)))
    )

    assert found.timing.tpot_s is None or found.timing.tpot_s >= 0.0199
    assert found.generation is not None
    assert found.generation.thought_tokens is None or (
        0 <= found.generation.thought_tokens <= 302
    )


def test_hidden_reasoning_that_is_counted_is_not_decoded_between_the_texts() -> None:
    """Ten tokens of which eight are hidden are two texts, one gap apart."""
    usage = used(10, completion_tokens_details={"reasoning_tokens": 8})
    found = read(
        at((100, event(POS[0])), (120, event(POS[1])), (121, body(ended(), usage)))
    )

    assert found.timing.tpot_s is None or found.timing.tpot_s >= 0.0199


def test_a_sum_below_its_parts_is_not_believed() -> None:
    """The total of prompt and completion is more than either."""
    usage = used(200, prompt=7, total_tokens=9)
    found = read(
        at((100, event(POS[0])), (120, event(POS[1])), (121, body(ended(), usage)))
    )

    check(found, Told(text="positive", no_tokens=True))


def test_letters_of_a_sign_in_two_reads() -> None:
    """A sign has come when its last byte has."""
    data = event(said("\N{GRINNING FACE}")).replace(
        rb"\ud83d\ude00", "\N{GRINNING FACE}".encode()
    )
    cut = data.index("\N{GRINNING FACE}".encode()) + 2
    found = read(at((100, data[:cut]), (150, data[cut:]), (160, body(ended()))))

    check(found, Told(text="\N{GRINNING FACE}"))
    assert found.timing.ttft_s == pytest.approx(0.15)
