"""Entries of models looked at before the first token: all that can be told beforehand.

A typo in ``--llm-vary`` or in a catalogue, or an adapter that is not there, would
otherwise be told when its model is loaded, after all those before it were measured.
"""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.backends.backend_kind import BACKENDS, check_options
from pytest_llmlat.session.prices import check_currencies
from pytest_llmlat.values.errors import (
    BadCatalogue,
    BadExtension,
    LLMLatError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmlat.session.vary import Variant
    from pytest_llmlat.values.entities import ModelSpec


def check_entry(model: ModelSpec) -> None:
    """Check what an entry says, as far as that can be told beforehand.

    What depends on the device or on the weights is told when the model is loaded.

    Raises:
        UnknownName: an option that the entry's backend does not know.
        BadCatalogue: a value that is none.
        UsageError: a file that the entry names is not there, or is not what it should
            be.
    """
    # A broken backend is told to whoever loads the model.
    with suppress(BadExtension):
        check_options(model)
        _check_dtypes(model)
        try:
            BACKENDS[model.backend].check_entry(model)
        except UsageError:
            raise
        except LLMLatError as error:
            raise UsageError(str(error)) from error


def check_variants(
    variants: Sequence[Variant],
    beside: Iterable[ModelSpec | None],
    judges: Iterable[ModelSpec] = (),
    *,
    where: str,
) -> None:
    """Check chosen models, each as its entry and what is varied say.

    Args:
        variants: each model itself before its variants.
        beside: what else is measured; ``None`` stands for no model.
        judges: models that grade, each as its entry says.
        where: the option that varies them.

    Raises:
        UsageError: one cannot be; names the option where only a setting is wrong.
    """
    for variant in variants:
        try:
            check_entry(variant.model)
        except UsageError as error:
            if not variant.settings:
                raise
            raise UsageError(f"{where}: {error}") from error
    others = tuple(filter(None, beside))
    for model in (*others, *judges):
        check_entry(model)
    check_currencies([*(variant.model for variant in variants), *others])


def _check_dtypes(model: ModelSpec) -> None:
    """See that the backend can load weights in the types that the entry says.

    Raises:
        BadCatalogue: it cannot; names the nearest that it can.
    """
    known = BACKENDS[model.backend].dtypes
    for device, dtype in model.dtype if known else ():
        if dtype not in known:
            near = get_close_matches(dtype, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            file = f"{model.file}: " if model.file else ""
            raise BadCatalogue(
                f"{file}model {model.name!r}: dtype {dtype!r} for device {device!r}:"
                f" {hint}backend {model.backend!r} knows {', '.join(known)}"
            )
