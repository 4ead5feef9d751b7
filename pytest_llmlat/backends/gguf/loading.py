"""From an entry to a GGUF file that llama.cpp has loaded, or why it cannot."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.gguf.drafts import draft_of
from pytest_llmlat.backends.gguf.entry_options import (
    BATCH,
    CONTEXT,
    FLASH_ATTENTION,
    GPU_LAYERS,
    KV_TYPE,
    THREADS,
)
from pytest_llmlat.backends.gguf.header import BrokenGGUF, other_parts, read_header
from pytest_llmlat.backends.gguf.promises import check_promises
from pytest_llmlat.backends.settings_check import (
    flag_option,
    text_option,
    whole_option,
)
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.backends.weights_digest import check_digests, digests_told
from pytest_llmlat.machine.device_table import find_device
from pytest_llmlat.machine.devices import look
from pytest_llmlat.machine.environment import usable_cores
from pytest_llmlat.values.errors import (
    AdapterMismatch,
    BadCatalogue,
    OutOfMemory,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmlat.backends.gguf.header import Header
    from pytest_llmlat.values.entities import Deployment, ModelSpec

DEFAULT_CONTEXT = 4096
DEFAULT_BATCH = 512
_PLAIN_KV_TYPES = ("f32", "f16")
ALL_LAYERS = -1
_ERROR_LEVEL = 4
"""Of ggml; llama-cpp-python takes it for another and stays silent."""
_REASONS = 3
_NO_MEMORY = ("alloc", "out of memory")
"""What llama.cpp and CUDA say, whatever the case, when there is no room."""


def find_weights(model: ModelSpec) -> Path:
    """Return the file, or say which files there are if a folder was named."""
    place = Path(str(model.weights)).expanduser()
    if model.package is None and place.is_dir():
        inside = sorted(path.name for path in place.glob("*.gguf"))
        raise WeightsUnavailable(
            f"model {model.name!r}: {place} is a folder; name one GGUF file"
            f" ({', '.join(inside) or 'it holds none'}); a folder of safetensors is"
            " loaded as hf:PATH"
        )
    return local_file(model)


def checked_header(model: ModelSpec, path: Path) -> Header:
    """Check a file before llama.cpp maps it, and the other parts of its model."""
    missing = [part.name for part in other_parts(path) if not part.is_file()]
    if missing:
        raise WeightsUnavailable(
            f"model {model.name!r}: {path} is one part of several;"
            f" {', '.join(missing)} should lie beside it"
        )
    header = _header(model, path)
    others = [_header(model, part) for part in other_parts(path)]
    with _complained(model, path):
        check_promises(sorted((header, *others), key=lambda part: -part.pairs))
    if header.kind == "adapter":
        raise WeightsUnavailable(
            f"model {model.name!r}: {path} is a LoRA adapter; name its base model as"
            f" weights and this file as 'adapter' in an entry of the catalogue"
        )
    return header


def _header(model: ModelSpec, path: Path) -> Header:
    with _complained(model, path):
        return read_header(path)


@contextmanager
def _complained(model: ModelSpec, path: Path) -> Iterator[None]:
    """Say of what is wrong with a file whose it is, and what to do."""
    try:
        yield
    except BrokenGGUF as error:
        raise WeightsUnavailable(
            f"model {model.name!r}: {path} ({path.stat().st_size:,} bytes) cannot be"
            f" loaded: {error} - Fetch or copy the file again, and compare its size"
            " with that of the source"
        ) from error
    except OSError as error:
        raise WeightsUnavailable(
            f"model {model.name!r}: {path} cannot be read: {error.strerror}"
        ) from error


def files_of(model: ModelSpec) -> list[Path]:
    """Return all files that loading an entry reads, headers and digest checked.

    Raises:
        WeightsUnavailable: one is missing, or cannot be what it says.
        AdapterMismatch: the adapter was made for another model.
    """
    path = find_weights(model)
    header = checked_header(model, path)
    parts = [path, *other_parts(path)]
    adapter = find_adapter(model, header)
    files = [*parts, *([] if adapter is None else [adapter])]
    # One digest is that of the one file of weights, and no adapter's.
    check_digests(model, files if "" not in digests_told(model) else parts)
    return files


def find_adapter(model: ModelSpec, header: Header) -> Path | None:
    """Return the file of the entry's adapter, once it is known to fit."""
    if model.adapter is None:
        return None
    path, found = _adapter(model)
    if found.architecture != header.architecture:
        raise AdapterMismatch(
            f"model {model.name!r}: adapter {model.adapter!r} was made for architecture"
            f" {found.architecture!r}; {model.weights!r} is {header.architecture!r}"
        )
    return path


