"""How likely a transformers model finds given continuations."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.ranking import Likelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.token_pairs import TokenPair

_LAST = "logits_to_keep"
"""What a model is told by not to compute figures of positions that nobody reads."""


def likelihoods(
    torch: Any,  # noqa: ANN401 - loaded on use
    model: Any,  # noqa: ANN401 - loaded on use
    device: str,
    pairs: Sequence[TokenPair],
) -> list[Likelihood]:
    """Return the log-probability of each continuation, computed in float32.

    Each text is read whole and alone, with no cache. Continuations that differ in their
    last token alone, as options of one token do, are read once for all of them.

    Args:
        torch: the module.
        model: a loaded causal model.
        device: where its inputs go.
        pairs: prompts with their continuations.
    """
    base = getattr(model, "get_base_model", lambda: model)()
    spares = _LAST in signature(base.forward).parameters
    rows: dict[tuple[int, ...], Any] = {}
    found = []
    for pair in pairs:
        count = len(pair.continuation)
        if pair.read not in rows:
            ids = torch.tensor([pair.read], device=device)
            given = {_LAST: count} if spares else {}
            with torch.inference_mode():
                logits = model(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    use_cache=False,
                    **given,
                ).logits[0, -count:]
                rows[pair.read] = torch.log_softmax(logits.float(), dim=-1)
        table = rows[pair.read]
        wanted = torch.tensor(pair.continuation, device=table.device)[:, None]
        # To read a value waits for the device.
        logprob = float(table.gather(-1, wanted).sum())
        found.append(Likelihood(logprob=logprob, tokens=count))
    return found
