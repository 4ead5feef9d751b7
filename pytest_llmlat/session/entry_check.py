"""Entries of models looked at before the first token: keys and values of options.

A typo in ``--llm-vary`` or in a catalogue would otherwise be told when its model is
loaded, after all those before it were measured.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BACKENDS
from pytest_llmlat.backends.chat_messages import system_as
from pytest_llmlat.backends.settings_check import check_flags, check_numbers
from pytest_llmlat.backends.slowed import share_of
from pytest_llmlat.backends.thought_settings import thinking_budget, thought_tags
from pytest_llmlat.session.cell_spec import entry_sampling
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.sampling import SamplingChoice

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec


def check_entry(model: ModelSpec) -> None:
    """Check keys and values of an entry's options, as far as is possible beforehand.

    What depends on the device or on the weights is told when the model is loaded.

    Raises:
        UnknownName: an option that the entry's backend does not know.
        BadCatalogue: a value that is none.
    """
    # A broken backend is told to whoever loads the model.
    with suppress(BadExtension, KeyError):
        BACKENDS[model.backend].check_options(model)
    thought_tags(model)
    thinking_budget(model)
    system_as(model)
    share_of(model)
    check_numbers(model, "batch_size")
    check_flags(model, "structured")
    entry_sampling(model, SamplingChoice())
