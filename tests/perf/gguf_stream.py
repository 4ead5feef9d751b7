"""What we add to llama.cpp, token by token. Run by hand, never in CI.

    python tests/perf/gguf_stream.py         # 12 prompts of 48 new tokens, three rounds
    python tests/perf/gguf_stream.py 24 5    # 24 prompts, five rounds
    python tests/perf/gguf_stream.py 24 5 1  # and one thread, for a busy machine

Three ways to answer take turns on one loaded model, prompt by prompt, in an order that
turns round each time: ``ours`` (the backend, every token stamped on a meter),
``stream`` (``Llama.create_completion(stream=True)``, llama-cpp-python's own streaming
loop) and ``bare`` (``Llama.generate`` and nothing but the tokens). Each prompt is
processed anew each time. Decode tokens/s are those after the first token.

``ours/stream`` should be at least 0.95. Wall time means little while other processes
use the cores; ``cpu`` is the same ratio of this process's processor time.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMPTS, ROUNDS, NEW_TOKENS = 12, 3, 48
TARGET = 0.95


@dataclass(frozen=True, slots=True)
class Decode:
    """The tokens after the first, and what they took in seconds."""

    tokens: int
    wall: float
    cpu: float


class Watch(Meter):
    """A meter that also notes the processor time at each stamp."""

    __slots__ = ("cpu",)

    def __init__(self) -> None:
        """Watch one answer."""
        super().__init__(SystemClock())
        self.cpu: list[float] = []

    def token(self, text: str, tokens: int = 1, *, at_ns: int | None = None) -> bool:
        """Stamp a token."""
        ended = super().token(text, tokens, at_ns=at_ns)
        if text:
            self.cpu.append(time.process_time())
        return ended


def ours(backend: Any, request: Request) -> Decode:  # noqa: ANN401 - looks inside
    """Answer as a cell does."""
    meter = Watch()
    meter.start()
    backend.generate(request, meter)
    timing = meter.timing()
    return Decode(
        tokens=sum(timing.stamp_tokens[1:]),
        wall=(timing.stamps_ns[-1] - timing.stamps_ns[0]) / 1e9,
        cpu=meter.cpu[-1] - meter.cpu[0],
    )


def stream(backend: Any, request: Request) -> Decode:  # noqa: ANN401 - looks inside
    """Answer through the library's own streaming loop."""
    llama = backend._llama
    llama.reset()
    pieces = llama.create_completion(
        backend._prompts.read(request)[0],
        max_tokens=request.max_new_tokens,
        temperature=0.0,
        top_k=1,
        stream=True,
    )
    return timed(piece for piece in pieces if piece["choices"][0]["text"])


def bare(backend: Any, request: Request) -> Decode:  # noqa: ANN401 - looks inside
    """Take the tokens and make nothing of them."""
    llama = backend._llama
    llama.reset()
    tokens = llama.generate(backend._prompts.read(request)[0], temp=0.0, top_k=1)
    return timed(token for _, token in zip(range(NEW_TOKENS), tokens, strict=False))


def timed(pieces: Iterator[object]) -> Decode:
    """Take pieces, one token each, and the time from the first to the last."""
    stamps = [(time.perf_counter(), time.process_time()) for _ in pieces]
    return Decode(
        tokens=len(stamps) - 1,
        wall=stamps[-1][0] - stamps[0][0],
        cpu=stamps[-1][1] - stamps[0][1],
    )


WAYS: dict[str, Callable[[Any, Request], Decode]] = {
    "ours": ours,
    "stream": stream,
    "bare": bare,
}


def compare(prompts: int, rounds: int, *threads: int) -> dict[str, list[Decode]]:
    """Answer every prompt in every way, in turn."""
    model = load_models().find("smollm2-135m", where="perf")
    model = replace(model, options=tuple(("threads", number) for number in threads))
    backend = cast(
        "Any", open_backend(Deployment(model=model, device="cpu"), SystemClock())
    )
    found: dict[str, list[Decode]] = {name: [] for name in WAYS}
    for number in range(-1, prompts * rounds):
        request = Request(
            prompt=f"{number % prompts + 2}, {number % prompts + 3}, and so on:",
            chat=False,
            max_new_tokens=NEW_TOKENS,
        )
        names = list(WAYS)[:: 1 if number % 2 else -1]
        for name in names:
            decode = WAYS[name](backend, request)
            if number >= 0 and decode.tokens > 0:
                found[name].append(decode)
    backend.close()
    return found


def main() -> None:
    """Print decode tokens/s, and ratios of the medians."""
    given = [int(word) for word in sys.argv[1:]]
    found = compare(*(given or (PROMPTS, ROUNDS)))
    wall = {
        name: median(each.tokens / each.wall for each in every)
        for name, every in found.items()
    }
    cpu = {
        name: median(each.tokens / each.cpu for each in every)
        for name, every in found.items()
    }
    for name, every in found.items():
        tokens = sum(each.tokens for each in every)
        print(f"{name:7} {wall[name]:7.1f} tokens/s  ({tokens} in {len(every)})")
    for other in ("stream", "bare"):
        ratio, by_cpu = wall["ours"] / wall[other], cpu["ours"] / cpu[other]
        print(f"ours/{other:7} {ratio:.3f}   cpu {by_cpu:.3f}")
    print(f"target: ours/stream at least {TARGET}")


if __name__ == "__main__":
    main()
