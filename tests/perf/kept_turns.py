"""A real server that keeps prompts: a conversation of five turns, and long texts.

    python -m tests.perf.kept_turns                # both, once: some minutes
    python -m tests.perf.kept_turns turns 2        # two conversations of five turns
    python -m tests.perf.kept_turns needles 1k,2k  # a needle in texts of these lengths

Run by hand, with the extras ``demo`` and ``server``. ``python -m llama_cpp.server`` has
the embedded model behind it, and keeps what it read last, or is made to forget it
before each prompt. It says nothing of that in its answers, so it notes how many tokens
of each prompt it had, and how many it read: ``kept`` is the share of the first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmlat import ModelSpec, measure_models
from pytest_llmlat.backends.engines.server_questions import free_port, is_ready
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmlat.values.records import Record

NOTING = """
import os, sys, time
import llama_cpp
from tests.model import llama_server
out, read = open(os.environ["NOTES"], "a", buffering=1), llama_cpp.Llama.eval
generate = llama_cpp.Llama.generate
def noted(self, tokens):
    begun, kept = time.perf_counter_ns(), self.n_tokens
    read(self, tokens)
    print(begun, kept, len(tokens), file=out)
def forgetful(self, *given, **options):
    if os.environ["KEEPS"] == "no":
        self.reset()
    yield from generate(self, *given, **options)
llama_cpp.Llama.eval, llama_cpp.Llama.generate = noted, forgetful
from pytest_llmlat.backends.gguf.repacking import repack_option, repacking
from pytest_llmlat.backends.model_catalogue import load_models
import runpy
model = load_models().find("smollm2-135m", where="perf")
sys.argv[0] = "llama_cpp.server"
with repacking(llama_cpp, wanted=repack_option(llama_cpp, model)):
    runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
"""


class Turn(NamedTuple):
    """What one turn took, and how much of its prompt the server read."""

    turn: int
    ttft_s: float
    prompt: int
    read: int


@contextmanager
def serving(folder: Path, *, keeps: bool, context: int) -> Iterator[tuple[str, Path]]:
    """Run the server until the block ends; give its address and its notes."""
    notes, port = folder / f"notes-{keeps}", free_port()
    weights = local_file(load_models().find("smollm2-135m", where="perf"))
    command = f"--model {weights} --host 127.0.0.1 --port {port} --n_ctx {context}"
    command += " --n_threads 2 --model_alias m --interrupt_requests false"
    server = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", NOTING, *command.split()],
        env={**os.environ, "NOTES": str(notes), "KEEPS": "yes" if keeps else "no"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while is_ready(port, ("/v1/models",)) is not None:
            if server.poll() is not None:
                raise SystemExit("the server ended; is the extra 'server' there?")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", notes
    finally:
        server.terminate()
        server.wait()


def asked(url: str, task: str, samples: int, folder: Path) -> list[Record]:
    """Return the records of a task on a server."""
    model = ModelSpec(
        name="m", backend="http", devices=("endpoint",), weights="m", url=url
    )
    found = measure_models(model, task, samples=samples, root=folder)
    return list(found.records())


def read_of(record: Record, notes: Path) -> tuple[int, int]:
    """Return how many tokens of its prompt the server had, and how many it read.

    Its first call is the prompt's, each later one a token's of the answer.
    """
    assert record.timing is not None
    for line in notes.read_text().splitlines():
        begun, kept, read = map(int, line.split())
        if record.timing.start_ns < begun < record.timing.end_ns:
            return kept, read
    raise SystemExit(f"{record.sample}: the server noted nothing of it")


def turns(conversations: int = 2) -> None:
    """Print each turn, with its prefix kept and read anew."""
    print("| prefix | turn | ttft | tokens of the prompt | read | kept |")
    print("|---|---|---|---|---|---|")
    for keeps in (True, False):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with serving(folder, keeps=keeps, context=2048) as (url, notes):
                found = asked(url, "conversation/orders", conversations, folder)
                _print_turns("kept" if keeps else "read anew", _told(found, notes))


def _told(records: Sequence[Record], notes: Path) -> list[Turn]:
    told = []
    for record in records:
        if record.timing is None or record.timing.ttft_s is None:
            print(f"{record.sample}: {record.error}")
            continue
        kept, read = read_of(record, notes)
        told.append(Turn(record.turn or 0, record.timing.ttft_s, kept + read, read))
    return told


def _print_turns(name: str, told: Sequence[Turn]) -> None:
    for number in sorted({each.turn for each in told}):
        own = [each for each in told if each.turn == number]
        prompt, read = sum(e.prompt for e in own), sum(e.read for e in own)
        print(
            f"| {name} | {number} | {median(e.ttft_s for e in own):.2f} s"
            f" | {prompt / len(own):.0f} | {read / len(own):.0f}"
            f" | {1 - read / prompt:.0%} |",
            flush=True,
        )


def needles(lengths: str = "1k,2k,4k") -> None:
    """Print a needle in the middle of a text of each length."""
    tasks = Path(tempfile.mkdtemp()) / "tasks.toml"
    count = len(lengths.split(","))
    tasks.write_text(
        '[tasks."long_context/here"]\nextends = "long_context/needles"\n'
        f'options = {{ lengths = "{lengths}", depths = "50", count = {count} }}\n'
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, keeps=True, context=8192) as (url, notes):
            model = ModelSpec(
                name="m",
                backend="http",
                devices=("endpoint",),
                weights="m",
                url=url,
                # No server keeps a text that was made for it alone.
                options=(("probe", False), ("timeout_s", 240.0)),
            )
            found = measure_models(
                model, "long_context/here", task_files=[tasks], root=folder
            )
            print("| length | tokens of the prompt | read | ttft | right | error |")
            print("|---|---|---|---|---|---|")
            for record in found.records():
                length = dict(record.groups).get("length", "?")
                if record.timing is None or record.timing.ttft_s is None:
                    print(f"| {length} | | | | | {record.error} |")
                    continue
                kept, read = read_of(record, notes)
                print(
                    f"| {length} | {kept + read} | {read}"
                    f" | {record.timing.ttft_s:.2f} s | {record.grade.value:.0f} | |",
                    flush=True,
                )


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] != ["needles"]:
        turns(*map(int, given[1:2]))
    if given[:1] != ["turns"]:
        needles(*given[1:2])
