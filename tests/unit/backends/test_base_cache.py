"""A base is kept for the next deployment that needs it, and for no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from pytest_llmlat import backends
from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.values.clock import ManualClock
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    import pytest

    from pytest_llmlat.values.entities import Deployment


class Thing:
    """Something that takes memory, and notes when it is freed."""

    def __init__(self, name: str, log: list[str]) -> None:
        """Take memory."""
        self.name = name
        self.log = log
        log.append(f"{name} loaded")

    def free(self) -> None:
        """Give it back."""
        self.log.append(f"{self.name} freed")


def test_what_was_kept_is_found_under_its_key_once() -> None:
    """While it is used it is not on the shelf: nobody else can take it."""
    shelf, thing = BaseCache(), Thing("a", [])
    shelf.keep(("a", 1), thing)

    assert shelf.take(("a", 1)) is thing
    assert shelf.take(("a", 1)) is None
    assert thing.log == ["a loaded"]


def test_what_another_needs_is_freed_before_that_is_loaded() -> None:
    """Two bases at once might not fit."""
    shelf, log = BaseCache(), list[str]()
    shelf.keep("a", Thing("a", log))

    assert shelf.take("b") is None
    Thing("b", log)

    assert log == ["a loaded", "a freed", "b loaded"]


def test_there_is_one_place() -> None:
    """What lay there before is freed."""
    shelf, log = BaseCache(), list[str]()
    shelf.keep("a", Thing("a", log))
    shelf.keep("b", Thing("b", log))
    shelf.clear()
    shelf.clear()

    assert log == ["a loaded", "b loaded", "a freed", "b freed"]


def test_a_model_of_another_backend_empties_the_shelf() -> None:
    """Its resident memory would hold a model that nobody asked."""
    shelf, log = BaseCache(), list[str]()
    shelf.keep("a", Thing("a", log))

    open_backend(a_deployment(), ManualClock(), shelf)

    assert log == ["a loaded", "a freed"]


def test_the_shelf_is_handed_to_the_backend_that_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It sees for itself whether what lies there is its base."""
    asked = []

    def open_model(
        deployment: Deployment, clock: ManualClock, shelf: BaseCache
    ) -> SimpleNamespace:
        asked.append((deployment, clock, shelf))
        return SimpleNamespace()

    module = SimpleNamespace(open_model=open_model)
    monkeypatch.setattr(backends, "import_module", lambda _: module)
    shelf, clock = BaseCache(), ManualClock()
    deployment = a_deployment(a_model(backend=backends.SHELVING))

    open_backend(deployment, clock, shelf)

    assert asked == [(deployment, clock, shelf)]


def test_the_backend_that_keeps_is_one_of_the_table() -> None:
    """Else nothing would ever be kept."""
    assert backends.SHELVING in backends.KINDS
