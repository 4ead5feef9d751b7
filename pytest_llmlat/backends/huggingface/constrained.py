"""Holding the answers of transformers models to a schema or a grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.constraints import check_thoughts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.backends.token_masks import AllowedTokens
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.records import Request


class ConstraintProcessor:
    """A logits processor after which only tokens that fit can be chosen."""

    def __init__(self, torch: Any, rows: Sequence[AllowedTokens | None]) -> None:  # noqa: ANN401 - loaded on use
        """Stand before the first token of each row.

        Args:
            torch: the library.
            rows: what each row is held to, ``None`` for nothing.
        """
        self._torch = torch
        self._rows = rows
        self._begun = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401 - tensors, as generate calls it
        """Return (rows, vocabulary), the scores with only fitting tokens possible."""
        last = input_ids[:, -1].tolist()
        for number, row in enumerate(self._rows):
            if row is None:
                continue
            if self._begun:
                row.take(int(last[number]))
            mask = self._torch.from_numpy(row.allowed(scores.shape[1]))
            scores[number].masked_fill_(~mask.to(scores.device), float("-inf"))
        self._begun = True
        return scores


def held(
    torch: Any,  # noqa: ANN401 - loaded on use
    given: dict[str, Any],
    requests: Sequence[Request],
    begin: Callable[[Constraint], AllowedTokens],
) -> dict[str, Any]:
    """Add what holds answers to schemas to what ``generate`` is told.

    It comes before tokens are drawn: a nucleus is taken of what fits.

    Args:
        torch: the library.
        given: what it is told besides.
        requests: of the rows, in their order.
        begin: follows an answer from its first token on.

    Raises:
        Unsupported: a request has a budget of thoughts too.
    """
    if all(request.constraint is None for request in requests):
        return given
    from transformers import LogitsProcessorList

    for request in requests:
        check_thoughts(request)
    rows = [
        None if request.constraint is None else begin(request.constraint)
        for request in requests
    ]
    others = given.get("logits_processor", ())
    processor = ConstraintProcessor(torch, rows)
    return {**given, "logits_processor": LogitsProcessorList([processor, *others])}
