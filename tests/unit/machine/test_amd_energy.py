"""Counters of AMD's cards, by the calls that the library is documented to take."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmlat.machine.amd_energy import amd_counters
from pytest_llmlat.machine.energy_counters import EnergyPlace, FoundCounters


class Library:
    """A stand-in for ``amdsmi``, and the order in which it was asked."""

    def __init__(self, *cards: str, older: bool = False) -> None:
        """Have cards, each with its address."""
        self.cards, self.older = cards, older
        self.calls: list[object] = []
        self.count = 0

    def amdsmi_init(self) -> None:
        """Begin."""
        self.calls.append("init")

    def amdsmi_get_processor_handles(self) -> list[int]:
        """Return the cards."""
        self.calls.append("handles")
        return list(range(len(self.cards)))

    def amdsmi_get_gpu_device_bdf(self, handle: int) -> str:
        """Return the address of a card."""
        self.calls.append(("bdf", handle))
        return self.cards[handle]

    def amdsmi_get_energy_count(self, handle: int) -> dict[str, Any]:
        """Return what a card has counted."""
        self.calls.append(("energy", handle))
        name = "power" if self.older else "energy_accumulator"
        return {name: self.count, "counter_resolution": 15.3, "timestamp": 1}


def found_of(
    library: object, monkeypatch: pytest.MonkeyPatch, *cards: int, **environ: str
) -> FoundCounters:
    """Look for counters with a library in place."""
    monkeypatch.setitem(sys.modules, "amdsmi", library)
    place = EnergyPlace(kind="rocm", cards=cards, environ=environ)
    return amd_counters(place)


@pytest.mark.parametrize("older", [False, True])
def test_the_card_of_the_model_is_counted(
    monkeypatch: pytest.MonkeyPatch, *, older: bool
) -> None:
    """Its count times its resolution, in microjoules; the library is begun first."""
    library = Library("0000:03:00.0", "0000:83:00.0", older=older)
    (counter,) = found_of(library, monkeypatch, 1).counters
    library.count = 1_000_000

    assert counter.read_uj() == 15_300_000
    assert counter.part == "gpu 0000:83:00.0"
    assert library.calls == [
        *("init", "handles", ("bdf", 0), ("bdf", 1)),
        ("energy", 1),
    ]


def test_a_card_that_does_not_tell_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some cards have no such counter, and the library raises its own errors."""
    library: Any = Library("0000:03:00.0")
    library.amdsmi_get_energy_count = None
    (counter,) = found_of(library, monkeypatch).counters

    assert counter.read_uj() is None


def test_hidden_cards_and_a_missing_library_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The processor's counter alone would be too little."""
    two = Library("0000:03:00.0", "0000:83:00.0")
    hidden = found_of(two, monkeypatch, 0, HIP_VISIBLE_DEVICES="1")
    broken = found_of(SimpleNamespace(), monkeypatch)

    assert (hidden.refused, broken.refused) == (True, True)
    assert "HIP_VISIBLE_DEVICES hides cards" in hidden.sought
    assert "AttributeError" in broken.sought
    assert amd_counters(EnergyPlace(kind="cpu", environ={})) == FoundCounters()
