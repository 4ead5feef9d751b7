"""``llmlat doctor``: what this machine can run, and what to do for the rest."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.doctor_findings import PROCESSOR, examine
from pytest_llmlat.command.extras import install_line
from pytest_llmlat.command.output import add_json, say, tell
from pytest_llmlat.machine.device_table import absence, all_devices, is_present
from pytest_llmlat.machine.hub_token import VARIABLES
from pytest_llmlat.report.figures import MISSING, printable, size
from pytest_llmlat.report.machine_words import cores_words
from pytest_llmlat.values.bundled import bundled

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from pytest_llmlat.command.doctor_findings import Examination
    from pytest_llmlat.command.readiness import Readiness

_NAMED = 6
"""How many models are named in one line."""
_FAILED = 1


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Looks for devices, extras, sandboxes, tokens and room for weights, and says"
        " what runs here and what to type next. Takes some seconds; asks no network."
        " Exit status 1 if nothing can run."
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Examine the machine and print what was found; fails if nothing can run."""
    found = examine()
    if given.json:
        tell(content(found))
    else:
        say(printable(line) for line in lines(found))
    return 0 if found.usable else _FAILED


def content(found: Examination) -> dict[str, Any]:
    """Return everything for programs."""
    inventory = found.inventory
    return {
        "environment": dict(found.environment),
        "devices": {
            name: {
                "present": is_present(name, inventory),
                "why": None
                if is_present(name, inventory)
                else absence(name, inventory),
            }
            for name in _devices_told()
        },
        "extras": {
            name: {
                "installed": not extra.lacking,
                "found": dict(extra.found),
                "lacking": list(extra.lacking),
                "install": extra.remedy if extra.lacking else None,
            }
            for name, extra in found.extras.items()
        },
        "torch_built_for": found.torch_built_for,
        "sandboxes": {each.name: each.refusal for each in found.isolations},
        "broken_extensions": list(found.broken_extensions),
        "token": found.token_source,
        "offline": list(found.offline),
        "cache": {"folder": str(found.cache), "free_bytes": found.cache_free_bytes},
        "memory": asdict(found.memory),
        "contention": asdict(found.contention),
        "models": {
            each.model.name: {
                "ready": each.ready,
                "devices": list(each.present),
                "weights": each.place,
                "lacking": list(each.lacking),
            }
            for each in found.models
        },
        "next": next_command(found),
    }


def lines(found: Examination) -> Iterable[str]:
    """Say the same to people, the answer last."""
    environment = found.environment
    yield (
        f"machine    {environment['cpu']}, {cores_words(environment)},"
        f" memory {size(found.memory.total)} ({size(found.memory.available)} free)"
    )
    yield (
        f"system     {environment['system']} {environment['release']}"
        f" {environment['machine']}, Python {environment['python']}"
    )
    contended = found.contention.contended
    yield f"now        {f'busy: {contended}' if contended else 'quiet'}"
    yield from _devices(found)
    yield from _extras(found)
    yield from _sandboxes(found)
    yield from (f"extension  {problem}" for problem in found.broken_extensions)
    yield from _hub(found)
    yield ""
    yield from _answer(found)


def next_command(found: Examination, here: Path | None = None) -> str:
    """Return what to type next."""
    if not found.usable:
        return install_line("demo")
    return f"pytest {_benchmarks(here or Path())} --llm {found.usable[0].model.name}"


def _benchmarks(here: Path) -> str:
    """Return what pytest is to collect: the bundled benchmarks, wherever they lie.

    An editable install has them beside the package, where ``--pyargs`` finds nothing.
    """
    if (here / "benchmarks" / "test_sentiment.py").is_file():
        return "benchmarks"
    beside = bundled().parent / "benchmarks"
    if (beside.parent / "__init__.py").is_file() or not beside.is_dir():
        return "--pyargs pytest_llmlat.benchmarks"
    return shlex.quote(str(beside))


def _devices_told() -> list[str]:
    return [device.name for device in all_devices()]


def _devices(found: Examination) -> Iterable[str]:
    """Yield a line for each device; kinds of card that lack the same share one."""
    inventory = found.inventory
    yield ""
    alike: dict[str, list[str]] = {}
    for name in _devices_told():
        if is_present(name, inventory):
            gpus = f" ({', '.join(inventory.gpus)})" if name == "cuda" else ""
            alike[f"here{gpus}"] = [*alike.get(f"here{gpus}", []), name]
            continue
        looked, _, seen = absence(name, inventory).partition(": ")[2].rpartition("; ")
        # Of "found none" only what was looked for says something.
        why = seen if "CUDA" in seen else f"{looked}; {seen}"
        alike[f"absent; {why}"] = [*alike.get(f"absent; {why}", []), name]
    yield from (f"device     {', '.join(names)}: {why}" for why, names in alike.items())


def _extras(found: Examination) -> Iterable[str]:
    yield ""
    for extra in found.extras.values():
        versions = ", ".join(f"{name} {number}" for name, number in extra.found)
        if extra.lacking:
            lacking = ", ".join(extra.lacking)
            yield f"extra      {extra.name}: lacks {lacking}; run: {extra.remedy}"
        else:
            yield f"extra      {extra.name}: {versions or 'installed'}"
    if found.torch_built_for is not None:
        yield f"torch      built for {found.torch_built_for}"
        if found.inventory.gpus and found.torch_built_for == PROCESSOR:
            yield "torch      cannot use the GPU: install a build for CUDA"


def _sandboxes(found: Examination) -> Iterable[str]:
    yield ""
    for each in found.isolations:
        yield f"sandbox    {each.name}: {each.refusal or 'holds'}"
    if all(each.refusal for each in found.isolations):
        yield (
            "sandbox    none holds: code tasks are errors here; run on Linux with"
            " Landlock, or install bubblewrap"
        )


def _hub(found: Examination) -> Iterable[str]:
    yield ""
    if found.token_source:
        yield f"token      for Hugging Face: in {found.token_source}"
    else:
        yield f"token      for Hugging Face: none; export {VARIABLES[0]}=… if need be"
    for name in found.offline:
        yield f"offline    {name} is set: only weights that are in the cache are found"
    yield f"weights    {size(found.cache_free_bytes)} free for {found.cache}"


def _answer(found: Examination) -> Iterable[str]:
    at_once = [each for each in found.usable if each.place != "hub"]
    after = [each for each in found.usable if each.place == "hub"]
    if at_once:
        yield f"you can run: {_names(at_once)}"
    if after:
        waits = " (offline: from the cache alone)" if found.offline else ""
        yield f"after a download from the hub{waits}: {_names(after)}"
    if not found.usable:
        yield "you can run: nothing yet"
    yield f"next: {next_command(found)}"


def _names(models: list[Readiness]) -> str:
    told = [f"{each.model.name} ({', '.join(each.present)})" for each in models]
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return (", ".join(told[:_NAMED]) or MISSING) + more
