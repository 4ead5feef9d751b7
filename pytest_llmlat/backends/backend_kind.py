"""The backends, each one value of an open table; none is imported before it is used.

A backend of a user's is one file with a :class:`BackendKind` and a function that opens
a model, and one line: an entry point of the group ``pytest_llmlat.backends``, or the
hook ``pytest_llmlat_backends``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from pytest_llmlat.backends.settings_check import check_declared
from pytest_llmlat.backends.shared_options import SHARED, SHARED_LOCAL
from pytest_llmlat.machine.device_table import find_device, usual_devices
from pytest_llmlat.values.confidential import shown_address
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.entry_option import check_options_of
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_llmlat.backends.base_cache import BaseCache
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment
    from pytest_llmlat.values.entry_option import EntryOption
    from pytest_llmlat.values.protocols import Backend, Server
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response

WeightsSource: TypeAlias = Literal["hub", "file", "server", "none"]
"""Source of a backend's weights: the hub or a folder; a file of this machine; a server;
or none, for a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedModel:
    """What came of opening a model."""

    backend: Backend | Server[Any]
    kept_from: str | None = None
    """The entry that had loaded its base, if it was not loaded for this one: then it
    took no time to load, and the time of the model's was not measured."""
    startup_s: float | None = None
    """How long its server took to be ready, where that was started for it."""

    @property
    def load_measured(self) -> bool:
        """Whether what opening took is what loading the model takes."""
        return self.kept_from is None and not self.backend.remote


class Opener(Protocol):
    """How a model is loaded, or the way to its server opened."""

    def __call__(self, deployment: Deployment, clock: Clock) -> Backend | Server[Any]:
        """Open a model; raises what :func:`pytest_llmlat.backends.open_model` does."""
        ...


class OpenerOnBase(Protocol):
    """How a model is loaded whose base may have been kept from the one before."""

    def __call__(
        self, deployment: Deployment, clock: Clock, cache: BaseCache
    ) -> OpenedModel:
        """Open a model; raises what :func:`pytest_llmlat.backends.open_model` does."""
        ...


def no_quantizer(scheme: str, devices: tuple[str, ...]) -> str | None:  # noqa: ARG001 - of a backend that needs none
    """Return ``None``: no package of its own makes weights small."""
    return None


def no_files(model: ModelSpec) -> Sequence[Path]:  # noqa: ARG001 - of a backend that reads none
    """Return no files: such a model is not on this machine, or nothing is known."""
    return ()


def no_more_options(model: ModelSpec) -> tuple[EntryOption, ...]:  # noqa: ARG001 - of a backend whose options are always the same
    """Return none: an entry may set what its backend declares."""
    return ()


