"""GGUF files in this process, through llama-cpp-python."""

from __future__ import annotations

import codecs
import os
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmlat.backends.constraints import check_thoughts
from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.gguf.buffer_sizes import BufferSizes
from pytest_llmlat.backends.gguf.drafts import without
from pytest_llmlat.backends.gguf.entry_options import CACHE_PROMPT, KV_TYPE
from pytest_llmlat.backends.gguf.gguf_likelihoods import check_logits, likelihoods
from pytest_llmlat.backends.gguf.grammars import Grammars
from pytest_llmlat.backends.gguf.loading import (
    ALL_LAYERS,
    checked_header,
    find_adapter,
    find_weights,
    load_llama,
    settings_of,
)
from pytest_llmlat.backends.gguf.prompting import GgufPrompts
from pytest_llmlat.backends.gguf.repacking import repack_option, repacking
from pytest_llmlat.backends.gguf.sampler import sampler
from pytest_llmlat.backends.settings_check import flag_option
from pytest_llmlat.backends.thought_settings import ending_of
from pytest_llmlat.backends.token_pairs import fit, found_of, token_pairs
from pytest_llmlat.backends.weights import fingerprint, package_version
from pytest_llmlat.values.errors import DeviceAbsent, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from pytest_llmlat.backends.gguf.drafts import CountedLookup
    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.draft_counts import DraftCounts
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.token_meter import Meter


def open_model(deployment: Deployment, clock: Clock) -> GGUF:  # noqa: ARG001 - every backend is opened alike
    """Load a GGUF file, with a LoRA adapter in a GGUF file of its own if it has one.

    The entry may set what ``entry_options`` declares.

    Raises:
        BadCatalogue: an option that cannot be.
        MissingExtra: llama-cpp-python or the package with the weights is absent.
        WeightsUnavailable: no such file, or it is broken, or llama.cpp cannot load it.
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: there is no room for the weights or the context.
        DeviceAbsent: a GPU was asked of a build that has none.
    """
    model, device = deployment.model, deployment.device
    try:
        import llama_cpp
    except ImportError as error:
        raise MissingExtra(
            model.extra or "gguf", "llama_cpp", wanted_by=f"model {model.name!r}"
        ) from error
    path = find_weights(model)
    header = checked_header(model, path)
    adapter = find_adapter(model, header)
    if device != "cpu" and not llama_cpp.llama_supports_gpu_offload():
        raise DeviceAbsent(
            f"device {device!r}: this llama-cpp-python was built without GPU support;"
            " rebuild it with CMAKE_ARGS=-DGGML_CUDA=on (or -DGGML_METAL=on) and"
            " pip install --force-reinstall --no-binary :all: llama-cpp-python"
        )
    # The driver lists cards by bus; without this CUDA lists the fastest first.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    given = settings_of(llama_cpp, deployment, header)
    if adapter is not None:
        given["lora_path"] = str(adapter)
    repack = repack_option(llama_cpp, model)
    buffers = BufferSizes()
    with repacking(llama_cpp, wanted=repack):
        llama = load_llama(llama_cpp, model, path, given, buffers.note)
    try:
        prompts = GgufPrompts(llama, model, file=path.name, special=header.special)
        return GGUF(
            llama,
            prompts,
            deployment,
            path=path,
            given=given,
            repack=repack,
            memory=buffers.by_device(),
        )
    except BaseException:
        llama.close()
        raise


