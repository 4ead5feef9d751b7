"""Devices are markers: what is there runs, what is named and absent says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.devices import Inventory

if TYPE_CHECKING:
    from tests.plugin.conftest import Project


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every machine look like one without accelerators."""
    bare = Inventory(
        gpus=(),
        gpu_note="no NVIDIA driver",
        platform="linux",
        machine="x86_64",
        hub_token=False,
    )
    monkeypatch.setattr("pytest_llmlat.session.selection.look", lambda: bare)


def test_without_a_marker_the_devices_present_are_collected(project: Project) -> None:
    """A model that may run on four devices runs on the one that is there."""
    result = project.run("-k", "sentiment")

    result.assert_outcomes(passed=1)
    assert project.summary()["cells"][0]["device"] == "cpu"


def test_a_device_that_is_named_and_absent_is_skipped_with_a_reason(
    project: Project,
) -> None:
    """The reason says what was looked for and what was found."""
    result = project.run("-m", "a6000", "-rs")

    result.assert_outcomes(skipped=2, deselected=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED * device 'a6000' is not here: *RTX A6000; found no CUDA device (no*"]
    )


def test_model_and_device_are_chosen_together(project: Project) -> None:
    """``-m mps --llm=llama`` is that model on that device."""
    result = project.run("-m", "mps", "--llm=llama", "-rs")

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED * device 'mps' is not here: *Apple silicon*; found linux on x86_64"]
    )


def test_a_marker_expression_that_excludes_a_device_keeps_the_others(
    project: Project,
) -> None:
    """``-m 'not cuda'`` names cuda without wanting it."""
    result = project.run("-m", "not cuda", "-k", "sentiment")

    result.assert_outcomes(passed=1, deselected=3)


def test_a_model_that_can_run_nowhere_here_is_skipped_and_says_so(
    project: Project,
) -> None:
    """A model that was chosen never vanishes without a word."""
    result = project.run("--llm=llama", "-rs")

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED * llama (for a6000, mps): *none of this machine's devices*"]
    )


def test_all_markers_are_registered(project: Project) -> None:
    """Strict pytest runs know every marker of ours."""
    result = project.run("--markers")

    for marker in ("llm(", "cpu:", "cuda:", "a6000:", "mps:", "hf:", "endpoint:"):
        result.stdout.fnmatch_lines([f"@pytest.mark.{marker}*"])
