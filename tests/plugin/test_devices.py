"""Devices are markers: what is there runs, what is named and absent says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.machine.device_table import all_devices, find_device
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

    for marker in ("llm(", *(f"{device.name}:" for device in all_devices())):
        result.stdout.fnmatch_lines([f"@pytest.mark.{marker}*"])


def test_an_unrelated_strict_run_knows_the_devices(
    pytester: pytest.Pytester,
) -> None:
    """A test may wear a device's marker in a project that measures nothing."""
    pytester.makepyfile("""
        import pytest
        @pytest.mark.h100
        @pytest.mark.endpoint
        def test_it(): pass
    """)

    result = pytester.runpytest_inprocess("--strict-markers")

    result.assert_outcomes(passed=1)


DEVICE = """
from pytest_llmlat.machine.device_table import Device

def pytest_llmlat_devices():
    npu = Device(
        name="npu",
        meaning="cells that run on the NPU",
        sought="an NPU",
        present=lambda inventory: {present},
        found=lambda inventory: inventory.platform,
        torch_kind="cpu",
    )
    return {{"npu": npu}}
"""
MODEL = """
[models.{name}]
backend = "scripted"
devices = {devices}
options = {{ answer = "positive" }}
"""


def add_model(project: Project, name: str, devices: str) -> None:
    """Write a model for some devices into a catalogue of its own."""
    text = MODEL.format(name=name, devices=devices)
    (project.pytester.path / "more.toml").write_text(text, "utf-8")


def test_a_device_of_a_conftest_is_a_marker_and_runs(project: Project) -> None:
    """A strict run knows it, and cells bear its name."""
    project.pytester.makeconftest(DEVICE.format(present=True))
    add_model(project, "mine", "['npu']")

    markers = project.run("--markers")
    result = project.run(
        *("--strict-markers", "--llm-models=more.toml", "--llm=mine", "-m", "npu"),
        *("-k", "sentiment"),
    )

    markers.stdout.fnmatch_lines(["@pytest.mark.npu: cells that run on the NPU"])
    result.assert_outcomes(passed=1)
    assert project.summary()["cells"][0]["device"] == "npu"


def test_a_device_of_a_conftest_that_is_absent_is_skipped(project: Project) -> None:
    """Its own words tell what was looked for."""
    project.pytester.makeconftest(DEVICE.format(present=False))
    add_model(project, "mine", "['npu']")

    result = project.run("--llm-models=more.toml", "--llm=mine", "-m", "npu", "-rs")

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*'npu' is not here: looked for an NPU; found linux"])


def test_a_device_of_a_conftest_ends_with_its_session(project: Project) -> None:
    """The next session in this process does not know it."""
    project.pytester.makeconftest(DEVICE.format(present=True))
    project.run("--markers")

    assert find_device("npu") is None


def test_a_device_that_is_none_is_a_usage_error(project: Project) -> None:
    """With the hook that gave it."""
    project.pytester.makeconftest("def pytest_llmlat_devices(): return {'npu': 1}")

    result = project.run()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'npu' of pytest_llmlat_devices in *must be a Dev*"])


@pytest.mark.parametrize("name", ["gpu_rtx_3090", "h100"])
def test_a_card_is_chosen_by_its_marker(project: Project, name: str) -> None:
    """One that an entry names by its words is chosen by these words."""
    add_model(project, "mine", "['gpu:RTX 3090', 'h100', 'cpu']")

    result = project.run(
        *("--strict-markers", "--llm-models=more.toml", "--llm=mine", "-m", name),
        *("-rs", "-k", "sentiment"),
    )

    result.assert_outcomes(skipped=1, deselected=3)
    result.stdout.fnmatch_lines([f"*device '{name}' is not here: looked for a CUDA *"])


@pytest.mark.parametrize(("typed", "meant"), [("cpuu", "'cpu'"), ("cuad", "'cuda'")])
def test_a_misspelled_device_is_told(project: Project, typed: str, meant: str) -> None:
    """Nothing runs on it, and the nearest marker is named."""
    result = project.run("-m", typed)

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines([f"*no device '{typed}'; did you mean {meant}?"])


def test_a_marker_of_the_users_own_is_no_device(project: Project) -> None:
    """Words that are nowhere near a device are not remarked on."""
    result = project.run("-m", "nightly")

    result.stdout.no_fnmatch_line("*did you mean*")
