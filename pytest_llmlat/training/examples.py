"""Examples to learn from: questions as a benchmark asks them, with right answers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.backends.huggingface.lora_training import IGNORED
from pytest_llmlat.tasks.prompts import request_for, right_answer
from pytest_llmlat.tasks.shots import draw_shots
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.training.recipe import Recipe
    from pytest_llmlat.values.entities import ModelSpec, Sample, Task
    from pytest_llmlat.values.records import Request

_GROUP = 4
"""Batches that are drawn at a time and sorted by length."""


class TokenWriter(Protocol):
    """Whoever makes tokens of texts: the tokenizer and the chat template of a base."""

    @property
    def chat(self) -> bool:
        """Whether the base chats."""
        ...

    @property
    def end(self) -> int:
        """Token that ends an answer, and fills short rows up."""
        ...

    @property
    def context(self) -> int:
        """Most tokens of a question and its answer together."""
        ...

    def asked(self, request: Request) -> Sequence[int]:
        """Return the tokens of a prompt, as a benchmark's are."""
        ...

    def said(self, text: str) -> Sequence[int]:
        """Return the tokens of a text that follows another."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question and its right answer, as token numbers."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    """Tokens of the answer and of what ends it, so that the model learns to stop."""

    def length(self) -> int:
        """Return the number of tokens."""
        return len(self.prompt) + len(self.answer)


def example(
    writer: TokenWriter,
    task: Task,
    row: Sample,
    *,
    answer: str,
    shots: Sequence[Sample] = (),
    model: ModelSpec | None = None,
) -> Example:
    """Ask about a row as a benchmark does, and answer as is right.

    Args:
        writer: of the base.
        task: how it asks.
        row: of its train split.
        answer: template of what is to be learnt.
        shots: examples before the question.
        model: entry of the base, whose system prompt comes before the task's.
    """
    chat = writer.chat and task.chat is not False
    request = request_for(task, row, chat=chat, seed=0, shots=shots, model=model)
    right = right_answer(task, row, answer)
    if chat:
        said, end = right.strip(), [writer.end]
    else:
        joined = right[:1].isspace() or request.prompt[-1:].isspace()
        said = right if joined else f" {right}"
        said += request.stop[0] if request.stop else ""
        end = [] if request.stop else [writer.end]
    return Example(
        prompt=tuple(writer.asked(request)), answer=(*writer.said(said), *end)
    )


def examples_of(
    writer: TokenWriter,
    task: Task,
    rows: Sequence[Sample],
    *,
    answer: str,
    pool: Sequence[Sample] = (),
    seed: int,
    model: ModelSpec | None = None,
) -> tuple[Example, ...]:
    """Return the examples of all rows that fit into the context.

    Args:
        writer: of the base.
        task: how it asks.
        rows: of its train split.
        answer: template of what is to be learnt.
        pool: rows that examples before a question are drawn from.
        seed: of that draw.
        model: entry of the base.

    Raises:
        UsageError: none fits.
    """
    made = [
        example(
            writer,
            task,
            row,
            answer=answer,
            shots=draw_shots(task, pool, row, seed=seed),
            model=model,
        )
        for row in rows
    ]
    kept = tuple(one for one in made if one.length() <= writer.context)
    if not kept:
        shortest = min(one.length() for one in made)
        raise UsageError(
            f"task {task.name!r}: the shortest row to train on takes {shortest} tokens,"
            f" and the base has room for {writer.context}: take another base"
        )
    return kept


def batches(examples: Sequence[Example], recipe: Recipe) -> Iterator[list[Example]]:
    """Yield each step's examples: all of them in some order, then all in another.

    A batch is as wide as its longest text, so texts of like length share one.
    """
    # No secret hangs on it, and the same seed must give the same order.
    draw = random.Random(recipe.seed)  # noqa: S311
    waiting: list[list[Example]] = []
    drawn: list[Example] = []
    for _ in range(recipe.steps):
        if not waiting:
            while len(drawn) < _GROUP * recipe.batch:
                drawn += draw.sample(examples, len(examples))
            group = sorted(drawn[: _GROUP * recipe.batch], key=Example.length)
            del drawn[: _GROUP * recipe.batch]
            starts = range(0, len(group), recipe.batch)
            waiting = [group[start : start + recipe.batch] for start in starts]
            draw.shuffle(waiting)
        yield waiting.pop()


def padded(chosen: Sequence[Example], pad: int) -> Mapping[str, list[list[int]]]:
    """Return a batch, padded on the left, so that the answers end together.

    ``labels`` are those of the last columns alone; ``position_ids`` count from the
    first token of each text, as they do where it stands by itself.
    """
    width = max(one.length() for one in chosen)
    last = max(len(one.answer) for one in chosen)
    batch: dict[str, list[list[int]]] = {
        "input_ids": [],
        "attention_mask": [],
        "position_ids": [],
        "labels": [],
    }
    for one in chosen:
        empty = width - one.length()
        batch["input_ids"].append([pad] * empty + [*one.prompt, *one.answer])
        batch["attention_mask"].append([0] * empty + [1] * one.length())
        batch["position_ids"].append([0] * empty + [*range(one.length())])
        unasked = last - len(one.answer)
        batch["labels"].append([IGNORED] * unasked + [*one.answer])
    return batch
