"""A base is kept for the next deployment that needs it, and for no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends import open_model, scripted
from pytest_llmlat.backends.backend_kind import BACKENDS, BackendKind, OpenedModel
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.values.clock import ManualClock
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment


SLOWER = (("slower", 0.5),)


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

    assert shelf.take(("a", 1), Thing) is thing
    assert shelf.take(("a", 1), Thing) is None
    assert thing.log == ["a loaded"]


def test_what_another_needs_is_freed_before_that_is_loaded() -> None:
    """Two bases at once might not fit."""
    shelf, log = BaseCache(), list[str]()
    shelf.keep("a", Thing("a", log))

    assert shelf.take("b", Thing) is None
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

    open_model(a_deployment(), ManualClock(), shelf)

    assert log == ["a loaded", "a freed"]


def test_the_cache_is_handed_to_the_backend_that_keeps() -> None:
    """It sees for itself whether what lies there is its base, and says so."""
    asked = []

    def on_base(deployment: Deployment, clock: Clock, cache: BaseCache) -> OpenedModel:
        asked.append((deployment, clock, cache))
        backend = scripted.open_model(deployment, clock)
        return OpenedModel(backend=backend, kept_from="other")

    kind = BackendKind(name="keeping", open=scripted.open_model, open_on_base=on_base)
    undo = BACKENDS.add([("a test", {"keeping": kind})])
    cache, clock = BaseCache(), ManualClock()
    deployment = a_deployment(replace(a_model(backend="keeping"), options=SLOWER))
    try:
        opened = open_model(deployment, clock, cache)
    finally:
        undo()

    assert asked == [(deployment, clock, cache)]
    assert (opened.kept_from, opened.load_measured) == ("other", False)
    assert opened.backend.facts["slower"] == 0.5


def test_a_backend_keeps_its_base() -> None:
    """Else nothing would ever be kept."""
    assert [name for name, kind in BACKENDS.items() if kind.open_on_base] == [
        "engine",
        "transformers",
    ]
