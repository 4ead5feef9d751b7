"""Models in this process through transformers, with LoRA adapters through peft."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.adapters import put_on
from pytest_llmlat.backends.conversion import converted
from pytest_llmlat.backends.torch_devices import TorchDevice, torch_device
from pytest_llmlat.backends.weights import local_file, package_version
from pytest_llmlat.errors import LLMLatError, MissingExtra, WeightsUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.clock import Clock
    from pytest_llmlat.meter import Meter
    from pytest_llmlat.records import Finish, Generation, Request
    from pytest_llmlat.specs import Deployment, ModelSpec, Scalar

_UNKNOWN_CONTEXT = 1 << 30


def open_model(deployment: Deployment, clock: Clock) -> HuggingFace:  # noqa: ARG001 - every backend is opened alike
    """Load a model, and its adapter if it has one, onto a device.

    Raises:
        MissingExtra: torch or transformers is not installed.
        DeviceAbsent: this torch cannot use the device.
        WeightsUnavailable: neither on disk nor to be fetched.
        AdapterMismatch: the adapter was made for another model.
    """
    model = deployment.model
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            "transformers",
            error.name or "transformers",
            wanted_by=f"model {model.name!r}",
        ) from error
    device = torch_device(torch, deployment.device)
    transformers.utils.logging.disable_progress_bar()
    loaded, tokenizer = _load(transformers, torch, deployment)
    if model.adapter:
        loaded = put_on(loaded, model)
    loaded.to(device.name).eval()
    return HuggingFace(torch, loaded, tokenizer, device=device, deployment=deployment)


class HuggingFace:
    """A loaded transformers model: greedy decoding, one request after the other."""

    def __init__(
        self,
        torch: Any,  # noqa: ANN401 - loaded on use
        model: Any,  # noqa: ANN401 - loaded on use
        tokenizer: Any,  # noqa: ANN401 - loaded on use
        *,
        device: TorchDevice,
        deployment: Deployment,
    ) -> None:
        """Wrap a model and its tokenizer."""
        spec = deployment.model
        self._torch = torch
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self._ends = _end_tokens(model, tokenizer)
        # Whatever generate() is not told it takes from here: leave nothing to take.
        model.generation_config = self._greedy(1)
        self._context = _context(model)
        has_template = bool(getattr(tokenizer, "chat_template", None))
        self.chat = has_template if spec.chat is None else spec.chat
        if self.chat and not has_template:
            raise LLMLatError(
                f"model {spec.name!r}: its tokenizer has no chat template, but its"
                " entry says chat = true; remove that, or use a chat model"
            )
        self.facts: Mapping[str, Scalar | None] = {
            "library": f"transformers {package_version('transformers')}",
            "torch": str(torch.__version__),
            "weights": spec.weights,
            "revision": spec.revision,
            "adapter": spec.adapter,
            "dtype": str(model.dtype).removeprefix("torch."),
            "context": self._context,
            "threads": torch.get_num_threads(),
            "chat": self.chat,
        }

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer greedily; each token is stamped on this thread when it is text."""
        inputs = self._encode(request)
        prompt_tokens = int(inputs["input_ids"].shape[1])
        room = self._context - prompt_tokens
        if room <= 0:
            return meter.generation("context", prompt_tokens)
        stamper = Stamper(
            meter, _decoder(self._tokenizer), self._device, ends=self._ends
        )
        self._model.generate(
            **inputs,
            generation_config=self._greedy(min(request.max_new_tokens, room)),
            streamer=stamper,
            stopping_criteria=[stamper.stopping(self._torch)],
        )
        finish: Finish = "stop" if stamper.ended else "length"
        return meter.generation(finish, prompt_tokens)

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        self._device.reset_peak()

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset."""
        return self._device.peak_bytes()

    def close(self) -> None:
        """Drop the weights and give the device's memory back."""
        del self._model, self._tokenizer
        gc.collect()
        self._device.release()

    def _encode(self, request: Request) -> Mapping[str, Any]:
        text = request.prompt
        if request.chat:
            text = self._tokenizer.apply_chat_template(
                [{"role": "user", "content": text}],
                add_generation_prompt=True,
                tokenize=False,
            )
        # A chat template has written the special tokens itself.
        inputs = self._tokenizer(
            text, add_special_tokens=not request.chat, return_tensors="pt"
        )
        keep = ("input_ids", "attention_mask")
        return {key: inputs[key].to(self._device.name) for key in keep}

    def _greedy(self, most: int) -> Any:  # noqa: ANN401 - loaded on use
        """Return settings that leave nothing to chance or to the model's own file."""
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=most,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=self._tokenizer.pad_token_id
            if self._tokenizer.pad_token_id is not None
            else min(self._ends, default=0),
        )


