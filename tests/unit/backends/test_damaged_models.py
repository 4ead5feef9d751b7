"""However a catalogue of models is damaged, a sentence says where, and tells no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.session.entry_check import check_entry
from pytest_llmlat.values.errors import LLMLatError
from tests.unit.mutations import damaged, damaged_toml, sources, torn

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "Zq7Wv9Kp3Tn8Bx"  # noqa: S105 - made up
WHOLE: dict[str, Any] = {
    "models": {
        "a": {
            "backend": "http",
            "url": f"http://me:{PASSWORD}@h:8000/v1?api-version=1",
            "devices": ["endpoint"],
            "headers": {"X-Gate": "${KEY}"},
            "chat": True,
            "system": "be kind",
            "options": {"extra_body": '{"a": 1}', "timeout_s": 3.5, "retries": 2},
        },
        "b": {"extends": "a", "chat_template_kwargs": {"enable_thinking": False}},
        "c": {
            "backend": "transformers",
            "weights": "org/name",
            "revision": "0123456789abcdef0123456789abcdef01234567",
            "dtype": {"cpu": "float32"},
            "adapter": "./x",
        },
    }
}


@pytest.mark.slow
def test_damaged_entries_of_models_are_read_or_refused(tmp_path: Path) -> None:
    """Neither the sentence nor what an entry says of itself shows the password."""
    path = tmp_path / "models.toml"
    for source in sources():
        if source.random() < 0.6:
            text = damaged_toml(damaged(WHOLE, source))
        else:
            text = torn(damaged_toml(WHOLE), source)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        told = []
        try:
            for entry in load_models([path]).entries.values():
                if entry.name in WHOLE["models"]:
                    told.append(repr(entry))
                    check_entry(entry)
        except LLMLatError as error:
            told.append(str(error))
        except Exception as error:
            error.add_note(text[:3000])
            raise
        if f"me:{PASSWORD}@h" in text:
            assert not any(PASSWORD in each for each in told)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"a = {'[' * 5000}{']' * 5000}", "nested too deeply"),
        (f"a{'.a' * 5000} = 1", "nested too deeply"),
        (f"[models.a]\nx = {10**400}", "the integer of 'x' has more than 64 bits"),
        (f"[models.a]\nx = {'9' * 5001}", "4300 digits"),
    ],
)
def test_toml_that_is_too_deep_or_too_large_is_refused(
    text: str, told: str, tmp_path: Path
) -> None:
    """With the file, and without the parser's frames, which hold the text."""
    path = tmp_path / "models.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(
        LLMLatError, match=rf"models\.toml: not valid TOML: .*{told}"
    ) as c:
        load_models([path])

    assert c.value.__context__ is None
