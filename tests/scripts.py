"""Scripts that lie in no package, as modules for tests."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.values.bundled import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


@contextmanager
def train_script() -> Iterator[ModuleType]:
    """Give ``fixtures/train_adapter.py``, which lies beside the data."""
    path = bundled("train_adapter.py")
    spec = importlib.util.spec_from_file_location("train_adapter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "train_adapter", module)
        spec.loader.exec_module(module)
        yield module