def any_entry(model: ModelSpec) -> None:
    """Leave what the options alone do not tell to whoever opens the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendKind:
    """One backend: how it opens a model, and what must be known before."""

    name: str
    """What entries of a catalogue say, such as ``gguf``."""
    open: Opener
    """Imports what it needs itself: the table is read where nothing is loaded."""
    open_on_base: OpenerOnBase | None = None
    """Opens a model on a base that is kept for the next deployment."""
    weights: WeightsSource = "hub"
    needs: Literal["weights", "url", "steps"] | None = "weights"
    """The key without which an entry of a catalogue means nothing."""
    devices: tuple[str, ...] = ()
    """Where an entry runs that names no devices; empty for the usual ones."""
    extra: str | None = None
    """The extra of this project that its library comes with."""
    dtypes: tuple[str, ...] = ()
    """The types that weights can be loaded in; empty where their file decides it."""
    prefixes: tuple[str, ...] = ()
    """How an address begins that needs no entry, such as ``hf:``."""
    form: str = ""
    """Such an address, as a message tells it: ``hf:ORG/NAME``."""
    quantizer: Callable[[str, tuple[str, ...]], str | None] = no_quantizer
    """Of an entry's option ``quantization`` and the devices of this machine that it
    runs on, to the package that makes its weights so small, if it takes one."""
    options: tuple[EntryOption, ...] = ()
    """What an entry may set in its ``options``, beside what every backend's may; any
    other, and a value that does not fit, is refused before anything is loaded."""
    nested_options: bool = False
    """Whether an option may be a table or an array; it is read as its JSON."""
    options_of: Callable[[ModelSpec], tuple[EntryOption, ...]] = no_more_options
    """Further options of an entry, where they depend on what it says."""
    keys: tuple[str, ...] | None = None
    """Which of the catalogue's keys that are not for every backend it heeds, such as
    ``adapter``; any other is refused. ``None``: all."""
    check_entry: Callable[[ModelSpec], None] = any_entry
    """Sees, with no library and no weights at hand, what the options one by one do not
    tell: files that an entry names, options that exclude each other; raises what
    opening the model would. It is called before anything is loaded, for each entry
    that was asked for."""
    read_raw: Callable[[RawAnswer, Request, str], Response] | None = None
    """Reads an answer of a :class:`RawServer`, without the server: of what was written
    down, the request and the server's address. It raises ``ValueError``, ``KeyError``
    or ``TypeError`` for what is none. ``None``: answers are not written down as they
    come."""
    files: Callable[[ModelSpec], Sequence[Path]] = no_files
    """Finds, with no library, the files on this machine that loading an entry reads,
    and sees that they can be true; raises what opening the model would. They are loaded
    in a process of their own first, where they are new."""
    libraries: tuple[str, ...] = ()
    """The distributions that load them: of another version, a file is new again."""
    read_address: Callable[[str], ModelSpec] | None = None
    """Makes an entry of an address; ``None`` where weights follow the prefix."""

    @property
    def remote(self) -> bool:
        """Whether models are behind a network and not in this process."""
        return self.weights == "server"

    @property
    def all_options(self) -> tuple[EntryOption, ...]:
        """What an entry may set in its ``options``."""
        return (*self.options, *SHARED, *(() if self.remote else SHARED_LOCAL))

    @property
    def usual_devices(self) -> tuple[str, ...]:
        """Where an entry runs that names no devices."""
        return self.devices or usual_devices()

    def at(self, address: str) -> ModelSpec | None:
        """Return the model at an address, ``None`` if it is none of this backend."""
        prefix = next((each for each in self.prefixes if address.startswith(each)), "")
        if len(prefix) in (0, len(address)):
            return None
        if self.read_address is not None:
            return self.read_address(address)
        return ModelSpec(
            name=address,
            backend=self.name,
            devices=self.usual_devices,
            weights=address.removeprefix(prefix),
        )


def _check(name: str, value: object) -> BackendKind:
    if not isinstance(value, BackendKind):
        raise TypeError(f"must be a BackendKind, not {type(value).__name__}")
    if value.name != name:
        raise ValueError(f"its name is {value.name!r}; give it under that name")
    if not callable(value.open):
        raise TypeError(f"its open must be a function, not {value.open!r:.80}")
    check_options_of(value.options)
    return value


BACKENDS: Table[BackendKind] = Table("backends", "backend", _check)
"""The backends by their names."""


def kinds_of_entry(model: ModelSpec) -> tuple[BackendKind, ...]:
    """Return the backends that may open an entry: its own, and clouds of its devices.

    Raises:
        UnknownName: there is no such backend.
        BadExtension: one is another's, and cannot be used.
    """
    served = (
        device.backend
        for name in model.devices
        if (device := find_device(name)) is not None and device.backend is not None
    )
    names = dict.fromkeys((model.backend, *served))
    return tuple(BACKENDS.find(name, where=f"model {model.name!r}") for name in names)


def options_of_entry(model: ModelSpec) -> tuple[EntryOption, ...]:
    """Return the options that an entry may set; raises as :func:`kinds_of_entry`."""
    kinds = kinds_of_entry(model)
    known = ((*kind.all_options, *kind.options_of(model)) for kind in kinds)
    return tuple(dict.fromkeys(each for options in known for each in options))


def check_options(model: ModelSpec) -> None:
    """See that the options of an entry are declared, and that their values fit.

    Raises:
        UnknownName: none of the entry's backends knows an option; or there is no such
            backend.
        BadCatalogue: a value that is not of its kind or out of bounds.
        BadExtension: it is another's, and cannot be used.
    """
    check_declared(model, options_of_entry(model))


def model_at(address: str) -> ModelSpec | None:
    """Return the model at an address, ``None`` if no backend knows such addresses.

    Raises:
        BadExtension: several do. Which of them is meant nobody knows, and another
            backend may be another model.
    """
    kinds = BACKENDS.working().values()
    found = [(kind.name, model) for kind in kinds if (model := kind.at(address))]
    if len(found) > 1:
        claims = " and by ".join(_claim(BACKENDS[name], address) for name, _ in found)
        raise BadExtension(
            f"model {shown_address(address)!r}: such addresses are claimed by"
            f" {claims}: nobody can have them; write an entry of a catalogue, or"
            " uninstall all but one"
        )
    return found[0][1] if found else None


def _claim(kind: BackendKind, address: str) -> str:
    """Say which prefix of whose backend an address begins with."""
    prefix = next(each for each in kind.prefixes if address.startswith(each))
    return f"backend {kind.name!r} of {BACKENDS.owner(kind.name)} ({prefix!r})"
