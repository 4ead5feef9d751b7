"""The public names of the package: which there are, and that each loads."""

from __future__ import annotations

import pytest

import pytest_llmlat

PUBLIC = [
    "Backend",
    "Clock",
    "Generation",
    "LLMLatError",
    "Listener",
    "ManualClock",
    "Meter",
    "ModelSpec",
    "Record",
    "Request",
    "RunResult",
    "Sample",
    "Scoreboard",
    "Scripted",
    "Summary",
    "SystemClock",
    "Task",
    "Timing",
    "__version__",
    "measure_models",
    "tune",
]


def test_public_names_are_these() -> None:
    """Whoever renames or adds a public name says so here too."""
    assert sorted(pytest_llmlat.__all__) == PUBLIC
    assert dir(pytest_llmlat) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_loads(name: str) -> None:
    """Each public name is there when it is asked for, under its own name."""
    value = getattr(pytest_llmlat, name)

    assert getattr(value, "__name__", name) == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The package answers ``hasattr`` as any module does."""
    assert not hasattr(pytest_llmlat, "Nonsense")
