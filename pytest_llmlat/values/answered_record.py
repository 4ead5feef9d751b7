"""What a record says of a response, whoever grades it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Finish, Record, Response


def with_response(record: Record, response: Response) -> Record:
    """Return a record of what was asked with what came of it, ungraded.

    Args:
        record: what was asked.
        response: what came of it.
    """
    generation = response.generation
    failed: Finish = "timeout" if response.timed_out else "error"
    finish = failed if generation is None else generation.finish
    answered = generation is not None and finish != "context"
    answer = generation.text if generation is not None and answered else None
    how = generation.sampling if generation else None
    return replace(
        record,
        answer=answer,
        finish=finish,
        error=response.error,
        # A prompt that was turned away at once was not answered fast.
        timing=None if finish == "context" else response.timing,
        prompt_tokens=generation.prompt_tokens if generation else None,
        output_tokens=generation.output_tokens if generation else None,
        token_source=generation.token_source if generation else None,
        truncated=finish in ("length", "context"),
        refused=bool(generation and generation.refusal),
        empty=answer is not None and not answer.strip(),
        transport=response.transport,
        rendered=generation.rendered if generation else None,
        thoughts=generation.thoughts if generation else None,
        thought_tokens=generation.thought_tokens if generation else None,
        cut_in_thought=generation is not None and generation.cut_in_thought,
        temperature=how.temperature if how else None,
        top_p=how.top_p if how else None,
        seed=how.seed if how else None,
        cached_tokens=generation.cached_tokens if generation else None,
        steps=generation.steps if generation else (),
        draft=generation.draft if generation else None,
    )
