"""What the tests can do with an object of the candidate, by asking its process."""

from __future__ import annotations

import copy
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BINARY = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
)
"""Operators that an object on either side may provide."""
COMPARING = ("lt", "le", "gt", "ge")
UNARY = ("neg", "pos", "abs", "invert")
CONVERTING = ("len", "bool", "int", "float", "complex", "str", "repr", "bytes", "hash")


def _call(function: Any, *args: object, **kwargs: object) -> object:  # noqa: ANN401 - of the candidate
    return function(*args, **kwargs)


def _leave(manager: Any, *raised: object) -> object:  # noqa: ANN401 - of the candidate
    return type(manager).__exit__(manager, *raised)


async def _enter_later(manager: Any) -> object:  # noqa: ANN401 - of the candidate
    return await type(manager).__aenter__(manager)


async def _leave_later(manager: Any, *raised: object) -> object:  # noqa: ANN401 - of the candidate
    return await type(manager).__aexit__(manager, *raised)


async def _next_later(iterator: Any) -> object:  # noqa: ANN401 - of the candidate
    return await type(iterator).__anext__(iterator)


OPERATIONS: Mapping[str, Callable[..., object]] = {
    **{name: getattr(operator, f"__{name}__") for name in (*BINARY, *COMPARING)},
    **{f"i{name}": getattr(operator, f"__i{name}__") for name in BINARY},
    **{name: getattr(operator, f"__{name}__") for name in UNARY},
    "eq": operator.eq,
    "ne": operator.ne,
    "len": len,
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "str": str,
    "repr": repr,
    "bytes": bytes,
    "hash": hash,
    "format": format,
    "round": round,
    "divmod": divmod,
    "contains": operator.contains,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "isinstance": isinstance,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": _leave,
    "aiter": aiter,
    "anext": _next_later,
    "aenter": _enter_later,
    "aexit": _leave_later,
    "call": _call,
}
"""The name of an operation to what the candidate's process does with its objects."""
