"""Many requests answered together by one transformers model.

``padded``      rows of a batch, filled up on the left; all go step by step together
``continuous``  transformers' own queue: who has ended makes room for the next one

Continuous batching is for CUDA, where its kernels are; on a CPU padded batches are
faster. It ends at no string and has one bound for all answers, so requests that need
more than that are padded there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.batch_rows import Stepper, rows_of
from pytest_llmlat.backends.huggingface.constrained import held
from pytest_llmlat.backends.huggingface.entry_options import BATCHING
from pytest_llmlat.backends.huggingface.last_scores import LastScores, check_prompt
from pytest_llmlat.backends.huggingface.thought_ending import watched
from pytest_llmlat.backends.huggingface.token_sampling import drawing
from pytest_llmlat.backends.huggingface.torch_memory import (
    cache_bytes,
    free_bytes,
    within_memory,
)
from pytest_llmlat.values.errors import OutOfMemory, Unsupported
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.huggingface.batch_rows import BatchRow, Engine
    from pytest_llmlat.values.protocols import Batches
    from pytest_llmlat.values.records import Generation, Request
    from pytest_llmlat.values.token_meter import Meter

_MOST_CONTINUOUS = 256
_SHARE = 0.5
"""How much of the free memory the caches of all rows may take: the rest is for what
a forward pass needs, and nobody knows how much that is."""
_PREPARED_TOKENS = 2


def batches_of(
    engine: Engine, requests: Sequence[Request], kind: str | None
) -> Batches:
    """Return how to answer these requests together.

    Args:
        engine: the model.
        requests: all that there will be.
        kind: ``padded`` or ``continuous``; ``None`` for the better one.

    Raises:
        Unsupported: there is no such kind, or it cannot answer these requests.
    """
    if kind is not None and kind not in BATCHING.choices:
        raise Unsupported(f"option batching = {kind!r}: must be {BATCHING.wanted}")
    hindrance = _hindrance(engine, requests) if kind != "padded" else None
    if kind == "continuous" and hindrance:
        raise Unsupported(
            f"option batching = 'continuous': {hindrance}; write 'padded', or leave it"
            " out for what suits each task"
        )
    suited = engine.device.kind == "cuda" and not hindrance
    if kind == "continuous" or (kind is None and suited):
        return Continuous(engine, requests)
    return Padded(engine)


def _hindrance(engine: Engine, requests: Sequence[Request]) -> str | None:
    """Say why continuous batching cannot answer these requests, if it cannot."""
    if not hasattr(engine.model, "generate_batch"):
        return "this model or this version of transformers has no such thing"
    if any(request.thinking_tokens is not None for request in requests):
        return "it does not end thoughts at a budget (thinking_tokens)"
    if any(request.constraint is not None for request in requests):
        return "it does not hold answers to a schema or a grammar"
    if any(request.stop for request in requests):
        return "it does not end at the stop strings of this task"
    return _unlike(engine, requests)


def _unlike(engine: Engine, requests: Sequence[Request]) -> str | None:
    """Say in what these requests differ too much for one queue."""
    if not all(request.sampling.greedy for request in requests):
        return (
            "it draws the tokens of all answers with one seed, and these have several"
        )
    bounds = {request.most_tokens for request in requests}
    if len(bounds) > 1:
        return "it has one bound for all answers, and these have several"
    longest = max(requests, key=lambda request: len(request.prompt))
    if _tokens(engine, longest) + max(bounds) > engine.context:
        return "some prompts leave no room in the context for a whole answer"
    return None


def _tokens(engine: Engine, request: Request) -> int:
    return int(engine.encode(request).ids.shape[1])


class Padded:
    """Batches filled up on the left to the length of the longest prompt.

    The mask hides what they are filled with, and positions are counted without it.
    """

    kind = "padded"
    own_queue = False

    def __init__(self, engine: Engine) -> None:
        """Take no memory yet."""
        self._engine = engine

    def first_size(self, requests: Sequence[Request]) -> int:
        """Return how many rows should fit, by the size of their caches."""
        engine = self._engine
        most = engine.device.most_rows
        longest = max(requests, key=lambda request: len(request.prompt))
        free = free_bytes(engine.device)
        a_token = cache_bytes(engine.model)
        if free is None or a_token is None:
            return most
        tokens = min(_tokens(engine, longest) + longest.most_tokens, engine.context)
        return max(1, min(most, int(_SHARE * free / (tokens * a_token))))

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Answer a few of them with two tokens, so that kernels are chosen."""
        engine = self._engine
        encoded = [engine.encode(request).ids for request in requests[:size]]
        fitting = [ids for ids in encoded if ids.shape[1] < engine.context]
        if fitting:
            room = engine.context - max(int(ids.shape[1]) for ids in fitting)
            most = min(_PREPARED_TOKENS, room)
            within_memory(
                engine.device,
                f"{size} at once",
                lambda: self._run(fitting, most),
            )

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Answer one batch."""
        engine = self._engine
        rows = rows_of(requests, meters, engine)
        left = [row for row in rows if not row.done]
        while left:
            # A row goes on silently until the last one ends. One without room for
            # that would run out of positions, so it comes after the others.
            most = max(row.span for row in left)
            self._answer([row for row in left if row.room >= most], most, size)
            left = [row for row in left if row.room < most]
        return [row.generation() for row in rows]

    def close(self) -> None:
        """Nothing is kept between batches."""

    def _answer(self, rows: Sequence[BatchRow], most: int, size: int) -> None:
        """Stamp the tokens of rows that all have room for ``most``."""
        engine = self._engine
        chance = drawing(
            engine.torch, engine.device.name, [row.request for row in rows]
        )
        asked = [row.request for row in rows]
        scores = LastScores(engine.torch)
        told = held(engine.torch, chance, asked, engine.begin)
        told = scores.seen(watched(told, rows, engine.tokens_of))
        told["stopping_criteria"] = [Stepper(engine.torch, engine.device, rows)]
        within_memory(
            engine.device,
            f"{size} at once",
            lambda: self._run([row.ids for row in rows], most, **told),
        )
        scores.check()

    def _run(self, rows: Sequence[Any], most: int, **told: object) -> None:
        """Generate at most ``most`` tokens after each row of ids.

        Args:
            rows: ids of the prompts.
            most: tokens.
            told: handed on to ``generate``.
        """
        engine = self._engine
        settings = engine.greedy(most)
        width = max(int(ids.shape[1]) for ids in rows)
        pad = engine.torch.nn.functional.pad
        gaps = [(width - int(ids.shape[1]), 0) for ids in rows]
        engine.model.generate(
            input_ids=engine.torch.cat(
                [
                    pad(ids, gap, value=settings.pad_token_id)
                    for ids, gap in zip(rows, gaps, strict=True)
                ]
            ),
            attention_mask=engine.torch.cat(
                [
                    pad(engine.torch.ones_like(ids), gap, value=0)
                    for ids, gap in zip(rows, gaps, strict=True)
                ]
            ),
            generation_config=settings,
            **{"stopping_criteria": [], **told},
        )


class Continuous:
    """transformers' continuous batching: one call, and its own thread sees to the rest.

    The library stamps a token when its id is known to the host, by the clock that we
    read too. Its text is made from it afterwards, some microseconds a token: the sum
    is in the window, no part of it in a latency.
    """

    kind = "continuous"
    own_queue = True

    def __init__(self, engine: Engine, requests: Sequence[Request]) -> None:
        """Take no memory yet; ``requests`` are all that there will be."""
        self._engine = engine
        self._requests = requests

    def first_size(self, requests: Sequence[Request]) -> int:
        """Return how many to have under way; what fits, the library knows itself."""
        return min(len(requests), _MOST_CONTINUOUS)

    def prepare(self, requests: Sequence[Request], size: int) -> None:
        """Reserve memory for so many under way, capture graphs, and warm it up."""
        self.close()
        few = [self._engine.encode(request).ids for request in requests[:size]]
        within_memory(
            self._engine.device,
            f"{size} at once",
            lambda: self._warm_up(few, size),
        )
        # Its answers come without scores, so that a model of no numbers shows here.
        check_prompt(self._engine.torch, self._engine.model, few[0])

    def generate(
        self, requests: Sequence[Request], meters: Sequence[Meter], size: int
    ) -> list[Generation]:
        """Hand all requests over and wait for the last one."""
        engine = self._engine
        rows = rows_of(requests, meters, engine)
        most = requests[0].max_new_tokens
        outputs = within_memory(
            engine.device,
            f"{size} at once",
            lambda: self._run([row.ids for row in rows], most, size),
        )
        for row, output in zip(rows, outputs, strict=True):
            stamps = output.timestamps or ()
            if len(stamps) < len(output.generated_tokens):
                # It was thrown out for want of memory and begun anew, without stamps.
                raise OutOfMemory(f"continuous batching: no cache for {size} at once")
            for token, at_s in zip(output.generated_tokens, stamps, strict=False):
                row.take(int(token), at_ns=round(at_s * NS_PER_S))
        return [row.generation() for row in rows]

    def close(self) -> None:
        """End the library's thread and give back what it reserved."""
        self._engine.model.destroy_cached_continuous_batching_manager()
        free_memory()
        self._engine.device.release()

    def _warm_up(self, few: Sequence[Any], size: int) -> None:
        from transformers.generation.continuous_batching.utils import WorkloadHints

        engine = self._engine
        most = max(request.max_new_tokens for request in self._requests)
        longest = max(self._requests, key=lambda request: len(request.prompt))
        # Made for the whole load, so that what is measured does not make it again.
        with engine.model.continuous_batching_context_manager(
            generation_config=engine.greedy(most),
            continuous_batching_config=self._config(size),
            persistent_manager=True,
            workload_hints=WorkloadHints(
                max_prompt_length=_tokens(engine, longest),
                max_generated_length=most,
                num_requests=len(self._requests),
            ),
        ):
            pass
        self._run(few, _PREPARED_TOKENS, size)

    def _run(self, rows: Sequence[Any], most: int, size: int) -> list[Any]:
        """Return what came of each row; any that failed is the failure of all."""
        engine = self._engine
        found = engine.model.generate_batch(
            inputs=[ids[0].tolist() for ids in rows],
            generation_config=engine.greedy(most),
            continuous_batching_config=self._config(size),
            record_timestamps=True,
            persistent_manager=True,
            max_new_tokens=most,
        )
        outputs = list(found.values())
        told = next((str(o.error) for o in outputs if o.error), None)
        if told is not None or len(outputs) < len(rows):
            raise RuntimeError(
                f"continuous batching: {len(outputs)} of {len(rows)} answers came:"
                f" {told or 'its thread ended, and the log says why'}"
            )
        return outputs

    def _config(self, size: int) -> Any:  # noqa: ANN401 - loaded on use
        from transformers import ContinuousBatchingConfig

        # Shared blocks would let a prompt be shortened by another one's beginning.
        return ContinuousBatchingConfig(
            max_requests_per_batch=size, allow_block_sharing=False
        )
