"""The rules of a cascade in its entry of a catalogue: ``go_on``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.values.going_on import GoOn
from pytest_llmlat.values.toml_tables import TomlTable

if TYPE_CHECKING:
    from typing import Any

    from pytest_llmlat.values.errors import BadCatalogue

KEY = "go_on"
_FLAGS = ("unparsed", "refused", "cut", "empty")
_COUNTS = (
    *("prompt_longer_than", "digits_over", "code_marks_over"),
    *("longer_than", "shorter_than"),
)
_AGREEMENT, _REPEATS, _FAMILIES = "agreement_below", "repeats", "families"
_KNOWN = (*_FLAGS, *_COUNTS, _AGREEMENT, _REPEATS, _FAMILIES)
_FEWEST_REPEATS = 2


def rules_of(table: TomlTable, steps: int) -> tuple[GoOn, ...]:
    """Return a rule for each step of an entry but the last.

    Args:
        table: the entry; ``go_on`` is a table for all steps, or an array of tables.
        steps: how many models it has.

    Raises:
        BadCatalogue: a condition that is none, a rule without one, or another number of
            rules.
    """
    said = table.values.get(KEY)
    if said is None:
        raise table.complain(KEY, "is needed and missing: when is the next model asked")
    if isinstance(said, dict):
        return (_rule(table, said, KEY),) * (steps - 1)
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise table.complain(KEY, "must be a table, or an array of tables")
    if len(said) != steps - 1:
        raise table.complain(
            KEY,
            f"has {len(said)} rules for {steps} steps; every step but the last has one,"
            " or one table is for all of them",
        )
    return tuple(
        _rule(table, each, f"{KEY}[{place}]") for place, each in enumerate(said)
    )


def _rule(table: TomlTable, said: dict[str, Any], place: str) -> GoOn:
    own = TomlTable(table.file, f"{table.place}.{place}", said)
    own.only(_KNOWN)
    found: dict[str, Any] = {name: own.flag(name) or False for name in _FLAGS}
    found |= {name: own.whole(name, None, least=0) for name in _COUNTS if name in said}
    found[_FAMILIES] = own.texts(_FAMILIES)
    if _REPEATS in said:
        found[_REPEATS] = own.whole(_REPEATS, 1)
    if _AGREEMENT in said:
        found[_AGREEMENT] = own.number(_AGREEMENT, None, above=0)
    rule = GoOn(**found)
    problem = _problem(own, rule)
    if problem is not None:
        raise problem
    return rule


def _problem(own: TomlTable, rule: GoOn) -> BadCatalogue | None:
    """Return what is wrong with a rule as a whole; ``None`` if nothing is."""
    if not {*rule.conditions} - {_REPEATS}:
        return own.complain("", f"holds no condition; known: {', '.join(_KNOWN)}")
    if (rule.agreement_below is not None) != (rule.repeats >= _FEWEST_REPEATS):
        return own.complain(
            _AGREEMENT,
            "goes with repeats: how often the model is asked, at least"
            f" {_FEWEST_REPEATS}",
        )
    if rule.agreement_below is not None and rule.agreement_below > 1:
        return own.complain(_AGREEMENT, "is a share and must be at most 1")
    return None
