"""The entry of an engine in a catalogue, taken apart and looked over.

In a catalogue::

    [models.mine]
    backend = "engine"
    engine = "vllm"              # a name of the table, or a command of your own:
    # command = "my-server --listen {port}"
    weights = "org/name"
    options = { tensor_parallel = 2, prefix_caching = false, start_limit_s = 900 }

Its options are those that the engine spells, those of every server's entry (see
``completions.entry_options``), and those of every engine's (``every_engine_options``).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.engines.engine_table import ENGINES, ServingEngine
from pytest_llmlat.backends.engines.every_engine_options import (
    ARGS,
    CARDS,
    ENV,
    HEALTH,
    OWN,
    PORT,
    PROGRAM,
    START_LIMIT,
    START_LIMIT_S,
    STOP_LIMIT,
    STOP_LIMIT_S,
    cards_of,
    table_of,
    words_of,
)
from pytest_llmlat.backends.settings_check import number_option, text_option
from pytest_llmlat.values.confidential import revealed
from pytest_llmlat.values.entry_option import EntryOption, TextForm
from pytest_llmlat.values.errors import BadCatalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.backends.engines.engine_table import EngineOption
    from pytest_llmlat.values.confidential import WebAddress
    from pytest_llmlat.values.entities import ModelSpec, Scalar

OF_COMMAND = "command"
"""What an engine is called that is in no table, but a command of the entry."""
_KEYS = ("dtype", "revision", "adapter", "trust_remote_code")
"""Keys of an entry that an engine may spell."""
_TABLE = TextForm(
    "a table, such as { tokens = 4 }", lambda text: table_of(text) is not None
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """What an entry says of its engine."""

    model: ModelSpec
    engine: ServingEngine
    settings: tuple[tuple[str, Scalar], ...] = field(repr=False)
    """Options that the engine spells."""
    args: tuple[str, ...] = field(repr=False)
    env: tuple[tuple[str, str], ...] = field(repr=False)
    port: int | None
    cards: tuple[str, ...] | None
    start_limit_s: float
    stop_limit_s: float

    @property
    def where(self) -> str:
        """The entry, as messages begin."""
        return f"model {self.model.name!r}"

    @property
    def count(self) -> int:
        """How many cards it spreads over."""
        told = dict(self.settings)
        sizes = (told.get(key, 1) for key in ("tensor_parallel", "pipeline_parallel"))
        first, second = (size if isinstance(size, int) else 1 for size in sizes)
        return max(1, first) * max(1, second)

    def server_at(self, url: WebAddress) -> ModelSpec:
        """Return the entry of its server, once that is there."""
        own = {*(one.name for one in OWN), *(key for key, _ in self.settings)}
        options = tuple(
            (key, value) for key, value in self.model.options if key not in own
        )
        return replace(self.model, url=url, options=options)


def spelled_options(model: ModelSpec) -> tuple[EntryOption, ...]:
    """Return the options that the engine of an entry spells.

    Raises:
        UnknownName: there is no such engine.
        BadCatalogue: the entry says none.
    """
    engine = _engine_of(model)
    known = {key: o for key, o in engine.options.items() if key not in _KEYS}
    return tuple(one for key, option in known.items() for one in _declared(key, option))


def _declared(key: str, option: EngineOption) -> Iterator[EntryOption]:
    """Yield what an entry may set; a value that is no table may be of any kind."""
    meaning = "as the engine spells it"
    if option.switch:
        yield EntryOption(name=key, kind="boolean", meaning=meaning)
    elif option.table:
        yield EntryOption(
            name=key, kind="string", form=_TABLE, secret=True, meaning=meaning
        )
    else:
        flags = option.variable is not None
        yield EntryOption(name=key, kind="float", meaning=meaning)
        yield EntryOption(name=key, kind="string", or_flag=flags, meaning=meaning)


def read_entry(model: ModelSpec) -> EngineEntry:
    """Take an entry apart; starts nothing and asks nobody.

    Raises:
        UnknownName: there is no such engine.
        BadExtension: the engine is another's, and cannot be used.
        BadCatalogue: a value that is none, or an entry that says too little.
    """
    engine = _engine_of(model)
    known = [key for key in engine.options if key not in _KEYS]
    told = ((key, model.option(key)) for key in sorted(known))
    settings = tuple((key, value) for key, value in told if value is not None)
    for key, value in settings:
        _check_table(model, key, value, engine.options[key])
    _check_keys(model, engine)
    health = text_option(model, HEALTH)
    if health is not None:
        engine = replace(engine, health=(health,))
    port, cards = model.option(PORT.name), model.option(CARDS.name)
    return EngineEntry(
        model=model,
        engine=engine,
        settings=settings,
        args=words_of(text_option(model, ARGS) or "") or (),
        env=_env(model),
        port=None if port is None else int(port),
        cards=None if cards is None else cards_of(str(cards)),
        start_limit_s=number_option(model, START_LIMIT, START_LIMIT_S),
        stop_limit_s=number_option(model, STOP_LIMIT, STOP_LIMIT_S),
    )


def _engine_of(model: ModelSpec) -> ServingEngine:
    """Return the engine of an entry, with the entry's own command if it has one."""
    where = f"model {model.name!r}"
    if model.engine is None and model.command is None:
        raise BadCatalogue(
            f"{where}: says no engine; write engine = NAME ({', '.join(ENGINES)}), or"
            ' command = "… --port {port}"'
        )
    program = text_option(model, PROGRAM)
    if model.command is not None:
        if program is not None:
            raise BadCatalogue(
                f"{where}: has a command and option program; a command says it already"
            )
        return _of_command(
            model, _split(model, "command", str(revealed(model.command)))
        )
    engine = ENGINES.find(str(model.engine), where=where)
    if "{weights}" in (*engine.arguments, engine.served) and model.weights is None:
        raise BadCatalogue(f"{where}: weights: is needed and missing")
    if program is None:
        return engine
    return replace(engine, program=words_of(program) or engine.program)


