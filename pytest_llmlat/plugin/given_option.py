"""The text that was given for an option, and the readers that make a setting of it.

Each reader takes what was given and returns the value, or complains of it with the
place where it stands. The check of a value is imported when there is one: every pytest
run of the environment loads this module.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_llmlat.values.balance import Balance
    from pytest_llmlat.values.cost_budget import CostBudget

    Read: TypeAlias = "Callable[[Given], Any]"

WHOLE = re.compile(r"-?\d+")


class Given(NamedTuple):
    """An option as it was given on the command line, or else in the ini file."""

    texts: tuple[str, ...]
    """The text, or each of an option that may be repeated."""
    where: str
    """The option's flag, or the ini file and the name in it."""
    here: Path
    """The folder in which pytest was called."""
    start: Path
    """The folder in which a relative path begins: ``here`` if it was typed, else the
    ini file's."""

    @property
    def text(self) -> str:
        """The text of an option that is given once."""
        return self.texts[0].strip()

    def path(self, text: str) -> Path:
        """Return a path as the user's shell would, or as the ini file means it."""
        return self.below(self.start, text)

    def below(self, folder: Path, text: str) -> Path:
        """Return a path that begins in a folder, or in the user's home after ``~``."""
        try:
            return (folder / Path(text).expanduser()).resolve()
        except RuntimeError:
            raise self.complain(
                f"{text!r}: there is no home of this user; write the whole path"
            ) from None

    def complain(self, what: str) -> pytest.UsageError:
        """Return the complaint that this is not what the option takes."""
        return pytest.UsageError(f"{self.where}: {what}")


def text(given: Given) -> str | None:
    """Return a text as it is; ``None`` for an empty one."""
    return given.text or None


def plain(given: Given) -> str:
    """Return a text as it is, be it empty."""
    return given.text


def space(given: Given) -> str:
    """Return a space of settings as it was typed, or the whole path of its file."""
    if not given.text or "=" in given.text:
        return given.text
    return str(given.path(given.text))


def texts(given: Given) -> tuple[str, ...]:
    """Return texts as they are."""
    return given.texts


def said(given: Given) -> bool:
    """Return whether an option without a value is on."""
    return given.text not in ("", "no", "false")


def whole(least: int) -> Read:
    """Return what reads a whole number of at least ``least``."""

    def read(given: Given) -> int:
        if not WHOLE.fullmatch(given.text) or int(given.text) < least:
            raise given.complain(
                f"must be a whole number of at least {least}, not {given.text!r}"
            )
        return int(given.text)

    return read


def switches(given: Given) -> tuple[tuple[str, Any], ...]:
    """Return switches of a chat template."""
    from pytest_llmlat.values.switches import switches_of  # noqa: PLC0415 - not at start-up

    with _usage():
        return switches_of(given.text, where=given.where)


def temperature(given: Given) -> float:
    """Return a temperature."""
    from pytest_llmlat.values.sampling import is_temperature  # noqa: PLC0415 - not at start-up

    number = _number(given)
    if not is_temperature(number):
        raise given.complain(f"must be a number, 0 or more, not {given.text!r}")
    return number


def top_p(given: Given) -> float:
    """Return a share of the probability."""
    from pytest_llmlat.values.sampling import is_top_p  # noqa: PLC0415 - not at start-up

    number = _number(given)
    if not is_top_p(number):
        raise given.complain(f"must be above 0 and at most 1, not {given.text!r}")
    return number


def _number(given: Given) -> float | None:
    try:
        return float(given.text)
    except ValueError:
        return None


def optional(read: Read) -> Read:
    """Return a reader for which an empty text is no value."""
    return lambda given: read(given) if given.text else None


def samples(given: Given) -> int | None:
    """Return a number of samples, or that of all."""
    if given.text == "all":
        from pytest_llmlat.values.settings import ALL_SAMPLES  # noqa: PLC0415 - not at start-up

        return ALL_SAMPLES
    number: int | None = optional(whole(1))(given)
    return number


def choice(names: Callable[[], tuple[str, ...]]) -> Read:
    """Return what reads one of the names that ``names`` returns."""

    def read(given: Given) -> str:
        if given.texts[0] not in names():
            raise given.complain(
                f"must be one of {', '.join(names())}, not {given.texts[0]!r}"
            )
        return given.texts[0]

    return read


def balance(given: Given) -> Balance:
    """Return what is called balanced."""
    from pytest_llmlat.values.balance import (  # noqa: PLC0415 - not at start-up
        parse_balance,
    )

    with _usage():
        return parse_balance(given.text, where=given.where)


def sandboxes() -> tuple[str, ...]:
    """Return the sandboxes that may be asked for."""
    from pytest_llmlat.grading.sandbox import choices  # noqa: PLC0415 - not at start-up

    return choices()


def path(given: Given) -> Path:
    """Return a path."""
    return given.path(given.text)


def path_from_here(given: Given) -> Path:
    """Return a path that begins where pytest was called, typed or not."""
    return given.below(given.here, given.text)


def paths(given: Given) -> tuple[Path, ...]:
    """Return paths; pytest has made those of the ini file absolute."""
    return tuple(given.below(given.here, one) for one in given.texts)


