"""Scores of tokens that are no numbers: whatever is chosen by them is no answer.

Weights that are damaged, or that overflow their type, give scores (logits) that are not
numbers. The largest of them is then the first token of the vocabulary, again and again:
an answer that looks like one, in the usual time.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import GenerationFailed

if TYPE_CHECKING:
    from collections.abc import Iterable


def no_numbers(what: str) -> GenerationFailed:
    """Return the error of an answer that was chosen by what is no number.

    Args:
        what: the model computed so, such as ``logits``.
    """
    return GenerationFailed(
        f"the model computes no numbers: its {what} are nan or infinite, and no token"
        " can be chosen by them; its weights are damaged, or too large for the type"
        " that they are computed in (for float16 take bfloat16 or float32)"
    )


def check_likelihoods(logprobs: Iterable[float]) -> None:
    """See that likelihoods are numbers; minus infinity is one.

    Raises:
        GenerationFailed: one is not.
    """
    if any(math.isnan(each) or each == math.inf for each in logprobs):
        raise no_numbers("likelihoods")
