"""The sittings of a run, as ``run.json`` lists them.

A sitting is one process, with its workers, that measures in a run; a later one goes on
where an earlier one was cut off::

    "sittings": [{"started": ..., "host": ..., "commit": ..., "pid": 412,
                  "seconds": null, "told": []},
                 {"started": ..., ..., "told": ["2 cells are new: ..."]}]

``seconds`` is null of one that did not come to its end. Runs of older versions have no
such list: they were one sitting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SITTINGS = "sittings"
"""Key of the list in ``run.json``."""
_OF_ONE = ("started", "host", "commit", "seconds")


def sittings_of(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the sittings of a run, at least one."""
    said = told.get(SITTINGS)
    each_said = said if isinstance(said, list | tuple) else ()
    listed = [each for each in each_said if isinstance(each, dict)]
    return listed or [{name: told.get(name) for name in _OF_ONE}]


def gone_on(
    before: Mapping[str, Any], now: Mapping[str, Any], notes: Iterable[str]
) -> dict[str, Any]:
    """Return what ``run.json`` says when one more sitting has begun.

    What was asked for, and on which machine, is as the last sitting has it; the run
    has no end any more.

    Args:
        before: what it said.
        now: what it would say of this sitting alone.
        notes: what differs from before, for the report.
    """
    new = {**sittings_of(now)[-1], "told": list(notes)}
    kept = {name: value for name, value in before.items() if name != "seconds"}
    return {
        **kept,
        **now,
        "id": before["id"],
        "started": before["started"],
        SITTINGS: [*sittings_of(before), new],
    }


def one_more(told: Mapping[str, Any], note: str) -> dict[str, Any]:
    """Return what ``run.json`` says when a cell begins anew within a sitting.

    What was measured of it before counts no more, as that of an earlier sitting.

    Args:
        told: what it said.
        note: why.
    """
    before = sittings_of(told)
    return {**told, SITTINGS: [*before, {**before[-1], "told": [note]}]}


def ended(told: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return what ``run.json`` says when its last sitting has ended.

    Its ``seconds`` are those of all sittings of which they are known.

    Args:
        told: what it says.
        seconds: duration of the last sitting.
    """
    if SITTINGS not in told:
        return {**told, "seconds": seconds}
    *others, last = sittings_of(told)
    listed = [*others, {**last, "seconds": seconds}]
    known = [each.get("seconds") for each in listed]
    total = sum(each for each in known if isinstance(each, int | float))
    return {**told, SITTINGS: listed, "seconds": total}


def told_of_sittings(told: Mapping[str, Any]) -> list[str]:
    """Return the sentences on what differed when a run was gone on with."""
    found: list[str] = []
    for number, each in enumerate(sittings_of(told), 1):
        notes = each.get("told", ())
        if isinstance(notes, list | tuple):
            found += [f"sitting {number}: {note}" for note in map(str, notes)]
    return found
