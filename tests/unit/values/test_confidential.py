"""Passwords and keys in addresses and bodies are not shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.confidential import shown_address, shown_body

WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("http://me:pass@host:8000/v1#m", "http://host:8000/v1#m"),
        ("http://me:p%40ss@host/v1", "http://host/v1"),
        ("http://me:p@ss@host/v1", "http://host/v1"),
        ("https://host/v1?key=abc#m", "https://host/v1#m"),
        (
            "https://a.b/d?api-version=2024-10-21&key=x",
            "https://a.b/d?api-version=2024-10-21",
        ),
        ("two: http://a:b@c/v1 and ws://d:e@f", "two: http://c/v1 and ws://f"),
        ("gguf:/models/a@b?c.gguf", "gguf:/models/a@b?c.gguf"),
        ("https://host/@me/v1", "https://host/@me/v1"),
        ("https://host/sk-abcd1234efgh5678/v1", "https://host/***/v1"),
        ("no address", "no address"),
    ],
)
def test_addresses_are_shown_without_what_is_secret(given: str, shown: str) -> None:
    """And as they are otherwise, wherever they stand in a text."""
    assert shown_address(given) == shown


@given(WORD, WORD, WORD)
def test_no_password_and_no_key_is_left(user: str, password: str, key: str) -> None:
    """Whatever they are; what tells servers apart stays."""
    address = f"http://{user}:{password}@host.example:8000/v1?k={key}#name"

    assert shown_address(address) == "http://host.example:8000/v1#name"


def test_values_of_telling_names_are_hidden_at_any_depth() -> None:
    """What decides the answers stays: limits, templates, sampling."""
    body = {
        "api_key": "k1",
        "Authorization": "Bearer k2",
        "extra": [{"clientSecret": "k3", "url": "http://u:k4@h/p"}],
        "max_tokens": 5,
        "tokenizer": "t",
        "min_p": 0.05,
        "key": None,
    }

    found = shown_body(body)

    text = json.dumps(found)
    assert not any(secret in text for secret in ("k1", "k2", "k3", "k4"))
    assert found["max_tokens"] == 5
    assert found["tokenizer"] == "t"
    assert found["min_p"] == 0.05
    assert found["extra"] == [{"clientSecret": "***", "url": "http://h/p"}]
