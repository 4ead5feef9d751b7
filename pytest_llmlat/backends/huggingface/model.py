"""Models in this process through transformers, with LoRA adapters through peft."""

from __future__ import annotations

import warnings
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.huggingface.batch_rows import (
    Engine,
    Stepper,
    rows_of,
)
from pytest_llmlat.backends.huggingface.constrained import held
from pytest_llmlat.backends.huggingface.decoding import Decoding, places_of
from pytest_llmlat.backends.huggingface.encoding import PromptEncoder
from pytest_llmlat.backends.huggingface.entry_settings import (
    TransformersSettings,
)
from pytest_llmlat.backends.huggingface.faults import (
    device_lost,
    in_mid_run,
    out_of_memory,
)
from pytest_llmlat.backends.huggingface.last_scores import LastScores
from pytest_llmlat.backends.huggingface.model_facts import model_facts
from pytest_llmlat.backends.huggingface.origin import (
    UNKNOWN_CONTEXT,
    ModelOrigin,
    context_of,
    end_tokens,
)
from pytest_llmlat.backends.huggingface.stamping import Stamper
from pytest_llmlat.backends.huggingface.thought_ending import watched
from pytest_llmlat.backends.huggingface.threaded_batches import ThreadedBatches
from pytest_llmlat.backends.huggingface.token_sampling import drawing
from pytest_llmlat.backends.huggingface.torch_devices import (
    Threads,
    TorchDevice,
)
from pytest_llmlat.backends.huggingface.torch_likelihoods import likelihoods
from pytest_llmlat.backends.huggingface.torch_memory import memory_by_device
from pytest_llmlat.backends.token_masks import TokenMasks
from pytest_llmlat.backends.token_pairs import fit, found_of, token_pairs
from pytest_llmlat.backends.tokenizer_prompts import TokenizerPrompts
from pytest_llmlat.values.errors import (
    GenerationFailed,
    Unsupported,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_llmlat.backends.huggingface.drafting import TransformersDraft
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.protocols import Batches
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.token_meter import Meter

T = TypeVar("T")
_COMPILED_TOKENS = 4


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
        draft: TransformersDraft | None = None,
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
        self._draft = draft
        self._ends = end_tokens(model, tokenizer)
        # Whatever generate() is not told it takes from here: leave nothing to take.
        model.generation_config = self._greedy(1)
        self._context = places_of(
            settings, min(context_of(model), settings.context or UNKNOWN_CONTEXT)
        )
        self._decoding = Decoding(model, settings, self._context)
        self._prompts = TokenizerPrompts(tokenizer, spec)
        self._masks = TokenMasks(
            tokenizer, self._ends, wanted_by=f"model {spec.name!r}"
        )
        self._encode = PromptEncoder(torch, tokenizer, self._prompts, device.name)
        self.chat = self._prompts.chat
        # No fact: it changes no answer and no latency, only what loading took.
        self.kept_from = self._origin.kept_from
        found = model_facts(
            torch, model, deployment=deployment, origin=self._origin, device=device
        )
        self.facts: Mapping[str, Scalar | None] = {
            **found,
            "context": self._context,
            "threads": self._threads.count,
            "chat": self.chat,
            **({} if draft is None else draft.facts),
        }

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer; each token is stamped on this thread when it is text.

        Raises:
            OutOfMemory: the prompt was too much for the device; later ones may fit.
            GenerationFailed: the model computes no numbers; or the device is gone, and
                every later prompt is told so at once.
        """
        return self._guarded(lambda: self._answer(request, meter))

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Compile a schema or a grammar.

        Raises:
            MissingExtra: llguidance is not installed.
            Unsupported: it does not take it.
        """
        if self._draft is not None:
            self._draft.check_constraint(constrained=True)
        self._masks.prepare(constraint)

    def check_ranking(self) -> None:
        """See that it can rank: any causal model can."""

    def rank(self, request: Request) -> Generation:
        """Say how likely each continuation is.

        Raises:
            OutOfMemory: the prompt was too much for the device; later ones may fit.
            GenerationFailed: the device is gone, or a continuation has no token.
        """
        return self._guarded(lambda: self._rank(request))

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
        if self._draft is not None:
            raise Unsupported(
                f"model {self._deployment.model.name!r}: a draft is for one request at"
                " a time; leave draft and assistant out to batch"
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

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return the memory of the model, device by device, while nothing is asked."""
        if self._lost is not None:
            return ()
        return memory_by_device(self._model, self._device)

    def close(self) -> None:
        """Put the base back, or drop it and give the device's memory back."""
        place = self._origin.place
        if self._draft is not None:
            self._draft.close()
        del self._model, self._tokenizer, self._decoding, self._prompts, self._encode
        del self._masks
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

    @property
    def drafts(self) -> bool:
        """Whether somebody guesses its tokens."""
        return self._draft is not None

    def undrafted(self) -> AbstractContextManager[None]:
        """Generate without the draft inside of a block."""
        return nullcontext() if self._draft is None else self._draft.without()

    def _answer(self, request: Request, meter: Meter) -> Generation:
        if self._draft is not None:
            self._draft.begin(request)
        if request.thinking_tokens is not None:
            return self._answer_within_budget(request, meter)
        prompt = self._encode(request)
        prompt_tokens = int(prompt.ids.shape[1])
        room = self._context - prompt_tokens
        steps = chosen = 0
        finish: Finish = "context"
        if prompt.rendered is not None:
            meter.prompted(prompt.rendered)
        if room > 0:
            decode = self._prompts.decoder()
            stamper = Stamper(
                meter, decode, self._device, self._ends, self._torch, prompt_tokens
            )
            settings = self._greedy(min(request.most_tokens, room))
            drafted: dict[str, Any] = {}
            if self._draft is not None:
                drafted = self._draft.given(settings)
            chance = drawing(self._torch, self._device.name, [request])
            told = held(self._torch, chance, [request], self._masks.begin)
            scores = LastScores(self._torch)
            told = scores.seen(told)
            self._decoding.run(
                prompt.inputs, settings, stopping_criteria=[stamper], **told, **drafted
            )
            scores.check()
            finish = "stop" if stamper.ended else "length"
            steps, chosen = stamper.steps, stamper.chosen
        found = meter.generation(
            finish, prompt_tokens, rendered=prompt.rendered, sampling=request.sampling
        )
        if self._draft is None:
            return found
        return replace(found, draft=self._draft.counts(prompt_tokens, steps, chosen))

    def _rank(self, request: Request) -> Generation:
        pairs = token_pairs(request, lambda each: self._encode(each).ids[0].tolist())
        if not fit(pairs, self._context):
            return found_of(pairs, None)
        device = self._device.name
        return found_of(pairs, likelihoods(self._torch, self._model, device, pairs))

    def _answer_within_budget(self, request: Request, meter: Meter) -> Generation:
        """Answer as a batch of one, whose rows know of forced tokens."""
        rows = rows_of([request], [meter], self._engine())
        (row,) = rows
        if not row.done:
            chance = drawing(self._torch, self._device.name, [request])
            told = held(self._torch, chance, [request], self._masks.begin)
            scores = LastScores(self._torch)
            told = scores.seen(watched(told, rows, self._prompts.tokens_of))
            told["stopping_criteria"] = [Stepper(self._torch, self._device, rows)]
            self._decoding.run(row.inputs, self._greedy(row.span), **told)
            scores.check()
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
            begin=self._masks.begin,
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
