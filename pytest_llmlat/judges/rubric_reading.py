"""Rubrics are read: those of ``fixtures/rubrics.toml``, and those of a user's files."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.bundled import bundled
from pytest_llmlat.values.errors import BadCatalogue, UnknownName
from pytest_llmlat.values.judge_votes import Rubric
from pytest_llmlat.values.toml_tables import read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = bundled("rubrics.toml")
_KEYS = {
    "criteria": str,
    "lowest": int,
    "highest": int,
    "levels": list,
    "reference": bool,
    "pairwise": bool,
}
_OF_PAIRS = {"lowest": 0, "highest": 2}
"""The scale of a rubric for pairs: the second is better, a tie, the first is."""
_REMEDY = "rubrics come with the package, or name a TOML file of yours"
_WIDEST = 100
"""Most steps of a scale: of more, no judge and no person keeps them apart."""


def find_rubric(name: str, *, where: str) -> Rubric:
    """Return a rubric by its name, or the one that a file of a user's holds.

    Args:
        name: of a bundled rubric; or the path of a TOML file with one table
            ``[rubrics.NAME]``.
        where: who asks, for complaints.

    Raises:
        UnknownName: there is no such rubric.
        BadCatalogue: the file cannot be read, or a rubric in it has no scale.
    """
    if not name.endswith(".toml"):
        known = _read(_FILE)
        if name not in known:
            raise UnknownName("rubric", name, known, where=where, remedy=_REMEDY)
        return known[name]
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise BadCatalogue(
            f"{where}: {name!r}: there is no home of this user; write the whole path"
        ) from error
    found = _read(path)
    if len(found) != 1:
        raise BadCatalogue(
            f"{name}: holds {len(found)} rubrics; a task names a file with one"
        )
    (rubric,) = found.values()
    return rubric


def bundled_rubrics() -> Mapping[str, Rubric]:
    """Return the rubrics that come with the package, by name."""
    return _read(_FILE)


@cache
def _read(path: Path) -> Mapping[str, Rubric]:
    tables = read_toml(path).get("rubrics")
    if not isinstance(tables, dict):
        raise BadCatalogue(f"{path}: no table [rubrics.NAME] in it")
    return {name: _rubric(name, table, path) for name, table in tables.items()}


def _rubric(name: str, table: Any, path: Path) -> Rubric:  # noqa: ANN401 - any TOML value
    where = f"{path}: [rubrics.{name}]"
    if not isinstance(table, dict):
        raise BadCatalogue(f"{where}: must be a table")
    for key, value in table.items():
        if key not in _KEYS:
            raise BadCatalogue(
                f"{where}: unknown key {key!r:.80}; a rubric has {', '.join(_KEYS)}"
            )
        if type(value) is not _KEYS[key]:
            raise BadCatalogue(f"{where}: {key} = {value!r:.80}: is of a wrong type")
    table = _with_scale(table, where)
    rubric = Rubric(
        name=name,
        criteria=table["criteria"],
        lowest=table["lowest"],
        highest=table["highest"],
        levels=tuple(map(str, table.get("levels", ()))),
        reference=table.get("reference", False),
        pairwise=table.get("pairwise", False),
    )
    steps = rubric.highest - rubric.lowest
    if not 1 <= steps <= _WIDEST:
        raise BadCatalogue(
            f"{where}: lowest = {rubric.lowest}, highest = {rubric.highest}: is no"
            f" scale of 1 to {_WIDEST} steps"
        )
    if rubric.levels and len(rubric.levels) != steps + 1:
        raise BadCatalogue(
            f"{where}: {len(rubric.levels)} levels for {steps + 1} scores; give each"
            " its meaning, or none"
        )
    return rubric


def _with_scale(table: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a rubric's table with the ends of its scale, which a pair's says itself.

    Raises:
        BadCatalogue: something is missing, or stands there that pairs have no use for.
    """
    if table.get("pairwise"):
        odd = [
            key for key in ("lowest", "highest", "levels", "reference") if key in table
        ]
        if odd:
            raise BadCatalogue(
                f"{where}: {odd[0]}: a rubric for pairs asks which of two answers is"
                " better, and has neither scale nor reference; leave it out"
            )
        table = {**table, **_OF_PAIRS}
    for key in ("criteria", "lowest", "highest"):
        if key not in table:
            raise BadCatalogue(
                f"{where}: lacks {key!r}; a rubric has criteria and the ends of its"
                " scale, such as lowest = 1 and highest = 5, or pairwise = true"
            )
    return table
