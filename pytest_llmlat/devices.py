"""Which devices this machine has, found without importing a model library.

NVIDIA cards are asked through the driver's own library (NVML), so that looking
costs milliseconds, starts no process and creates no CUDA context.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.hub_token import VARIABLES, find_token

if TYPE_CHECKING:
    from collections.abc import Mapping

_NVML_NAMES = ("libnvidia-ml.so.1", "libnvidia-ml.so", "nvml.dll")
_NAME_BYTES = 96
_NVML_USERS = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetComputeRunningProcesses_v2",
)
_MOST_USERS = 1024


class _User(ctypes.Structure):
    """nvmlProcessInfo_t, the same in both versions of the question."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used_memory", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was found when the machine was looked over."""

    gpus: tuple[str, ...]
    """Names of the CUDA devices that this process may use, in CUDA's order."""
    gpu_note: str
    """Where they were looked for."""
    platform: str
    machine: str
    hub_token: bool

    @property
    def present(self) -> tuple[str, ...]:
        """The devices, as markers, that a cell can run on here."""
        found = {
            "cpu": True,
            "cuda": bool(self.gpus),
            "a6000": self.a6000 is not None,
            "mps": self.platform == "darwin" and self.machine == "arm64",
            "hf": self.hub_token,
            "endpoint": True,
        }
        return tuple(device for device, there in found.items() if there)

    @property
    def a6000(self) -> int | None:
        """The index of the first RTX A6000 among the CUDA devices."""
        places = (i for i, name in enumerate(self.gpus) if "A6000" in name)
        return next(places, None)

    def absence(self, device: str) -> str:
        """Say what was looked for and what was found instead."""
        gpus = ", ".join(self.gpus) or f"no CUDA device ({self.gpu_note})"
        here = f"{self.platform} on {self.machine}"
        reasons = {
            "cuda": f"looked for an NVIDIA GPU; found {gpus}",
            "a6000": f"looked for a CUDA device named RTX A6000; found {gpus}",
            "mps": f"looked for Apple silicon (macOS on arm64); found {here}",
            "hf": f"looked for a token in {' or '.join(VARIABLES)}; found none",
        }
        return f"device {device!r} is not here: {reasons.get(device, 'not found')}"


def look(environ: Mapping[str, str] = os.environ) -> Inventory:
    """Look the machine over.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides and reorders GPUs as CUDA would.
    """
    names, note = _gpu_names()
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and names:
        names = visible_gpus(names, visible)
        note = f"CUDA_VISIBLE_DEVICES={visible!r}"
    return Inventory(
        gpus=tuple(names),
        gpu_note=note,
        platform=sys.platform,
        machine=platform.machine(),
        hub_token=find_token(environ) is not None,
    )


def visible_gpus(names: list[str], visible: str) -> list[str]:
    """Apply ``CUDA_VISIBLE_DEVICES``: indices up to the first that is invalid.

    Entries that are UUIDs cannot be matched to an index here; they keep as many
    cards as they name, in the driver's order.
    """
    kept: list[str] = []
    for entry in visible.split(","):
        text = entry.strip()
        if text.startswith(("GPU-", "MIG-")) and len(kept) < len(names):
            kept.append(names[len(kept)])
        elif text.isdecimal() and int(text) < len(names):
            kept.append(names[int(text)])
        else:
            break
    return kept


def gpu_users(environ: Mapping[str, str] = os.environ) -> list[int] | None:
    """Return the processes that compute on the GPUs of this process.

    ``None`` is unknown: no driver, one that does not say, or cards that are chosen by
    UUID.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides GPUs.
    """
    nvml, _ = _load_nvml()
    if nvml is None:
        return None
    return _ask_users(nvml, environ.get("CUDA_VISIBLE_DEVICES"))


def _gpu_names() -> tuple[list[str], str]:
    nvml, note = _load_nvml()
    return (_ask(nvml) if nvml else []), note


def _load_nvml() -> tuple[ctypes.CDLL | None, str]:
    for file in _NVML_NAMES:
        try:
            return ctypes.CDLL(file), f"asked {file}"
        except OSError:
            continue
    return None, "no NVIDIA driver"


def _ask(nvml: ctypes.CDLL) -> list[str]:
    """Return the names of all cards; none if the driver does not answer."""
    if nvml.nvmlInit_v2() != 0:
        return []
    try:
        count = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return []
        names = []
        for index in range(count.value):
            handle = ctypes.c_void_p()
            text = ctypes.create_string_buffer(_NAME_BYTES)
            nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
            nvml.nvmlDeviceGetName(handle, text, _NAME_BYTES)
            names.append(text.value.decode(errors="replace"))
        return names
    finally:
        nvml.nvmlShutdown()


def _ask_users(nvml: ctypes.CDLL, visible: str | None) -> list[int] | None:
    """Return the processes on all visible cards; ``None`` if one does not answer."""
    if visible is not None and ("GPU-" in visible or "MIG-" in visible):
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    try:
        count = ctypes.c_uint()
        if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return None
        indices = [str(index) for index in range(count.value)]
        if visible is not None:
            indices = visible_gpus(indices, visible)
        users: list[int] = []
        for index in indices:
            found = _card_users(nvml, int(index))
            if found is None:
                return None
            users.extend(found)
        return users
    finally:
        nvml.nvmlShutdown()


def _card_users(nvml: ctypes.CDLL, index: int) -> list[int] | None:
    handle = ctypes.c_void_p()
    if nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) != 0:
        return None
    for name in _NVML_USERS:
        ask = getattr(nvml, name, None)
        if ask is None:  # an older driver
            continue
        count = ctypes.c_uint(_MOST_USERS)
        users = (_User * _MOST_USERS)()
        if ask(handle, ctypes.byref(count), users) != 0:
            return None
        return [user.pid for user in users[: count.value]]
    return None
