"""The NVIDIA driver's own library (NVML), asked directly.

Asking it costs milliseconds, starts no process and creates no CUDA context. What cannot
be asked is ``None``: there is no driver, it is too old, the card keeps no such count,
or it is not known which card is which. The last is so where cards are chosen by UUID,
and where they are of several kinds: the driver counts them by bus, CUDA begins with the
fastest unless ``CUDA_DEVICE_ORDER`` says ``PCI_BUS_ID``.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
_FILES = ("libnvidia-ml.so.1", "libnvidia-ml.so", "nvml.dll")
_VISIBLE, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_TEXT_BYTES = 96
_USERS = (
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetComputeRunningProcesses_v2",
)
_MOST_USERS = 1024
_FOR_HEAT = 1
"""NVML_PERF_POLICY_THERMAL: below the application clocks, because a card is hot. Where
it has only lost its boost above them, that does not count."""


class _User(ctypes.Structure):
    """nvmlProcessInfo_t, the same in both versions of the question."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used_memory", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


class _Violation(ctypes.Structure):
    """nvmlViolationTime_t: since the driver was loaded."""

    _fields_ = (
        ("reference_us", ctypes.c_ulonglong),
        ("violation_ns", ctypes.c_ulonglong),
    )


def load_driver() -> tuple[ctypes.CDLL | None, str]:
    """Return the library, and where it was looked for."""
    for file in _FILES:
        try:
            return ctypes.CDLL(file), f"asked {file}"
        except OSError:
            continue
    return None, "no NVIDIA driver"


def gpu_names(nvml: ctypes.CDLL) -> list[str]:
    """Return the names of all cards; none if the driver does not answer."""
    with _opened(nvml) as count:
        return _names(nvml, count or 0)


def driver_version(nvml: ctypes.CDLL) -> str | None:
    """Return the driver's version, such as ``580.159.03``."""
    with _opened(nvml) as count:
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        if count is None or nvml.nvmlSystemGetDriverVersion(text, _TEXT_BYTES) != 0:
            return None
        return text.value.decode(errors="replace") or None


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

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides GPUs.
    """
    # Where all are visible, it does not matter which is which.
    told_apart = environ.get(_VISIBLE) is not None
    found = _of_cards(environ, _users_of, told_apart=told_apart)
    return None if found is None else [pid for users in found for pid in users]


def gpu_heat_ns(environ: Mapping[str, str] = os.environ) -> tuple[int, ...] | None:
    """Return for how long each GPU of this process was slowed down for heat.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides and reorders GPUs.

    Returns:
        Nanoseconds since the driver was loaded; only differences mean something.
    """
    found = _of_cards(environ, _heat_of, told_apart=True)
    return None if found is None else tuple(found)


def _users_of(nvml: ctypes.CDLL, card: ctypes.c_void_p) -> list[int] | None:
    """Return the processes that compute on a card."""
    for name in _USERS:
        ask = getattr(nvml, name, None)
        if ask is None:  # an older driver
            continue
        count = ctypes.c_uint(_MOST_USERS)
        users = (_User * _MOST_USERS)()
        if ask(card, ctypes.byref(count), users) != 0:
            return None
        return [user.pid for user in users[: count.value]]
    return None


def _heat_of(nvml: ctypes.CDLL, card: ctypes.c_void_p) -> int | None:
    """Return for how many nanoseconds a card was slowed down for heat."""
    found = _Violation()
    ask = getattr(nvml, "nvmlDeviceGetViolationStatus", None)
    if ask is None or ask(card, _FOR_HEAT, ctypes.byref(found)) != 0:
        return None
    return int(found.violation_ns)


def _of_cards(
    environ: Mapping[str, str],
    ask: Callable[[ctypes.CDLL, ctypes.c_void_p], T | None],
    *,
    told_apart: bool,
) -> list[T] | None:
    """Return one answer for each visible card; ``None`` if a card does not answer.

    Args:
        environ: what hides and orders cards.
        ask: what is asked of a card.
        told_apart: whether it matters which card is which to CUDA.
    """
    nvml, _ = load_driver()
    visible = environ.get(_VISIBLE)
    if nvml is None:
        return None
    if visible is not None and ("GPU-" in visible or "MIG-" in visible):
        return None
    with _opened(nvml) as count:
        if count is None:
            return None
        by_bus = environ.get(_ORDER) == "PCI_BUS_ID"
        if told_apart and not by_bus and len({*_names(nvml, count)}) > 1:
            return None
        indices = [str(index) for index in range(count)]
        if visible is not None:
            indices = visible_gpus(indices, visible)
        answers: list[T] = []
        for index in indices:
            card = _handle(nvml, int(index))
            answer = None if card is None else ask(nvml, card)
            if answer is None:
                return None
            answers.append(answer)
        return answers


@contextmanager
def _opened(nvml: ctypes.CDLL) -> Iterator[int | None]:
    """Open the library inside a block; gives how many cards there are."""
    if nvml.nvmlInit_v2() != 0:
        yield None
        return
    try:
        count = ctypes.c_uint()
        failed = nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0
        yield None if failed else count.value
    finally:
        nvml.nvmlShutdown()


def _names(nvml: ctypes.CDLL, count: int) -> list[str]:
    """Return the names of so many cards, while the library is open."""
    names = []
    for index in range(count):
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        nvml.nvmlDeviceGetName(_handle(nvml, index), text, _TEXT_BYTES)
        names.append(text.value.decode(errors="replace"))
    return names


def _handle(nvml: ctypes.CDLL, index: int) -> ctypes.c_void_p | None:
    card = ctypes.c_void_p()
    failed = nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(card)) != 0
    return None if failed else card
