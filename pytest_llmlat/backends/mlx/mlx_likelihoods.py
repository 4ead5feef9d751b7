"""How likely an MLX model finds given continuations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.number_check import no_numbers
from pytest_llmlat.values.ranking import Likelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.token_pairs import TokenPair


def check_scores(mx: Any, scores: Any) -> None:  # noqa: ANN401 - loaded on use
    """See that what the last token was chosen by are numbers: else none before were.

    Args:
        mx: the library.
        scores: likelihoods of all tokens.

    Raises:
        GenerationFailed: they are not.
    """
    if mx.isnan(scores).any().item():
        raise no_numbers("logits")


def likelihoods(mx: Any, model: Any, pairs: Sequence[TokenPair]) -> list[Likelihood]:  # noqa: ANN401 - loaded on use
    """Return the log-probability of each continuation, computed in float32.

    Each text is read whole and alone, with no cache. Continuations that differ in their
    last token alone, as options of one token do, are read once for all of them.

    Args:
        mx: the module.
        model: a loaded model.
        pairs: prompts with their continuations.
    """
    rows: dict[tuple[int, ...], Any] = {}
    found = []
    for pair in pairs:
        count = len(pair.continuation)
        if pair.read not in rows:
            logits = model(mx.array([pair.read]))[0, -count:].astype(mx.float32)
            rows[pair.read] = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
        wanted = mx.array(pair.continuation)[:, None]
        # To read a value waits for the device.
        logprob = mx.take_along_axis(rows[pair.read], wanted, axis=-1).sum().item()
        found.append(Likelihood(logprob=float(logprob), tokens=count))
    return found
