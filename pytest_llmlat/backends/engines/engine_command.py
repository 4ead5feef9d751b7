"""The command line of an engine: as it is run, and as it may be shown."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.engines.engine_table import VALUE
from pytest_llmlat.backends.engines.every_engine_options import table_of
from pytest_llmlat.backends.transport.secrets import Secrets
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.machine.device_table import find_device
from pytest_llmlat.values.confidential import (
    HIDDEN,
    Secret,
    Variables,
    shown_body,
    shown_words,
)
from pytest_llmlat.values.errors import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.backends.engines.engine_entry import EngineEntry
    from pytest_llmlat.backends.engines.engine_table import EngineOption
    from pytest_llmlat.values.entities import Scalar

ARGS = "{args}"
"""Where in a command of an entry the words for its options go; else at its end."""
PORT = "{port}"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_OPEN = re.compile(rf"{re.escape(HIDDEN)}|{re.escape(PORT)}|{_VARIABLE.pattern}")
_UNBUFFERED = {"PYTHONUNBUFFERED": "1"}
"""So that the last lines of an engine that is killed are in its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCommand:
    """A command with its environment, for one port."""

    words: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    """The whole environment."""
    shown: str
    """As it may be told, with the variables that were set for it and without secrets.
    The port is left open: it is another each time."""
    secrets: Secrets
    """What must not be shown of what the engine prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTemplate:
    """A command before its port is known."""

    words: tuple[str, ...] = field(repr=False)
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    meanings: Mapping[str, str]
    """What stands for ``{weights}``, ``{name}``, ``{device}`` and ``{python}``."""
    served: str | None
    """What the model is called in requests; ``None`` for the only one there is."""
    where: str

    def at(
        self, port: int, environ: Mapping[str, str] = Variables(os.environ)
    ) -> EngineCommand:
        """Return the command for a port.

        Args:
            port: where the engine is to listen.
            environ: what the engine inherits, and what ``${NAME}`` is read from.

        Raises:
            ServerUnavailable: a variable is not set.
        """
        meanings = {**self.meanings, PORT: str(port)}
        hidden: list[str] = []

        def real(text: str) -> str:
            return _VARIABLE.sub(value, _filled(text, meanings))

        def value(found: re.Match[str]) -> str:
            if not environ.get(found[1]):
                raise ServerUnavailable(
                    f"{self.where}: its command wants the environment variable"
                    f" {found[1]}, which is not set; run: export {found[1]}=..."
                )
            hidden.append(environ[found[1]])
            return environ[found[1]]

        words = tuple(real(word) for word in self.words)
        set_here = {name: real(text) for name, text in self.variables}
        hidden += _hidden_in(words, set_here)
        return EngineCommand(
            words=words,
            variables=Variables({**environ, **_UNBUFFERED, **set_here}),
            shown=self._shown(),
            secrets=Secrets(*map(Secret, hidden)),
        )

    def _shown(self) -> str:
        meanings = {**self.meanings, "{python}": "python"}
        words = shown_words([_filled(word, meanings) for word in self.words])
        set_here = shown_body(
            {name: _filled(text, meanings) for name, text in self.variables}
        )
        before = (f"{name}={_quoted(str(text))}" for name, text in set_here.items())
        return " ".join((*before, *map(_quoted, words)))


def command_of(
    entry: EngineEntry, device: str, *, cards: tuple[str, ...] | None
) -> CommandTemplate:
    """Return the command that starts the engine of an entry.

    Args:
        entry: as it was read.
        device: where the model is to run; its ``dtype`` may depend on it.
        cards: the GPUs that the engine may see; none for no GPU, ``None`` for whatever
            there is.

    Raises:
        MissingExtra: the package with the weights is not installed.
        WeightsUnavailable: there is no such file.
    """
    engine, model = entry.engine, entry.model
    weights = model.weights
    if engine.weights_file or model.package:
        weights = str(local_file(model))
    known = find_device(device)
    meanings = {
        "{name}": model.name,
        "{python}": sys.executable,
        "{device}": (known.torch_kind if known else None) or device,
    }
    if weights is not None:
        meanings["{weights}"] = str(Path(weights).expanduser())
    settings = [*entry.settings, *_keys_told(entry, device)]
    spelled = [_spelled(entry, key, value) for key, value in settings]
    more = [*(word for words, _ in spelled for word in words), *entry.args]
    words = [*engine.program, *engine.arguments]
    at = words.index(ARGS) if ARGS in words else len(words)
    seen = () if cards is None else (("CUDA_VISIBLE_DEVICES", ",".join(cards)),)
    variables = dict(
        (
            *engine.variables,
            *(v for _, told in spelled for v in told),
            *seen,
            *entry.env,
        )
    )
    served = None if weights is None else _filled(engine.served, meanings)
    return CommandTemplate(
        words=(*words[:at], *more, *words[at + 1 :]),
        variables=tuple(variables.items()),
        meanings=meanings,
        served=served,
        where=entry.where,
    )


def find_program(entry: EngineEntry, command: EngineCommand) -> tuple[str, ...]:
    """Return the words of a command with the whole path of its program.

    What lies beside our own interpreter comes first: an environment need not be
    activated.

    Raises:
        ServerUnavailable: it is not installed; says how it is to be had.
    """
    program, *rest = command.words
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside, command.variables.get("PATH", os.defpath)))
    found = shutil.which(program, path=path)
    lacking = None if found else f"there is no program {program!r}"
    if found and program == sys.executable and rest[:1] == ["-m"] and rest[1:]:
        module = rest[1].partition(".")[0]
        lacking = None if _is_there(module) else f"there is no module {module!r}"
    if lacking or found is None:
        remedy = entry.engine.install or "install it, or write its whole path"
        raise ServerUnavailable(
            f"{entry.where}: engine {entry.engine.name!r} is not installed: {lacking};"
            f" {remedy}"
        )
    return (found, *rest)


def _hidden_in(words: tuple[str, ...], variables: Mapping[str, str]) -> list[str]:
    """Return the values that are not shown of words and variables."""
    pairs = zip(words, shown_words(words), strict=True)
    found = [
        word.partition("=")[2] if open_.endswith(f"={HIDDEN}") else word
        for word, open_ in pairs
        if word != open_
    ]
    shown = shown_body(dict(variables))
    return [*found, *(v for name, v in variables.items() if shown[name] != v)]


def _keys_told(entry: EngineEntry, device: str) -> Iterator[tuple[str, Scalar]]:
    """Yield the keys of an entry that its engine is told of."""
    model, known = entry.model, entry.engine.options
    told: dict[str, Scalar | None] = {
        "dtype": model.dtype_on(device),
        "revision": model.revision if model.package is None else None,
        "adapter": model.adapter,
        "trust_remote_code": model.trust_remote_code or None,
    }
    for key, value in told.items():
        if value is not None and key in known:
            yield key, value


def _spelled(
    entry: EngineEntry, key: str, value: Scalar
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the words and the variables that tell an engine of an option."""
    option: EngineOption = entry.engine.options[key]
    if option.switch:
        return (option.on or ()) if value is True else option.off, ()
    if option.table:
        table = table_of(str(value)) or {}
        if not option.words:
            pairs = ((option.keys[name], str(part)) for name, part in table.items())
            return tuple(word for pair in pairs for word in pair), ()
        value = json.dumps({option.keys.get(n, n): part for n, part in table.items()})
    if option.variable is not None:
        return (), ((option.variable, _text(value)),)
    return tuple(word.replace(VALUE, _text(value)) for word in option.words), ()


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _filled(text: str, meanings: Mapping[str, str]) -> str:
    for name, meaning in meanings.items():
        text = text.replace(name, meaning)
    return text


def _quoted(word: str) -> str:
    """Return a word as a shell has it; what stands for something stays bare."""
    plain = _OPEN.sub("", word)
    return word if plain == shlex.quote(plain) or not plain else shlex.quote(word)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):
        return False
