"""A badge: a figure of one model as a small picture (SVG) for a page of a project."""

from __future__ import annotations

from xml.sax.saxutils import escape

from pytest_llmlat.report.figures import printable

_LETTER, _PAD, _HEIGHT = 6.6, 7, 20
"""Width of a letter of 11 pixels' Verdana on average, space at each side, height."""
_MOST = 60
"""Letters of each part at most."""
COLOURS = {"good": "#1a7f37", "bad": "#cf222e", "plain": "#0a5fb4"}
"""Backgrounds on which white is read easily (contrast above 4.5), on light pages and
on dark ones. Only a verdict is good or bad: no figure is so by itself."""
_LABEL = "#3d444d"


def badge_svg(label: str, value: str, *, tone: str = "plain") -> str:
    """Return the picture.

    Args:
        label: what it is a figure of, such as the model.
        value: the figure with its name.
        tone: one of ``COLOURS``.
    """
    left, right = _clipped(label), _clipped(value)
    widths = [round(len(part) * _LETTER) + 2 * _PAD for part in (left, right)]
    whole = sum(widths)
    title = f"{left}: {right}"
    texts = "".join(
        f'<text x="{middle:g}" y="14" textLength="{width - 2 * _PAD}"'
        f' lengthAdjust="spacingAndGlyphs">{escape(part)}</text>'
        for part, middle, width in (
            (left, widths[0] / 2, widths[0]),
            (right, widths[0] + widths[1] / 2, widths[1]),
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{_HEIGHT}"'
        f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{whole}" height="{_HEIGHT}" rx="3" fill="{COLOURS[tone]}"/>'
        f'<path d="M3 0H{widths[0]}V{_HEIGHT}H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0"'
        f' fill="{_LABEL}"/>'
        '<g fill="#fff" text-anchor="middle" font-size="11"'
        f' font-family="Verdana,DejaVu Sans,sans-serif">{texts}</g></svg>\n'
    )


def _clipped(text: str) -> str:
    """Return a text in one line, which XML can hold, and not too long."""
    line = " ".join(printable(text).split()) or "-"
    line = "".join(c if c.isprintable() else "\ufffd" for c in line)
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"
