"""A stand-in for the NVIDIA driver's library, which notes what it is asked."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = "nvmlDeviceGetComputeRunningProcesses_v3"
OLD = "nvmlDeviceGetComputeRunningProcesses_v2"
HEAT = "nvmlDeviceGetViolationStatus"
ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
MEMORY = "nvmlDeviceGetMemoryInfo"
FIRST_HANDLE = 1000
FIRST_PART = 5000
BY_NAME = (
    ENERGY,
    HEAT,
    "nvmlDeviceGetUUID",
    "nvmlDeviceGetHandleByUUID",
    "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
)


@dataclass
class Driver:
    """Answers as the driver does, by writing C values where it is told to."""

    users: dict[int, list[int]]
    """Processes of each card."""
    heat_ns: dict[int, int] = field(default_factory=dict)
    memory: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Used and free bytes of each card."""
    energy_mj: dict[int, int] = field(default_factory=dict)
    """Energy of each card since the driver was loaded."""
    has: tuple[str, ...] = (NEW, OLD, HEAT, ENERGY, MEMORY)
    fails: str = ""
    names: tuple[str, ...] = ()
    """Of the cards; one kind where they are left out."""
    version: str = "580.1"
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., int]:
        """Return the function of a name."""
        if name in (NEW, OLD, HEAT, ENERGY, MEMORY) and name not in self.has:
            raise AttributeError(name)

        writers: dict[str, Callable[..., None]] = {
            **dict.fromkeys((NEW, OLD), self._fill),
            HEAT: self._heat,
            MEMORY: self._remember,
        }

        def answer(*arguments: Any) -> int:  # noqa: ANN401 - C's are of all kinds
            self.asked.append(name)
            if name == self.fails:
                return 999
            if name == "nvmlDeviceGetCount_v2":
                arguments[0]._obj.value = len(self.users)
            elif name == "nvmlDeviceGetHandleByIndex_v2":
                arguments[1]._obj.value = FIRST_HANDLE + arguments[0]
            elif name in writers:
                writers[name](*arguments)
            elif name == "nvmlDeviceGetName":
                place = (arguments[0].value or 0) - FIRST_HANDLE
                kind = self.names[place] if self.names else "NVIDIA T4"
                arguments[1].value = kind.encode()
            elif name == "nvmlSystemGetDriverVersion":
                arguments[0].value = self.version.encode()
            elif name in BY_NAME:
                self._named(name, *arguments)
            return 0

        return answer

    def _named(self, name: str, *arguments: Any) -> None:  # noqa: ANN401
        """Answer by names: card 1 is ``GPU-1``, and a part of it ``MIG-1/a``."""
        if name == HEAT:
            self._heat(*arguments)
        elif name == ENERGY:
            card = (arguments[0].value or 0) - FIRST_HANDLE
            arguments[1]._obj.value = self.energy_mj[card]
        elif name == "nvmlDeviceGetUUID":
            place = (arguments[0].value or 0) - FIRST_HANDLE
            arguments[1].value = f"GPU-{place}".encode()
        elif name == "nvmlDeviceGetHandleByUUID":
            kind, _, card = arguments[0].decode().partition("/")[0].partition("-")
            first = FIRST_PART if kind == "MIG" else FIRST_HANDLE
            arguments[1]._obj.value = first + int(card)
        else:
            card = (arguments[0].value or 0) - FIRST_PART
            arguments[1]._obj.value = FIRST_HANDLE + card

    def _fill(self, handle: ctypes.c_void_p, count: Any, into: Any) -> None:  # noqa: ANN401
        """Write a card's processes, 24 bytes each."""
        pids = self.users[(handle.value or 0) - FIRST_HANDLE]
        assert len(pids) <= count._obj.value
        count._obj.value = len(pids)
        for at, pid in enumerate(pids):
            slot = ctypes.addressof(into) + 24 * at
            ctypes.c_uint.from_address(slot).value = pid

    def _remember(self, handle: ctypes.c_void_p, into: Any) -> None:  # noqa: ANN401
        """Write three numbers of 8 bytes: all, free and used."""
        used, free = self.memory[(handle.value or 0) - FIRST_HANDLE]
        slot = ctypes.addressof(into._obj)
        for at, value in enumerate((used + free, free, used)):
            ctypes.c_ulonglong.from_address(slot + 8 * at).value = value

    def _heat(self, handle: ctypes.c_void_p, policy: int, into: Any) -> None:  # noqa: ANN401
        """Write two numbers of 8 bytes: when this was, and for how long it was hot."""
        assert policy == 1
        slot = ctypes.addressof(into._obj)
        ctypes.c_ulonglong.from_address(slot).value = 123_456
        ctypes.c_ulonglong.from_address(slot + 8).value = self.heat_ns[
            (handle.value or 0) - FIRST_HANDLE
        ]