@dataclass(slots=True)
class Stamper:
    """A transformers streamer that stamps tokens on the generating thread.

    ``generate`` hands over the prompt first, then each token as it is chosen.
    """

    meter: Meter
    decode: Callable[[int], str]
    device: TorchDevice
    ends: frozenset[int]
    ended: bool = False
    prompt_seen: bool = False

    def put(self, value: Any) -> None:  # noqa: ANN401 - a tensor
        """Stamp a token; the prompt and an end token carry no content."""
        if not self.prompt_seen:
            self.prompt_seen = True
            return
        # A device works behind the program's back: wait until the token is there.
        self.device.synchronize()
        token = int(value.flatten()[-1])
        if token in self.ends or self.meter.token(self.decode(token)):
            self.ended = True

    def end(self) -> None:
        """Nothing is left to do: every token was stamped when it came."""

    def stopping(self, torch: Any) -> Callable[..., Any]:  # noqa: ANN401 - loaded on use
        """Return the criterion that ends generation at a stop string."""

        def stopped(input_ids: Any, scores: Any, **_: object) -> Any:  # noqa: ANN401, ARG001 - tensors, as generate calls it
            return torch.full(
                (input_ids.shape[0],),
                fill_value=self.ended,
                dtype=torch.bool,
                device=input_ids.device,
            )

        return stopped


def _load(transformers: Any, torch: Any, deployment: Deployment) -> tuple[Any, Any]:  # noqa: ANN401 - loaded on use
    spec = deployment.model
    # Found before the try: a package that is missing has a better message of its own.
    source = _source(spec)
    pinned = {} if Path(source).is_dir() else {"revision": spec.revision or "main"}
    dtype = spec.dtype_on(deployment.device)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            source, trust_remote_code=False, **pinned
        )
        model = transformers.AutoModelForCausalLM.from_pretrained(
            source,
            dtype=getattr(torch, dtype) if dtype else "auto",
            use_safetensors=True,
            trust_remote_code=False,
            **pinned,
        )
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise WeightsUnavailable(
            f"model {spec.name!r}: cannot load {source!r}: {reason} - If this machine"
            " is offline, fetch the weights where there is a network (hf download"
            f" {source}) and copy the cache, or name a local folder as hf:PATH;"
            " a gated model also needs HF_TOKEN"
        ) from error
    return model, tokenizer


def _source(spec: ModelSpec) -> str:
    """Return the hub id or the folder to load."""
    if spec.package is None:
        return str(spec.weights)
    try:
        import gguf  # noqa: F401 - transformers needs it to read the file
    except ImportError as error:
        raise MissingExtra(
            "transformers", "gguf", wanted_by=f"model {spec.name!r}"
        ) from error
    return str(converted(local_file(spec)))


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - loaded on use
    """Collect the tokens that end an answer, from the weights and the tokenizer."""
    ends: set[int] = set()
    for value in (model.generation_config.eos_token_id, tokenizer.eos_token_id):
        if isinstance(value, int):
            ends.add(value)
        elif value:
            ends.update(value)
    return frozenset(ends)


def _context(model: Any) -> int:  # noqa: ANN401 - loaded on use
    config = model.config
    for name in ("max_position_embeddings", "n_positions"):
        length = getattr(config, name, None)
        if isinstance(length, int):
            return length
    return _UNKNOWN_CONTEXT


def _decoder(tokenizer: Any) -> Callable[[int], str]:  # noqa: ANN401 - loaded on use
    """Return a function from each token to the text that it makes readable.

    It gives the empty string while a character is incomplete.
    """
    from tokenizers.decoders import DecodeStream  # noqa: PLC0415 - loaded on use

    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        stream = DecodeStream(skip_special_tokens=True)
        return lambda token: stream.step(backend, token) or ""
    return _SlowDecoder(tokenizer)


class _SlowDecoder:
    """Decodes the whole answer for each token, for tokenizers written in Python."""

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 - loaded on use
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._text = ""

    def __call__(self, token: int) -> str:
        self._tokens.append(token)
        text: str = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
        if text.endswith("\ufffd"):
            return ""
        fresh, self._text = text[len(self._text) :], text
        return fresh
