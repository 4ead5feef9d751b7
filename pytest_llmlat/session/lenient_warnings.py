"""Warnings of model libraries, in projects that make them errors."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def lenient() -> Iterator[None]:
    """Keep warnings of model libraries from being errors inside a block.

    A deprecation deep inside a library is no reason to lose a measurement.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        yield