def check_entry(model: ModelSpec) -> None:
    """See that an entry's files are there, and that its options go together.

    Raises:
        BadCatalogue: two options that exclude each other.
        WeightsUnavailable: the weights are not there; or the adapter, or it is broken.
        AdapterMismatch: it is no adapter.
    """
    _check_kept(model)
    if model.adapter is not None:
        _adapter(model)
    if model.package is None:
        find_weights(model)


def _adapter(model: ModelSpec) -> tuple[Path, Header]:
    """Return the file of an entry's adapter and what its header says."""
    path = Path(str(model.adapter)).expanduser()
    if path.suffix != ".gguf" or not path.is_file():
        raise WeightsUnavailable(
            f"model {model.name!r}: adapter {model.adapter!r} is no GGUF file;"
            " llama.cpp takes a LoRA adapter that its convert_lora_to_gguf.py made;"
            " a folder of peft goes with backend 'transformers'"
        )
    found = _header(model, path)
    if found.kind not in (None, "adapter"):
        raise AdapterMismatch(
            f"model {model.name!r}: adapter {model.adapter!r} is a {found.kind}, not a"
            " LoRA adapter"
        )
    return path, found


def settings_of(
    llama_cpp: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    header: Header,
) -> dict[str, Any]:
    """Return what ``llama_cpp.Llama`` is given, by the options of the entry.

    Raises:
        BadCatalogue: an option that cannot be.
    """
    return {
        **_settings(deployment.model, header),
        **_cache_settings(llama_cpp, deployment.model),
        **_placement(llama_cpp, deployment),
        **_draft_settings(deployment.model),
    }


def _settings(model: ModelSpec, header: Header) -> dict[str, Any]:
    trained = header.context or DEFAULT_CONTEXT
    context = whole_option(model, CONTEXT, min(DEFAULT_CONTEXT, trained))
    if header.context and context > header.context:
        # Beyond it answers decay, and learned positions make llama.cpp abort.
        raise BadCatalogue(
            f"model {model.name!r}: option context = {context}: its weights were"
            f" trained for {header.context} tokens"
        )
    threads = whole_option(model, THREADS, usable_cores())
    return {
        "n_ctx": context,
        "n_batch": whole_option(model, BATCH, DEFAULT_BATCH),
        "n_threads": threads,
        "n_threads_batch": threads,
    }


def _cache_settings(llama_cpp: Any, model: ModelSpec) -> dict[str, Any]:  # noqa: ANN401 - loaded on use
    flash, kind = _check_kept(model)
    given: dict[str, Any] = {"flash_attn": flash}
    if kind is None:
        return given
    number = getattr(llama_cpp, f"GGML_TYPE_{kind.upper()}")
    return {**given, "type_k": number, "type_v": number}


def _check_kept(model: ModelSpec) -> tuple[bool, str | None]:
    """Return the options ``flash_attention`` and ``kv_type``, which go together.

    Raises:
        BadCatalogue: they do not.
    """
    flash = flag_option(model, FLASH_ATTENTION, default=False)
    kind = text_option(model, KV_TYPE)
    if kind not in (None, *_PLAIN_KV_TYPES) and not flash:
        raise BadCatalogue(
            f"model {model.name!r}: option kv_type = {kind!r}: a quantised cache needs"
            " flash_attention = true beside it"
        )
    return flash, kind


def _draft_settings(model: ModelSpec) -> dict[str, Any]:
    draft = draft_of(model)
    # Guesses are held against the logits of all places, which must be kept for that.
    return {} if draft is None else {"draft_model": draft, "logits_all": True}


def _placement(llama_cpp: Any, deployment: Deployment) -> dict[str, Any]:  # noqa: ANN401 - loaded on use
    """Say which layers go where: all to one card, or none to any."""
    model, device = deployment.model, deployment.device
    gpu = device != "cpu"
    layers = ALL_LAYERS if gpu else 0
    if model.option(GPU_LAYERS.name) is not None:
        if not gpu:
            raise BadCatalogue(
                f"model {model.name!r}: option gpu_layers: device 'cpu' has no GPU;"
                " remove it, or name the devices that it is for"
            )
        layers = whole_option(model, GPU_LAYERS, ALL_LAYERS)
    return {
        "n_gpu_layers": layers,
        # One card, the one that was asked for; the default spreads over all.
        "split_mode": llama_cpp.LLAMA_SPLIT_MODE_NONE,
        "main_gpu": _card(device),
        # A build with a GPU would let it help a cell of the processor.
        "offload_kqv": gpu,
        "op_offload": gpu,
    }


