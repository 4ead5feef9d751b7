"""The scores that the last token of an answer was chosen by, looked at afterwards."""

from __future__ import annotations

from typing import Any

from pytest_llmlat.backends.number_check import no_numbers


class LastScores:
    """A logits processor that changes nothing and keeps the scores it saw last.

    It computes nothing while tokens are made. Scores that are no numbers make all that
    is read behind them none, so that the last tell of them all.
    """

    def __init__(self, torch: Any) -> None:  # noqa: ANN401 - loaded on use
        """Have seen none."""
        self._torch = torch
        self._last: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401, ARG002 - tensors, as generate calls it
        """Return (rows, vocabulary), the scores as they are."""
        self._last = scores
        return scores

    def seen(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what ``generate`` is told with this before all that changes scores."""
        others = given.get("logits_processor", ())
        return {**given, "logits_processor": [self, *others]}

    def check(self) -> None:
        """See that they are numbers.

        Raises:
            GenerationFailed: some are not.
        """
        if self._last is not None:
            _check(self._last)


def check_prompt(torch: Any, model: Any, ids: Any) -> None:  # noqa: ANN401 - loaded on use
    """See that what a model finds likely behind a prompt are numbers.

    Args:
        torch: the library.
        model: a loaded causal model.
        ids: of the prompt, shape (1, tokens).

    Raises:
        GenerationFailed: they are not.
    """
    with torch.inference_mode():
        _check(model(input_ids=ids, use_cache=False).logits[:, -1])


def _check(scores: Any) -> None:  # noqa: ANN401 - a tensor
    if bool((scores.isnan() | scores.isposinf()).any()):
        raise no_numbers("logits")
