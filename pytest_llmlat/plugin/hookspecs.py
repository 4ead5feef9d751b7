"""The hooks that we offer to conftest files and other plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_llmlat.backends.backend_kind import BackendKind
    from pytest_llmlat.backends.completions.prompt_counters import PromptCounters
    from pytest_llmlat.backends.engines.engine_table import ServingEngine
    from pytest_llmlat.grading.extractors import Extractor
    from pytest_llmlat.grading.metrics import Metric
    from pytest_llmlat.grading.sandbox import SandboxKind
    from pytest_llmlat.machine.device_table import Device
    from pytest_llmlat.machine.energy_counters import EnergySource
    from pytest_llmlat.spread.spread_kinds import SpreadKind
    from pytest_llmlat.tasks.templates.generators import ItemGenerator
    from pytest_llmlat.values.families import Family
    from pytest_llmlat.values.records import Record


def pytest_llmlat_record(config: pytest.Config, record: Record) -> None:
    """Take note of one measured sample.

    Called in the process that measured it, after the record is on disk and outside
    of every timed region; time spent here is no sample's latency, but it is the
    session's::

        def pytest_llmlat_record(record):
            print(record.cell.id, record.sample, record.timing.e2e_s)

    Args:
        config: of the pytest session.
        record: frozen; what was asked, answered, graded and timed.
    """


def pytest_llmlat_backends(config: pytest.Config) -> Mapping[str, BackendKind] | None:
    """Return backends by the names that catalogues give them, for this session.

    Called as :func:`pytest_llmlat_families` is::

        def pytest_llmlat_backends():
            return {"echo": BackendKind(name="echo", open=open_echo, needs=None)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_devices(config: pytest.Config) -> Mapping[str, Device] | None:
    """Return devices by their markers, for this pytest session.

    It is called as that for families; the markers are known from then on::

        def pytest_llmlat_devices():
            return {"rtx3090": nvidia_card("rtx3090", "RTX 3090")}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_engines(config: pytest.Config) -> Mapping[str, ServingEngine] | None:
    """Return engines by the names that catalogues give them, for this session.

    It is called as that for families::

        def pytest_llmlat_engines():
            return {"mine": ServingEngine(name="mine", program=("mine",), arguments=…)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_families(config: pytest.Config) -> Mapping[str, Family] | None:
    """Return families of tasks by name, for this pytest session.

    As every hook of this kind it is called once, at the start of the session, in the
    process of each worker; it must stand in a plugin or in a ``conftest.py`` that
    pytest reads at its start. ``measure_models`` in a test sees what it adds::

        def pytest_llmlat_families():
            return {"intent": Family(labels=True)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_extractors(config: pytest.Config) -> Mapping[str, Extractor] | None:
    """Return extractors by name, for this pytest session.

    It is called as that for families::

        def pytest_llmlat_extractors():
            return {"first_line": Extractor(read=first_line)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_generators(
    config: pytest.Config,
) -> Mapping[str, ItemGenerator] | None:
    """Return generators of items by name, for this pytest session.

    It is called as that for families. ``source = "generated:dates"`` of a task names
    what this adds::

        def pytest_llmlat_generators():
            return {"dates": ItemGenerator(draw=draw_dates)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_energy(config: pytest.Config) -> Mapping[str, EnergySource] | None:
    """Return sources of energy counters by name, for this pytest session.

    It is called as that for families::

        def pytest_llmlat_energy():
            return {"wall": EnergySource(name="wall", find=open_wall_meter)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_metrics(config: pytest.Config) -> Mapping[str, Metric] | None:
    """Return metrics by name, for this pytest session.

    It is called as that for families. The command ``llmlat`` reads no conftest file: a
    run that it is to show later needs the metric as an entry point::

        def pytest_llmlat_metrics():
            return {"brevity": Metric(grade=brevity, binary=False)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_prompt_counters(
    config: pytest.Config,
) -> Mapping[str, PromptCounters] | None:
    """Return what kinds of servers call their counters of prompts, by name.

    It is called as that for families::

        def pytest_llmlat_prompt_counters():
            return {"mine": PromptCounters(prompts=("mine:in",), kept=("mine:kept",))}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_spreads(config: pytest.Config) -> Mapping[str, SpreadKind] | None:
    """Return places where cells can be measured by name, for this pytest session.

    It is called as that for families::

        def pytest_llmlat_spreads():
            return {"slurm": SpreadKind(name="slurm", meaning="…", open=open_slurm)}

    Args:
        config: of the pytest session.
    """


def pytest_llmlat_sandboxes(
    config: pytest.Config,
) -> Mapping[str, SandboxKind] | None:
    """Return sandboxes for generated code by name, for this pytest session.

    It is called as that for families::

        def pytest_llmlat_sandboxes():
            return {"firecracker": SandboxKind(open=open_firecracker)}

    Args:
        config: of the pytest session.
    """