def _of_command(model: ModelSpec, words: tuple[str, ...]) -> ServingEngine:
    """Return the engine that a command starts; what it is like its name tells."""
    told = (*words, *(value for _, value in _env(model)))
    if not any("{port}" in word for word in told) and model.option("port") is None:
        raise BadCatalogue(
            f"model {model.name!r}: command: {{port}} must stand in it, for the port is"
            " chosen anew each time; or name one that is always its own: option port"
        )
    if model.engine is None:
        return ServingEngine(name=OF_COMMAND, program=words, arguments=())
    known = ENGINES.find(model.engine, where=f"model {model.name!r}")
    return replace(known, program=words, arguments=(), variables=())


def _check_keys(model: ModelSpec, engine: ServingEngine) -> None:
    """See that the engine is told of every key that an entry has."""
    given = {
        "dtype": model.dtype,
        "revision": model.revision if model.package is None else None,
        "adapter": model.adapter,
        "trust_remote_code": model.trust_remote_code,
    }
    for key in _KEYS:
        if given[key] and key not in engine.options:
            raise BadCatalogue(
                f"model {model.name!r}: {key}: engine {engine.name!r} is not told of it"
                " here; take it out, or write the words for it into option args"
            )


def _check_table(
    model: ModelSpec, key: str, value: Scalar, option: EngineOption
) -> None:
    """See that an engine is told of every key of a table."""
    table = (table_of(str(value)) or {}) if option.table else {}
    unknown = (
        [] if option.words else [name for name in table if name not in option.keys]
    )
    if unknown:
        raise BadCatalogue(
            f"model {model.name!r}: option {key}: must be a table of"
            f" {', '.join(option.keys)}; not {unknown[0]}"
        )


def _env(model: ModelSpec) -> tuple[tuple[str, str], ...]:
    found = table_of(text_option(model, ENV) or "") or {}
    return tuple(sorted((name, str(value)) for name, value in found.items()))


def _split(model: ModelSpec, place: str, text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise BadCatalogue(f"model {model.name!r}: {place}: {error}") from error
    if not words:
        raise BadCatalogue(f"model {model.name!r}: {place}: is empty")
    return words
