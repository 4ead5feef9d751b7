"""New checkpoints are loaded by a child of each library, which may die over them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmlat.backends import try_loading
from pytest_llmlat.backends.backend_kind import model_at
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import WeightsUnavailable
from tests.model.test_no_numbers import a_checkpoint, an_mlx_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals end processes elsewhere"),
]
ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = {"hf": "transformers", "mlx": "mlx_lm"}
DIES = """
import os, sys
if sys.argv[0] == "-m" or sys.argv[0].endswith("trial_process.py"):
    class Dying:
        def find_spec(self, name, path=None, target=None):
            if name == "LIBRARY":
                folder = os.environ["DIES_OVER"]
                if os.path.exists(os.path.join(folder, "dying")):
                    os.write(2, b"assertion failed: shape[0] == 32\\n")
                    os.abort()
    sys.meta_path.insert(0, Dying())
"""
"""Run by an interpreter as it starts: a child that tries a model and is to die over it
does so in the moment in which it loads the library, as native code would."""


@pytest.fixture(params=LIBRARIES)
def prefix(request: pytest.FixtureRequest) -> str:
    """Return how addresses of a backend begin."""
    pytest.importorskip(LIBRARIES[request.param])
    return str(request.param)


@pytest.fixture
def folder(prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a model that loads, and remember nothing for the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write = a_checkpoint if prefix == "hf" else an_mlx_folder
    found = tmp_path / "model"
    found.mkdir()
    write(found, 0.01)
    return found


def tried(prefix: str, folder: Path) -> bool:
    """Try the model of a folder, as a session does before it loads it."""
    model = model_at(f"{prefix}:{folder}")
    assert model is not None
    return try_loading(Deployment(model=replace(model, name="mine"), device="cpu"))


def test_an_honest_checkpoint_is_tried_once(prefix: str, folder: Path) -> None:
    """It loads within the memory that there is, writes a token and is remembered."""
    assert tried(prefix, folder)
    assert not tried(prefix, folder)


@pytest.fixture
def dying(prefix: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let children that try this folder die as their library is loaded."""
    site = folder.parent / "site"
    site.mkdir()
    library = LIBRARIES[prefix]
    (site / "sitecustomize.py").write_text(DIES.replace("LIBRARY", library), "utf-8")
    (folder / "dying").touch()
    monkeypatch.setenv("DIES_OVER", str(folder))
    monkeypatch.syspath_prepend(str(site))
    return folder


def test_a_child_that_aborts_is_a_sentence(prefix: str, dying: Path) -> None:
    """With the signal and its last words; this process lives."""
    with pytest.raises(WeightsUnavailable) as caught:
        tried(prefix, dying)

    assert "was ended by SIGABRT" in str(caught.value)
    assert "its last words: assertion failed: shape[0] == 32" in str(caught.value)
