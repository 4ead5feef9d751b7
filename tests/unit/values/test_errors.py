"""Messages say what is wrong, where it came from and what to do."""

from __future__ import annotations

import pytest

from pytest_llmlat.values import errors
from pytest_llmlat.values.errors import (
    LLMLatError,
    MissingExtra,
    UnknownName,
    UsageError,
)

KNOWN = ("llama2-7b", "llama2-13b", "GPT2")


def unknown(name: str, known: tuple[str, ...] = KNOWN) -> str:
    """Return the message about one name."""
    return str(UnknownName("model", name, known, where="--llm", remedy="Add it."))


def test_unknown_name_offers_the_nearest() -> None:
    """A typo is answered with what was meant, the place and the remedy."""
    assert unknown("lama2-7b").startswith(
        "--llm: unknown model 'lama2-7b'; did you mean 'llama2-7b'"
    )
    assert unknown("lama2-7b").endswith("? Add it.")


def test_unknown_name_is_near_in_any_case() -> None:
    """Capitals do not hide the name that was meant, which keeps its own."""
    assert "did you mean 'GPT2'?" in unknown("gpt-2")


def test_unknown_name_without_a_near_one_lists_all() -> None:
    """Where nothing is near, the reader sees what there is, in order."""
    assert unknown("zzz") == (
        "--llm: unknown model 'zzz'; known: GPT2, llama2-13b, llama2-7b. Add it."
    )


def test_unknown_name_of_an_empty_catalogue() -> None:
    """Nothing known is said in words."""
    assert "known: none." in unknown("zzz", ())


def test_missing_extra_gives_the_pip_line() -> None:
    """The line can be pasted into a shell as it stands."""
    message = str(MissingExtra("gguf", "llama_cpp", wanted_by="model 'm'"))

    assert message == (
        "model 'm': needs 'llama_cpp', which is not installed;"
        " run: pip install 'pytest-llmlat[gguf]'"
    )


@pytest.mark.parametrize(
    "name",
    [
        "AdapterMismatch",
        "DeviceAbsent",
        "GenerationFailed",
        "MissingExtra",
        "SandboxUnavailable",
        "UsageError",
        "WeightsUnavailable",
    ],
)
def test_every_error_is_an_llmlat_error(name: str) -> None:
    """One ``except`` catches whatever the package raises on purpose."""
    assert issubclass(getattr(errors, name), LLMLatError)


@pytest.mark.parametrize("name", ["BadCatalogue", "UnknownName"])
def test_a_wrong_request_is_a_usage_error(name: str) -> None:
    """What the user wrote wrongly stops the session, as pytest's own errors do."""
    assert issubclass(getattr(errors, name), UsageError)


def test_only_requests_are_usage_errors() -> None:
    """A device or weights that are absent fail their item and not the session."""
    assert not issubclass(errors.DeviceAbsent, UsageError)
    assert not issubclass(errors.MissingExtra, UsageError)
