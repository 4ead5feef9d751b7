"""Early ends of cells: at a clear result, before all samples were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.scenario import SINGLE

if TYPE_CHECKING:
    from pytest_llmlat.values.settings import Settings, Spelled


def check_until_decided(settings: Settings, spelled: Spelled) -> None:
    """Refuse early ends where there are no pairs to look at.

    Raises:
        UsageError: says what it does not go with, and why.
    """
    if not settings.until_decided:
        return
    option = spelled("until_decided")
    if not (settings.against or settings.prompts):
        raise UsageError(
            f"{option}: ends a cell when the result of pairs is clear; pairs are"
            f" measured in turn with another model: name it with {spelled('against')},"
            f" or two prompts with {spelled('prompts')}"
        )
    loads = [name for name in settings.scenarios if name != SINGLE.name]
    if loads:
        raise UsageError(
            f"{option}: {loads[0]}: under a load requests are not measured in pairs;"
            f" use the scenario {SINGLE.name!r}"
        )
    stored = {
        "baseline": settings.baseline,
        "save_baseline": settings.save_baseline,
    }
    for name, path in stored.items():
        if path is not None:
            raise UsageError(
                f"{option}: how many samples there are depends on their result, and a"
                f" stored run is compared by a number that was fixed before; leave out"
                f" {spelled(name)}"
            )
