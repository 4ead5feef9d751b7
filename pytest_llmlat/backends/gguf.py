"""GGUF files in this process, through llama-cpp-python."""

from __future__ import annotations

import codecs
import os
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.weights import fingerprint, local_file, package_version
from pytest_llmlat.devices import look
from pytest_llmlat.environment import usable_cores
from pytest_llmlat.errors import (
    DeviceAbsent,
    LLMLatError,
    MissingExtra,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.clock import Clock
    from pytest_llmlat.meter import Meter
    from pytest_llmlat.records import Finish, Generation, Request
    from pytest_llmlat.specs import Deployment, Scalar

DEFAULT_CONTEXT = 4096
_TEMPLATE = "tokenizer.chat_template"


def open_model(deployment: Deployment, clock: Clock) -> GGUF:  # noqa: ARG001 - every backend is opened alike
    """Load a GGUF file.

    Options of the entry: ``context`` (tokens), ``threads``, ``batch``.

    Raises:
        MissingExtra: llama-cpp-python or the package with the weights is absent.
        WeightsUnavailable: no such file, or llama.cpp cannot read it.
        DeviceAbsent: a GPU was asked of a build that has none.
    """
    model, device = deployment.model, deployment.device
    try:
        import llama_cpp
    except ImportError as error:
        raise MissingExtra(
            model.extra or "gguf", "llama_cpp", wanted_by=f"model {model.name!r}"
        ) from error
    path = local_file(model)
    if device != "cpu" and not llama_cpp.llama_supports_gpu_offload():
        raise DeviceAbsent(
            f"device {device!r}: this llama-cpp-python was built without GPU support;"
            " rebuild it with CMAKE_ARGS=-DGGML_CUDA=on (or -DGGML_METAL=on) and"
            " pip install --force-reinstall --no-binary :all: llama-cpp-python"
        )
    # The driver lists cards by bus; without this CUDA lists the fastest first.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    threads = int(model.option("threads") or usable_cores())
    try:
        llama = llama_cpp.Llama(
            model_path=str(path),
            n_ctx=int(model.option("context", DEFAULT_CONTEXT) or DEFAULT_CONTEXT),
            n_batch=int(model.option("batch", 512) or 512),
            n_threads=threads,
            n_threads_batch=threads,
            n_gpu_layers=0 if device == "cpu" else -1,
            # One card, the one that was asked for; the default spreads over all.
            split_mode=llama_cpp.LLAMA_SPLIT_MODE_NONE,
            main_gpu=(look().a6000 or 0) if device == "a6000" else 0,
            # A build with a GPU would let it help a cell of the processor.
            offload_kqv=device != "cpu",
            op_offload=device != "cpu",
            verbose=False,
        )
    except (ValueError, RuntimeError, OSError) as error:
        raise WeightsUnavailable(
            f"model {model.name!r}: llama.cpp cannot load {path}"
            f" ({path.stat().st_size:,} bytes): {error}; is the file complete, and is"
            " its architecture known to this version of llama-cpp-python?"
        ) from error
    return GGUF(llama, deployment=deployment, path=path, threads=threads)


class GGUF:
    """A loaded GGUF model: greedy decoding, one request after the other."""

    def __init__(
        self,
        llama: Any,  # noqa: ANN401 - llama_cpp has no types
        *,
        deployment: Deployment,
        path: Path,
        threads: int,
    ) -> None:
        """Wrap a ``llama_cpp.Llama``."""
        import llama_cpp

        self._llama = llama
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self._ends = llama_cpp.llama_vocab_is_eog
        template = llama.metadata.get(_TEMPLATE)
        self._formatter = self._chat_formatter(template) if template else None
        asked = deployment.model.chat
        self.chat = self._formatter is not None if asked is None else asked
        if self.chat and self._formatter is None:
            raise LLMLatError(
                f"model {deployment.model.name!r}: {path.name} has no chat template,"
                " but its entry says chat = true; remove that, or use a chat model"
            )
        self.facts: Mapping[str, Scalar | None] = {
            "library": f"llama-cpp-python {package_version('llama_cpp_python')}",
            "weights": path.name,
            "digest": fingerprint(path),
            "dtype": llama.metadata.get("general.file_type"),
            "context": llama.n_ctx(),
            "threads": threads,
            "chat": self.chat,
        }

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer greedily; each token is stamped as soon as it is text."""
        tokens = self._tokenize(request)
        room = self._llama.n_ctx() - len(tokens)
        if room <= 0:
            return meter.generation("context", len(tokens))
        # Without a reset llama-cpp-python keeps the prefix that two prompts share,
        # and the second would not pay for its prefill.
        self._llama.reset()
        finish = self._decode(tokens, min(request.max_new_tokens, room), meter)
        return meter.generation(finish, len(tokens))

    def reset_device_peak(self) -> None:
        """llama.cpp offers no counter of peak device memory."""

    def device_peak_bytes(self) -> int | None:
        """llama.cpp offers no counter of peak device memory."""
        return None

    def close(self) -> None:
        """Free the weights and the cache."""
        self._llama.close()

    def _decode(self, tokens: list[int], most: int, meter: Meter) -> Finish:
        text = codecs.getincrementaldecoder("utf-8")("replace")
        finish: Finish = "length"
        for count, token in enumerate(
            self._llama.generate(tokens, temp=0.0, top_k=1), start=1
        ):
            if self._ends(self._vocabulary, token):
                finish = "stop"
                break
            if meter.token(text.decode(self._llama.detokenize([token]))):
                finish = "stop"
                break
            if count >= most:
                break
        meter.token(text.decode(b"", final=True), 0)
        return finish

    def _tokenize(self, request: Request) -> list[int]:
        if not (request.chat and self._formatter):
            return list(self._llama.tokenize(request.prompt.encode()))
        message = {"role": "user", "content": request.prompt}
        prompt: str = self._formatter(messages=[message]).prompt
        # The template has written the special tokens itself.
        text = prompt.encode()
        return list(self._llama.tokenize(text, add_bos=False, special=True))

    def _chat_formatter(self, template: str) -> Any:  # noqa: ANN401 - llama_cpp has no types
        from llama_cpp.llama_chat_format import (
            Jinja2ChatFormatter,
        )

        special = {
            name: self._llama.detokenize([token], special=True).decode()
            if token >= 0
            else ""
            for name, token in (
                ("eos_token", self._llama.token_eos()),
                ("bos_token", self._llama.token_bos()),
            )
        }
        return Jinja2ChatFormatter(template=template, **special)
