"""The token for Hugging Face, found where huggingface_hub keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.values.confidential import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token and where it was found."""

    value: Secret
    source: str


def find_token(
    environ: Mapping[str, str], *, variable: str | None = None
) -> Token | None:
    """Return the token, ``None`` if there is none.

    Args:
        environ: the environment.
        variable: the only one to look at, where a model's entry names one.
    """
    for name in (variable,) if variable else VARIABLES:
        if value := environ.get(name, "").strip():
            return Token(value=Secret(value), source=f"variable {name}")
    if variable:
        return None
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{cache}/huggingface"
    try:
        path = Path(environ.get("HF_TOKEN_PATH") or f"{home}/token").expanduser()
    except RuntimeError:  # neither HOME nor an entry in the table of users
        return None
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, ValueError):
        return None
    return Token(value=Secret(value), source=f"file {path}") if value else None
