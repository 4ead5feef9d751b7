"""What a checkpoint must be before transformers may touch it.

Checked here and not left to the library, because it would unpickle, run code that
comes with the weights, or fail with a message that does not say what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.values.errors import MissingExtra, Unsupported, WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.entities import ModelSpec

_CONFIG = "config.json"
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_TOKENIZERS = (
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json"),
    *("vocab.txt", "spiece.model", "sentencepiece.bpe.model", "tekken.json"),
)


def source_of(spec: ModelSpec) -> str:
    """Return the hub id or the folder to load; a GGUF file is converted once.

    Raises:
        MissingExtra: what reads GGUF, or the package with the weights, is missing.
        WeightsUnavailable: a folder that is no whole checkpoint; says what it lacks.
    """
    place = local_place(spec)
    if place is None:
        return str(spec.weights)
    if place.is_file():
        _need_gguf(spec)
        return str(converted(place))
    return str(place)


def local_place(spec: ModelSpec) -> Path | None:
    """Return the folder or the GGUF file of an entry, ``None`` of a hub id.

    Raises:
        MissingExtra: the package with the weights is missing.
        WeightsUnavailable: it is not there, or is no whole checkpoint; says what it
            lacks.
    """
    weights = str(spec.weights)
    if spec.package is not None or weights.endswith(".gguf"):
        return local_file(spec)
    folder = Path(weights).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or weights.startswith("."):
            raise WeightsUnavailable(
                f"model {spec.name!r}: no folder {weights}; check the path, or name"
                " another model with --llm"
            )
        return None
    files = sorted(folder.glob("*.gguf"))
    if len(files) == 1 and not (folder / _CONFIG).is_file():
        return files[0]
    _check_folder(spec, folder)
    return folder


def check_code(
    transformers: Any,  # noqa: ANN401 - loaded on use
    config: Mapping[str, Any],
    spec: ModelSpec,
    source: str,
) -> None:
    """Refuse a checkpoint that cannot be loaded without running its own code.

    Args:
        transformers: the module.
        config: what ``config.json`` says.
        spec: the entry; it may trust that code.
        source: the hub id or the folder.

    Raises:
        Unsupported: says what to write.
    """
    own = config.get("auto_map")
    if not own or spec.trust_remote_code:
        return
    native = transformers.models.auto.configuration_auto.CONFIG_MAPPING
    if config.get("model_type") not in native:
        raise remote_code(spec, source, f"model type {config.get('model_type')!r}")


def remote_code(spec: ModelSpec, source: str, what: str) -> Unsupported:
    """Return the refusal of a checkpoint that brings code of its own."""
    return Unsupported(
        f"model {spec.name!r}: {source!r} brings Python code of its own ({what}), which"
        " would run with your rights; it was not run. If you have read it and trust it,"
        " pin its revision and write trust_remote_code = true into the entry; else use"
        " a model that transformers knows"
    )


def how_to_convert(source: str) -> str:
    """Return a command that makes safetensors of a pickled checkpoint."""
    target = f"{Path(source).name}-safetensors"
    return (
        'python -c "from transformers import AutoModelForCausalLM as M,'
        f" AutoTokenizer as T; s, t = {source!r}, {target!r};"
        " M.from_pretrained(s, use_safetensors=False, dtype='auto').save_pretrained(t);"
        ' T.from_pretrained(s).save_pretrained(t)"'
    )


def _need_gguf(spec: ModelSpec) -> None:
    try:
        import gguf  # noqa: F401 - transformers needs it to read the file
    except ImportError as error:
        raise MissingExtra(
            "transformers", "gguf", wanted_by=f"model {spec.name!r}"
        ) from error


def _check_folder(spec: ModelSpec, folder: Path) -> None:
    """Complain of a folder that holds no checkpoint, or one of pickles."""
    wanted_by = f"model {spec.name!r}: folder {str(folder)!r}"
    if not (folder / _CONFIG).is_file():
        if (folder / "adapter_config.json").is_file():
            raise WeightsUnavailable(
                f"{wanted_by} holds a LoRA adapter and no model; name its base as"
                " weights, and this folder as adapter"
            )
        if len(list(folder.glob("*.gguf"))) > 1:
            raise WeightsUnavailable(
                f"{wanted_by} holds several GGUF files; name one of them as weights"
            )
        raise WeightsUnavailable(
            f"{wanted_by} has no {_CONFIG}; a checkpoint is what save_pretrained"
            f" writes: {_CONFIG}, the weights as *.safetensors, the tokenizer's files"
        )
    if not any(folder.glob("*.safetensors")):
        pickled = sorted({path.name for kind in _PICKLED for path in folder.glob(kind)})
        if pickled:
            raise WeightsUnavailable(
                f"{wanted_by} has its weights pickled ({pickled[0]}), and a pickle can"
                " run any program; they were not read. If you trust them, convert them"
                f" once: {how_to_convert(str(folder))}"
            )
        raise WeightsUnavailable(
            f"{wanted_by} has no weights: no *.safetensors beside its {_CONFIG}"
        )
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise WeightsUnavailable(
            f"{wanted_by} has no tokenizer; copy that of its base model into it:"
            " AutoTokenizer.from_pretrained(BASE).save_pretrained(FOLDER)"
        )
