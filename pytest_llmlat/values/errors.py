"""What can go wrong, told to the person who can mend it.

Every message says what is wrong, where it came from and what to do::

    LLMLatError
    ├── UsageError            what was asked for cannot be: option, name, file
    │   ├── UnknownName       no such model, task, metric, ... (names the nearest)
    │   ├── BadCatalogue      a catalogue or data file is malformed
    │   ├── BadExtension      what others add is broken, or takes a name that is taken
    │   ├── BadBaseline       a baseline cannot be read, or must not be made
    │   ├── BadRun            a run's folder cannot be read, or not with others
    │   └── BadPeerFile       a file of another tool cannot be read as what it should be
    ├── MissingExtra          a library is not installed (gives the pip line)
    ├── DeviceAbsent          the device was looked for and not found
    ├── DataUnavailable       a public set is not here and cannot be fetched
    ├── WeightsUnavailable    the weights are not here and cannot be fetched
    ├── AdapterMismatch       an adapter does not fit its base model
    ├── Unsupported           a setting that this device or library cannot do
    ├── OutOfMemory           a model, or an answer, does not fit into memory
    ├── ServerUnavailable     a server cannot be reached, or does not let us in
    ├── RunNotWritten         what is measured cannot be written down
    ├── BudgetSpent           what a run may spend is spent; the rest is not measured
    ├── GenerationFailed      the backend broke while it answered
    └── SandboxUnavailable    generated code cannot be run here

The plugin turns a ``UsageError`` into pytest's own, in one place; all others fail
the item that they belong to and leave the rest of the session running.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.values.confidential import shown_given
from pytest_llmlat.values.log_commands import without_commands

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class LLMLatError(Exception):
    """The base of everything this package raises on purpose."""

    def __str__(self) -> str:
        """Return the message; a name or a row in it commands no runner of tests."""
        return without_commands(super().__str__())


class UsageError(LLMLatError):
    """Something that was asked for cannot be done as it was written."""


class BudgetSpent(LLMLatError):
    """What a run may spend is spent: nothing went wrong, the rest is not measured."""


class UnknownName(UsageError):
    """A name that is in none of the places where names come from."""

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        *,
        where: str,
        remedy: str,
        list_all: bool = False,
    ) -> None:
        """Say which names are near ``name``.

        Args:
            kind: what is named, such as ``model`` or ``task``.
            name: the name as the user typed it.
            known: every name that would have been right.
            where: where the name was given, such as ``--llm``.
            remedy: where names of this kind come from.
            list_all: there are few, so that all are told beside the nearest.
        """
        choices = sorted(known)
        folded = {choice.casefold(): choice for choice in choices}
        near = [
            folded[match]
            for match in get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)
        ]
        hints = []
        if near:
            hints += [f"did you mean {' or '.join(repr(choice) for choice in near)}?"]
        if list_all or not near:
            hints += [f"known: {', '.join(choices) or 'none'}."]
        hint, told = " ".join(hints), shown_given(name)
        super().__init__(f"{where}: unknown {kind} {told!r:.120}; {hint} {remedy}")


class BadCatalogue(UsageError):
    """A catalogue or a data file that cannot be read as what it should be."""


class BadExtension(UsageError):
    """An extension that cannot be used: says whose it is, and what is wrong with it."""


class BadBaseline(UsageError):
    """A baseline that cannot be read, or that would be none if it were saved."""


class BadRun(UsageError):
    """A run's folder that cannot be read, or runs that cannot be shown as one."""


class BadPeerFile(UsageError):
    """A file of another tool that cannot be read as what it should be."""


class MissingExtra(LLMLatError):
    """A library is needed that the core does not install."""

    def __init__(self, extra: str, module: str, *, wanted_by: str) -> None:
        """Give the pip line for ``extra``, which holds ``module``."""
        super().__init__(
            f"{wanted_by}: needs {module!r}, which is not installed;"
            f" run: pip install 'pytest-llmlat[{extra}]'"
        )


class DeviceAbsent(LLMLatError):
    """A device was asked for by name and is not there."""


class DataUnavailable(LLMLatError):
    """The rows of a public set are neither on this disk nor to be fetched."""


class WeightsUnavailable(LLMLatError):
    """The weights of a model are neither on this disk nor to be fetched."""


class AdapterMismatch(LLMLatError):
    """An adapter was made for another model than the one it was put on."""


class Unsupported(LLMLatError):
    """A setting of a model that this device, or the library on it, cannot do."""


class OutOfMemory(LLMLatError):
    """A model could not be loaded, or a prompt not answered, in the memory there is."""


class ServerUnavailable(LLMLatError):
    """A server cannot be reached, or refuses whoever asks."""


class RunNotWritten(LLMLatError):
    """What is measured cannot be written where the run is: no room, or no right to."""

    def __init__(self, file: Path, error: OSError) -> None:
        """Say where, why and what to do; what was written before stays."""
        self.why = error.strerror or str(error)
        super().__init__(
            f"{file}: {self.why}: what is measured cannot be written"
            " there; make room, or name another folder for runs (--llm-runs DIR), and"
            " run again; what was written until then stays and is in the figures"
        )


class GenerationFailed(LLMLatError):
    """A backend could not finish an answer."""


class SandboxUnavailable(LLMLatError):
    """Generated code cannot be run on this machine in the way that was asked for."""
