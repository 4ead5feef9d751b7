"""The engines that can be started, each one value of an open table.

An engine of a user's is one :class:`ServingEngine` and one line: an entry point of the
group ``pytest_llmlat.engines``, or the hook ``pytest_llmlat_engines``.

In words of a command these stand for something: ``{port}``, ``{weights}``, ``{name}``
(what the model is to be called), ``{device}`` (what torch calls its device, such as
``cuda``), ``{python}`` (the interpreter that runs us), and ``${VARIABLE}`` for what an
environment variable holds, which is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
"""Where every engine listens: nobody but this machine is to reach it."""
VALUE = "{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOption:
    """How one engine spells an option that many have."""

    words: tuple[str, ...] = ()
    """Added to the command; ``{value}`` in them is the value. Of a table that has
    ``keys``, its JSON object."""
    on: tuple[str, ...] | None = None
    """What ``true`` adds; ``None`` where the option is no switch."""
    off: tuple[str, ...] = ()
    """What ``false`` adds."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Of a table: each of our keys, such as ``model``, and what the engine calls it.
    With ``words`` these are keys of its JSON, and others pass as they are; without,
    flags that take a value."""
    variable: str | None = None
    """The environment variable that holds the value, instead of words."""

    @property
    def switch(self) -> bool:
        """Whether it is true or false."""
        return self.on is not None

    @property
    def table(self) -> bool:
        """Whether it is a table of several values."""
        return bool(self.keys)


def flag(name: str) -> EngineOption:
    """Return an option that is a flag with its value behind it."""
    return EngineOption(words=(name, VALUE))


def switch(on: str | None = None, off: str | None = None) -> EngineOption:
    """Return an option that is true or false, each with the flag that says so."""
    return EngineOption(on=_words(on), off=_words(off))


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(text.split()) if text else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCounters:
    """Where an engine tells what it counted, and how it calls that.

    It is Prometheus' text format that is read.
    """

    names: Mapping[str, tuple[str, ...]]
    """What is counted in our words, such as ``preemptions``, and the names of it, where
    versions differ: the first that is there counts."""
    path: str = "/metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingEngine:
    """One engine: how it is started, asked and told what it is to do."""

    name: str
    """What an entry of a catalogue says, such as ``vllm``."""
    program: tuple[str, ...] = field(repr=False)
    """What starts it, before its arguments: a program, or ``{python} -m MODULE``."""
    arguments: tuple[str, ...]
    """What it is always told: weights, address and port."""
    install: str = ""
    """How it is to be had, for whoever lacks it."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that it needs, with values as in a command."""
    health: tuple[str, ...] = ("/health", "/v1/models")
    """Where it says that it is ready; the first that it knows counts."""
    served: str = "{weights}"
    """What its model is called in requests."""
    options: Mapping[str, EngineOption] = field(default_factory=dict)
    """How options of an entry are spelled, by our names; ``dtype``, ``revision``,
    ``adapter`` and ``trust_remote_code`` are keys of the entry itself."""
    weights_file: bool = False
    """Whether weights are one file of this machine, such as a GGUF file."""
    version_at: tuple[str, str] | None = None
    """(path, key of its JSON) where it tells its version."""
    distribution: str | None = None
    """The Python distribution that it is, where the server tells no version."""
    counters: EngineCounters | None = None
    checked: str = ""
    """Which version, or whose documentation of when, this was held against."""


def _check(name: str, value: object) -> ServingEngine:
    if not isinstance(value, ServingEngine):
        raise TypeError(f"must be a ServingEngine, not {type(value).__name__}")
    if value.name != name:
        raise ValueError(f"its name is {value.name!r}; give it under that name")
    if not value.program:
        raise ValueError("its program is empty")
    if not any("{port}" in word for word in _all_words(value)):
        raise ValueError("nothing tells it the port: {port} must stand in its words")
    return value


def _all_words(engine: ServingEngine) -> tuple[str, ...]:
    told = (value for _, value in engine.variables)
    return (*engine.program, *engine.arguments, *told)


ENGINES: Table[ServingEngine] = Table("engines", "engine", _check)
"""The engines by their names."""