def file(given: Given) -> Path:
    """Return the path of a file to write; after the run it would be too late."""
    found = path(given)
    if found.is_dir():
        raise given.complain(f"{found} is a folder; name a file in it")
    return found


def data(given: Given) -> Path:
    """Return the folder of local copies of public sets."""
    folder = path(given)
    if not folder.is_dir():
        raise given.complain(
            f"there is no folder {folder}; name the one with the local copies of public"
            " sets, or leave the option out"
        )
    return folder


def duration(given: Given) -> float:
    """Return a duration in seconds."""
    from pytest_llmlat.values.units import seconds  # noqa: PLC0415 - not at start-up

    with _usage():
        return seconds(given.text, where=given.where)


def limits(given: Given) -> tuple[tuple[str, float], ...]:
    """Return what a generated program may use."""
    from pytest_llmlat.grading.program_limits_text import (  # noqa: PLC0415 - as above
        parse,
    )

    with _usage():
        return parse(given.text, where=given.where)


def scenarios(given: Given) -> tuple[str, ...]:
    """Return the names of scenarios, each level one of its own."""
    from pytest_llmlat.values.scenario import parse  # noqa: PLC0415 - not at start-up

    with _usage():
        found = [each for one in given.texts for each in parse(one, where=given.where)]
    return tuple(dict.fromkeys(scenario.name for scenario in found))


def latency_budgets(given: Given) -> tuple[tuple[str, float], ...]:
    """Return latency budgets by the names of tasks or families."""
    from pytest_llmlat.session.latency_budgets import (  # noqa: PLC0415 - as above
        parse_budgets,
    )

    with _usage():
        return parse_budgets(given.texts, where=given.where)


def cost_budgets(given: Given) -> tuple[tuple[str, CostBudget], ...]:
    """Return cost budgets by the names of tasks or families."""
    from pytest_llmlat.session.cost_budgets import (  # noqa: PLC0415 - as above
        parse_budgets,
    )

    with _usage():
        return parse_budgets(given.texts, where=given.where)


def slo(given: Given) -> str:
    """Return bounds for goodput as they were typed, checked."""
    from pytest_llmlat.analysis.slo import parse  # noqa: PLC0415 - not at start-up

    with _usage():
        parse(given.texts[0], where=given.where)
    return given.texts[0]


def energy(given: Given) -> str:
    """Return what was asked of the measurement of energy as it was typed, checked."""
    from pytest_llmlat.values.energy import parse_energy  # noqa: PLC0415 - not at start-up

    with _usage():
        parse_energy(given.texts[0], where=given.where)
    return given.texts[0]


def spend(given: Given) -> str:
    """Return what a run may spend as it was typed, checked."""
    from pytest_llmlat.values.spend import parse_spend  # noqa: PLC0415 - not at start-up

    with _usage():
        parse_spend(given.texts[0], where=given.where)
    return given.texts[0]


def grid(given: Given) -> float:
    """Return kilograms of carbon dioxide for each kilowatt-hour."""
    from pytest_llmlat.values.energy import parse_grid  # noqa: PLC0415 - not at start-up

    with _usage():
        return parse_grid(given.text, where=given.where)


def search(given: Given) -> str:
    """Return when a load holds that is searched for, as it was typed, checked."""
    from pytest_llmlat.values.load_goal import parse_goal  # noqa: PLC0415 - as above

    with _usage():
        parse_goal(given.texts[0], requests=None, where=given.where)
    return given.texts[0]


def prompts(given: Given) -> str:
    """Return the two prompts that are to be compared, files by their whole paths."""
    from pytest_llmlat.tasks.prompt_variants import (  # noqa: PLC0415 - as above
        is_prompt_file,
        prompt_names,
    )

    if not given.text:
        return ""
    with _usage():
        names = prompt_names(given.text, where=given.where)
    found = ((name, given.path(name)) for name in names)
    return ",".join(str(p) if is_prompt_file(p) else name for name, p in found)


def vary(given: Given) -> str:
    """Return settings to be varied as they were typed, checked."""
    from pytest_llmlat.session.vary import parse  # noqa: PLC0415 - not at start-up

    with _usage():
        parse(given.texts[0], where=given.where)
    return given.texts[0]


def tolerances(given: Given) -> tuple[str, ...]:
    """Return tolerances as they were typed, checked."""
    from pytest_llmlat.gate.tolerances import parse_tolerances  # noqa: PLC0415 - as above

    with _usage():
        parse_tolerances(given.texts, where=given.where)
    return given.texts


def bounds(given: Given) -> tuple[str, ...]:
    """Return absolute limits as they were typed, checked."""
    from pytest_llmlat.gate.tolerances import parse_limits  # noqa: PLC0415 - not at start-up

    with _usage():
        parse_limits(given.texts, where=given.where)
    return given.texts


def answered(given: Given) -> tuple[str, ...]:
    """Return shares of requests as they were typed, checked."""
    from pytest_llmlat.gate.tolerances import parse_answered  # noqa: PLC0415 - as above

    with _usage():
        parse_answered(given.texts, where=given.where)
    return given.texts


@contextmanager
def _usage() -> Iterator[None]:
    """Tell what cannot be understood in pytest's own way."""
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

    try:
        yield
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
