"""Drawing tokens with a seed for each answer, alone or in a batch.

``generate`` draws the tokens of all rows from one stream of chance, so that an answer
would depend on who is in its batch. Here each row has a stream of its own: noise is
added to the scores so that the largest of them is drawn with just the probability that
the model gives it (the Gumbel-max trick, Gumbel 1954), and ``generate`` takes the
largest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.values.records import Request


def drawing(torch: Any, device: str, requests: Sequence[Request]) -> dict[str, Any]:  # noqa: ANN401 - loaded on use
    """Return what ``generate`` is told besides, so that it draws as requests say.

    Args:
        torch: the library.
        device: of the scores.
        requests: of the rows, in their order; all greedy or none of them.
    """
    if requests[0].sampling.greedy:
        return {}
    from transformers import LogitsProcessorList

    drawn = TokenDrawing(torch, device, requests)
    return {"logits_processor": LogitsProcessorList([drawn])}


class TokenDrawing:
    """A logits processor of transformers after which the largest score is a draw."""

    def __init__(self, torch: Any, device: str, requests: Sequence[Request]) -> None:  # noqa: ANN401 - loaded on use
        """Begin a stream of chance for each row."""
        self._torch = torch
        self._sources = [
            torch.Generator(device=device).manual_seed(request.seed)
            for request in requests
        ]

        def column(values: list[float]) -> Any:  # noqa: ANN401 - a tensor
            return torch.tensor(values, dtype=torch.float32, device=device)[:, None]

        self._temperatures = column([r.sampling.temperature for r in requests])
        top_ps = [request.sampling.top_p for request in requests]
        self._top_ps = column(top_ps) if min(top_ps) < 1 else None

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401, ARG002 - tensors, as generate calls it
        """Return (rows, vocabulary), the scores of the next tokens with noise."""
        torch = self._torch
        scaled = scores.float() / self._temperatures
        if self._top_ps is not None:
            scaled = self._nucleus(scaled)
        noise = torch.empty_like(scaled)
        for row, source in zip(noise, self._sources, strict=True):
            row.exponential_(generator=source)
        return scaled - noise.clamp_(min=torch.finfo(noise.dtype).tiny).log_()

    def _nucleus(self, scores: Any) -> Any:  # noqa: ANN401 - tensors
        """Leave only the likeliest tokens that together have probability top_p."""
        ordered, places = scores.sort(dim=-1, descending=True)
        chances = ordered.softmax(dim=-1)
        before = chances.cumsum(dim=-1) - chances
        # The likeliest has none before it, and stays however small top_p is.
        kept = ordered.masked_fill(before >= self._top_ps, float("-inf"))
        return self._torch.empty_like(scores).scatter_(-1, places, kept)
