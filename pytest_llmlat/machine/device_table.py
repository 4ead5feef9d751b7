"""The devices that a model can run on, each one value of one table.

Markers, skips, the fingerprint, what ``llmlat doctor`` lists and which device gives way
to which follow from these values; beside the entry points nothing else lists them.

Beside the table there is ``gpu:NAME``, any NVIDIA card by words of its name, such as
``gpu:RTX 3090``. Its marker is made of the same words: ``gpu_rtx_3090``.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.machine.hub_token import VARIABLES
from pytest_llmlat.values.errors import UnknownName
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmlat.machine.devices import Inventory

TorchKind: TypeAlias = Literal["cpu", "cuda", "mps", "xpu"]
"""What torch calls a device; AMD's cards are ``cuda`` too."""
DevicePlace: TypeAlias = Literal["here", "server", "cloud"]
"""Place of a device: in this process; behind a server, which may run on this machine;
or elsewhere."""
_TORCH_KINDS = ("cpu", "cuda", "mps", "xpu", None)
_PLACES = ("here", "cloud", "server")
GPU, _GPU_MARKER = "gpu:", "gpu_"
"""Beginning of the name of a card in a catalogue, and of its marker."""
_WORD = re.compile(r"[a-z0-9]+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device: a place where a model can run, and what must be known of it."""

    name: str
    """The marker, such as ``a6000``: small letters, digits and underscores."""
    meaning: str
    """Description of the marker, such as ``cells that run on an NVIDIA GPU``."""
    sought: str
    """Name of what is looked for, as a skip tells it, such as ``an NVIDIA GPU``."""
    present: Callable[[Inventory], bool]
    """Test of an inventory: whether the machine has it."""
    found: Callable[[Inventory], str]
    """Description, for the skip, of what a machine without it has instead."""
    torch_kind: TorchKind | None = None
    """Torch's name for it; ``None`` where no model of this process can run."""
    hip: bool = False
    """Whether torch must be built for HIP, with which AMD's cards pass for CUDA's."""
    place: DevicePlace = "here"
    specialises: str | None = None
    """The more general device that it is a kind of: an ``a6000`` is a ``cuda`` too."""
    card: str = ""
    """Words of the card's name; empty for any card."""
    no_card: tuple[str, ...] = ()
    """Words that make a name another card's: a laptop's RTX 4090 is no RTX 4090."""
    usual: bool = False
    """Whether an entry that names no devices runs on it unasked."""
    backend: str | None = None
    """The backend of all its models, whatever their entries say; ``None`` for the
    entry's own."""
    fingerprint: tuple[str, ...] = ()
    """Facts of the machine that change its latency, beside those that count
    everywhere."""

    @property
    def remote(self) -> bool:
        """Whether the model is behind a network and not in this process."""
        return self.place != "here"

    def matches(self, card: str) -> bool:
        """Whether a card of this name is one."""
        return has_words(card, self.card) and not any(
            has_words(card, words) for words in self.no_card
        )

    def first(self, cards: Sequence[str]) -> int | None:
        """Return the index of the first of these cards that is one."""
        places = (place for place, card in enumerate(cards) if self.matches(card))
        return next(places, None)


def nvidia_card(
    name: str, card: str, *, no_card: tuple[str, ...] = (), usual: bool = False
) -> Device:
    """Return the device of all NVIDIA cards of a name.

    Args:
        name: the marker.
        card: words of the card's name, such as ``RTX 3090``; case does not count.
        no_card: words that make it another card.
        usual: whether an entry that names no devices runs on it unasked.
    """

    def present(inventory: Inventory) -> bool:
        return made.first(inventory.gpus) is not None

    made = Device(
        name=name,
        meaning=f"cells that run on an NVIDIA {card}",
        sought=f"a CUDA device named {card}",
        present=present,
        found=_cuda_cards,
        torch_kind="cuda",
        specialises="cuda",
        card=card,
        no_card=no_card,
        usual=usual,
        fingerprint=("gpu_driver",),
    )
    return made


def has_words(text: str, words: str) -> bool:
    """Whether a name contains some words, whole and in this order.

    Only letters and digits of ASCII count, and not their case: ``A10`` is in
    ``NVIDIA A10`` and not in ``NVIDIA A100``.
    """
    wanted, there = _words(words), _words(text)
    starts = range(len(there) - len(wanted) + 1)
    return any(there[at : at + len(wanted)] == wanted for at in starts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _cuda_cards(inventory: Inventory) -> str:
    return ", ".join(inventory.gpus) or f"no CUDA device ({inventory.gpu_note})"


def _other_cards(inventory: Inventory) -> str:
    return ", ".join((*inventory.amd_gpus, *inventory.intel_gpus)) or "none"


def _system(inventory: Inventory) -> str:
    return f"{inventory.platform} on {inventory.machine}"


def _always(inventory: Inventory) -> bool:  # noqa: ARG001 - as every device is asked
    return True


CPU = Device(
    name="cpu",
    meaning="cells that run on the processor",
    sought="a processor",
    present=_always,
    found=_system,
    torch_kind="cpu",
    usual=True,
)
CUDA = Device(
    name="cuda",
    meaning="cells that run on an NVIDIA GPU",
    sought="an NVIDIA GPU",
    present=lambda inventory: bool(inventory.gpus),
    found=_cuda_cards,
    torch_kind="cuda",
    usual=True,
    fingerprint=("gpu_driver",),
)
A6000 = nvidia_card("a6000", "RTX A6000", usual=True)
H100 = nvidia_card("h100", "H100")
H200 = nvidia_card("h200", "H200")
L40S = nvidia_card("l40s", "L40S")
RTX4090 = nvidia_card("rtx4090", "RTX 4090", no_card=("Laptop", "4090 D"))
ROCM = Device(
    name="rocm",
    meaning="cells that run on an AMD GPU through ROCm",
    sought="an AMD GPU that ROCm can use (/dev/kfd)",
    present=lambda inventory: bool(inventory.amd_gpus),
    found=_other_cards,
    torch_kind="cuda",
    hip=True,
    fingerprint=("other_gpus",),
)
XPU = Device(
    name="xpu",
    meaning="cells that run on an Intel GPU",
    sought="an Intel GPU (/dev/dri)",
    present=lambda inventory: bool(inventory.intel_gpus),
    found=_other_cards,
    torch_kind="xpu",
    fingerprint=("other_gpus",),
)
MPS = Device(
    name="mps",
    meaning="cells that run on Apple silicon",
    sought="Apple silicon (macOS on arm64)",
    present=lambda inventory: (
        inventory.platform == "darwin" and inventory.machine == "arm64"
    ),
    found=_system,
    torch_kind="mps",
    usual=True,
)
HF = Device(
    name="hf",
    meaning="cells that run in Hugging Face's cloud",
    sought=f"a token in {' or '.join(VARIABLES)}",
    present=lambda inventory: inventory.hub_token,
    found=lambda _: "none",
    place="cloud",
    backend="hub",
)
ENDPOINT = Device(
    name="endpoint",
    meaning="cells that run on an HTTP server of yours",
    sought="a server",
    present=_always,
    found=_system,
    place="server",
    # The server may run on this machine, and then its driver counts.
    fingerprint=("gpu_driver",),
)


def check_device(name: str, value: object) -> Device:
    """Return what was added to the table as a device.

    Raises:
        TypeError: it is none.
        ValueError: its name is another, or cannot be a marker.
    """
    if not isinstance(value, Device):
        raise TypeError(f"must be a Device, not {type(value).__name__}")
    if value.name != name:
        raise ValueError(f"its name is {value.name!r}; give it under that name")
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name.startswith("gpu_"):
        raise ValueError(
            "its name must be a marker: small letters, digits and underscores, and not"
            f" begin with {_GPU_MARKER}"
        )
    return value


DEVICES: Table[Device] = Table("devices", "device", check_device)
"""The devices by their markers."""


def all_devices() -> tuple[Device, ...]:
    """Return the devices that can be used, those of this process before others."""
    return tuple(sorted(DEVICES.working().values(), key=_place))


def _place(device: Device) -> tuple[object, ...]:
    """Sort by where and what it is, the general before the special."""
    return (
        _PLACES.index(device.place),
        _TORCH_KINDS.index(device.torch_kind),
        device.hip,
        device.specialises is not None,
        device.name,
    )


def device_name(text: str) -> str:
    """Return the marker of a device, as an entry of a catalogue names it.

    ``gpu:RTX 3090`` and ``gpu_rtx_3090`` are both ``gpu_rtx_3090``; all else stays.
    """
    for start in (GPU, _GPU_MARKER):
        if text.startswith(start):
            return "_".join(("gpu", *_words(text.removeprefix(start))))
    return text


def find_device(name: str) -> Device | None:
    """Return the device of a marker, ``None`` if there is none."""
    if name in DEVICES:
        return DEVICES[name]
    words = name.removeprefix(_GPU_MARKER).split("_")
    if name.startswith(_GPU_MARKER) and all(map(_WORD.fullmatch, words)):
        return nvidia_card(name, " ".join(words).upper())
    return None


def known_device(text: str, *, where: str) -> str:
    """Return the marker of a device that somebody named, ``gpu:NAME`` included.

    Raises:
        UnknownName: there is none; lists all.
    """
    name = device_name(text)
    if find_device(name) is None:
        known = [device.name for device in all_devices()]
        remedy = f"Any NVIDIA card is {GPU}NAME; others come by the table of devices."
        raise UnknownName(
            "device", text, known, where=where, remedy=remedy, list_all=True
        )
    return name


def present_devices(inventory: Inventory) -> tuple[str, ...]:
    """Return the devices of the table that a machine has, as markers."""
    return tuple(each.name for each in all_devices() if each.present(inventory))


def is_present(name: str, inventory: Inventory) -> bool:
    """Whether a machine has a device, be it of the table or a card by its name."""
    device = find_device(name)
    return device is not None and device.present(inventory)


def absence(name: str, inventory: Inventory) -> str:
    """Say what was looked for and what was found instead."""
    device = find_device(name)
    reason = (
        "not found"
        if device is None
        else f"looked for {device.sought}; found {device.found(inventory)}"
    )
    return f"device {name!r} is not here: {reason}"


def kinds_of(name: str) -> Iterator[str]:
    """Yield a device and then all that it is too, the most general last."""
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        yield at
        seen.add(at)
        device = find_device(at)
        at = None if device is None else device.specialises


def general(name: str) -> str:
    """Return the most general device that a device is one of: ``cuda`` of ``a6000``."""
    return [*kinds_of(name)][-1]


def is_remote(name: str) -> bool:
    """Whether a model on this device is behind a network."""
    device = find_device(name)
    return device is not None and device.remote


def usual_devices() -> tuple[str, ...]:
    """Return where an entry runs that names no devices."""
    return tuple(each.name for each in all_devices() if each.usual)
