"""What is told of a marker expression (``-m``) that names no device, or an idle one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.machine.device_table import all_devices, find_device
from pytest_llmlat.plugin.options import named_devices
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.session.selection import Selection


def near_devices(expression: str, markers: Iterable[str]) -> list[str]:
    """Say of each word of an expression that is nearly a device which one.

    Args:
        expression: of the option ``-m``.
        markers: those that are registered, as their ini option has them.
    """
    names = [device.name for device in all_devices()]
    known = {re.split(r"\W", line.strip(), maxsplit=1)[0] for line in markers}
    words = dict.fromkeys(re.findall(r"\w+", expression))
    near = {
        word: get_close_matches(word.lower(), names, n=1, cutoff=0.7)
        for word in words
        if find_device(word) is None and word not in known
    }
    return [
        f"llmlat: -m {expression}: there is no device {word!r}; did you mean"
        f" {found[0]!r}?"
        for word, found in near.items()
        if found
    ]


def idle_devices(expression: str, selection: Selection) -> list[str]:
    """Say of each device that an expression asks for why nothing runs on it.

    One with ``not`` in it may have left out those that the chosen models run on.
    """
    named = named_devices(expression)
    try:
        served = {each.device for each in selection.deployments()} if named else set()
    except UsageError:
        # It was told where the tests were collected.
        return []
    told = ", ".join(
        f"{model.name} (for {', '.join(model.devices)})"
        for model in selection.chosen_models
    )
    if re.search(r"\bnot\b", expression):
        told_all = (
            f"llmlat: -m {expression}: leaves no test of a chosen model on a device:"
            f" {told}; choose one that runs elsewhere with --llm, or leave out -m"
        )
        return [told_all] if named & served else []
    return [
        f"llmlat: -m {expression}: no chosen model runs on {name!r}: {told}; choose one"
        " that does with --llm"
        for name in sorted(named - served)
    ]
