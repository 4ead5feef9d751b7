"""Which loads client processes offer, and which they cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.measure.cell_tools import LoadedModel
from pytest_llmlat.measure.plan import Plan
from pytest_llmlat.session.client_processes import ClientProcesses
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.entities import ConversationTurn
from pytest_llmlat.values.errors import Unsupported, UsageError
from pytest_llmlat.values.scenario import SINGLE, Scenario
from pytest_llmlat.values.settings import Settings
from tests.unit.builders import a_cell, a_deployment, a_sample, a_task

if TYPE_CHECKING:
    from pathlib import Path

LOAD = Scenario(kind="concurrent", level=4)
PLAN = Plan(
    cell=a_cell(device="endpoint", scenario="concurrent:4"),
    task=a_task(),
    samples=(a_sample("s1"), a_sample("s2")),
    seed=0,
    revision="abc",
    scenario=LOAD,
)


class Behind:
    """A backend of which only the place matters."""

    def __init__(self, *, remote: bool) -> None:
        """Be behind a network, or not."""
        self.remote = remote
        self.facts: dict[str, str] = {}


def a_loaded(*, remote: bool = True) -> LoadedModel:
    """Return a model that is loaded."""
    backend = Behind(remote=remote)
    return LoadedModel(deployment=a_deployment(), backend=backend, load_s=None)  # type: ignore[arg-type]


def processes(folder: Path, **settings: object) -> ClientProcesses:
    """Return those of a session with such settings."""
    given = Settings(root=folder, folder=folder, **settings)  # type: ignore[arg-type]
    return ClientProcesses(given, ManualClock(), folder, lambda name: f"--llm-{name}")


@pytest.mark.parametrize(
    ("clients", "plan", "remote"),
    [
        (1, PLAN, True),
        (2, PLAN, False),
        (2, replace(PLAN, scenario=SINGLE), True),
        (2, replace(PLAN, scenario=Scenario(kind="concurrent", level=1)), True),
        (2, replace(PLAN, requests=1), True),
    ],
)
def test_this_process_offers_what_needs_no_others(
    tmp_path: Path, clients: int, plan: Plan, *, remote: bool
) -> None:
    """One client, one slot or one request, a single stream, or a model of its own."""
    found = processes(tmp_path, clients=clients).of(a_loaded(remote=remote), plan)

    assert found is None


def test_a_budget_is_refused(tmp_path: Path) -> None:
    """Nobody counts what several processes spend while they do."""
    own = processes(tmp_path, clients=2, spend="usd=1")

    with pytest.raises(UsageError, match=r"--llm-clients: .* or --llm-spend out"):
        own.of(a_loaded(), PLAN)


def test_conversations_are_refused(tmp_path: Path) -> None:
    """A later turn holds the answers that one process has."""
    turn = ConversationTurn(
        conversation="c",
        number=2,
        text="And now?",
        earlier=(("What?", None),),
        asked_before=("s1",),
    )
    talk = replace(PLAN, samples=(replace(a_sample("s2"), turn=turn),))

    with pytest.raises(Unsupported, match="holds conversations"):
        processes(tmp_path, clients=2).of(a_loaded(), replace(talk, requests=4))
