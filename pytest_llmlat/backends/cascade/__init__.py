"""Cascades: a cheap model first, and the next one where a signal says so.

In a catalogue::

    [models.cheap-then-good]
    backend = "cascade"
    steps = ["smollm2-135m", "llama2-7b"]
    go_on = { unparsed = true, cut = true, longer_than = 200 }

The first model is asked; if any condition holds for its answer, the next one is asked
the same, and so on; the last one's answer is given as it comes. Conditions on the
question (``families``, ``prompt_longer_than``, ``digits_over``, ``code_marks_over``)
pass a model over without asking it: a cascade that has no others is a router.
``docs/routes.md`` has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.cascade.cascade_entry import check_steps

if TYPE_CHECKING:
    from pytest_llmlat.backends.cascade.cascade_model import Cascade
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment


def _open(deployment: Deployment, clock: Clock) -> Cascade:
    from pytest_llmlat.backends.cascade.cascade_model import open_cascade  # noqa: PLC0415 - on use

    return open_cascade(deployment, clock)


KIND = BackendKind(
    name="cascade",
    open=_open,
    weights="none",
    needs="steps",
    keys=("steps", "go_on"),
    check_entry=check_steps,
)
