"""A conversion is done once, and appears only when it is whole."""

from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.conversion import converted

if TYPE_CHECKING:
    from pathlib import Path


class Converter:
    """Copies instead of dequantising, and counts how often."""

    def __init__(self, error: BaseException | None = None) -> None:
        """Raise ``error`` in the middle, if there is one."""
        self.calls = 0
        self.error = error

    def __call__(self, path: Path, folder: Path) -> None:
        """Write two files."""
        self.calls += 1
        (folder / "config.json").write_text("{}", "utf-8")
        if self.error is not None:
            raise self.error
        (folder / "model.safetensors").write_bytes(path.read_bytes())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lead the assets cache, the hub's own or a stand-in, into a new folder."""
    root = tmp_path / "assets"

    def stand_in(library_name: str, namespace: str) -> Path:
        folder = root / library_name / namespace / "default"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    module = SimpleNamespace(cached_assets_path=stand_in)
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return root / "pytest-llmlat" / "gguf" / "default"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Return a file that stands for weights."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"weights")
    return path


def test_a_conversion_is_kept(cache: Path, weights: Path) -> None:
    """The second call finds the folder of the first and does not convert."""
    convert = Converter()

    first = converted(weights, convert)
    second = converted(weights, convert)

    assert first == second
    assert convert.calls == 1
    assert (first / "model.safetensors").read_bytes() == b"weights"
    assert [path.name for path in cache.iterdir()] == [first.name]
    assert first.name.startswith("tiny-")


def test_other_weights_are_converted_anew(cache: Path, weights: Path) -> None:
    """A file of the same name with other bytes has a folder of its own."""
    convert = Converter()
    first = converted(weights, convert)
    weights.write_bytes(b"WEIGHTS")

    second = converted(weights, convert)

    assert first != second
    assert convert.calls == 2
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("error", [RuntimeError("disk full"), KeyboardInterrupt()])
def test_an_interrupted_conversion_leaves_nothing(
    cache: Path, weights: Path, error: BaseException
) -> None:
    """Half a folder would be taken for whole by every later run."""
    with pytest.raises(type(error)):
        converted(weights, Converter(error))

    assert list(cache.iterdir()) == []
    folder = converted(weights, Converter())
    assert (folder / "model.safetensors").is_file()


def test_two_processes_may_convert_at_once(cache: Path, weights: Path) -> None:
    """The one that is done first wins; the other uses its folder."""

    def slow(path: Path, folder: Path) -> None:
        converted(weights, Converter())
        Converter()(path, folder)

    folder = converted(weights, slow)

    assert [path.name for path in cache.iterdir()] == [folder.name]
    assert (folder / "model.safetensors").is_file()


def test_the_cache_is_the_hub_s(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is one that the library knows."""
    hub = pytest.importorskip("huggingface_hub")
    real = partial(hub.cached_assets_path, assets_dir=tmp_path / "assets")
    monkeypatch.setattr(hub, "cached_assets_path", real)

    folder = converted(weights, Converter())

    assert folder.is_dir()
    assert tmp_path / "assets" in folder.parents
