"""Orders of cells cross processes: secrets stay on the machine, errors stay ours."""

from __future__ import annotations

import pytest

from pytest_llmlat.machine.sealed_values import packed, unpacked
from pytest_llmlat.session.cell_orders import error_of, raised_of
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.errors import (
    BadCatalogue,
    DeviceAbsent,
    LLMLatError,
    MissingExtra,
    UnknownName,
    UsageError,
)

OPEN = ModelSpec(name="m", backend="http", url="http://localhost:8000/v1", devices=())
KEPT = ModelSpec(
    name="m", backend="http", url="http://u:secret@localhost/v1", devices=()
)


def test_a_secret_goes_to_processes_of_this_machine_only() -> None:
    """The whole address comes back there, and none of it leaves."""
    assert unpacked(packed(KEPT, leaves=False)) == KEPT
    assert unpacked(packed(OPEN, leaves=True)) == OPEN
    with pytest.raises(UsageError, match=r"does not leave this machine") as told:
        packed(KEPT, leaves=True)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DeviceAbsent("no card"), DeviceAbsent),
        (BadCatalogue("a row"), BadCatalogue),
        (MissingExtra("gguf", "llama_cpp", wanted_by="m"), LLMLatError),
        (UnknownName("task", "x", ["y"], where="--llm", remedy=""), UsageError),
    ],
)
def test_an_error_of_another_process_is_ours(
    error: LLMLatError, kind: type[LLMLatError]
) -> None:
    """Of its kind, with its words, and where it came up."""
    found = error_of(unpacked(packed(raised_of(error, " (on far)"), leaves=True)))

    assert type(found) is kind
    assert str(found) == f"{error} (on far)"
