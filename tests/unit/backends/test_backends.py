"""A backend is found by its name, and loaded only then."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from pytest_llmlat.backends import KINDS, open_backend
from pytest_llmlat.backends.scripted import Scripted
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import MissingExtra
from tests.unit.builders import a_deployment, a_model

LIBRARIES = {
    "gguf": ("llama_cpp", "gguf"),
    "transformers": ("torch", "transformers"),
}


def test_a_backend_is_opened_by_its_name() -> None:
    """The entry names the kind; the module of that kind opens it."""
    backend = open_backend(a_deployment(), ManualClock())

    assert isinstance(backend, Scripted)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_module(kind: str) -> None:
    """The table holds no name that cannot be imported."""
    assert find_spec(f"pytest_llmlat.backends.{KINDS[kind]}") is not None


@pytest.mark.parametrize("backend", LIBRARIES)
def test_a_library_that_is_missing_gives_the_pip_line(
    monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """With the model that wanted it."""
    library, extra = LIBRARIES[backend]
    monkeypatch.setitem(sys.modules, library, None)
    model = replace(a_model("mine", backend=backend), weights="w")

    with pytest.raises(MissingExtra) as caught:
        open_backend(a_deployment(model), ManualClock())

    assert str(caught.value) == (
        f"model 'mine': needs {library!r}, which is not installed;"
        f" run: pip install 'pytest-llmlat[{extra}]'"
    )


def test_importing_the_table_imports_no_backend() -> None:
    """A session with one backend pays for one."""
    code = (
        "import sys, pytest_llmlat.backends\n"
        "print([m for m in sys.modules if m.startswith('pytest_llmlat.backends.')])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
