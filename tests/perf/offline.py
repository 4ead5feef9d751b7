"""Samples a second of local models in batches: figures to be taken by hand.

    python tests/perf/offline.py
    python tests/perf/offline.py --lm-eval=PYTHON      # beside lm-evaluation-harness
    python tests/perf/offline.py --batch-size=8 --batch-size=24
    python tests/perf/offline.py --device=cuda

The same 24 prompts of exactly 48 new tokens each, with one model in float32:

``single``   one after the other, through the runner
``offline``  in batches, through the runner (target: at least 3 x ``single``); also at
             every ``--batch-size``, instead of the one that it takes by itself
``lm-eval``  lm-evaluation-harness 0.4.13, its ``hf`` model at batch 1, 8 and 16, in the
             interpreter PYTHON that has it installed (target: ``offline`` has at least
             the samples/s of its best)

All of them take turns, round after round, with as many threads. Ratios of wall time
mean little while other processes use the cores; ``cpu`` is the processor time of each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, Sample, Task
from pytest_llmlat.values.scenario import SINGLE, Scenario
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Record

MODEL = "smollm2-135m-hf"
OFFLINE = Scenario(kind="offline")
PEER_SIZES = (1, 8, 16)
FASTER, AS_FAST = 3.0, 1.0
SUBJECTS = (
    *("a river", "the moon", "an old house", "two brothers", "bread", "a storm"),
    *("a ship", "winter", "a garden by the sea", "the sea", "a teacher", "a long road"),
    *("music", "a clock", "the desert at night", "a letter", "a horse", "the city"),
    *("a window", "snow", "a bridge nobody dares to cross", "a secret", "the forest"),
    "a market in a town far away",
)
PEER = """
import json, sys, time
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

given = json.loads(sys.stdin.readline())
torch.set_num_threads(given["threads"])
model = HFLM(pretrained=given["folder"], dtype="float32", device=given["device"])

def answers(prompts, size, tokens):
    model.batch_size_per_gpu = size
    settings = {"until": [], "max_gen_toks": tokens, "min_new_tokens": tokens,
                "do_sample": False}
    requests = [
        Instance("generate_until", {}, (prompt, dict(settings)), place)
        for place, prompt in enumerate(prompts)
    ]
    return model.generate_until(requests, disable_tqdm=True)

for line in sys.stdin:
    size = json.loads(line)
    answers(given["prompts"][:size], size, 2)
    begin = time.perf_counter(), time.process_time()
    found = answers(given["prompts"], size, given["tokens"])
    wall, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
    print(json.dumps({"wall": wall, "cpu": cpu, "answers": found}), flush=True)
