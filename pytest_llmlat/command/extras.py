"""The extras of this package: which are installed, and what the others lack."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from packaging.requirements import Requirement

PACKAGE = "pytest-llmlat"
_GROUPS = ("all", "dev")
"""Extras that stand for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One extra on this machine."""

    name: str
    found: tuple[tuple[str, str], ...]
    """(library, version) of what is installed."""
    lacking: tuple[str, ...]
    """What is not, or only in a version that does not do."""

    @property
    def remedy(self) -> str:
        """The line that installs it."""
        return install_line(self.name)


def install_line(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{PACKAGE}[{extra}]'"


def installed_version(distribution: str) -> str | None:
    """Return what is installed of it, ``None`` if it is not."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def further_requirements(distribution: str) -> list[str]:
    """Return what an installed distribution requires; nothing of one that is absent."""
    try:
        return requires(distribution) or []
    except PackageNotFoundError:
        return []


def extras(
    declared: tuple[Iterable[str], Iterable[str]] | None = None,
    look: Callable[[str], str | None] = installed_version,
    further: Callable[[str], Iterable[str]] = further_requirements,
) -> Mapping[str, Extra]:
    """Look at every extra, by name, with the extras that it stands on itself.

    Args:
        declared: names of extras, and requirements with their markers; by default as
            the installed package has them.
        look: returns the version of a distribution, ``None`` if it is absent.
        further: returns the requirements of another distribution, which has extras too.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - not for --help

    names, texts = declared or _declared()
    wanted: dict[str, list[Requirement]] = defaultdict(list)
    for text in texts:
        requirement = Requirement(text)
        for name in names:
            marker = requirement.marker
            if marker and "extra" in str(marker) and marker.evaluate({"extra": name}):
                wanted[name].append(requirement)
    own = {name: tuple(needed) for name, needed in wanted.items()}
    return {
        name: _extra(name, _nested(own[name], own, further), look)
        for name in sorted(own)
        if name not in _GROUPS
    }


def _nested(
    needed: Iterable[Requirement],
    own: Mapping[str, Sequence[Requirement]],
    further: Callable[[str], Iterable[str]],
) -> list[Requirement]:
    """Return requirements with those of the extras that they name, each once.

    ``sacrebleu[ja]`` is met only if what sacrebleu's own extra wants is there too.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - not for --help

    found: dict[str, Requirement] = {}
    left = list(needed)
    while left:
        each = left.pop(0)
        if str(each) in found:
            continue
        found[str(each)] = each
        if canonical(each.name) == PACKAGE:
            left += [one for name in sorted(each.extras) for one in own.get(name, ())]
        elif each.extras:
            others = [Requirement(text) for text in further(each.name)]
            left += [
                one
                for one in others
                for name in sorted(each.extras)
                if one.marker
                and "extra" in str(one.marker)
                and one.marker.evaluate({"extra": name})
            ]
    return list(found.values())


def canonical(name: str) -> str:
    """Return a distribution's name as PEP 503 spells it."""
    return name.lower().replace("_", "-").replace(".", "-")


def _declared() -> tuple[list[str], list[str]]:
    told = metadata(PACKAGE)
    return (told.get_all("Provides-Extra") or [], told.get_all("Requires-Dist") or [])


def _extra(
    name: str, needed: Iterable[Requirement], look: Callable[[str], str | None]
) -> Extra:
    found: dict[str, str] = {}
    lacking = []
    for each in needed:
        there = look(each.name)
        if there is None:
            lacking.append(f"{each.name}{each.specifier}")
        elif not each.specifier.contains(there, prereleases=True):
            lacking.append(f"{each.name}{each.specifier} ({there} is installed)")
        elif canonical(each.name) != PACKAGE:
            found[each.name] = there
    return Extra(name=name, found=tuple(found.items()), lacking=tuple(lacking))
