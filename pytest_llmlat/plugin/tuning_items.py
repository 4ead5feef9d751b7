"""Items of ``--llm-tune``: one for each model on each device, for all its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.plugin.keys import session_of
from pytest_llmlat.plugin.task_runner import Assignment
from pytest_llmlat.session.cell_spec import CellSpec
from pytest_llmlat.session.cells import AskedCell
from pytest_llmlat.values.errors import DeviceAbsent, LLMLatError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import Deployment


class TuningItem(pytest.Item):
    """An item that races the settings of a model."""

    def __init__(
        self,
        *,
        deployment: Deployment,
        assignments: Sequence[Assignment],
        **given: Any,  # noqa: ANN401 - pytest's
    ) -> None:
        """Tune a model on what its tests ask of it."""
        super().__init__(**given)
        self.deployment, self.assignments = deployment, assignments
        # What holds for tests that ask for a model holds for this one.
        self.fixturenames = ["llm"]
        self.add_marker(getattr(pytest.mark, deployment.device))

    @property
    def asked_cells(self) -> list[AskedCell]:
        """The cells that are measured in many settings, one for each task."""
        return [
            AskedCell(
                deployment=self.deployment,
                task=one.task,
                wanted=CellSpec(count=one.samples, sampling=one.sampling),
            )
            for one in self.assignments
        ]

    def runtest(self) -> None:
        """Run the race; that nothing is better is a result, and passes."""
        from pytest_llmlat.report.race_lines import race_sentence  # noqa: PLC0415
        from pytest_llmlat.session.setting_trials import AskedTask  # noqa: PLC0415
        from pytest_llmlat.session.tuning_run import tune_model  # noqa: PLC0415

        session = session_of(self.config)
        asked = [
            AskedTask(task=one.task, wanted=one.wanted) for one in self.asked_cells
        ]
        try:
            race = tune_model(session, self.deployment, asked)
        except DeviceAbsent as error:
            pytest.skip(str(error))
        told = race_sentence(race)
        self.user_properties.append(("llm_tuning", told))
        if race.end == "undecided":
            pytest.fail(told, pytrace=False)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401 - pytest's own names of styles
    ) -> Any:  # noqa: ANN401 - as pytest has it
        """Say what is wrong, without a traceback where it is ours."""
        if isinstance(excinfo.value, LLMLatError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what the item is called."""
        return self.path, None, self.name


def tuning_items(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return items with those of cells replaced by one for each model and device.

    Args:
        items: those that are left of a collection, ``-k`` and ``-m`` applied.
    """
    chosen: dict[str, dict[str, Assignment]] = {}
    firsts: dict[str, tuple[Deployment, pytest.Item]] = {}
    kept: list[pytest.Item] = []
    for item in items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "llm" not in params:
            kept.append(item)
            continue
        deployment, assignment = params["llm"], params.get("llmlat")
        if deployment is None:
            # No device: the test says which are lacking.
            kept.append(item)
        elif isinstance(assignment, Assignment):
            firsts.setdefault(deployment.id, (deployment, item))
            own = chosen.setdefault(deployment.id, {})
            own.setdefault(assignment.task.name, assignment)
    found: list[pytest.Item] = [
        TuningItem.from_parent(
            first.getparent(pytest.Module) or first.session,
            name=f"tune[{name}]",
            deployment=deployment,
            assignments=tuple(chosen[name].values()),
        )
        for name, (deployment, first) in firsts.items()
    ]
    return [*kept, *found]
