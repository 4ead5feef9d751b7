"""A secret is hidden in every form in which a server may tell it."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.values.confidential import Secret

KEY = "k9?/~x+Long&Key#of~ours"
HEAD = f"Bearer {KEY}"


@pytest.mark.parametrize(
    "told",
    [
        KEY,
        quote(KEY, safe=""),
        b64encode(HEAD.encode()).decode(),
        b64encode(KEY.encode()).decode(),
        urlsafe_b64encode(KEY.encode()).decode(),
        urlsafe_b64encode(KEY.encode()).decode().rstrip("="),
    ],
)
def test_no_form_of_a_key_is_told(told: str) -> None:
    """But for the last two letters, which base64 mixes with what follows them."""
    pieces = {told[at : at + 6] for at in range(len(told) - 5)}
    for secret in (HEAD, KEY):
        line = Secrets(Secret(secret)).line(f"refused: {told}.")

        left = line.partition("***")
        assert left[1]
        assert not any(piece in left[2] for piece in pieces)


def test_other_base64_stays() -> None:
    """A short key is no reason to blacken what merely looks like it."""
    assert Secrets(Secret("abcd")).line("YWJjZA==") == "YWJjZA=="


def test_a_key_of_somebody_else_is_hidden() -> None:
    """Such as one in the path of an address, which the server repeats."""
    line = Secrets().line("GET /sk-abcd1234efgh5678/v1: Basic authentication needed")

    assert line == "GET /***/v1: Basic authentication needed"
