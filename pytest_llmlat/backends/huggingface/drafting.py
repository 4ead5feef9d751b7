"""Drafts for a transformers model: who guesses its tokens, and how many were right.

The library calls it assisted generation: an assistant model, or what followed the same
words before (prompt lookup), guesses the next tokens, and the model reads all guesses
in one step. It keeps those that it would have chosen itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.entry_options import ASSISTANT, DRAFT
from pytest_llmlat.backends.huggingface.entry_settings import TransformersSettings
from pytest_llmlat.backends.huggingface.loading import load_base
from pytest_llmlat.values.draft_counts import DraftCounts
from pytest_llmlat.values.errors import BadCatalogue, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmlat.backends.huggingface.loading import Base
    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.values.entities import Deployment, Scalar
    from pytest_llmlat.values.records import Request

_SHOWN = 3


class TransformersDraft:
    """A draft of one model, and the counts of its present answer."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - loaded on use
        settings: TransformersSettings,
        assistant: Any = None,  # noqa: ANN401 - loaded on use
    ) -> None:
        """Follow the steps of a model.

        Args:
            model: whose tokens are guessed, without its adapter.
            settings: of its entry; there is a draft.
            assistant: the model that guesses; ``None`` for a lookup in the prompt.
        """
        self._settings, self._assistant = settings, assistant
        self._read: list[int] = []
        self._hook = model.register_forward_pre_hook(self._note, with_kwargs=True)
        self.active = True
        if assistant is not None:
            assistant.generation_config = _guessing(settings.draft_tokens)

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """Facts that identify it."""
        settings = self._settings
        found: dict[str, Scalar | None] = {
            DRAFT.name: settings.draft,
            "draft_tokens": settings.draft_tokens,
        }
        if self._assistant is not None:
            found[ASSISTANT.name] = settings.assistant
            found["assistant_dtype"] = str(self._assistant.dtype).split(".")[-1]
        return found

    def begin(self, request: Request) -> None:
        """Count anew, for one answer.

        Raises:
            Unsupported: something that follows tokens one by one would be led astray.
        """
        self._read.clear()
        if not self.active:
            return
        if request.thinking_tokens is not None:
            raise Unsupported(
                "a draft guesses past the end of a thought, so that it cannot be ended"
                " at a budget (thinking_tokens): leave draft and assistant out"
            )
        self.check_constraint(constrained=request.constraint is not None)

    def check_constraint(self, *, constrained: bool) -> None:
        """Refuse to hold an answer to a schema while others guess its tokens.

        Raises:
            Unsupported: it is to be.
        """
        if constrained and self.active:
            raise Unsupported(
                "a schema or a grammar follows an answer token by token, and a draft"
                " guesses ahead of it: leave draft and assistant out"
            )

    def given(self, settings: Any) -> dict[str, Any]:  # noqa: ANN401 - loaded on use
        """Return what ``generate`` is told of it; of a lookup ``settings`` are."""
        if not self.active:
            return {}
        if self._assistant is not None:
            return {"assistant_model": self._assistant}
        settings.prompt_lookup_num_tokens = self._settings.draft_tokens
        return {}

    def counts(self, prompt_tokens: int, steps: int, chosen: int) -> DraftCounts | None:
        """Return what became of the guesses for an answer; ``None`` without a draft.

        Args:
            prompt_tokens: of the prompt, which the first step reads with its guesses.
            steps: of the model until the answer had ended.
            chosen: tokens that they gave, the one that ends the answer among them.
        """
        if not self.active or not steps:
            return None
        # A step reads the token that came last, and all guesses behind it.
        read = self._read[:steps]
        drafted = read[0] - prompt_tokens + sum(tokens - 1 for tokens in read[1:])
        return DraftCounts(
            steps=steps, drafted=drafted, accepted=max(0, chosen - steps)
        )

    @contextmanager
    def without(self) -> Iterator[None]:
        """Let the model generate without it inside of a block."""
        self.active = False
        try:
            yield
        finally:
            self.active = True

    def close(self) -> None:
        """Let go of the model, and of the assistant."""
        self._hook.remove()
        self._assistant = None

    def _note(self, module: Any, args: Any, kwargs: Mapping[str, Any]) -> None:  # noqa: ANN401, ARG002 - as torch calls it
        """Note how many tokens the model is about to read."""
        ids = kwargs.get("input_ids")
        if self.active and ids is not None:
            self._read.append(int(ids.shape[1]))


def draft_of(
    transformers: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    settings: TransformersSettings,
    base: Base,
    model: Any,  # noqa: ANN401 - loaded on use
) -> TransformersDraft | None:
    """Return the draft that an entry asks for, ``None`` if it wants none.

    Args:
        transformers: the module.
        deployment: which model, and where.
        settings: of its entry.
        base: whose tokenizer it has.
        model: as it generates, perhaps with an adapter.

    Raises:
        BadCatalogue: the assistant has other tokens than the model.
        WeightsUnavailable: its weights are neither on disk nor to be fetched.
        OutOfMemory: it does not fit beside the model.
    """
    if settings.draft == "none":
        return None
    inner = getattr(model, "get_base_model", lambda: model)()
    if settings.draft != ASSISTANT.name:
        return TransformersDraft(inner, settings)
    helper = _assistant(transformers, deployment, settings, base.device)
    _check_tokens(deployment, settings, base.tokenizer, helper.tokenizer)
    return TransformersDraft(inner, settings, helper.model)


def _assistant(
    transformers: Any,  # noqa: ANN401 - loaded on use
    deployment: Deployment,
    settings: TransformersSettings,
    device: TorchDevice,
) -> Base:
    """Load the model that guesses: on the same device, in the same dtype."""
    spec = deployment.model
    own = replace(
        spec,
        name=f"{spec.name} (assistant)",
        weights=settings.assistant,
        package=None,
        revision=None,
        adapter=None,
        options=(),
        trust_remote_code=False,
    )
    place = replace(deployment, model=own)
    return load_base(transformers, place, TransformersSettings(), device)


def _check_tokens(
    deployment: Deployment,
    settings: TransformersSettings,
    ours: Any,  # noqa: ANN401 - loaded on use
    theirs: Any,  # noqa: ANN401 - loaded on use
) -> None:
    """See that both models mean the same by a token.

    Raises:
        BadCatalogue: they do not; shows where.
    """
    own, other = ours.get_vocab(), theirs.get_vocab()
    if own == other:
        return
    apart = [token for token in own if own[token] != other.get(token)]
    shown = ", ".join(map(repr, apart[:_SHOWN])) or f"{len(other)} tokens"
    raise BadCatalogue(
        f"model {deployment.model.name!r}: option assistant = {settings.assistant!r}:"
        f" has other tokens than the model ({shown}); what guesses tokens must have the"
        " same tokenizer, such as a smaller model of the same family"
    )


def _guessing(tokens: int) -> Any:  # noqa: ANN401 - loaded on use
    """Return settings by which an assistant guesses so many tokens in each step.

    By default the library stops it where it is not sure, by a threshold that moves if
    scikit-learn is installed: a model would then be faster with a library that it does
    not use.
    """
    from transformers import GenerationConfig

    return GenerationConfig(
        num_assistant_tokens=tokens,
        num_assistant_tokens_schedule="constant",
        assistant_confidence_threshold=0.0,
        do_sample=False,
    )
