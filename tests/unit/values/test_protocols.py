"""Every backend has what the room above asks of it."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from pytest_llmlat.backends.backend_kind import BACKENDS as TABLE
from pytest_llmlat.values.protocols import Backend, Constraining

BACKENDS = {
    "gguf.model": "GGUF",
    "mlx.model": "MLX",
    "scripted": "Scripted",
    "huggingface.model": "HuggingFace",
}
METHODS = ("generate", "reset_device_peak", "device_peak_bytes", "close")


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_backend_has_the_methods_of_the_protocol(kind: str, method: str) -> None:
    """The parameters are named alike, so that any backend can stand in."""
    home = import_module(f"pytest_llmlat.backends.{kind}")
    own = inspect.signature(getattr(getattr(home, BACKENDS[kind]), method))

    assert list(own.parameters) == list(
        inspect.signature(getattr(Backend, method)).parameters
    )


@pytest.mark.parametrize("kind", BACKENDS)
def test_our_backends_hold_answers_to_schemas(kind: str) -> None:
    """They have the method of the protocol; one that lacks it is never asked to."""
    home = import_module(f"pytest_llmlat.backends.{kind}")
    own = inspect.signature(getattr(home, BACKENDS[kind]).prepare_constraint)

    wanted = inspect.signature(Constraining.prepare_constraint)
    assert list(own.parameters) == list(wanted.parameters)


@pytest.mark.parametrize("kind", TABLE)
def test_a_backend_is_opened_like_the_others(kind: str) -> None:
    """By a deployment and a clock, and where a base is kept by its place too."""
    opener, on_base = TABLE[kind].open, TABLE[kind].open_on_base

    assert [*inspect.signature(opener).parameters] == ["deployment", "clock"]
    if on_base is not None:
        parameters = [*inspect.signature(on_base).parameters]
        assert parameters == ["deployment", "clock", "cache"]
