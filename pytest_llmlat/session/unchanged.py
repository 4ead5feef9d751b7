"""Unchanged cells: they ask the same of the same model as before, and need not run."""

from __future__ import annotations

from dataclasses import replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.session.cell_spec import drawn_as
from pytest_llmlat.session.matrix import on_device
from pytest_llmlat.store import baselines
from pytest_llmlat.tasks.data import load_samples, revision
from pytest_llmlat.tasks.shots import load_shots
from pytest_llmlat.values.cell_facts import REFERENCE
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.measure.cell import LoadedModel
    from pytest_llmlat.measure.plan import Plan
    from pytest_llmlat.session.gating import Gate
    from pytest_llmlat.session.selection import Selection
    from pytest_llmlat.store.baselines import Baseline
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar

_HEAD = "prompt_head"
"""Fact on a server's cache that follows from others."""


class Unchanged(LLMLatError):
    """An unchanged cell, which is not measured."""


def unchanged(
    plan: Plan,
    model: LoadedModel,
    selection: Selection,
    gate: Gate,
    run_facts: Mapping[str, Any],
) -> Verdict | None:
    """Return a cell as unchanged, with the reason that the report gives.

    Args:
        plan: of the cell.
        model: what it would be measured on.
        selection: knows the base's catalogues, where there is a base.
        gate: knows the stored run, where that is what to look at.
        run_facts: of this run, its machine among them.

    Returns:
        ``None`` where something has changed, or might have.
    """
    baseline = gate.baseline if selection.base_models is None else None
    if baseline is None:
        same = same_as_base(plan, model.deployment, selection)
    else:
        facts, here = model.backend.facts, run_facts["environment"]
        same = same_as_stored(plan, facts, baseline, here)
    if not same:
        return None
    return Verdict(
        cell=plan.cell.id,
        quantity="records",
        outcome="pass",
        against=gate.base,
        note="not measured: prompt, data and model are unchanged",
    )


def left_out(verdict: Verdict, reference: Plan | None) -> tuple[Verdict, ...]:
    """Return what the journal keeps of an unchanged cell and of its reference.

    The run is then known to lack neither. That of the reference is no result, and
    readers leave it out.

    Args:
        verdict: on the cell.
        reference: plan of what would have been measured beside it, if anything.
    """
    if reference is None:
        return (verdict,)
    beside = replace(verdict, cell=reference.cell.id, quantity=REFERENCE)
    return verdict, beside


def same_as_base(plan: Plan, deployment: Deployment, selection: Selection) -> bool:
    """Whether the base branch has the same task, rows and model.

    Args:
        plan: of the cell, with its task as it is asked.
        deployment: its model on its device.
        selection: knows the base's catalogues.
    """
    theirs = selection.base_tasks.get(plan.task.name)
    if theirs is None:
        return False
    model = deployment.model
    try:
        then = selection.of_base(model.name)
        asked = drawn_as(selection.asked(theirs), plan.said)
        rows = load_samples(asked, data=selection.data, seed=plan.seed)
        shots = load_shots(asked, rows, data=selection.data)
    except LLMLatError:
        # What cannot be read there is another thing here.
        return False
    if revision(asked, rows, shots) != plan.revision:
        return False
    placed = on_device(then, deployment.device) or then
    return _content(placed) == _content(model)


def same_as_stored(
    plan: Plan,
    facts: Mapping[str, Scalar | None],
    baseline: Baseline,
    environment: Mapping[str, Scalar | None],
) -> bool:
    """Whether the newest stored run measured the same, on the same machine.

    Args:
        plan: of the cell.
        facts: what its model says of itself.
        baseline: the stored runs.
        environment: this machine's fingerprint.
    """
    for run in reversed(baseline.runs):
        for cell in run.cells:
            if cell.cell.id == plan.cell.id:
                now: dict[str, Scalar | None] = {**facts, **dict(plan.entry_facts)}
                then = [(n, value) for n, value in cell.backend if n != _HEAD]
                found = baselines.differences(
                    run.environment, then, environment, now.items()
                )
                digest = plan.constraint.digest if plan.constraint else None
                return (
                    not found
                    and cell.task_revision == plan.revision
                    and cell.constraint == digest
                )
    return False


def _content(model: ModelSpec) -> ModelSpec:
    """Return an entry with the digest of each file in place of its path."""
    return replace(
        model,
        weights=_digest(model.weights),
        adapter=_digest(model.adapter),
        steps=tuple(map(_content, model.steps)),
        options=tuple(
            (name, (_digest(value) or "") if isinstance(value, str) else value)
            for name, value in model.options
        ),
    )


def _digest(value: str | None) -> str | None:
    """Return the digest of a file or of all files of a folder; of a name the name."""
    if value is None or not Path(value).is_absolute():
        return value
    path = Path(value)
    if path.is_file():
        return _of_file(path)
    if not path.is_dir():
        return value
    files = sorted(each for each in path.rglob("*") if each.is_file())
    told = [(str(each.relative_to(path)), _of_file(each)) for each in files]
    return sha256(repr(told).encode()).hexdigest()


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
