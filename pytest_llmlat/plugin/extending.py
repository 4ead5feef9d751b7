"""Extensions from the hooks of a conftest file, for as long as its session lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.errors import BadExtension

if TYPE_CHECKING:
    from pytest_llmlat.values.extensions import Table

TABLES = {
    "backends": "backends.backend_kind:BACKENDS",
    "devices": "machine.device_table:DEVICES",
    "extractors": "grading.extractors:EXTRACTORS",
    "families": "values.families:FAMILIES",
    "metrics": "grading.metrics:METRICS",
    "sandboxes": "grading.sandbox:SANDBOXES",
}
"""Where the table of each kind is; the hook is ``pytest_llmlat_KIND``."""


_EXTENDED: pytest.StashKey[set[str]] = pytest.StashKey()


def extend(config: pytest.Config, kinds: Iterable[str] = tuple(TABLES)) -> None:
    """Add to the tables what hooks give, until the session ends; once each.

    Tables belong to the process, and one pytest session may run inside another.

    Args:
        config: of the session.
        kinds: of the tables that are needed now.

    Raises:
        pytest.UsageError: a hook fails or gives what its table does not take.
    """
    done = config.stash.setdefault(_EXTENDED, set())
    for kind in kinds:
        if kind in done:
            continue
        done.add(kind)
        given = _given(config, f"pytest_llmlat_{kind}")
        if given:
            try:
                undo = table(kind).add(given)
            except BadExtension as error:
                raise pytest.UsageError(str(error)) from error
            config.add_cleanup(undo)


def table(kind: str) -> Table[object]:
    """Return the table of a kind."""
    module, _, name = TABLES[kind].partition(":")
    found: Table[object] = getattr(import_module(f"pytest_llmlat.{module}"), name)
    return found


def problems() -> list[str]:
    """Return what is known to be wrong with what others have installed."""
    return [problem for kind in TABLES for problem in table(kind).problems()]


def _given(config: pytest.Config, hook: str) -> list[tuple[str, Mapping[str, object]]]:
    """Return what each implementation of a hook gives, and where that stands."""
    implementations = getattr(config.hook, hook).get_hookimpls()
    found = []
    for one in implementations:
        giver = f"{hook} in {one.plugin_name}"
        others = [other.plugin for other in implementations if other is not one]
        caller = config.pluginmanager.subset_hook_caller(hook, others)
        try:
            results = caller(config=config)
        except Exception as error:
            raise pytest.UsageError(
                f"{giver}: {type(error).__name__}: {error}"
            ) from error
        for result in results:
            if not isinstance(result, Mapping):
                raise pytest.UsageError(
                    f"{giver}: must return a mapping of names to values, not"
                    f" {result!r:.80}"
                )
            found.append((giver, result))
    return found
