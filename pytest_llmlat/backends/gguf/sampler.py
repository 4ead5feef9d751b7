"""How llama.cpp is told to choose tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.sampling import Sampling


def sampler(sampling: Sampling) -> dict[str, float]:
    """Return how llama.cpp is to choose tokens; nothing is left to its defaults.

    It takes the nucleus of ``top_p`` first and divides by the temperature then.
    """
    if sampling.greedy:
        return {"temp": 0.0, "top_k": 1}
    return {
        "temp": sampling.temperature,
        "top_p": sampling.top_p,
        # Each of these would leave tokens out, and is off so.
        "top_k": 0,
        "min_p": 0.0,
        "typical_p": 1.0,
    }
