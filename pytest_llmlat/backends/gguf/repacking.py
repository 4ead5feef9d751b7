"""Weights laid out anew for this processor, which llama.cpp does as it loads them.

Where it was built for AMX (Intel, since Sapphire Rapids), the layout is that of AMX,
and the code that reads it is broken in many builds: compilers take the store of the
tiles' shape for superfluous, and the process is killed at the first prompt of several
tokens (ggml-org/llama.cpp#20824, #26954). So it is left out there unless an entry asks
for it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.gguf.entry_options import REPACK
from pytest_llmlat.backends.settings_check import flag_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.entities import ModelSpec

_AMX = b"AMX_INT8 = 1"


def repack_option(llama_cpp: Any, model: ModelSpec) -> bool:  # noqa: ANN401 - loaded on use
    """Return whether weights are to be laid out anew.

    Args:
        llama_cpp: the library, which tells what it was built for.
        model: its option ``repack``; by default true, but not in a build for AMX.

    Raises:
        BadCatalogue: the option is neither true nor false.
    """
    amx = _AMX in llama_cpp.llama_print_system_info()
    return flag_option(model, REPACK, default=not amx)


@contextmanager
def repacking(llama_cpp: Any, *, wanted: bool) -> Iterator[None]:  # noqa: ANN401 - loaded on use
    """Have models that are loaded inside a block laid out anew, or not.

    llama-cpp-python has no argument for it: it asks for the usual parameters of a model
    and changes some, so they are answered for it.
    """
    binding = llama_cpp.llama_cpp
    usual = binding.llama_model_default_params

    def answered() -> Any:  # noqa: ANN401 - a structure of the library
        parameters = usual()
        parameters.use_extra_bufts = wanted
        return parameters

    binding.llama_model_default_params = answered
    try:
        yield
    finally:
        binding.llama_model_default_params = usual
