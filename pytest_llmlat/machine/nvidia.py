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
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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


class _Memory(ctypes.Structure):
    """nvmlMemory_t, in bytes."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _Address(ctypes.Structure):
    """nvmlPciInfo_t of the driver's third form."""

    _fields_ = (
        ("short", ctypes.c_char * 16),
        ("numbers", ctypes.c_uint * 5),
        ("text", ctypes.c_char * 32),
    )


class _Violation(ctypes.Structure):
    """nvmlViolationTime_t: since the driver was loaded."""

    _fields_ = (
        ("reference_us", ctypes.c_ulonglong),
        ("violation_ns", ctypes.c_ulonglong),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCard:
    """A card of the driver, which stays open until it is closed."""

    nvml: ctypes.CDLL
    handle: ctypes.c_void_p
    name: str
    """Name and number of the card."""
    uuid: str

    def energy_mj(self) -> int | None:
        """Return the energy that it used since the driver was loaded, in millijoules.

        ``None`` where it keeps no count, as those before Volta.
        """
        ask = getattr(self.nvml, "nvmlDeviceGetTotalEnergyConsumption", None)
        total = ctypes.c_ulonglong()
        if ask is None or ask(self.handle, ctypes.byref(total)) != 0:
            return None
        return total.value

    def close(self) -> None:
        """Let go of the driver."""
        self.nvml.nvmlShutdown()


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


def open_cards(
    environ: Mapping[str, str], cards: Sequence[int] = ()
) -> list[OpenCard] | str:
    """Return the cards of this process, each open; or say why they are not known.

    A part of a card (MIG) stands for the card: two parts of one are that card twice.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides and reorders cards.
        cards: numbers of those that are wanted, as CUDA counts; all if there are none.
    """
    nvml, note = load_driver()
    if nvml is None:
        return note
    with _opened(nvml) as count:
        if count is None:
            return "the driver does not answer"
        visible = environ.get(_VISIBLE)
        own = [str(index) for index in range(count)]
        named = visible is not None and ("GPU-" in visible or "MIG-" in visible)
        if visible is not None:
            own = visible_gpus(own, visible)
        if named and visible is not None:
            own = [entry.strip() for entry in visible.split(",")]
        chosen = [own[card] for card in cards if card < len(own)] or own
        by_bus = environ.get(_ORDER) == "PCI_BUS_ID"
        if not (named or by_bus) and len(chosen) < count:
            kinds = {*_names(nvml, count)}
            if len(kinds) > 1:
                return f"which card is which is not known without {_ORDER}=PCI_BUS_ID"
        return [] if not chosen else _open_all(nvml, chosen)


def _open_all(nvml: ctypes.CDLL, entries: Sequence[str]) -> list[OpenCard] | str:
    """Return cards by their numbers or names, each open; or why one is not."""
    found: list[OpenCard] = []
    for entry in entries:
        numbered = entry.isdecimal()
        card = _handle(nvml, int(entry)) if numbered else _handle_of(nvml, entry)
        uuid = None if card is None else _text_of(nvml.nvmlDeviceGetUUID, card)
        if card is None or uuid is None or nvml.nvmlInit_v2() != 0:
            for opened in found:
                opened.close()
            return f"card {entry} cannot be opened"
        name = _text_of(nvml.nvmlDeviceGetName, card) or "card"
        found.append(
            OpenCard(nvml=nvml, handle=card, name=f"{name} {entry}", uuid=uuid)
        )
    return found


def _handle_of(nvml: ctypes.CDLL, uuid: str) -> ctypes.c_void_p | None:
    """Return the card of a name, or that which a part of a card (MIG) is on."""
    card = ctypes.c_void_p()
    if nvml.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(card)) != 0:
        return None
    if not uuid.startswith("MIG-"):
        return card
    whole = ctypes.c_void_p()
    ask = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle
    return None if ask(card, ctypes.byref(whole)) != 0 else whole


def _text_of(ask: Callable[..., int], card: ctypes.c_void_p) -> str | None:
    """Return a text that the driver has of a card."""
    text = ctypes.create_string_buffer(_TEXT_BYTES)
    failed = ask(card, text, _TEXT_BYTES) != 0
    return None if failed else text.value.decode(errors="replace")


def card_ids(environ: Mapping[str, str] = os.environ) -> tuple[str, ...] | None:
    """Return the UUID of each GPU of this process, in the driver's order.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides GPUs.
    """
    found = _of_cards(environ, _id_of, told_apart=False)
    return None if found is None else tuple(found)


def _id_of(nvml: ctypes.CDLL, card: ctypes.c_void_p) -> str | None:
    """Return the UUID of a card; ``None`` where the driver does not tell it."""
    ask = getattr(nvml, "nvmlDeviceGetUUID", None)
    return None if ask is None else _text_of(ask, card)


def card_addresses(
    environ: Mapping[str, str] = os.environ,
) -> tuple[str, ...] | None:
    """Return the PCI address of each GPU of this process, as Linux writes it.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides GPUs.
    """
    found = _of_cards(environ, _address_of, told_apart=False)
    return None if found is None else tuple(found)


def _address_of(nvml: ctypes.CDLL, card: ctypes.c_void_p) -> str | None:
    """Return the PCI address of a card: ``0000:3b:00.0``."""
    found = _Address()
    ask = getattr(nvml, "nvmlDeviceGetPciInfo_v3", None)
    if ask is None or ask(card, ctypes.byref(found)) != 0:
        return None
    # The driver writes eight digits of the domain, and large letters.
    text = bytes(found.text).decode("ascii", "replace")
    return text.lower()[-12:]


def gpu_memory(
    environ: Mapping[str, str] = os.environ,
) -> tuple[tuple[int, int], ...] | None:
    """Return the (used, free) bytes of each GPU of this process.

    Args:
        environ: ``CUDA_VISIBLE_DEVICES`` hides and reorders GPUs.
    """
    found = _of_cards(environ, _memory_of, told_apart=True)
    return None if found is None else tuple(found)


def _memory_of(nvml: ctypes.CDLL, card: ctypes.c_void_p) -> tuple[int, int] | None:
    """Return the used and the free bytes of a card."""
    found = _Memory()
    ask = getattr(nvml, "nvmlDeviceGetMemoryInfo", None)
    if ask is None or ask(card, ctypes.byref(found)) != 0:
        return None
    return int(found.used), int(found.free)


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
