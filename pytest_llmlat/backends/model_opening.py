"""The opening of a model, whichever backend has it: as a whole, or as a step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BACKENDS, OpenedModel, check_options
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.machine.device_table import find_device
from pytest_llmlat.values.errors import BadCatalogue, BadExtension
from pytest_llmlat.values.protocols import Backend, Server

if TYPE_CHECKING:
    from pytest_llmlat.backends.backend_kind import BackendKind
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment


def open_model(
    deployment: Deployment, clock: Clock, cache: BaseCache | None = None
) -> OpenedModel:
    """Load a model on its device, or open the way to the server that has it.

    Args:
        deployment: which model, and where.
        clock: read at every stamp.
        cache: where a base model lies between two deployments that both need it;
            without one nothing is kept. Whatever else lies there is freed first.

    Raises:
        UnknownName: there is no such backend.
        BadCatalogue: an option that the backend does not know, or a wrong value.
        BadExtension: the backend is another's, and cannot be used; or what it opens
            lacks something of the protocols ``Backend`` and ``Server``.
        MissingExtra: the backend's library, or the package with the weights, is
            not installed.
        DeviceAbsent: the device is not there, or the library was built without it.
        Unsupported: the device or the library cannot do what the entry asks for.
        OutOfMemory: the model does not fit.
        WeightsUnavailable: no such file, or a hub that cannot be reached.
        AdapterMismatch: the adapter belongs to another model.
        ServerUnavailable: an address, a variable or a token that is missing or wrong.
    """
    model = deployment.model
    kind = kind_of(deployment)
    check_options(model)
    if kind.open_on_base is not None:
        opened = kind.open_on_base(deployment, clock, cache or BaseCache())
    else:
        if cache is not None:
            cache.clear()
        opened = OpenedModel(backend=kind.open(deployment, clock))
    backend = opened.backend
    _check_protocol(kind, backend)
    if backend.remote:
        if model.option("slower") is not None:
            backend.close()
            raise BadCatalogue(
                f"model {model.name!r}: option slower: is for models of this"
                " process; a server is as slow as it is"
            )
        return opened
    from pytest_llmlat.backends.slowed import slowed  # noqa: PLC0415 - on use

    return replace(opened, backend=slowed(backend, model, clock))


def kind_of(deployment: Deployment) -> BackendKind:
    """Return the backend of an entry, or the one that serves a cloud for all."""
    model, device = deployment.model, find_device(deployment.device)
    served = None if device is None else device.backend
    return BACKENDS.find(served or model.backend, where=f"model {model.name!r}")


def _check_protocol(kind: BackendKind, backend: object) -> None:
    """See that what a backend opened can be measured, before it is.

    Raises:
        BadExtension: names whose it is, and what is missing.
    """
    lacking = min((_lacking(backend, each) for each in (Backend, Server)), key=len)
    if lacking:
        raise BadExtension(
            f"backend {kind.name!r} of {BACKENDS.owner(kind.name)}: what its open"
            f" returns ({type(backend).__name__}) lacks {', '.join(lacking)};"
            " see pytest_llmlat.values.protocols.Backend"
        )


def _lacking(backend: object, protocol: type) -> list[str]:
    """Return the names of a protocol that an object does not have."""
    names = (name for name in dir(protocol) if not name.startswith("_"))
    return [name for name in names if not hasattr(backend, name)]
