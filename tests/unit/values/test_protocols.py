"""Every backend has what the room above asks of it."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from pytest_llmlat.backends import KINDS
from pytest_llmlat.values.protocols import Backend

BACKENDS = {
    "gguf": "GGUF",
    "mlx": "MLX",
    "scripted": "Scripted",
    "transformers": "HuggingFace",
}
METHODS = ("generate", "reset_device_peak", "device_peak_bytes", "close")


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_backend_has_the_methods_of_the_protocol(kind: str, method: str) -> None:
    """The parameters are named alike, so that any backend can stand in."""
    home = import_module(f"pytest_llmlat.backends.{KINDS[kind]}")
    own = inspect.signature(getattr(getattr(home, BACKENDS[kind]), method))

    assert list(own.parameters) == list(
        inspect.signature(getattr(Backend, method)).parameters
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_backend_is_opened_like_the_others(kind: str) -> None:
    """Each file of a backend opens a deployment with a clock; it may take more."""
    home = import_module(f"pytest_llmlat.backends.{KINDS[kind]}")
    parameters = list(inspect.signature(home.open_model).parameters.values())

    assert [each.name for each in parameters[:2]] == ["deployment", "clock"]
    assert all(each.default is not each.empty for each in parameters[2:])
