"""``llmlat models``: the catalogue, and what of it runs here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.backend_kind import options_of_entry
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command.extras import extras
from pytest_llmlat.command.output import add_catalogues, add_json, say, tell
from pytest_llmlat.command.readiness import readiness
from pytest_llmlat.machine.device_table import all_devices, known_device
from pytest_llmlat.machine.devices import look
from pytest_llmlat.report.figures import MISSING, printable, table
from pytest_llmlat.values.confidential import shown_address, shown_entry
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.toml_text import entry_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from pytest_llmlat.backends.model_catalogue import ModelCatalogue
    from pytest_llmlat.command.readiness import Readiness
    from pytest_llmlat.values.entry_option import EntryOption
    from pytest_llmlat.values.toml_tables import TomlTable

_HEADER = ("model", "backend", "devices (*: here)", "weights", "before it runs")
_PROJECT = Path("pyproject.toml")


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Lists the models that --llm can name: the built-in ones, those of"
        " pyproject.toml here, and those of the files given."
    )
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="show the whole entry of a model",
    )
    parser.add_argument(
        "--devices",
        metavar="NAME",
        nargs="+",
        default=[],
        help="only models for one of these:"
        f" {', '.join(each.name for each in all_devices())}, gpu:NAME",
    )
    add_catalogues(parser, "models")
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the models.

    Raises:
        UsageError: a device that is none, or a catalogue that is malformed.
    """
    wanted = {known_device(name, where="--devices") for name in given.devices}
    own = [_PROJECT] if _PROJECT.is_file() else []
    catalogue = load_models([*own, *given.models])
    if given.names:
        return _show(catalogue, given.names, as_json=given.json)
    inventory, installed = look(), extras()
    found = [
        readiness(model, inventory, installed)
        for model in catalogue.entries.values()
        if not wanted or wanted & set(model.devices)
    ]
    if given.json:
        tell([_content(each, default=catalogue.default) for each in found])
    else:
        say(table(_HEADER, [_row(each, catalogue.default) for each in found], right=()))
    return 0


def _show(catalogue: ModelCatalogue, names: Sequence[str], *, as_json: bool) -> int:
    """Print entries with all that they take from others, and the options they know."""
    found: list[tuple[TomlTable, Sequence[EntryOption]]] = []
    for name in names:
        model = catalogue.find(name, where="llmlat models")
        if model.name not in catalogue.tables:
            raise UsageError(
                f"llmlat models: {shown_address(name)!r} is an address and has no entry"
            )
        table = catalogue.tables[model.name]
        shown = replace(table, values=shown_entry(table.values))
        found.append((shown, options_of_entry(model)))
    if as_json:
        tell([_entry(table, options) for table, options in found])
        return 0
    for table, options in found:
        say(map(printable, entry_lines(table)))
        known = (f"# {o.name}: {o.wanted}; {o.meaning}" for o in options)
        say(["", "# options that it knows:", *map(printable, known), ""])
    return 0


def _entry(table: TomlTable, options: Sequence[EntryOption]) -> dict[str, Any]:
    return {
        "name": table.name,
        "entry": table.values,
        "options": [
            {"name": o.name, "value": o.wanted, "meaning": o.meaning} for o in options
        ],
    }


def _row(each: Readiness, default: str) -> Sequence[str]:
    model = each.model
    devices = [f"{d}*" if d in each.present else d for d in model.devices]
    missing = list(each.lacking)
    if not each.present:
        missing.insert(0, "none of its devices is here")
    return (
        model.name + (" (default)" if model.name == default else ""),
        model.backend,
        " ".join(devices),
        each.place,
        "; ".join(missing) or MISSING,
    )


def _content(each: Readiness, *, default: str) -> dict[str, Any]:
    model = each.model
    return {
        "name": model.name,
        "default": model.name == default,
        "backend": model.backend,
        "devices": list(model.devices),
        "present": list(each.present),
        "weights": each.place,
        "source": model.weights if model.url is None else None,
        "adapter": model.adapter,
        "ready": each.ready,
        "lacking": list(each.lacking),
    }
