"""Headers that a user's entry adds to every request, with values that are secret.

A value may name environment variables, ``${NAME}``; what they hold stands in no file,
record or message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlat.backends.transport.secrets import UNMISTAKABLE
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OURS = (
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "proxy-authorization",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
)
"""What the framing of a request, or the reading of its answer, rests on."""
_KEYS = re.compile(r"auth|key|token|secret|passw|cookie|credential", re.IGNORECASE)
"""What a header is called whose value lets somebody in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHeader:
    """A header as it is sent."""

    name: str
    value: str = field(repr=False)
    secret: bool
    """Its value comes from the environment, or its name says that it is a key."""

    @property
    def shown(self) -> str:
        """The header as it may stand in a report."""
        return f"{self.name}: {'***' if self.secret else self.value}"


def own_headers(
    pairs: Sequence[tuple[str, str]], environ: Mapping[str, str], *, where: str
) -> tuple[OwnHeader, ...]:
    """Return the headers of an entry with the values of its variables.

    Args:
        pairs: names and values, in which ``${NAME}`` stands for a variable.
        environ: the variables.
        where: the entry, for the complaint, which never shows a value.

    Raises:
        ServerUnavailable: a name or a value that no header can have, a header that is
            not to be set, a key in the file, or a variable that is not set.
    """
    found: dict[str, OwnHeader] = {}
    for name, text in pairs:
        place = f"{where}: header {name!r}"
        lower = name.lower()
        if not _NAME.fullmatch(name):
            raise ServerUnavailable(f"{place}: no header can have this name")
        if lower in _OURS:
            raise ServerUnavailable(
                f"{place}: this header is set for each request and cannot be another"
            )
        if lower in found:
            raise ServerUnavailable(f"{place}: stands there twice")
        for variable in _VARIABLE.findall(text):
            if not environ.get(variable, "").strip():
                raise ServerUnavailable(
                    f"{place}: wants the environment variable {variable}, which is"
                    f" not set; run: export {variable}=..."
                )
        value = _VARIABLE.sub(lambda name: environ[name[1]].strip(), text).strip()
        if not (value.isascii() and value.isprintable()):
            raise ServerUnavailable(
                f"{place}: holds a line break or a character that cannot be sent"
            )
        secret = bool(_VARIABLE.search(text) or _KEYS.search(name))
        if secret and len(value) >= UNMISTAKABLE and not _VARIABLE.search(text):
            raise ServerUnavailable(
                f"{place}: a key is not to stand in a file: put it into an environment"
                f' variable and write {name} = "${{VARIABLE}}"'
            )
        found[lower] = OwnHeader(name=name, value=value, secret=secret)
    return tuple(found.values())
