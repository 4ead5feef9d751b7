"""What must stand in no text: keys and passwords."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_llmlat.values.confidential import HIDDEN, without_keys
from pytest_llmlat.values.log_commands import without_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.confidential import Secret

_SHORTEST = 4
UNMISTAKABLE = 16
"""From so many characters on a text is no word that may stand there by chance."""
_ENDING = 100
"""Letters of the end of what is too long to be shown."""
_LONGEST = 300


class Secrets:
    """The secrets of one server, and how texts are freed of them."""

    def __init__(self, *secrets: Secret | None) -> None:
        """Guard ``secrets``, raw and as they are written in an address or in base64.

        Of ``Bearer KEY`` the key alone too.
        """
        whole = [secret.reveal() for secret in secrets if secret]
        parts = [*whole, *(text.split()[-1] for text in whole if text.split())]
        # What is shorter is a placeholder, such as the "x" that some servers want.
        told = {part for part in parts if len(part) >= _SHORTEST}
        told |= {form for secret in (*told, *whole) for form in _written(secret)}
        self._told = sorted(told, key=len, reverse=True)

    def __repr__(self) -> str:
        """Say how many, never which."""
        return f"<{len(self._told)} secrets>"

    def hide(self, text: str) -> str:
        """Return ``text`` with ``***`` for every secret."""
        for secret in self._told:
            text = text.replace(secret, HIDDEN)
        return text

    def hide_in_answer(self, text: str) -> str:
        """Do the same to an answer, but for words that a model might say itself.

        A key such as ``EMPTY``, which some servers want, may be the right answer.
        """
        for secret in self._told:
            if len(secret) >= UNMISTAKABLE:
                text = text.replace(secret, HIDDEN)
        return text

    def blacken(self, data: bytes | bytearray) -> bytes | bytearray:
        """Return what a server sent with ``*`` for every letter of a secret in it."""
        for secret in self._told:
            raw = secret.encode()
            if len(raw) >= UNMISTAKABLE and raw in data:
                data = data.replace(raw, b"*" * len(raw))
        return data

    def line(self, text: str) -> str:
        """Return ``text`` as one printable line without secrets or commands to logs."""
        shown = "".join(c if c.isprintable() else " " for c in self.hide(text))
        # A server may tell a key that it knows from the address, or of somebody else.
        told = without_keys(self.hide(" ".join(shown.split())))
        return without_commands(told)

    def brief(self, text: str) -> str:
        """Return what a server said as a short line without secrets.

        A long one loses its midst: a traceback says what went wrong at its end.
        """
        line = self.line(text)
        if len(line) <= _LONGEST:
            return line
        return f"{line[: _LONGEST - _ENDING - 3]} … {line[-_ENDING:]}"


def _written(secret: str) -> Iterator[str]:
    """Yield other forms of a secret that a server may tell it in."""
    if len(secret) < _SHORTEST:
        return
    yield quote(secret, safe="")
    raw = secret.encode()
    for encode in (b64encode, urlsafe_b64encode):
        for before in range(3):
            # Of three letters it makes four: ends that mix with what stands beside the
            # secret in the same text are left out.
            told = encode(bytes(before) + raw[: (len(raw) + before) // 3 * 3 - before])
            kept = told.decode()[(0, 2, 3)[before] :]
            if len(kept) >= UNMISTAKABLE:
                yield kept


def can_be_sent(value: Secret) -> bool:
    """Whether a secret can stand in a head: ASCII, on one line."""
    return value.reveal().isascii() and value.reveal().isprintable()
