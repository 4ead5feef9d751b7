"""Passwords and keys in addresses and bodies are not shown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.confidential import (
    hidden_in,
    shown_address,
    shown_body,
    shown_entry,
    shown_text,
)

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


def test_what_is_hidden_of_a_body_is_known() -> None:
    """So that it can be looked for in what a server repeats."""
    body = {
        "api_key": "k1",
        "auth": {"value": ["k2", 12345, None]},
        "list": [{"url": "http://u:k3@h/p?api-version=1&x=k4"}, "token=k5"],
        "max_tokens": 5,
        "note": "k6",
    }

    assert {*hidden_in(body)} == {"k1", "k2", "12345", "k3", "k4", "k5"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"api_key":"k1"', '{"api_key":"***"'),
        ('no: {"auth" : "a\\"b", "n": "k"', 'no: {"auth" : "***", "n": "k"'),
        ('{"max_tokens": "5"', '{"max_tokens": "5"'),
    ],
)
def test_json_that_is_cut_off_shows_no_key(text: str, shown: str) -> None:
    """A piece of it is no JSON any more."""
    assert shown_text(text) == shown


def test_an_entry_of_an_engine_is_shown_without_its_keys() -> None:
    """Neither in its command nor in its variables; what is no key stays."""
    entry = {
        "command": "serve --port {port} --api-key k1 --url http://u:k2@h/ --n 2",
        "options": {
            "args": "--token k3 --x 1",
            "program": "serve --secret=k4",
            "env": {"HF_TOKEN": "k5", "MODE": "fast", "N": 2, "A_KEY": "${A_KEY}"},
            "retries": 0,
        },
    }

    found = shown_entry(entry)

    assert found == {
        "command": "serve --port '{port}' --api-key '***' --url http://h/ --n 2",
        "options": {
            "args": "--token '***' --x 1",
            "program": "serve '--secret=***'",
            "env": {"N": 2, "HF_TOKEN": "***", "MODE": "fast", "A_KEY": "${A_KEY}"},
            "retries": 0,
        },
    }
    assert shown_entry({"command": "serve --x 'open"}) == {"command": "***"}
    listed = {"options": {"args": ["--api-key", "k1"]}}
    assert shown_entry(listed) == {"options": {"args": ["--api-key", "***"]}}