"""


@dataclass(slots=True)
class Measured:
    """What one way of asking took, summed over rounds."""

    samples: int = 0
    wall: float = 0.0
    cpu: float = 0.0

    @property
    def per_s(self) -> float:
        """Samples a second."""
        return self.samples / self.wall


class Ours:
    """The runner, one model and the records that come of it."""

    def __init__(self, prompts: int, tokens: int, device: str) -> None:
        """Load the model, and let no end token shorten an answer."""
        entry = load_models().find(MODEL, where="this script")
        self.deployment = Deployment(
            model=replace(entry, dtype=((device, "float32"),)), device=device
        )
        self.backend = cast("Any", open_backend(self.deployment, SystemClock()))
        self.backend._ends = frozenset()  # all answers are equally long
        self.answers: list[str] = []
        self.told = ""
        self._samples = tuple(map(a_sample, SUBJECTS[:prompts]))
        self._task = a_task(tokens)

    def texts(self) -> list[str]:
        """Return the prompts as the model sees them."""
        return [
            str(
                self.backend._tokenizer.apply_chat_template(
                    [{"role": "user", "content": sample.reference}],
                    add_generation_prompt=True,
                    tokenize=False,
                )
            )
            for sample in self._samples
        ]

    def run(self, scenario: Scenario, size: int | None = None) -> Measured:
        """Measure a cell; what warms it up and what compares answers is left out."""
        model = self.deployment.model
        if size is not None:
            model = replace(model, options=(*model.options, ("batch_size", size)))
        records: list[Record] = []
        facts: list[CellFacts] = []
        deployment = replace(self.deployment, model=model)
        clock = CountingClock()
        run_cell(
            Plan(
                cell=cell(deployment, self._task, scenario.name),
                task=self._task,
                samples=self._samples,
                seed=0,
                revision="1",
                scenario=scenario,
            ),
            LoadedModel(
                deployment=deployment,
                backend=cast("Backend", self.backend),
                load_s=None,
            ),
            Tools(
                clock=clock,
                sandbox=None,
                on_facts=facts.append,
                on_record=records.append,
            ),
        )
        timings = [record.timing for record in records if record.timing is not None]
        short = {record.output_tokens for record in records} - {
            self._task.max_new_tokens
        }
        if short or len(timings) < len(records):
            raise SystemExit(f"answers of other lengths: {sorted(map(str, short))}")
        self.answers = [str(record.answer) for record in records]
        load = facts[-1].load
        if load is None:
            spans = [(t.start_ns, t.end_ns) for t in timings]
        else:
            spans = [(timings[0].start_ns, max(t.end_ns for t in timings))]
            self.told = (
                f"batch {load.batch} {load.batching}, {load.batch_changed} of"
                f" {load.batch_checked} answers changed"
            )
        return Measured(
            samples=len(records),
            wall=sum(end - start for start, end in spans) / NS_PER_S,
            cpu=sum(clock.cpu_between(*span) for span in spans),
        )


class CountingClock(SystemClock):
    """The clock, which notes the processor time at each reading."""

    def __init__(self) -> None:
        """Begin empty."""
        self._read: dict[int, float] = {}
        self.now_ns = self._now_ns

    def cpu_between(self, start_ns: int, end_ns: int) -> float:
        """Return the processor seconds between two readings."""
        return self._read[end_ns] - self._read[start_ns]

    def _now_ns(self) -> int:
        now = time.perf_counter_ns()
        self._read[now] = time.process_time()
        return now


class Peer:
    """lm-evaluation-harness in an interpreter of its own, idle while we measure."""

    def __init__(self, python: str, given: dict[str, object]) -> None:
        """Start it; it loads the model at its first request."""
        self._process = subprocess.Popen(  # noqa: S603 - the user's interpreter
            [python, "-c", PEER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answers: list[str] = []
        self._say(given)

    def run(self, size: int, samples: int) -> Measured:
        """Let it answer all prompts at a batch size."""
        self._say(size)
        line = cast("IO[str]", self._process.stdout).readline()
        if not line:
            raise SystemExit("lm-eval ended: is lm-eval==0.4.13 in that interpreter?")
        found = json.loads(line)
        self.answers = found["answers"]
        return Measured(samples=samples, wall=found["wall"], cpu=found["cpu"])

    def close(self) -> None:
        """End it."""
        cast("IO[str]", self._process.stdin).close()
        self._process.wait()

    def _say(self, value: object) -> None:
        pipe = cast("IO[str]", self._process.stdin)
        pipe.write(json.dumps(value) + "\n")
        pipe.flush()


def a_task(tokens: int) -> Task:
    """Return a task whose answers are as long as they may be."""
    return Task(
        name="reasoning/stories",
        family="reasoning",
        title="",
        source="",
        chat_prompt="{{ question }}",
        completion_prompt="{{ question }}",
        extractor="number",
        metric="accuracy",
        max_new_tokens=tokens,
        budget_s=10.0,
    )


def a_sample(subject: str) -> Sample:
    """Return the question for a story."""
    question = f"Tell me a long story about {subject}."
    return Sample(
        id=subject,
        difficulty=None,
        stratum="",
        fields=(("question", question), ("reference", question)),
        reference=question,
    )


def peer_of(python: str, ours: Ours, tokens: int) -> Peer:
    """Start the peer with our model folder, prompts and number of threads."""
    return Peer(
        python,
        {
            "folder": str(converted(local_file(ours.deployment.model))),
            "prompts": ours.texts(),
            "threads": ours.backend.facts["threads"],
            "tokens": tokens,
            "device": ours.deployment.device,
        },
    )


def main(arguments: Sequence[str]) -> None:
    """Measure all ways in turn and print their rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lm-eval", metavar="PYTHON")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=len(SUBJECTS))
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--batch-size", type=int, action="append", default=[])
    asked = parser.parse_args(arguments)
    ours = Ours(asked.prompts, asked.tokens, asked.device)
    ways: dict[str, Callable[[], Measured]] = {"single": partial(ours.run, SINGLE)}
    for size in asked.batch_size or [None]:
        name = f"offline at {size}" if size else "offline"
        ways[name] = partial(ours.run, OFFLINE, size)
    peer = peer_of(asked.lm_eval, ours, asked.tokens) if asked.lm_eval else None
    if peer is not None:
        for size in PEER_SIZES:
            ways[f"lm-eval at {size}"] = partial(peer.run, size, asked.prompts)
    totals = {name: Measured() for name in ways}
    for number in range(asked.rounds):
        for name in sorted(ways, reverse=number % 2 == 1):
            found, total = ways[name](), totals[name]
            total.samples += found.samples
            total.wall += found.wall
            total.cpu += found.cpu
            print(
                f"round {number + 1}: {name}: {found.per_s:.3f} samples/s", flush=True
            )
    told(totals)
    print(f"offline: {ours.told}")
    if peer is None:
        print("lm-eval: left out; name the interpreter that has it: --lm-eval=PYTHON")
    else:
        same = sum(a == b for a, b in zip(ours.answers, peer.answers, strict=True))
        print(f"answers as lm-eval's last: {same} of {len(ours.answers)}")
        peer.close()


def told(totals: dict[str, Measured]) -> None:
    """Print the rates, and ours over the others."""
    for name, total in totals.items():
        rate, cpu = total.per_s, total.cpu / total.samples
        print(f"{name}: {rate:.3f} samples/s, {cpu:.2f} s of processor a sample")
    peers = [name for name in totals if name.startswith("lm-eval")]
    best = max(peers, key=lambda name: totals[name].per_s, default=None)
    for name in totals:
        if name.startswith("offline"):
            _compare(name, "single", totals, FASTER)
            if best is not None:
                _compare(name, best, totals, AS_FAST)


def _compare(one: str, other: str, totals: dict[str, Measured], target: float) -> None:
    a, b = totals[one], totals[other]
    ratio = a.per_s / b.per_s
    cpu = (b.cpu / b.samples) / (a.cpu / a.samples)
    missed = ", missed" if ratio < target else ""
    print(f"{one} / {other}: {ratio:.2f}, cpu {cpu:.2f} (target {target:g}{missed})")


if __name__ == "__main__":
    main(sys.argv[1:])
