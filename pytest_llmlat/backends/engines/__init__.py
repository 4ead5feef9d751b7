"""Engines that we start, measure and stop: vLLM, SGLang, llama-server and their like.

A catalogue says how one is started; the port is ours to choose. Its answers are timed
by the same client as those of any other server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind, OpenedModel
from pytest_llmlat.backends.completions.entry_options import OPTIONS
from pytest_llmlat.backends.completions.raw_reading import read_raw_answer
from pytest_llmlat.backends.engines.every_engine_options import OWN

if TYPE_CHECKING:
    from pytest_llmlat.backends.base_cache import BaseCache
    from pytest_llmlat.backends.engines.started_server import StartedServer
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, ModelSpec
    from pytest_llmlat.values.entry_option import EntryOption


def open_model(deployment: Deployment, clock: Clock) -> StartedServer:
    """Start the engine of an entry; raises what ``open_model`` of ``backends`` does."""
    from pytest_llmlat.backends.engines.engine_entry import read_entry  # noqa: PLC0415 - on use
    from pytest_llmlat.backends.engines.started_server import StartedServer  # noqa: PLC0415 - on use

    return StartedServer(read_entry(deployment.model), deployment, clock)


def open_timed(deployment: Deployment, clock: Clock, cache: BaseCache) -> OpenedModel:
    """Start the engine of an entry, and tell how long it took to be ready."""
    cache.clear()
    server = open_model(deployment, clock)
    return OpenedModel(backend=server, startup_s=server.startup_s)


def options_of(model: ModelSpec) -> tuple[EntryOption, ...]:
    """Return the options that the engine of an entry spells; raises what it lacks.

    Raises:
        UnknownName: there is no such engine.
        BadCatalogue: the entry says none.
    """
    from pytest_llmlat.backends.engines.engine_entry import spelled_options  # noqa: PLC0415 - on use

    return spelled_options(model)


def check_entry(model: ModelSpec) -> None:
    """See that an entry says how to start an engine; starts none.

    Raises:
        BadCatalogue: a value that is none, or an entry that says too little.
    """
    from pytest_llmlat.backends.engines.engine_entry import read_entry  # noqa: PLC0415 - on use

    read_entry(model)


KIND = BackendKind(
    name="engine",
    open=open_model,
    open_on_base=open_timed,
    options=(*OPTIONS, *OWN),
    nested_options=True,
    options_of=options_of,
    check_entry=check_entry,
    read_raw=read_raw_answer,
    weights="hub",
    needs=None,
    keys=(
        *("engine", "command", "headers", "package", "extra", "revision", "dtype"),
        *("adapter", "trust_remote_code"),
    ),
    extra="http",
    dtypes=("auto", "half", "float16", "bfloat16", "float", "float32"),
)
