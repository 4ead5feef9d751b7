"""Headers that a user's entry adds to every request, with values that are secret.

A value may name environment variables, ``${NAME}``; what they hold stands in no file,
record or message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.backends.transport.secrets import UNMISTAKABLE, can_be_sent
from pytest_llmlat.values.confidential import Secret, Variables, as_secret, shown_header
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
    value: Secret
    secret: bool
    """Its value comes from the environment, or its name says that it is a key."""

    @property
    def shown(self) -> str:
        """The header as it may stand in a report."""
        return f"{self.name}: {self.value if self.secret else self.value.reveal()}"


def own_headers(
    pairs: Sequence[tuple[str, Secret | str]], environ: Mapping[str, str], *, where: str
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
    variables = Variables(environ)
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
        found[lower] = _header(name, as_secret(text), variables, place=place)
    return tuple(found.values())


def _header(name: str, text: Secret, variables: Variables, *, place: str) -> OwnHeader:
    """Return a header with the values of its variables."""
    named = _VARIABLE.findall(text.reveal())
    for variable in named:
        if not variables.get(variable, "").strip():
            raise ServerUnavailable(
                f"{place}: wants the environment variable {variable}, which is"
                f" not set; run: export {variable}=..."
            )
    value = _with_values(text, variables)
    if not can_be_sent(value):
        raise ServerUnavailable(
            f"{place}: holds a line break or a character that cannot be sent"
        )
    secret = bool(named or _KEYS.search(name) or _is_telling(name, value))
    if secret and not named and len(value.reveal()) >= UNMISTAKABLE:
        raise ServerUnavailable(
            f"{place}: a key is not to stand in a file: put it into an environment"
            f' variable and write {name} = "${{VARIABLE}}"'
        )
    return OwnHeader(name=name, value=value, secret=secret)


def _with_values(text: Secret, variables: Variables) -> Secret:
    given = text.reveal()
    return Secret(_VARIABLE.sub(lambda told: variables[told[1]].strip(), given).strip())


def _is_telling(name: str, value: Secret) -> bool:
    """Whether a value looks like a key, whatever the header is called."""
    return shown_header(name, value.reveal()) != value.reveal()