class GGUF:
    """A loaded GGUF model: one request after the other."""

    remote: Literal[False] = False

    def __init__(
        self,
        llama: Any,  # noqa: ANN401 - llama_cpp has no types
        prompts: GgufPrompts,
        deployment: Deployment,
        *,
        path: Path,
        given: Mapping[str, Any],
        repack: bool,
        memory: tuple[DeviceMemory, ...] = (),
    ) -> None:
        """Wrap a ``llama_cpp.Llama`` that was loaded with ``given``."""
        import llama_cpp

        model = deployment.model
        self._llama = llama
        self._memory = memory
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self._grammars = Grammars(self._vocabulary)
        self._ends = llama_cpp.llama_vocab_is_eog
        self._prompts = prompts
        self._keeps = flag_option(model, CACHE_PROMPT, default=True)
        self._held: str | None = None
        """The conversation of which a turn was read last."""
        self.chat = prompts.chat
        lora = given.get("lora_path")
        layers = given["n_gpu_layers"]
        self.facts: Mapping[str, Scalar | None] = {
            "library": f"llama-cpp-python {package_version('llama_cpp_python')}",
            "weights": path.name,
            "digest": fingerprint(path),
            "adapter": model.adapter,
            "adapter_digest": fingerprint(Path(lora)) if lora else None,
            "dtype": llama.metadata.get("general.file_type"),
            "context": llama.n_ctx(),
            "threads": given["n_threads"],
            "batch": given["n_batch"],
            "gpu_layers": "all" if layers == ALL_LAYERS else layers,
            "flash_attention": given["flash_attn"],
            "kv_type": model.option(KV_TYPE.name, "f16"),
            "repack": repack,
            "chat": self.chat,
        }
        self._draft: CountedLookup | None = given.get("draft_model")
        self._chosen = self._parts = 0
        if self._draft is not None:
            lookup = {"draft": "prompt-lookup", "draft_tokens": self._draft.tokens}
            self.facts = {**self.facts, **lookup}
        if model.option(CACHE_PROMPT.name) is not None:
            self.facts = {**self.facts, "cache_prompt": self._keeps}

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Make a grammar of a schema, and see that llama.cpp takes it.

        Raises:
            Unsupported: it does not.
        """
        self._grammars.of(constraint)

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer; each token is stamped as soon as it is text.

        Raises:
            GenerationFailed: the model computes no numbers.
        """
        check_thoughts(request)
        tokens, rendered = self._prompts.read(request)
        room = self._llama.n_ctx() - len(tokens)
        if rendered is not None:
            meter.prompted(rendered.text)
        kept: int | None = None
        if room <= 0:
            finish: Finish = "context"
        else:
            kept = self._kept(request, tokens)
            self._chosen = self._parts = 0
            if self._draft is not None:
                self._draft.begin()
            finish = self._decode(tokens, room, request, meter)
            # Behind the last stamp: it takes no part in any latency.
            check_logits(self._llama)
        found = meter.generation(
            finish,
            len(tokens),
            rendered=None if rendered is None else rendered.text,
            sampling=request.sampling,
        )
        return replace(found, cached_tokens=kept, draft=self._drafted(finish))

    def _drafted(self, finish: Finish) -> DraftCounts | None:
        """Return what became of the guesses for an answer."""
        active = self._draft if self._llama.draft_model is not None else None
        if active is None or finish == "context":
            return None
        return active.counts(self._chosen, self._parts)

    def undrafted(self) -> AbstractContextManager[None]:
        """Generate without the draft inside of a block."""
        return without(self._llama)

    @property
    def drafts(self) -> bool:
        """Whether somebody guesses its tokens."""
        return self._draft is not None

    def _kept(self, request: Request, tokens: list[int]) -> int | None:
        """Forget what was read before, but for the earlier turns of a conversation.

        Without a reset llama-cpp-python keeps the prefix that two prompts share, and
        the second does not pay for its prefill.

        Returns:
            How many tokens need not be read; ``None`` where nothing is ever kept.
        """
        goes_on = self._keeps and request.continues
        if not goes_on or request.conversation != self._held:
            self._llama.reset()
        self._held = request.conversation
        if request.conversation is None or not self._keeps:
            return None
        before = self._llama.input_ids[: self._llama.n_tokens].tolist()
        # The last token is read in any case: the first of the answer follows from it.
        pairs = zip(before, tokens[:-1], strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    def check_ranking(self) -> None:
        """See that it can rank: any model that generates can."""

    def rank(self, request: Request) -> Generation:
        """Say how likely each continuation is.

        Raises:
            GenerationFailed: a continuation has no token of its own.
        """
        pairs = token_pairs(request, lambda each: self._prompts.read(each)[0])
        if not fit(pairs, self._llama.n_ctx()):
            return found_of(pairs, None)
        return found_of(pairs, likelihoods(self._llama, pairs))

    def reset_device_peak(self) -> None:
        """llama.cpp offers no counter of peak device memory."""

    def device_peak_bytes(self) -> int | None:
        """llama.cpp offers no counter of peak device memory."""
        return None

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return what llama.cpp set aside on each device as it loaded the model."""
        return self._memory

    def close(self) -> None:
        """Free the weights and the cache."""
        self._llama.close()
        free_memory()

    def _decode(
        self, tokens: list[int], room: int, request: Request, meter: Meter
    ) -> Finish:
        """Generate, and go on behind a thought that was ended by force."""
        if not request.sampling.greedy:
            self._llama.set_seed(request.seed)
        text = codecs.getincrementaldecoder("utf-8")("replace")
        how: dict[str, Any] = {**sampler(request.sampling)}
        if request.constraint is not None:
            how["grammar"] = self._grammars.of(request.constraint)
        budget = request.thinking_tokens
        finish: Finish | None = None
        while finish is None:
            if budget is not None and meter.overdue(budget):
                forced = self._prompts.tokens_of(ending_of(meter))
                meter.end_thought()
                tokens = [*tokens, *forced]
                room -= len(forced)
            most = min(request.most_tokens, room)
            if meter.tokens >= most:
                finish = "length"
                break
            steps = self._llama.generate(tokens, **how)
            self._parts += 1
            finish, tokens = self._part(steps, most, request, meter, text)
            # What was read before is kept only without a reset.
            how = {**how, "reset": False}
        meter.token(text.decode(b"", final=True), 0)
        return finish

    def _part(
        self,
        steps: Iterator[int],
        most: int,
        request: Request,
        meter: Meter,
        text: codecs.IncrementalDecoder,
    ) -> tuple[Finish | None, list[int]]:
        """Stamp tokens until the answer has ended, or the budget of its thought.

        Returns:
            Why the answer ended, ``None`` if only the thought is to end; and the token
            that came last then: it has not been read yet.
        """
        budget, shown = request.thinking_tokens, self._prompts.shown
        count = meter.tokens
        for token in steps:
            self._chosen += 1
            if self._ends(self._vocabulary, token):
                return "stop", []
            word = shown.get(token) or self._llama.detokenize([token])
            if meter.token(text.decode(word)):
                return "stop", []
            count += 1
            if count >= most:
                break
            if budget is not None and meter.overdue(budget):
                return None, [token]
        return "length", []
