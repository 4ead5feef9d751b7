"""Routes in words: tables, sentences, and the lines of a catalogue that run one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.figures import MISSING, bounds, money, narrowed, ratio, table
from pytest_llmlat.report.gfm import code, head, plain, row
from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.routes import (
        ChosenRoute,
        FoundRoutes,
        Route,
        RouteAim,
        TriedRoute,
    )

_HEADER = ("route", "quality", "e2e mean", "balanced", "cost", "front", "answered by")
_COST = 4
_RIGHT = (1, 2, 3, 4)
_DISPENSABLE = (6, 4, 5)
_MOST_ROUTES = 12
"""Routes that a table shows; the JSON has all of them."""
_AIMS: Mapping[RouteAim, str] = {
    "balance": "Best balance",
    "fastest": "Fastest not worse than",
    "cheapest": "Cheapest not worse than",
}
_WITHIN: Mapping[bool | None, str] = {
    True: "its balance lies in the predicted interval",
    False: "its balance lies OUTSIDE of the predicted interval",
    None: "whether that was predicted is not known",
}
_PROMISES: Mapping[RouteAim, str] = {
    "balance": "better",
    "fastest": "faster and as good",
    "cheapest": "as good",
}


def rule_words(rule: GoOn) -> str:
    """Return a rule as one reads it: ``unparsed or longer_than 40``."""
    told = []
    for name, value in rule.conditions.items():
        if value is True:
            told.append(name)
        elif isinstance(value, tuple):
            told.append(f"{name} {', '.join(value)}")
        else:
            told.append(f"{name} {value:g}")
    return " or ".join(told)


def route_words(route: Route) -> str:
    """Return a route as one reads it: ``a > b if unparsed``."""
    words = route.steps[0]
    for step, rule in zip(route.steps[1:], route.rules, strict=True):
        words += f" > {step} if {rule_words(rule)}"
    return words


def route_entry(route: Route, aim: RouteAim = "balance") -> str:
    """Return the lines of a catalogue that make a route a model; none for one model.

    Args:
        route: the route.
        aim: what it was chosen for; any other than balance is part of its name.
    """
    if route.alone:
        return ""
    name = "-then-".join(route.steps) + ("" if aim == "balance" else f"-{aim}")
    rules = [dict(rule.conditions) for rule in route.rules]
    said = rules[0] if len({*route.rules}) == 1 else rules
    lines = (
        f"[models.{toml_key(name)}]",
        'backend = "cascade"',
        f"steps = {toml_value(route.steps)}",
        f"go_on = {toml_value(said)}",
    )
    return "\n".join(lines) + "\n"


def route_lines(found: FoundRoutes, *, most: int | None) -> Iterator[str]:
    """Yield the lines of a terminal.

    Args:
        found: what was found.
        most: how many letters a line may have; ``None`` for any number.
    """
    yield _head(found)
    yield ""
    shown = found.routes[:_MOST_ROUTES]
    rows = [_row(one, found) for one in (*found.models, *shown)]
    kept = narrowed(_HEADER, rows, most=most, dispensable=_DISPENSABLE)
    if found.currency is None and _COST in kept:
        kept.remove(_COST)
    yield from table(
        [_HEADER[place] for place in kept],
        [[cells[place] for place in kept] for cells in rows],
        right=[kept.index(place) for place in _RIGHT if place in kept],
    )
    if len(found.routes) > len(shown):
        yield f"and {len(found.routes) - len(shown)} more routes (--json has them all)"
    for note in found.notes:
        yield f"note: {note}"
    for one in found.chosen:
        yield ""
        yield from chosen_lines(one, found)
    yield ""
    yield route_sentence(found)


def _head(found: FoundRoutes) -> str:
    return (
        f"routes through {len(found.models)} models on {found.device}:"
        f" {found.answers} questions ({found.items} items) of {len(found.tasks)} tasks,"
        f" rules chosen on {found.folds - 1} of {found.folds} folds and judged on the"
        " other"
    )


def _row(one: TriedRoute, found: FoundRoutes) -> tuple[str, ...]:
    own = one.figures
    shares = (
        f"{step} {share:.0%}"
        for step, share in zip(one.route.steps, own.answered_by, strict=False)
    )
    cost = MISSING
    if own.cost is not None and found.currency is not None:
        cost = f"{money(own.cost)} {found.currency}"
    return (
        route_words(one.route),
        ratio(own.quality.value),
        bounds(own.e2e_s, "s"),
        bounds(own.balanced),
        cost,
        "yes" if own.on_front else "",
        MISSING if one.route.alone else ", ".join(shares),
    )


def chosen_lines(one: ChosenRoute, found: FoundRoutes) -> Iterator[str]:
    """Yield what an aim chose, beside the model that it is compared with."""
    whom = "" if one.aim == "balance" else f" {one.reference}"
    room = "" if one.aim == "balance" else f" by more than {found.tolerance:g}"
    yield f"{_AIMS[one.aim]}{whom}{room}: {route_words(one.route)}"
    if one.route.alone:
        yield "  a model alone: no route does better on these records"
    word = "as the folds chose" if one.route.alone else "predicted"
    yield (
        f"  {word}: balanced {bounds(one.predicted)}, quality"
        f" {bounds(one.figures.quality)}, e2e mean {bounds(one.figures.e2e_s, 's')}"
    )
    if one.beside is not None:
        yield (
            f"  beside {one.reference}: balanced"
            f" {bounds(one.beside.difference, 'difference')}, quality"
            f" {bounds(one.beside.quality, 'difference')};"
            f" {'' if one.better else 'not '}{_PROMISES[one.aim]} for certain"
        )
    for run in one.measured:
        where = _WITHIN[run.within]
        yield (
            f"  measured as {run.model}: balanced {bounds(run.balanced)}, quality"
            f" {bounds(run.quality)}; {where}"
        )
    yield f"  {one.same_steps} of {found.folds} folds chose these models"
    for line in route_entry(one.route, one.aim).splitlines():
        yield f"    {line}"


def route_sentence(found: FoundRoutes) -> str:
    """Return the sentence that sums up."""
    best = found.chosen[0]
    if best.better and not best.route.alone:
        difference = best.beside.difference.value if best.beside else None
        gain = "" if difference is None else f" ({difference:+.3f})"
        return (
            f"{route_words(best.route)} has a better balance than {best.reference}"
            f" alone{gain}, for certain (95 %). Paste its lines into a catalogue and"
            " measure it."
        )
    return (
        f"No route has a better balance than {best.reference} alone, as far as these"
        f" {found.items} items tell."
    )


def route_markdown(found: FoundRoutes) -> Iterator[str]:
    """Yield the lines of Markdown."""
    yield "## Routes"
    yield ""
    yield plain(route_sentence(found))
    yield ""
    yield plain(_head(found) + ".")
    yield ""
    yield from head(_HEADER, right=_RIGHT)
    for one in (*found.models, *found.routes[:_MOST_ROUTES]):
        yield row(_row(one, found), hostile=(0, 6))
    for note in found.notes:
        yield ""
        yield f"- {code(note, most=400)}"
    for each in found.chosen:
        yield ""
        for line in chosen_lines(each, found):
            if not line.startswith("    "):
                yield f"- {code(line.strip(), most=400)}"
        if entry := route_entry(each.route, each.aim):
            yield ""
            yield "```toml"
            yield entry.rstrip()
            yield "```"


def entries(found: FoundRoutes) -> Sequence[str]:
    """Return the lines of a catalogue of all routes that were chosen, each once."""
    first = {one.route: one for one in reversed(found.chosen)}
    told = [route_entry(one.route, one.aim) for one in first.values()]
    return tuple(entry for entry in reversed(told) if entry)
