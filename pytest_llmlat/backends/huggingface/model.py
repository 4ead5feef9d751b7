"""Models in this process through transformers, with LoRA adapters through peft."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.adapters import find_adapter, put_on
from pytest_llmlat.backends.huggingface.batch_rows import (
    Engine,
    Stepper,
    rows_of,
)
from pytest_llmlat.backends.huggingface.decoding import Decoding, places_of
from pytest_llmlat.backends.huggingface.encoding import PromptEncoder
from pytest_llmlat.backends.huggingface.entry_settings import (
    TransformersSettings,
    settings_of,
)
from pytest_llmlat.backends.huggingface.faults import (
    device_lost,
    full_at_load,
    in_mid_run,
    out_of_memory,
)
from pytest_llmlat.backends.huggingface.loading import Base, base_key, load_base
from pytest_llmlat.backends.huggingface.origin import (
    UNKNOWN_CONTEXT,
    BasePlace,
    ModelOrigin,
    context_of,
    end_tokens,
)
from pytest_llmlat.backends.huggingface.quantization import quantize_dynamic
from pytest_llmlat.backends.huggingface.stamping import Stamper
from pytest_llmlat.backends.huggingface.thought_ending import watched
from pytest_llmlat.backends.huggingface.threaded_batches import ThreadedBatches
from pytest_llmlat.backends.huggingface.token_sampling import drawing
from pytest_llmlat.backends.huggingface.torch_devices import (
    Threads,
    TorchDevice,
    torch_device,
)
from pytest_llmlat.backends.tokenizer_prompts import TokenizerPrompts
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.values.errors import (
    GenerationFailed,
    MissingExtra,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.protocols import Batches
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.token_meter import Meter

T = TypeVar("T")
_COMPILED_TOKENS = 4


def open_model(
    deployment: Deployment,
    clock: Clock,  # noqa: ARG001 - every backend is opened alike
    shelf: BaseCache | None = None,
) -> HuggingFace:
    """Load a model, and its adapter if it has one, onto a device.

    Args:
        deployment: which model, and where.
        clock: not read: what is done here is part of loading.
        shelf: where its base may lie, and is put back when the model is closed.

    Raises:
        UnknownName: an option that this backend does not know.
        BadCatalogue: an option or a dtype that is none.
        MissingExtra: torch, transformers or what quantises is not installed.
        DeviceAbsent: this torch cannot use the device.
        Unsupported: the device or the library cannot do what the entry asks for.
        WeightsUnavailable: neither on disk nor to be fetched.
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: it does not fit; what was loaded of it is freed.
    """
    model = deployment.model
    settings = settings_of(deployment)
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
    try:
        return _opened(transformers, deployment, settings, device, shelf or BaseCache())
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(torch, error):
            raise
        told = full_at_load(deployment, device, error)
    # Out here the error is gone, and with it the weights that its frames held.
    free_memory()
    device.release()
    raise told


def _opened(
    transformers: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    settings: TransformersSettings,
    device: TorchDevice,
    shelf: BaseCache,
) -> HuggingFace:
    """Take the base from the shelf or load it, and put on it what the entry says."""
    spec, torch = deployment.model, device.torch
    adapter = find_adapter(spec)
    key = base_key(deployment)
    base = shelf.take(key, Base)
    if base is None:
        base = load_base(transformers, deployment, settings, device)
    place = BasePlace(shelf=shelf, key=key, base=base)
    try:
        model = base.model
        if adapter is not None:
            model = put_on(model, spec, adapter)
            place.adapted = None if settings.merge else model
        if settings.quantization == "dynamic-int8":
            model = quantize_dynamic(torch, model, spec)
        place.changed = (
            settings.merge
            or settings.compiled
            or settings.quantization == "dynamic-int8"
        )
        backend = HuggingFace(
            torch,
            model.eval(),
            base.tokenizer,
            device=base.device,
            deployment=deployment,
            origin=ModelOrigin(
                settings=settings,
                adapter={} if adapter is None else adapter.facts(),
                kept_from=base.owner if base.taken else None,
                place=place,
            ),
        )
        if settings.compiled:
            backend.compile()
    except BaseException:
        base.free()
        raise
    return backend


class HuggingFace:
    """A loaded transformers model: one request after the other, or in batches."""

    remote: Literal[False] = False

    def __init__(
        self,
        torch: Any,  # noqa: ANN401 - loaded on use
        model: Any,  # noqa: ANN401 - loaded on use
        tokenizer: Any,  # noqa: ANN401 - loaded on use
        *,
        device: TorchDevice,
        deployment: Deployment,
        origin: ModelOrigin | None = None,
    ) -> None:
        """Wrap a model and its tokenizer."""
        spec = deployment.model
        self._origin = origin or ModelOrigin(
            settings=TransformersSettings(), adapter={}, kept_from=None, place=None
        )
        settings = self._origin.settings
        self._torch = torch
        self._model = model
        self._tokenizer = tokenizer
        self._device = device
        self._deployment = deployment
        self._threads = Threads(torch, settings.threads)
        self._lost: str | None = None
        self._ends = end_tokens(model, tokenizer)
        # Whatever generate() is not told it takes from here: leave nothing to take.
        model.generation_config = self._greedy(1)
        self._context = places_of(
            settings, min(context_of(model), settings.context or UNKNOWN_CONTEXT)
        )
        self._decoding = Decoding(model, settings, self._context)
        self._prompts = TokenizerPrompts(tokenizer, spec)
        self._encode = PromptEncoder(torch, tokenizer, self._prompts, device.name)
        self.chat = self._prompts.chat
        # No fact: it changes no answer and no latency, only what loading took.
        self.kept_from = self._origin.kept_from
        self.facts: Mapping[str, Scalar | None] = self._facts()

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer; each token is stamped on this thread when it is text.

        Raises:
            OutOfMemory: the prompt was too much for the device; later ones may fit.
            GenerationFailed: the device is gone; every later prompt is told so at once.
        """
        return self._guarded(lambda: self._answer(request, meter))

    def batches(self, requests: Sequence[Request], kind: str | None) -> Batches:
        """Return how these requests would be answered together.

        Raises:
            Unsupported: there is no such kind, not for these requests, or not with the
                settings of this model.
        """
        from pytest_llmlat.backends.huggingface.batches import batches_of  # noqa: PLC0415 - the same

        if self._decoding.one_at_a_time:
            raise Unsupported(
                f"model {self._deployment.model.name!r}: option cache = 'static': is"
                " for one request at a time; leave it, and compile, out to batch"
            )
        found = batches_of(self._engine(), requests, kind)
        if self._origin.settings.threads is None:
            return found
        return ThreadedBatches(found, self._threads)

    def compile(self) -> None:
        """Compile the decode step now, so that no sample pays for it.

        Raises:
            Unsupported: it cannot be compiled here, or the library did not do it.
        """
        refusal = f"model {self._deployment.model.name!r}: option compile = true: "
        ids = self._torch.tensor([[0, 0]], device=self._device.name)
        inputs = {"input_ids": ids, "attention_mask": self._torch.ones_like(ids)}
        settings = self._greedy(_COMPILED_TOKENS)
        settings.eos_token_id = None
        try:
            with self._threads, warnings.catch_warnings():
                # The compiler's own deprecations are no reason not to compile.
                warnings.simplefilter("ignore")
                self._decoding.run(inputs, settings)
        except Exception as error:
            if out_of_memory(self._torch, error):
                raise
            reason = " ".join(str(error).split())
            raise Unsupported(
                f"{refusal}failed: {reason:.300}; on a processor it needs a C++"
                " compiler (g++); else leave it out"
            ) from error
        base = getattr(self._model, "get_base_model", lambda: self._model)()
        if not hasattr(base, "_compiled_call"):
            raise Unsupported(
                f"{refusal}transformers did not compile this model; leave it out"
            )

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        if self._lost is None:
            self._device.reset_peak()

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset."""
        return self._device.peak_bytes() if self._lost is None else None

    def close(self) -> None:
        """Put the base back, or drop it and give the device's memory back."""
        place = self._origin.place
        del self._model, self._tokenizer, self._decoding, self._prompts, self._encode
        if place is not None:
            place.put_back(lost=self._lost is not None)
            return
        free_memory()
        with suppress(RuntimeError):
            self._device.release()

    def _guarded(self, work: Callable[[], T]) -> T:
        """Compute with this model's threads, and say what a fault of the device means.

        One that is full is emptied; one that is gone is not asked again.
        """
        if self._lost is not None:
            raise GenerationFailed(self._lost)
        try:
            with self._threads:
                return work()
        except Exception as error:
            fault = in_mid_run(self._torch, self._deployment, self._device, error)
            if fault is None:
                raise
            if device_lost(self._torch, error):
                self._lost = str(fault)
        # Out here the error is gone, and with it the tensors that its frames held.
        if self._lost is None:
            free_memory()
            self._device.release()
        raise fault

    def _answer(self, request: Request, meter: Meter) -> Generation:
        if request.thinking_tokens is not None:
            return self._answer_within_budget(request, meter)
        prompt = self._encode(request)
        prompt_tokens = int(prompt.ids.shape[1])
        room = self._context - prompt_tokens
        finish: Finish = "context"
        if prompt.rendered is not None:
            meter.prompted(prompt.rendered)
        if room > 0:
            stamper = Stamper(
                meter, self._prompts.decoder(), self._device, self._ends, self._torch
            )
            settings = self._greedy(min(request.most_tokens, room))
            chance = drawing(self._torch, self._device.name, [request])
            self._decoding.run(
                prompt.inputs, settings, stopping_criteria=[stamper], **chance
            )
            finish = "stop" if stamper.ended else "length"
        return meter.generation(
            finish, prompt_tokens, rendered=prompt.rendered, sampling=request.sampling
        )

    def _answer_within_budget(self, request: Request, meter: Meter) -> Generation:
        """Answer as a batch of one, whose rows know of forced tokens."""
        rows = rows_of([request], [meter], self._engine())
        (row,) = rows
        if not row.done:
            chance = drawing(self._torch, self._device.name, [request])
            told = watched(chance, rows, self._prompts.tokens_of)
            told["stopping_criteria"] = [Stepper(self._torch, self._device, rows)]
            self._decoding.run(row.inputs, self._greedy(row.span), **told)
        return row.generation()

    def _engine(self) -> Engine:
        return Engine(
            torch=self._torch,
            model=self._model,
            device=self._device,
            ends=self._ends,
            context=self._context,
            encode=self._encode,
            greedy=self._greedy,
            decoder=self._prompts.decoder,
            tokens_of=self._prompts.tokens_of,
            ending=self._prompts.longest_ending,
        )

    def _greedy(self, most: int) -> Any:  # noqa: ANN401 - loaded on use
        """Return settings that leave nothing to the model's own file.

        Nothing is left to chance either: what is to be drawn is drawn by ``drawing``.
        """
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

    def _facts(self) -> Mapping[str, Scalar | None]:
        """Return all that may change an answer or its time."""
        spec, settings = self._deployment.model, self._origin.settings
        library = settings.quantization.partition("-")[0]
        version = package_version(library)
        return {
            "library": f"transformers {package_version('transformers')}",
            "torch": str(self._torch.__version__),
            "weights": spec.weights,
            "revision": spec.revision,
            "adapter": spec.adapter,
            **self._origin.adapter,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "quantization": settings.quantization,
            "quantized_by": f"{library} {version}" if version else None,
            "attention": getattr(self._model.config, "_attn_implementation", None),
            "cache": settings.cache,
            "compile": settings.compiled,
            "device_map": settings.device_map,
            "devices": ", ".join(self._device.cards),
            "context": self._context,
            "threads": self._threads.count,
            "chat": self.chat,
            "trust_remote_code": spec.trust_remote_code,
        }
