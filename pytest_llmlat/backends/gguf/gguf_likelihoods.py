"""How likely llama.cpp finds given continuations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.number_check import no_numbers
from pytest_llmlat.values.ranking import Likelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmlat.backends.token_pairs import TokenPair


def likelihoods(llama: Any, pairs: Sequence[TokenPair]) -> list[Likelihood]:  # noqa: ANN401 - llama_cpp has no types
    """Return the log-probability of each continuation.

    The prompt is read once. Behind it a continuation is read token by token, since
    llama.cpp keeps the figures of the last position alone; then the model goes back to
    the prompt's end, or reads the prompt again where its memory cannot go back.

    Args:
        llama: a ``llama_cpp.Llama``.
        pairs: the prompt, which is the same in all of them, with its continuations.
    """
    prompt = list(pairs[0].prompt)
    _read_anew(llama, prompt)
    first = _logprobs(llama)
    found = []
    for pair in pairs:
        now, total = first, 0.0
        for place, token in enumerate(pair.continuation):
            if place:
                if place == 1:
                    _go_back(llama, prompt)
                llama.eval([pair.continuation[place - 1]])
                now = _logprobs(llama)
            total += float(now[token])
        found.append(Likelihood(logprob=total, tokens=len(pair.continuation)))
    return found


def _read_anew(llama: Any, prompt: list[int]) -> None:  # noqa: ANN401 - llama_cpp has no types
    """Read a prompt with nothing before it."""
    llama.reset()
    llama.eval(prompt)


def _go_back(llama: Any, prompt: list[int]) -> None:  # noqa: ANN401 - llama_cpp has no types
    """Forget what was read behind the prompt."""
    import llama_cpp

    if llama.n_tokens == len(prompt):
        return
    memory = llama_cpp.llama_get_memory(llama.ctx)
    if llama_cpp.llama_memory_seq_rm(memory, 0, len(prompt), -1):
        llama.n_tokens = len(prompt)
    else:
        _read_anew(llama, prompt)


def check_logits(llama: Any) -> None:  # noqa: ANN401 - llama_cpp has no types
    """See that what the last token was chosen by are numbers.

    One that is none makes all that is read behind it none, so that the last tell.

    Raises:
        GenerationFailed: they are not.
    """
    import numpy as np

    logits = _logits(llama)
    if np.isnan(logits).any() or np.isposinf(logits).any():
        raise no_numbers("logits")


def _logits(llama: Any) -> NDArray[np.float32]:  # noqa: ANN401 - llama_cpp has no types
    """Return the scores of what may come next; they are the library's own memory."""
    import llama_cpp
    import numpy as np

    raw = llama_cpp.llama_get_logits_ith(llama.ctx, -1)
    return np.ctypeslib.as_array(raw, shape=(llama.n_vocab(),))


def _logprobs(llama: Any) -> NDArray[np.float64]:  # noqa: ANN401 - llama_cpp has no types
    """Return the logarithms of the probabilities of what may come next."""
    import numpy as np

    logits = _logits(llama).astype(np.float64)
    logits -= logits.max()
    logprobs: NDArray[np.float64] = logits - np.log(np.exp(logits).sum())
    return logprobs
