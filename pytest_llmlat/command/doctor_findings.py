"""The examination of this machine before models are measured on it."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.extensions_check import broken_extensions
from pytest_llmlat.command.extras import extras
from pytest_llmlat.command.readiness import readiness
from pytest_llmlat.grading.sandbox import open_sandbox
from pytest_llmlat.grading.sandbox.chain import REMEDY, on_system
from pytest_llmlat.machine.contention import Watch
from pytest_llmlat.machine.devices import look
from pytest_llmlat.machine.environment import fingerprint
from pytest_llmlat.machine.hub_token import find_token
from pytest_llmlat.machine.quotas import quotas
from pytest_llmlat.values.confidential import Variables
from pytest_llmlat.values.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmlat.command.extras import Extra
    from pytest_llmlat.command.readiness import Readiness
    from pytest_llmlat.grading.sandbox import Sandbox
    from pytest_llmlat.machine.devices import Inventory
    from pytest_llmlat.values.cell_facts import Contention
    from pytest_llmlat.values.entities import Scalar

_ENVIRONMENT = Variables(os.environ)

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")
"""Environment variables with which the hub's libraries read their cache alone."""
PROCESSOR = "the processor alone"
_TRUE = ("1", "ON", "YES", "TRUE")
_MEMINFO = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"MemAvailable:\s+([0-9]+) kB")
_KIB = 1024
_BUILT_FOR = re.compile(r"^(cuda|hip)\b[^=\n]*=\s*'([^']+)'", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """One way of running generated code."""

    name: str
    refusal: str | None
    """Why it does not hold here; ``None`` if it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How much this process may use, in bytes; ``None`` is unknown."""

    total: int | None
    """Bytes of the machine, or of the container if that is less."""
    available: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """All that was found."""

    inventory: Inventory
    environment: Mapping[str, Scalar | None]
    """The fingerprint of the machine, as a run has it."""
    extras: Mapping[str, Extra]
    models: tuple[Readiness, ...]
    torch_built_for: str | None
    """``CUDA 12.8``, ``HIP 6.2`` or ``the processor alone``; ``None`` without torch."""
    isolations: tuple[Isolation, ...]
    token_source: str | None
    """Place of the token for Hugging Face; its value is nowhere."""
    offline: tuple[str, ...]
    """Variables that are set and keep the hub's libraries off the network."""
    cache: Path
    """Folder in which the hub's libraries keep weights."""
    cache_free_bytes: int | None
    memory: Memory
    contention: Contention
    broken_extensions: tuple[str, ...] = ()
    """Whose extensions cannot be used, each with the reason."""

    @property
    def usable(self) -> tuple[Readiness, ...]:
        """The models that run here, those first that need no download."""
        found = [each for each in self.models if each.ready]
        return tuple(sorted(found, key=lambda each: each.place == "hub"))


def examine(
    environ: Mapping[str, str] = _ENVIRONMENT,
    try_sandbox: Callable[[str], Sandbox] = open_sandbox,
) -> Examination:
    """Look this machine over; takes some seconds, since each sandbox is tried.

    Args:
        environ: the environment.
        try_sandbox: opens the sandbox of a name, or raises ``SandboxUnavailable``.
    """
    # What others do meanwhile; what is tried below is taken off as our own.
    watch = Watch(device="cuda", remote=False)
    inventory = look(environ)
    found = extras()
    models = load_models().entries.values()
    cache = hub_cache(environ)
    token = find_token(environ)
    isolations = tuple(_isolations(inventory.platform, try_sandbox))
    return Examination(
        inventory=inventory,
        environment=fingerprint(inventory),
        extras=found,
        models=tuple(readiness(model, inventory, found) for model in models),
        torch_built_for=torch_build(),
        isolations=isolations,
        token_source=token.source if token else None,
        offline=tuple(n for n in OFFLINE if environ.get(n, "").upper() in _TRUE),
        cache=cache,
        cache_free_bytes=_free(cache),
        memory=_memory(),
        contention=watch.end(),
        broken_extensions=broken_extensions(),
    )


def hub_cache(environ: Mapping[str, str]) -> Path:
    """Return the folder in which huggingface_hub keeps weights.

    For a user without a home, ``~`` stays as it is there, a folder of that name.
    """
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{base}/huggingface"
    told = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    folder = told or f"{home}/hub"
    return Path(os.path.expanduser(folder))  # noqa: PTH111 - raises nothing


def torch_build(version_file: Path | None = None) -> str | None:
    """Say for what torch was built, read from its own file without importing it.

    Args:
        version_file: ``torch/version.py``; by default the installed one.
    """
    path = version_file or _torch_file()
    if path is None:
        return None
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        return None
    built = [f"{name.upper()} {number}" for name, number in _BUILT_FOR.findall(text)]
    return ", ".join(built) or PROCESSOR


def _torch_file() -> Path | None:
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "version.py"


def _isolations(
    platform: str, try_sandbox: Callable[[str], Sandbox]
) -> Iterable[Isolation]:
    """Try each sandbox that this system may have; each proves itself when opened."""
    for name in on_system(platform):
        try:
            try_sandbox(name).close()
        except SandboxUnavailable as error:
            refusal = str(error).removesuffix(f"; {REMEDY}")
            # One alone was tried: what stands in brackets says all.
            alone = re.fullmatch(
                rf"no sandbox .*? \({re.escape(name)}: (.*)\)", refusal
            )
            refusal = alone[1] if alone else refusal
            yield Isolation(name=name, refusal=refusal)
        else:
            yield Isolation(name=name, refusal=None)


def _free(folder: Path) -> int | None:
    """Return what is free where a folder lies, or would lie."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def _memory() -> Memory:
    total = available = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        found = _AVAILABLE.search(_MEMINFO.read_text("ascii", "replace"))
        available = int(found[1]) * _KIB if found else None
    except (OSError, ValueError):
        pass
    limit = quotas().memory_bytes
    if limit is not None and total is not None:
        total = min(total, limit)
        available = min(available or total, total)
    return Memory(total=total, available=available)
