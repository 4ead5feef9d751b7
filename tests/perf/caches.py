"""Servers that keep prompts, on a real clock. Run by hand, never in CI.

    python tests/perf/caches.py             # all of it, some minutes
    python tests/perf/caches.py sweep       # a sweep: as it comes, cold, warm
    python tests/perf/caches.py turns       # A B B A of one model with itself
    python tests/perf/caches.py share       # our share beside the server's own log

The server takes 200 ms for a new prompt and 5 ms for one that it has seen, in between
in proportion, and logs of each prompt how many of its words it had kept.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pytest_llmlat import ModelSpec, measure_models
from tests.http.asking import url_of
from tests.http.caching import CachingServer

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK = "sentiment/polarity"
HOW: dict[str, dict[str, Any]] = {
    "tells, cache_salt": {"heeds": "cache_salt"},
    "tells, cache_prompt": {"heeds": "cache_prompt"},
    "tells, nothing helps": {},
    "silent, nothing helps": {"tells": False},
}


@contextmanager
def serving(**how: Any) -> Iterator[CachingServer]:  # noqa: ANN401 - as the server's
    """Run a server until the block ends."""
    server = CachingServer(wait=time.sleep, **how)
    try:
        yield server
    finally:
        server.stop()


def entry(server: CachingServer, name: str = "mine", /, **options: Any) -> ModelSpec:  # noqa: ANN401
    """Return the entry of a model of a server."""
    return ModelSpec(
        name=name,
        backend="http",
        devices=("endpoint",),
        weights="tiny",
        url=url_of(server),
        options=tuple(options.items()),
    )


def sweep() -> None:
    """Print the first token of each level, by how the server's cache is met."""
    for name, how in HOW.items():
        for cache in ("as_is", "cold", "warm"):
            with serving(**how) as server, tempfile.TemporaryDirectory() as folder:
                result = measure_models(
                    entry(server, cache=cache),
                    TASK,
                    samples=6,
                    scenario="concurrent:1,2,4",
                    root=Path(folder),
                )
            levels = "  ".join(
                f"{s.cell.scenario.partition(':')[2]}:"
                f" ttft {ms(s.ttft_s.p50)} cached {share(s)}"
                f"{' !' if s.warnings else ''}"
                for s in result.summaries
            )
            print(f"{name:22} {cache:6} {levels}")


def turns() -> None:
    """Print the ratio of a model with itself, A B B A, and how its prompts were met."""
    for name, how in HOW.items():
        for cache in ("as_is", "cold"):
            with serving(**how) as server, tempfile.TemporaryDirectory() as folder:
                result = measure_models(
                    entry(server, "a", cache=cache),
                    TASK,
                    samples=8,
                    against=entry(server, "b", cache=cache),
                    root=Path(folder),
                )
                records = list(result.records())
            logs: dict[str, list[float]] = {"a": [], "b": []}
            for record in records:
                if record.timing and record.timing.ttft_s:
                    logs[record.cell.model].append(math.log(record.timing.ttft_s))
            ratio = math.exp(fmean(logs["a"]) - fmean(logs["b"]))
            firsts = ms(math.exp(fmean(logs["a"])))
            told = " ".join(share(s) for s in result.summaries)
            print(f"{name:22} {cache:6} a/b {ratio:.3f} ttft {firsts} cached {told}")


def shares() -> None:
    """Print our share beside that of the server's own log."""
    for cache in ("as_is", "cold", "warm"):
        with serving() as server, tempfile.TemporaryDirectory() as folder:
            result = measure_models(
                entry(server, cache=cache),
                TASK,
                samples=8,
                repeats=3,
                root=Path(folder),
            )
            records = len(list(result.records()))
            # Warm-up and probe come before; one after the other nothing comes behind.
            logged = server.share(len(server.served) - records)
        (summary,) = result.summaries
        print(f"{cache:6} ours {share(summary)} the server's {logged:.4f}")


def share(summary: Any) -> str:  # noqa: ANN401 - a summary
    """Write the share of kept tokens."""
    found = dict(summary.numbers)["cached_share"]
    return "-" if found is None else f"{found:.4f}"


def ms(seconds: float | None) -> str:
    """Write a duration."""
    return "-" if seconds is None else f"{seconds * 1e3:.1f} ms"


if __name__ == "__main__":
    parts = {"sweep": sweep, "turns": turns, "share": shares}
    for wanted in sys.argv[1:] or parts:
        print(f"-- {wanted}")
        parts[wanted]()
