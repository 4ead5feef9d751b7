"""llama.cpp's server, with weights laid out as our own backend has them.

A build for AMX kills the server at its first prompt of several tokens (see
``backends/gguf/repacking.py``), and pip may have such a build in its cache, whatever
the environment asks for.
"""

from __future__ import annotations

import runpy

from pytest_llmlat.backends.gguf.repacking import repack_option, repacking
from pytest_llmlat.backends.model_catalogue import load_models

if __name__ == "__main__":
    import llama_cpp

    model = load_models().find("smollm2-135m", where="test")
    with repacking(llama_cpp, wanted=repack_option(llama_cpp, model)):
        runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)
