"""Arguments of the Python API, checked: each complaint names the argument."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_llmlat.tasks.prompt_variants import is_prompt_file, prompt_names
from pytest_llmlat.values.entities import Sample
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.scenario import parse
from pytest_llmlat.values.units import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = TypeVar("Value")


def some(
    given: object, kind: type[Value], where: str, *, least: int = 1
) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    """Return one thing or several as a tuple, with their names.

    Args:
        given: a name, a value, or several of either; a value that comes twice is one.
        kind: of the values; ``str`` where there are only names.
        where: the argument.
        least: how many there must be.

    Returns:
        The values, and the names of all in the order in which they were given.

    Raises:
        UsageError: something else is among them, or there are too few.
    """
    single = isinstance(given, str) or isinstance(given, kind)  # noqa: SIM101 - a type's variable
    several = [given] if single else given
    if not isinstance(several, Iterable):
        raise _complaint(given, kind, where)
    values: dict[str, Value] = {}
    names: list[str] = []
    for one in several:
        if isinstance(one, str):
            names.append(one)
        elif isinstance(one, kind):
            name = str(getattr(one, "name", ""))
            if values.setdefault(name, one) != one:
                raise UsageError(f"{where}: two of them are called {name!r}")
            names.append(name)
        else:
            raise _complaint(one, kind, where)
    if len(names) < least:
        raise UsageError(f"{where}: there is none; give a name, or several")
    return tuple(values.values()), tuple(names)


def _complaint(one: object, kind: type, where: str) -> UsageError:
    named = "a text" if kind is str else f"a name or a {kind.__name__}"
    return UsageError(f"{where}: give {named}, or several, not {one!r}")


def whole(value: object, where: str, *, least: int) -> int:
    """Return a whole number of at least ``least``."""
    if type(value) is not int or value < least:
        raise UsageError(
            f"{where}: must be a whole number of at least {least}, not {value!r}"
        )
    return value


def seconds_of(value: float | str, where: str) -> float:
    """Return a duration above 0, given in seconds or as ``"5min"``."""
    if isinstance(value, str):
        return seconds(value, where=where)
    if isinstance(value, bool) or not (math.isfinite(value) and value > 0):
        raise UsageError(f"{where}: must be above 0 s, not {value!r}")
    return float(value)


def choice(value: str, known: Sequence[str], where: str) -> str:
    """Return one of the ``known`` words."""
    if value not in known:
        raise UnknownName("value", str(value), known, where=where, remedy="")
    return value


def scenario_names(value: str | Iterable[str], where: str) -> tuple[str, ...]:
    """Return the names of scenarios, each level one of its own."""
    _, texts = some(value, str, where)
    found = (scenario for text in texts for scenario in parse(text, where=where))
    return tuple(dict.fromkeys(scenario.name for scenario in found))


def paths_of(
    value: str | PathLike[str] | Iterable[str | PathLike[str]], where: str
) -> tuple[Path, ...]:
    """Return one path or several, absolute."""
    if isinstance(value, str | PathLike):
        return (Path(value).expanduser().resolve(),)
    if not isinstance(value, Iterable):
        raise UsageError(f"{where}: give a path, or several, not {value!r}")
    return tuple(Path(one).expanduser().resolve() for one in value)


def prompts_of(text: str, where: str) -> str:
    """Return the two prompts that are to be compared, files by their whole paths."""
    if not text:
        return ""
    found = ((n, Path(n).expanduser()) for n in prompt_names(text, where=where))
    return ",".join(str(p.resolve()) if is_prompt_file(p) else n for n, p in found)


def folder_of(value: str | PathLike[str] | None, where: str) -> Path | None:
    """Return a folder that is there."""
    if value is None:
        return None
    found = Path(value).expanduser().resolve()
    if not found.is_dir():
        raise UsageError(f"{where}: there is no folder {found}")
    return found


def items_of(samples: object, where: str) -> tuple[Sample, ...] | None:
    """Return the items of a test; ``None`` for those of the task's source.

    Raises:
        UsageError: they are none; says how to choose a number of the task's own.
    """
    if samples is None:
        return None
    found = tuple(samples) if isinstance(samples, Iterable) else (samples,)
    if not all(isinstance(one, Sample) for one in found):
        raise UsageError(
            f"{where}: samples are the items themselves, a list of Sample, not"
            f" {samples!r:.80}; how many of the task's own are asked is said by the"
            " marker, @pytest.mark.llm('TASK', samples=8), or by --llm-samples=8"
        )
    return found


def unique_ids(samples: Sequence[Sample]) -> None:
    """Refuse samples with the same id: their records could not be told apart.

    Raises:
        UsageError: names the id.
    """
    for name, times in Counter(sample.id for sample in samples).items():
        if times > 1:
            raise UsageError(
                f"samples: {times} have the id {name!r}; give each its own"
            )
