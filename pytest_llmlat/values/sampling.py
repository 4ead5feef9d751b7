"""How tokens are drawn: greedily, or from the model's distribution."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How each next token is chosen."""

    temperature: float = 0.0
    """What logits are divided by before tokens are drawn; 0 takes the likeliest."""
    top_p: float = 1.0
    """Nucleus sampling: the likeliest tokens that together have this probability are
    drawn from (Holtzman et al. 2020); 1 draws from all."""

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken, so that chance has no part."""
        return self.temperature == 0


GREEDY = Sampling()
