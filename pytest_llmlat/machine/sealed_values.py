"""Values as bytes for another process of a run.

A secret goes to processes of this machine only.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from pytest_llmlat.values.confidential import Secret, WebAddress
from pytest_llmlat.values.errors import UsageError


class _Sealed(pickle.Pickler):
    """A pickler; the one place where a secret is written."""

    def __init__(self, file: io.BytesIO, *, leaves: bool) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._leaves = leaves

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401 - as pickle has it
        if not isinstance(obj, Secret):
            return NotImplemented
        value, shown = obj.reveal(), obj.shown
        if self._leaves and value != shown:
            raise UsageError(
                f"{shown}: holds a key or a password, which does not leave this"
                " machine: name a variable in the entry instead (api_key_env,"
                " ${NAME} in a header), and set it on the nodes"
            )
        if isinstance(obj, WebAddress):
            return WebAddress, (value,)
        return _secret, (value, shown)


def _secret(value: str, shown: str) -> Secret:
    return Secret(value, shown=shown)


def packed(value: object, *, leaves: bool) -> bytes:
    """Return a value as bytes for another process of this run.

    Args:
        value: one of ours.
        leaves: whether it leaves this machine.

    Raises:
        UsageError: it holds a secret, and leaves.
    """
    file = io.BytesIO()
    _Sealed(file, leaves=leaves).dump(value)
    return file.getvalue()


def unpacked(content: bytes) -> Any:  # noqa: ANN401 - what was packed
    """Return what was packed by another process of this run."""
    return pickle.loads(content)  # noqa: S301 - of our own processes
