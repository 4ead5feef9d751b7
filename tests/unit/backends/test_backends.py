"""A backend is found by its name, and loaded only then."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import ClassVar

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.backend_kind import (
    BACKENDS,
    BackendKind,
    OpenedModel,
    model_at,
)
from pytest_llmlat.backends.scripted import Scripted, open_model
from pytest_llmlat.machine.device_table import DEVICES
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import BadExtension, MissingExtra, UnknownName
from tests.unit.builders import a_deployment, a_model

LIBRARIES = {
    "gguf": ("llama_cpp", "gguf"),
    "transformers": ("torch", "transformers"),
}


def test_a_backend_is_opened_by_its_name() -> None:
    """The entry names the kind; the module of that kind opens it."""
    backend = open_backend(a_deployment(), ManualClock())

    assert isinstance(backend, Scripted)


@pytest.mark.slow
def test_no_backend_is_imported_to_read_the_table() -> None:
    """What must be known of all takes no library, no event loop and no TLS."""
    code = (
        "import sys\n"
        "from pytest_llmlat.backends.backend_kind import BACKENDS\n"
        "assert len(BACKENDS.working()) == 8\n"
        "names = ('ssl', 'pytest_llmlat.backends.completions.completions_server',"
        " 'pytest_llmlat.backends.gguf.model')\n"
        "print([name for name in names if name in sys.modules])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_a_backend_that_is_none_is_told() -> None:
    """With the model whose entry names it, and those that there are."""
    with pytest.raises(UnknownName, match=r"'parrot': unknown backend 'x'.*gguf"):
        open_backend(a_deployment(replace(a_model(), backend="x")), ManualClock())


def test_a_cloud_is_served_by_its_own_backend() -> None:
    """A model that also runs here is asked for there by the same name."""
    assert DEVICES["hf"].backend in BACKENDS


@pytest.mark.parametrize(
    ("address", "backend", "weights"),
    [
        ("hf:org/name", "transformers", "org/name"),
        ("gguf:a/b.gguf", "gguf", "a/b.gguf"),
        ("mlx:org/name", "mlx", "org/name"),
        ("hub:org/name", "hub", "org/name"),
        ("http://here:8000/v1#m", "http", "m"),
        ("https://here/v1#m", "http", "m"),
    ],
)
def test_an_address_finds_its_backend(address: str, backend: str, weights: str) -> None:
    """By how it begins."""
    model = model_at(address)

    assert model is not None
    assert (model.backend, model.weights, model.name) == (*(backend, weights, address),)
    assert model.devices == BACKENDS[backend].usual_devices


@pytest.mark.parametrize("address", ["", "hf:", "hf", "x:y", "http://"])
def test_an_address_of_nobody_is_none(address: str) -> None:
    """The catalogue says so, with the names that are near."""
    assert model_at(address) is None


def test_an_address_that_two_backends_claim_is_told_with_both() -> None:
    """Where one prefix begins the other too; other addresses go on."""
    kinds = {
        name: BackendKind(name=name, open=open_model, prefixes=(prefix,))
        for name, prefix in (("a", "lab:"), ("b", "lab:big/"))
    }
    undo = BACKENDS.add([("one test", {"a": kinds["a"]}), ("two", {"b": kinds["b"]})])
    try:
        with pytest.raises(
            BadExtension,
            match=r"^model 'lab:big/x': such addresses are claimed by backend 'a' of"
            r" one test \('lab:'\) and by backend 'b' of two \('lab:big/'\): nobody",
        ):
            model_at("lab:big/x")
        small = model_at("lab:small")
        assert small is not None
        assert small.backend == "a"
    finally:
        undo()
    assert model_at("lab:small") is None


def test_an_address_that_takes_one_of_ours_is_told_with_its_entry_point() -> None:
    """A user's backend does not answer for ours unseen."""
    kind = BackendKind(name="fast", open=open_model, prefixes=("gguf:",))
    undo = BACKENDS.add([("a test", {"fast": kind})])
    try:
        with pytest.raises(
            BadExtension,
            match=r"'gguf' of pytest-llmlat .*entry point 'gguf' .* 'fast' of a test",
        ):
            model_at("gguf:a.gguf")
    finally:
        undo()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (open_backend, "must be a BackendKind, not function"),
        (BackendKind(name="other", open=open_model), "its name is 'other'"),
        (BackendKind(name="mine", open="no"), "must be a function"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_backend_is_refused(value: object, told: str) -> None:
    """With who gave it and what is wrong."""
    with pytest.raises(BadExtension, match=f"backend 'mine' of a test: .*{told}"):
        BACKENDS.add([("a test", {"mine": value})])


def test_a_backend_that_opens_half_a_model_is_told() -> None:
    """With what is missing, before anything is measured on it."""

    class Half:
        remote = False
        chat = True
        facts: ClassVar[dict[str, str]] = {}

        def generate(self) -> None: ...

        def close(self) -> None: ...

    kind = BackendKind(name="half", open=lambda *_: Half())  # type: ignore[arg-type]
    undo = BACKENDS.add([("a test", {"half": kind})])
    try:
        with pytest.raises(
            BadExtension,
            match=r"^backend 'half' of a test: what its open returns \(Half\) lacks"
            r" device_peak_bytes, reset_device_peak;",
        ):
            open_backend(a_deployment(a_model(backend="half")), ManualClock())
    finally:
        undo()


def test_the_time_of_loading_is_told_where_it_was_the_models() -> None:
    """Not for a server, which has it loaded, nor where the base was there before."""
    backend = open_backend(a_deployment(), ManualClock())

    assert OpenedModel(backend=backend).load_measured
    assert not OpenedModel(backend=backend, kept_from="other").load_measured


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
