"""``llmlat route``: cascades and routers through models, found in stored records."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.analysis.routing.common_answers import common_answers
from pytest_llmlat.analysis.routing.found_routes import find_routes
from pytest_llmlat.analysis.stored_run import asked_for
from pytest_llmlat.command.given import RUN_HELP, add_balance, opened, warn
from pytest_llmlat.command.output import add_json, room, say, tell
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
from pytest_llmlat.values.balance import weighed
from pytest_llmlat.values.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.routes import ChosenRoute, FoundRoutes, Route, TriedRoute

_TOLERANCE = 0.02


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
        default=_TOLERANCE,
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
    answers = common_answers(
        whole, models=given.model, device=given.device, tell=problems.append
    )
    answers = replace(answers, notes=(*answers.notes, *_machines(whole)))
    _check_reference(given.not_worse_than, answers)
    asked = asked_for(whole)
    balance = given.balance or asked.balance
    if weighed(balance).weighs_cost:
        raise UsageError(
            f"route: a route's score is predicted of quality and speed, and {balance}"
            " weighs cost; give --balance geometric, and look at the cheapest route"
        )
    found = find_routes(
        answers,
        balance=balance,
        seed=asked.seed,
        tolerance=given.tolerance,
        reference=given.not_worse_than,
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


def _machines(whole: Run) -> tuple[str, ...]:
    """Warn of runs of several machines, whose times are added up."""
    hosts = {str(run.get("host")) for run in whole.told.get("runs", ())}
    if len(hosts) < 2:  # noqa: PLR2004 - two are not one
        return ()
    told = "runs of several machines, whose times are added up though no route"
    return (f"{told} runs on several: {', '.join(sorted(hosts))}",)


def _check_reference(name: str | None, answers: CommonAnswers) -> None:
    if name is not None and name not in answers.models:
        remedy = "It must be one of the models that are looked at."
        raise UnknownName(
            "model", name, answers.models, where="--not-worse-than", remedy=remedy
        )


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
