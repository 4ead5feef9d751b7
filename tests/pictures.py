"""Draw the pictures of the explanations. By hand: ``python tests/pictures.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl  # noqa: TID253 - a script, and this is all that it is for
import matplotlib.pyplot as plt  # noqa: TID253
import numpy as np  # noqa: TID253

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
RIGHT, ASKED, RUNS, SEED = 0.6, 24, 20, 0
INK, FAINT, BLUE, ORANGE = "#333333", "#bbbbbb", "#1565c0", "#d84315"


def balance() -> None:
    """Draw what is worth the same, and the two models of the page."""
    axis = np.linspace(0.001, 1, 300)
    quality, speed = np.meshgrid(axis, axis)
    figure, axes = plt.subplots(figsize=(5.6, 4.6))
    levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    curves = axes.contour(
        quality,
        speed,
        np.sqrt(quality * speed),
        levels=levels,
        colors=FAINT,
    )
    # On the diagonal, where no edge cuts a label.
    axes.clabel(
        curves,
        fmt="%.1f",
        colors=INK,
        fontsize=8,
        manual=[(level, level) for level in levels],
    )
    for name, x, y in (
        ("gemma3-270m: 0.547", 0.333, 0.896),
        ("smollm2-135m: 0", 0, 0.83),
    ):
        axes.plot(x, y, "o", color=BLUE, clip_on=False)
        axes.annotate(name, (x, y), (8, -14), textcoords="offset points", color=BLUE)
    axes.set(xlabel="quality above chance", ylabel="speed", xlim=(0, 1), ylim=(0, 1))
    axes.set_aspect("equal")
    figure.savefig(FOLDER / "balance.svg", bbox_inches="tight", metadata={"Date": None})


def intervals() -> None:
    """Draw twenty runs of one model, each asked other questions."""
    random = np.random.default_rng(SEED)
    figure, axes = plt.subplots(figsize=(6.4, 3.6))
    axes.axvline(RIGHT, color=INK, linewidth=1)
    for row, right in enumerate(random.binomial(ASKED, RIGHT, RUNS)):
        centre, half = wilson(right / ASKED)
        misses = abs(centre - RIGHT) > half
        axes.plot(
            [centre - half, centre + half],
            [row, row],
            color=ORANGE if misses else BLUE,
            linewidth=2.4,
        )
        axes.plot(right / ASKED, row, "o", color=ORANGE if misses else BLUE)
    axes.set(xlim=(0, 1), yticks=[], xlabel="share of right answers in 24 questions")
    axes.text(RIGHT, RUNS, "the truth", color=INK, ha="center")
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(
        FOLDER / "intervals.svg", bbox_inches="tight", metadata={"Date": None}
    )


def wilson(share: float) -> tuple[float, float]:
    """Return the middle and half the width of Wilson's 95 % interval."""
    z2 = 1.96**2
    width = 1 + z2 / ASKED
    half = 1.96 * np.sqrt(share * (1 - share) / ASKED + z2 / (4 * ASKED**2)) / width
    return (share + z2 / (2 * ASKED)) / width, half


if __name__ == "__main__":
    mpl.rcParams.update({"svg.hashsalt": "llmlat", "svg.fonttype": "path"})
    mpl.rcParams["savefig.facecolor"] = "white"
    balance()
    intervals()
