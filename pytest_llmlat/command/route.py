"""``llmlat route``: cascades and routers through models, found in stored records."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmlat.command.given import RUN_HELP, add_balance, opened, warn
from pytest_llmlat.command.output import add_json, room, say, tell
from pytest_llmlat.command.routed_run import TOLERATED, RouteWish, routes_of
from pytest_llmlat.report.figures import printable
from pytest_llmlat.report.route_words import (
    entries,
    route_entry,
    route_lines,
    route_markdown,
    route_sentence,
    route_words,
)
from pytest_llmlat.store.merge import merge
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.values.routes import ChosenRoute, FoundRoutes, Route, TriedRoute


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = (
        "Plays the stored answers of several models through cascades (a cheap model"
        " first, the next one where a signal says so) and routers (by what the question"
        " looks like), and tells which are better than the best model alone. Rules are"
        " chosen on some items and judged on others."
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help=RUN_HELP)
    parser.add_argument(
        "--model",
        metavar="NAME",
        action="append",
        default=[],
        help="a model to look at (default: all of the runs); repeatable",
    )
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="device that they were measured on, where there are several",
    )
    parser.add_argument(
        "--not-worse-than",
        metavar="MODEL",
        help="model whose quality the fastest and the cheapest route must have"
        " (default: the one of best quality)",
    )
    parser.add_argument(
        "--tolerance",
        metavar="X",
        type=float,
        default=TOLERATED,
        help="quality by which they may be worse (default: %(default)s)",
    )
    add_balance(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    form.add_argument(
        "--toml",
        action="store_true",
        help="print only the lines of a catalogue that run what was chosen",
    )
    add_json(parser)


def run(given: Namespace) -> int:
    """Print the routes.

    Raises:
        UsageError: a run that is none, models that were not asked the same, or too few
            of them.
    """
    if not 0 <= given.tolerance <= 1:
        raise UsageError(
            f"--tolerance {given.tolerance:g}: must lie between 0 and 1, such as 0.02"
        )
    whole = merge([opened(text) for text in given.runs])
    problems = list(whole.problems)
    found = routes_of(
        whole,
        RouteWish(
            models=given.model,
            device=given.device,
            balance=given.balance,
            tolerance=given.tolerance,
            reference=given.not_worse_than,
        ),
        problems.append,
    )
    if given.json:
        tell({**_content(found), "problems": problems})
        return 0
    warn(problems)
    if given.toml:
        say(entry.rstrip() + "\n" for entry in entries(found))
    elif given.markdown:
        say(route_markdown(found))
    else:
        say(map(printable, route_lines(found, most=room())))
    return 0


def _content(found: FoundRoutes) -> dict[str, Any]:
    content = asdict(found)
    content["models"] = [_tried(one) for one in found.models]
    content["routes"] = [_tried(one) for one in found.routes]
    content["chosen"] = [_of_aim(one) for one in found.chosen]
    content["sentence"] = route_sentence(found)
    return content


def _tried(one: TriedRoute) -> dict[str, Any]:
    return {"route": _route(one.route), "figures": asdict(one.figures)}


def _of_aim(one: ChosenRoute) -> dict[str, Any]:
    entry = route_entry(one.route, one.aim) or None
    return {**asdict(one), "route": {**_route(one.route), "entry": entry}}


def _route(route: Route) -> dict[str, Any]:
    return {
        "steps": route.steps,
        "go_on": [dict(rule.conditions) for rule in route.rules],
        "router": route.router,
        "words": route_words(route),
        "entry": route_entry(route) or None,
    }
