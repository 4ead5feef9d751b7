"""Names of families: any new one will do, unless it looks like a known one's typo."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.values.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.toml_tables import TomlTable

_NEAR = 0.8
"""Similarity of two names from which on one may be a typo of the other: ``sentimnt``
and ``summarisation`` are, ``intent`` and ``math`` are not."""


class FamilyNames:
    """The known families of tasks.

    A family is known by an extension, by ``[families.NAME]`` of a catalogue, or by the
    first task of that name.
    """

    def __init__(self, declared: Iterable[TomlTable]) -> None:
        """Begin with the families of extensions and of catalogues.

        Raises:
            BadCatalogue: a name that no task can have, or a key in such a table.
        """
        self._known = list(FAMILIES)
        for table in declared:
            table.only(())
            if not table.name or set(table.name) & set("/|"):
                raise table.complain("", "the name of a family has no '/' and no '|'")
            self._known.append(table.name)

    def check(self, table: TomlTable) -> None:
        """Refuse a name that is not FAMILY/NAME, or whose family looks like a typo.

        Raises:
            BadCatalogue: it is not, or it does; names the family that is near.
        """
        family, _, short = table.name.partition("/")
        if not family.strip() or not short.strip() or "|" in table.name:
            raise table.complain(
                "",
                "a task is named FAMILY/NAME, without '|', with FAMILY of"
                f" {', '.join(self._known)} or a new one",
            )
        if family in self._known:
            return
        folded = {known.casefold(): known for known in self._known}
        near = get_close_matches(family.casefold(), folded, n=1, cutoff=_NEAR)
        if near:
            start = table.place.removesuffix(f"tasks.{table.name}")
            raise table.complain(
                "",
                f"unknown family {family!r}; did you mean {folded[near[0]]!r}? If it is"
                f" one of its own, say so by a line [{start}families.{family}]",
            )
        self._known.append(family)