def _card(device: str) -> int:
    """Return which of the cards to use; the first where any will do."""
    known = find_device(device)
    if known is None or not known.card:
        return 0
    return known.first(look().gpus) or 0


def load_llama(
    llama_cpp: Any,  # noqa: ANN401 - loaded on use
    model: ModelSpec,
    path: Path,
    given: Mapping[str, Any],
    listen: Callable[[str], None] = lambda _: None,
) -> Any:  # noqa: ANN401 - loaded on use
    """Load a file, with its adapter if it has one.

    Args:
        llama_cpp: the library.
        model: entry of the catalogue.
        path: of the file.
        given: to ``llama_cpp.Llama``.
        listen: hears each line that is logged meanwhile.

    Raises:
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: there is no room for the weights or the context.
        WeightsUnavailable: llama.cpp cannot load it.
    """
    llama: Any = None
    failure: Exception | None = None
    with errors_logged(llama_cpp, listen) as reasons, _no_templates():
        try:
            llama = llama_cpp.Llama(model_path=str(path), verbose=False, **given)
        # It asserts, and decodes what the file holds: anything may come of that.
        except Exception as error:  # noqa: BLE001
            failure = error
    told = [str(failure) or type(failure).__name__] if failure else []
    reason = "; ".join([*told, *reasons[:_REASONS]])
    if "lora" in reason.lower():
        # llama-cpp-python loads the base alone where it should refuse the adapter.
        if failure is None:
            llama.close()
        raise AdapterMismatch(
            f"model {model.name!r}: adapter {model.adapter!r} does not fit"
            f" {path.name}: {reason}"
        ) from failure
    if failure is None:
        return llama
    if any(word in reason.lower() for word in _NO_MEMORY):
        raise OutOfMemory(
            f"model {model.name!r}: no room for {path.name}"
            f" ({path.stat().st_size:,} bytes) and a context of {given['n_ctx']}"
            f" tokens: {reason} - Options context, batch, kv_type and, on a GPU,"
            " gpu_layers make it smaller"
        ) from failure
    raise WeightsUnavailable(
        f"model {model.name!r}: llama.cpp cannot load {path}"
        f" ({path.stat().st_size:,} bytes): {reason} - The file is complete; is its"
        " architecture known to this version of llama-cpp-python?"
    ) from failure


class _NoTemplate:
    """Stands for a chat template that llama-cpp-python need not compile."""

    def __init__(self, **_: object) -> None:
        """Leave the template alone."""

    def to_chat_handler(self) -> None:
        """Be no handler: chats are put together by this package."""


@contextmanager
def _no_templates() -> Iterator[None]:
    """Keep llama-cpp-python from compiling templates as it loads a model.

    It compiles every one that a file has, without limits, and refuses the file for one
    that is broken, which an entry with ``chat = false`` does not need.
    """
    from llama_cpp import llama_chat_format

    module: Any = llama_chat_format
    usual = module.Jinja2ChatFormatter
    module.Jinja2ChatFormatter = _NoTemplate
    try:
        yield
    finally:
        module.Jinja2ChatFormatter = usual


@contextmanager
def errors_logged(
    llama_cpp: Any,  # noqa: ANN401 - loaded on use
    listen: Callable[[str], None] = lambda _: None,
) -> Iterator[list[str]]:
    """Collect what llama.cpp logs as errors: its exceptions say less.

    Args:
        llama_cpp: the library.
        listen: hears each other line.
    """
    from llama_cpp._logger import llama_log_callback

    found: list[str] = []

    def note(level: int, text: bytes, _: object) -> None:
        line = text.decode(errors="replace").strip()
        if level == _ERROR_LEVEL and line:
            found.append(line)
        else:
            listen(line)

    kept = llama_cpp.llama_log_callback(note)
    llama_cpp.llama_log_set(kept, None)
    try:
        yield found
    finally:
        llama_cpp.llama_log_set(llama_log_callback, None)
