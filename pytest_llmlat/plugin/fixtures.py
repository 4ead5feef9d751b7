"""The fixtures ``llm`` (a model on its device) and ``llmlat`` (runs a task on it)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin.keys import cells_of, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.plugin.task_runner import Runner
    from pytest_llmlat.session.cells import CellModel


@pytest.fixture(scope="session")
def llm(request: pytest.FixtureRequest) -> Iterator[CellModel]:
    """Load a model once for all its cells, and free it before the next is loaded."""
    from pytest_llmlat.values.errors import BudgetSpent, DeviceAbsent, LLMLatError  # noqa: PLC0415

    session, cells = session_of(request.config), cells_of(request.config)
    try:
        model = cells.load(request.param)
    except DeviceAbsent as error:
        if session.gate.compares:
            # What was to be compared and is not must not look like a pass.
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        pytest.skip(str(error))
    except BudgetSpent as error:
        pytest.skip(str(error))
    except LLMLatError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    yield model
    cells.unload(model)


@pytest.fixture
def llmlat(request: pytest.FixtureRequest) -> Runner:
    """Give the test what runs its marker's task on a model."""
    from pytest_llmlat.plugin.task_runner import Runner  # noqa: PLC0415 - not at start-up

    return Runner(request, getattr(request, "param", None))
