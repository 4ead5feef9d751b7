"""Models in this process through MLX: Apple silicon's GPU, or a processor."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmlat.backends.constraints import check_thoughts
from pytest_llmlat.backends.freeing import free_memory
from pytest_llmlat.backends.mlx.config_reading import (
    context_found,
    dtype_of,
    end_tokens,
)
from pytest_llmlat.backends.mlx.loading import (
    MlxLibrary,
    adapter_digest,
    digest_of,
    find_folder,
    load,
    no_memory,
    quantization_of,
)
from pytest_llmlat.backends.mlx.mlx_constrained import HoldingProcessor
from pytest_llmlat.backends.mlx.mlx_likelihoods import check_scores, likelihoods
from pytest_llmlat.backends.mlx.mlx_memory import mlx_memory
from pytest_llmlat.backends.thought_settings import ending_of
from pytest_llmlat.backends.token_masks import TokenMasks
from pytest_llmlat.backends.token_pairs import fit, found_of, token_pairs
from pytest_llmlat.backends.tokenizer_prompts import TokenizerPrompts
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.values.errors import (
    DeviceAbsent,
    MissingExtra,
    OutOfMemory,
    Unsupported,
    WeightsUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.device_memory import DeviceMemory
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.token_meter import Meter

DEVICES = ("mps", "cpu")
"""Devices on which a model may run; on Linux only the second."""
PLATFORMS = ("darwin", "linux")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsOrigin:
    """Origin of loaded weights."""

    config: Mapping[str, Any]
    """What their ``config.json`` says, as mlx-lm read it."""
    revision: str | None
    """Commit of the weights, where they came from the hub."""
    digest: str
    adapter_digest: str | None


def open_model(deployment: Deployment, clock: Clock) -> MLX:  # noqa: ARG001 - every backend is opened alike
    """Load a model, and its adapter if it has one, for a device.

    Raises:
        BadCatalogue: an option that cannot be.
        Unsupported: a platform, device, setting or architecture that MLX lacks.
        MissingExtra: mlx or mlx-lm is not installed.
        DeviceAbsent: this build of MLX has no Metal.
        WeightsUnavailable: neither on disk nor to be fetched, or broken.
        AdapterMismatch: the adapter was made for another model.
        OutOfMemory: the weights do not fit.
    """
    spec = deployment.model
    _check_entry(deployment)
    library, tokenizers = _libraries(spec)
    mx = library.mx
    device = _device(mx, deployment.device)
    folder, revision = find_folder(spec)
    stream = mx.new_thread_local_stream(device)
    with mx.stream(stream):
        model, config = load(library, deployment, folder)
    try:
        tokenizer = tokenizers.from_pretrained(str(folder), trust_remote_code=False)
    # A tokenizer that lies breaks the library's insides in any way.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise WeightsUnavailable(
            f"model {spec.name!r}: {folder} has no tokenizer that can be loaded:"
            f" {reason:.300} - Copy the tokenizer files of its base model into it"
        ) from error
    if deployment.device == "mps":
        _keep_wired(mx)
    return MLX(
        library,
        model,
        tokenizer,
        stream=stream,
        deployment=deployment,
        origin=WeightsOrigin(
            config=config,
            revision=revision,
            digest=digest_of(folder),
            adapter_digest=adapter_digest(spec),
        ),
    )


class MLX:
    """A loaded MLX model: one request after the other."""

    remote: Literal[False] = False

    def __init__(
        self,
        library: MlxLibrary,
        model: Any,  # noqa: ANN401 - loaded on use
        tokenizer: Any,  # noqa: ANN401 - loaded on use
        *,
        stream: Any,  # noqa: ANN401 - loaded on use
        deployment: Deployment,
        origin: WeightsOrigin,
    ) -> None:
        """Wrap a model and its tokenizer, computing on ``stream``."""
        spec = deployment.model
        self._mx = library.mx
        self._steps = library.generate_step
        self._new_cache = library.new_cache
        self._sampler = library.make_sampler
        self._model = model
        self._stream = stream
        self._name = spec.name
        self._scores: Any = None
        """What the token before was chosen by."""
        self._device = deployment.device
        self._ends = end_tokens(origin.config, tokenizer)
        self._context = context_found(origin.config)
        self._prompts = TokenizerPrompts(tokenizer, spec)
        self._masks = TokenMasks(
            tokenizer, self._ends, wanted_by=f"model {spec.name!r}"
        )
        self.chat = self._prompts.chat
        self.facts: Mapping[str, Scalar | None] = {
            "library": f"mlx-lm {package_version('mlx_lm')}",
            "mlx": package_version("mlx"),
            "transformers": package_version("transformers"),
            "weights": spec.weights,
            "revision": origin.revision or spec.revision,
            "digest": origin.digest,
            "adapter": spec.adapter,
            "adapter_digest": origin.adapter_digest,
            "dtype": dtype_of(library.mx, model),
            "quantization": quantization_of(origin.config),
            "context": self._context,
            "chat": self.chat,
        }

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Compile a schema or a grammar.

        Raises:
            MissingExtra: llguidance is not installed.
            Unsupported: it does not take it.
        """
        self._masks.prepare(constraint)

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer; each token is stamped on this thread when it is text.

        Raises:
            OutOfMemory: the prompt was too much for the device; later ones may fit.
            GenerationFailed: the model computes no numbers.
        """
        check_thoughts(request)
        prompt = self._prompts.rendered(request)
        tokens = self._prompts.ids(request, prompt)
        rendered = prompt.text if request.chat else None
        if rendered is not None:
            meter.prompted(rendered)
        room = self._context - len(tokens)
        finish: Finish = "context"
        self._scores = None
        if room > 0:
            with self._told_if_full(len(tokens)):
                finish = self._decode(tokens, room, request, meter)
                if self._scores is not None:
                    with self._mx.stream(self._stream):
                        check_scores(self._mx, self._scores)
        return meter.generation(
            finish, len(tokens), rendered=rendered, sampling=request.sampling
        )

    def check_ranking(self) -> None:
        """See that it can rank: any model that generates can."""

    def rank(self, request: Request) -> Generation:
        """Say how likely each continuation is.

        Raises:
            OutOfMemory: the prompt was too much for the device; later ones may fit.
            GenerationFailed: a continuation has no token of its own.
        """
        pairs = token_pairs(
            request,
            lambda each: self._prompts.ids(each, self._prompts.rendered(each)),
        )
        if not fit(pairs, self._context):
            return found_of(pairs, None)
        count = len(pairs[0].prompt)
        with self._told_if_full(count), self._mx.stream(self._stream):
            return found_of(pairs, likelihoods(self._mx, self._model, pairs))

    def reset_device_peak(self) -> None:
        """Begin to count peak memory anew."""
        self._mx.reset_peak_memory()

    def device_peak_bytes(self) -> int | None:
        """Return the GPU's peak memory since the reset; ``None`` on a processor."""
        return int(self._mx.get_peak_memory()) if self._device == "mps" else None

    def device_memory(self) -> tuple[DeviceMemory, ...]:
        """Return the memory of MLX's arrays, while nothing is asked."""
        return (mlx_memory(self._mx, self._model, self._device),)

    def close(self) -> None:
        """Drop the weights and give MLX's cached memory back."""
        del self._model, self._prompts
        free_memory()
        self._mx.clear_cache()

    @contextmanager
    def _told_if_full(self, tokens: int) -> Iterator[None]:
        """Say what it means where memory gives out on a prompt of so many tokens."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not no_memory(error):
                raise
            raise OutOfMemory(
                f"model {self._name!r}: no room for a prompt of {tokens} tokens:"
                f" {error}"
            ) from error

    def _decode(
        self, tokens: list[int], room: int, request: Request, meter: Meter
    ) -> Finish:
        """Generate, and go on behind a thought that was ended by force."""
        given = self._chance(request)
        if request.constraint is not None:
            row = self._masks.begin(request.constraint)
            given["logits_processors"] = [HoldingProcessor(self._mx, row)]
        budget = request.thinking_tokens
        if budget is not None:
            # Kept, so that what was read is not read again behind the closing tag.
            given["prompt_cache"] = self._new_cache(self._model)
        decode = self._prompts.decoder()
        finish: Finish | None = None
        while finish is None:
            if budget is not None and meter.overdue(budget):
                forced = self._prompts.tokens_of(ending_of(meter))
                meter.end_thought()
                tokens = [*tokens, *forced]
                room -= len(forced)
            given["max_tokens"] = min(request.most_tokens, room) - meter.tokens
            if given["max_tokens"] <= 0:
                return "length"
            finish = self._part(tokens, given, budget, meter, decode)
            # All of it is in the cache by now, the last token included.
            tokens = []
        return finish

    def _part(
        self,
        tokens: list[int],
        given: Mapping[str, Any],
        budget: int | None,
        meter: Meter,
        decode: Callable[[int], str],
    ) -> Finish | None:
        """Stamp tokens; ``None`` if only the budget of a thought is spent."""
        with self._mx.stream(self._stream):
            # Without a cache that is given, each call makes one of its own, so that
            # every prompt pays its prefill.
            steps = self._steps(
                self._mx.array(tokens), self._model, self._stream, **given
            )
            try:
                for token, self._scores in steps:
                    # A Python number: MLX has waited for its value. The step after
                    # it is under way already, and is not waited for.
                    if token in self._ends or meter.token(decode(token)):
                        return "stop"
                    if budget is not None and meter.overdue(budget):
                        return None
            finally:
                steps.close()
                # The step under way must not slow the next sample down.
                self._mx.synchronize(self._stream)
        return "length"

    def _chance(self, request: Request) -> dict[str, Any]:
        """Return what generating is told besides, so that tokens are drawn.

        mlx-lm takes the nucleus of ``top_p`` first and divides by the temperature then.
        """
        how = request.sampling
        if how.greedy:
            return {}
        self._mx.random.seed(request.seed)
        return {"sampler": self._sampler(temp=how.temperature, top_p=how.top_p)}


def _check_entry(deployment: Deployment) -> None:
    spec = deployment.model
    wanted_by = f"model {spec.name!r}: "
    if sys.platform not in PLATFORMS:
        raise Unsupported(
            f"{wanted_by}MLX runs on macOS and Linux, and this is {sys.platform};"
            " use gguf:PATH or hf:ORG/NAME"
        )
    if deployment.device not in DEVICES:
        raise Unsupported(
            f"{wanted_by}device {deployment.device!r}: MLX runs on"
            f" {' and '.join(DEVICES)}; use gguf:PATH or hf:ORG/NAME there"
        )
    if spec.trust_remote_code:
        raise Unsupported(
            f"{wanted_by}trust_remote_code: mlx-lm is given no code that comes with"
            " weights; leave it out"
        )


def _libraries(spec: ModelSpec) -> tuple[MlxLibrary, Any]:
    """Import what is needed; the second is what makes tokenizers."""
    try:
        import mlx.core as mx
        from mlx_lm.generate import generate_step
        from mlx_lm.models.cache import make_prompt_cache
        from mlx_lm.sample_utils import make_sampler
        from mlx_lm.utils import load_adapters, load_model
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtra(
            "mlx", error.name or "mlx", wanted_by=f"model {spec.name!r}"
        ) from error
    except ValueError as error:
        # It sets the limit of open files as it is imported.
        raise Unsupported(
            f"model {spec.name!r}: mlx-lm cannot be imported: {error}; allow this"
            " process 4096 open files (ulimit -Hn)"
        ) from error
    library = MlxLibrary(
        mx=mx,
        load_model=load_model,
        load_adapters=load_adapters,
        generate_step=generate_step,
        new_cache=make_prompt_cache,
        make_sampler=make_sampler,
    )
    return library, AutoTokenizer


def _device(mx: Any, device: str) -> Any:  # noqa: ANN401 - loaded on use
    if device == "cpu":
        return mx.cpu
    if not mx.metal.is_available():
        raise DeviceAbsent("device 'mps': this build of MLX has no Metal")
    return mx.gpu


def _keep_wired(mx: Any) -> None:  # noqa: ANN401 - loaded on use
    """Let macOS keep the weights in memory, as mlx-lm's own programs do."""
    most = mx.device_info().get("max_recommended_working_set_size")
    if most:
        mx.set_wired_limit(most)
