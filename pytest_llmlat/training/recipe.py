"""Recipes of training: all that decides which adapter comes out of a train split."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe: how a LoRA adapter is trained."""

    steps: int = 80
    seed: int = 0
    batch: int = 8
    """Rows in a step."""
    rank: int = 8
    alpha: int = 16
    """Scale of the adapter's product, which is multiplied by ``alpha / rank``."""
    learning_rate: float = 5e-4
    """Rate at its height: it rises for a tenth of the steps, then falls to zero."""
    targets: tuple[str, ...] = ()
    """Last names of the layers that are changed; empty for peft's choice, which is the
    query and value projections of each architecture."""
    dtype: str = "float32"
    """Type that the base computes in; the adapter is trained in float32."""

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        rising = max(1, self.steps // 10)
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        return self.learning_rate * (self.steps - step) / (self.steps - rising + 1)
