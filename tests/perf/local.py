"""What we add to local models: figures to be taken by hand, ratios side by side.

    python tests/perf/local.py                # all sections
    python tests/perf/local.py single memory  # some of them
    python tests/perf/local.py single --device=cuda

``single``  a whole cell through transformers over a bare loop of ``model.generate``
            with the same settings on the same prompts; the two take turns, prompt by
            prompt, in one process (target: at most 1.03)
``memory``  resident memory of the last of ten models in one session over the largest
            of them alone, each in a process of its own (target: at most 1.10)
``offline`` batches over one by one, and over a peer's (``offline.py`` beside this file;
            its options come after it: ``local.py offline --lm-eval=PYTHON``)
``gguf``    decoding over llama-cpp-python's own stream (``gguf_stream.py``)

Ratios of wall time mean little while other processes use the cores; ``cpu`` is the
same ratio of this process's processor time.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_llmlat.backends import open_backend, open_model
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.measure.cell import LoadedModel, Tools, run_cell
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.matrix import cell
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec, Sample, Task
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.scenario import SINGLE
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.protocols import Backend
    from pytest_llmlat.values.records import Record

MODEL = "smollm2-135m-hf"
PROMPTS, NEW_TOKENS, MODELS = 24, 48, 10
TARGETS = {"single": 1.03, "memory": 1.10}
SUBJECTS = (
    *("a river", "the moon", "an old house", "two brothers", "bread", "a storm"),
    *("a ship", "winter", "a garden", "the sea", "a teacher", "a long road"),
    *("music", "a clock", "the desert", "a letter", "a horse", "the city"),
    *("a window", "snow", "a bridge", "a secret", "the forest", "a market"),
)


def single(device: str) -> dict[str, float]:
    """Measure a cell; after each of its samples, generate the same without us."""
    deployment = Deployment(model=entry(MODEL), device=device)
    backend = cast("Any", open_backend(deployment, SystemClock()))
    bare = Bare(backend)
    walls: list[float] = []
    facts: list[CellFacts] = []

    def on_record(record: Record) -> None:
        begin = time.perf_counter(), time.process_time()
        text = bare.answer(record.prompt)
        bare.add(begin)
        walls.append(time.perf_counter() - begin[0])
        if text != record.answer:
            raise SystemExit(f"not the same answer: {record.answer!r} and {text!r}")

    plan = Plan(
        cell=cell(deployment, a_task(), SINGLE.name),
        task=a_task(),
        samples=tuple(map(a_sample, SUBJECTS[:PROMPTS])),
        seed=0,
        revision="1",
        scenario=SINGLE,
    )
    tools = Tools(
        clock=SystemClock(), sandbox=None, on_facts=facts.append, on_record=on_record
    )
    model = LoadedModel(deployment=deployment, backend=backend, load_s=None)
    bare.answer(plan.samples[0].reference)
    begin = time.perf_counter(), time.process_time()
    run_cell(plan, model, tools)
    wall = time.perf_counter() - begin[0] - bare.wall
    cpu = time.process_time() - begin[1] - bare.cpu
    backend.close()
    warmup = facts[-1].warmup_s or 0.0
    return {
        "cell s": wall,
        "of it warm-up": warmup,
        "bare s": bare.wall,
        "ratio": (wall - warmup) / bare.wall,
        "with warm-up": wall / bare.wall,
        "cpu": cpu / bare.cpu,
        "tokens/s": bare.tokens / bare.wall,
    }


class Bare:
    """What a program does that wants nothing but the answers."""

    def __init__(self, backend: Any) -> None:  # noqa: ANN401 - looks inside
        """Use the very model that the cell uses."""
        self.model, self.tokenizer = backend._model, backend._tokenizer
        self.settings: Callable[[int], Any] = backend._greedy
        self.wall = self.cpu = 0.0
        self.tokens = 0

    def answer(self, prompt: str) -> str:
        """Generate greedily, without a streamer or a criterion."""
        text = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            add_generation_prompt=True,
            tokenize=False,
        )
        inputs = self.tokenizer(text, add_special_tokens=False, return_tensors="pt")
        inputs = inputs.to(self.model.device)
        ids = self.model.generate(
            **inputs, generation_config=self.settings(NEW_TOKENS)
        )[0, inputs["input_ids"].shape[1] :]
        self.tokens += len(ids)
        answer: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return answer

    def add(self, begin: tuple[float, float]) -> None:
        """Count the time since ``begin``, of the wall and of the processor."""
        self.wall += time.perf_counter() - begin[0]
        self.cpu += time.process_time() - begin[1]


def memory(_: str) -> dict[str, float]:
    """Weigh ten models one after the other in a session, and the largest alone.

    On the processor, whose memory is what is looked at.
    """
    many, alone = apart("--ten"), apart("--one")
    return {
        "alone MB": alone["last"],
        "tenth MB": many["last"],
        "largest of ten MB": many["largest"],
        "after closing MB": many["closed"],
        "ratio": many["largest"] / alone["last"],
    }


def weigh(count: int) -> dict[str, float]:
    """Load models in turn, float32 the last, and weigh the process with each."""
    shelf, clock, weights = BaseCache(), SystemClock(), []
    for number in reversed(range(count)):
        dtype = "bfloat16" if number % 2 else "float32"
        spec = replace(entry(MODEL), dtype=(("cpu", dtype),))
        deployment = Deployment(model=spec, device="cpu")
        backend = cast("Backend", open_model(deployment, clock, shelf).backend)
        request = Request(prompt="Hello", chat=True, max_new_tokens=4)
        backend.generate(request, Meter(clock))
        gc.collect()
        weights.append(resident_mb())
        backend.close()
    shelf.clear()
    return {"last": weights[-1], "largest": max(weights), "closed": resident_mb()}


def resident_mb() -> float:
    """Return what this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def apart(what: str) -> dict[str, float]:
    """Run something of this script in a process of its own."""
    done = subprocess.run(  # noqa: S603 - this script
        [sys.executable, __file__, what], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def entry(name: str) -> ModelSpec:
    """Return an entry of the built-in catalogue."""
    return load_models().find(name, where="this script")


def a_task() -> Task:
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
        max_new_tokens=NEW_TOKENS,
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


SECTIONS: dict[str, Callable[[str], dict[str, float]]] = {
    "single": single,
    "memory": memory,
}


# Not named gguf.py: the folder of a script comes first where Python looks for modules.
SCRIPTS = {"offline": "offline.py", "gguf": "gguf_stream.py"}
"""Sections that are scripts of their own, beside this one."""


def run_script(name: str, options: list[str]) -> None:
    """Run a section that is a script of its own, with options of its own."""
    path = Path(__file__).with_name(SCRIPTS[name])
    subprocess.run([sys.executable, str(path), *options], check=True)  # noqa: S603 - beside this one


def main(arguments: list[str]) -> None:
    """Print the figures of each section."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--device", default="cpu", help="of single")
    if arguments[:1] and arguments[0] in SCRIPTS:
        run_script(arguments[0], arguments[1:])
        return
    asked = parser.parse_args(arguments)
    if unknown := {*asked.sections} - {*SECTIONS, *SCRIPTS}:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    for name in asked.sections or [*SECTIONS, *SCRIPTS]:
        if name in SCRIPTS:
            run_script(name, [])
            continue
        found = SECTIONS[name](asked.device)
        told = ", ".join(f"{what} {value:.3f}" for what, value in found.items())
        missed = ", missed" if found["ratio"] > TARGETS[name] else ""
        where = asked.device if name == "single" else "cpu"
        print(
            f"{name} on {where}: {told} (target {TARGETS[name]:g}{missed})",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["--ten"]:
        print(json.dumps(weigh(MODELS)))
    elif sys.argv[1:] == ["--one"]:
        print(json.dumps(weigh(1)))
    else:
        main(sys.argv[1:])
