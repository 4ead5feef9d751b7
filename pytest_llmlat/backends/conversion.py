"""From a GGUF file to a folder that transformers loads at once.

transformers reads GGUF by dequantising it, which takes many seconds. It is done once
for a file; the result lies in the Hugging Face assets cache of the user.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.weights import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    Convert = Callable[[Path, Path], None]
    """Reads the GGUF file at the first path, writes into the second, a folder."""


def converted(path: Path, convert: Convert | None = None) -> Path:
    """Return the folder with the converted weights, made on the first call.

    A conversion that is cut off leaves nothing behind that a later run would take
    for whole: the folder appears under its name only when it is complete.
    """
    from huggingface_hub import cached_assets_path  # noqa: PLC0415 - loaded on use

    cache = Path(cached_assets_path(library_name="pytest-llmlat", namespace="gguf"))
    folder = cache / f"{path.stem}-{fingerprint(path)}"
    if folder.is_dir():
        return folder
    scratch = Path(tempfile.mkdtemp(dir=cache, prefix=".converting-"))
    try:
        (convert or _dequantize)(path, scratch)
        if not folder.is_dir():
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _dequantize(path: Path, folder: Path) -> None:
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
    )

    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name)
    # The weights are plain floats now, but save_pretrained refuses a model that
    # still says it is quantised.
    model.hf_quantizer = None
    del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.save_pretrained(folder)
