"""From a request to tokens, by a tokenizer of transformers and its chat template."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.chat_template import (
    ChatTemplate,
    ControlTexts,
    RenderedPrompt,
    encode_apart,
)
from pytest_llmlat.backends.detokenizing import decoder
from pytest_llmlat.backends.thought_settings import shown_tokens
from pytest_llmlat.values.bounded_templates import bounded_class
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.records import Request
    from pytest_llmlat.values.thought_tags import ThoughtTags


class TokenizerPrompts:
    """The chat template and the tokenizer of a loaded model."""

    def __init__(self, tokenizer: Any, model: ModelSpec) -> None:  # noqa: ANN401 - loaded on use
        """Look at the template.

        Args:
            tokenizer: of transformers.
            model: the entry; ``chat = false`` leaves the template aside.

        Raises:
            LLMLatError: it should chat and has no template, or one that is broken.
        """
        self._tokenizer = tokenizer
        source = getattr(tokenizer, "chat_template", None)
        self.chat = bool(source) if model.chat is None else model.chat
        if self.chat and not source:
            raise LLMLatError(
                f"model {model.name!r}: its tokenizer has no chat template, but its"
                " entry says chat = true; remove that, or use a chat model"
            )
        control = {
            int(token): str(added)
            for token, added in getattr(tokenizer, "added_tokens_decoder", {}).items()
            if added.special
        }
        self._control = ControlTexts(control.values())
        self._template = (
            ChatTemplate(
                _TokenizerEngine(tokenizer),
                model,
                source=str(source),
                control=self._control,
            )
            if self.chat
            else None
        )
        self._shown = shown_tokens(model, control)
        self._endings: dict[tuple[ThoughtTags, ...], int] = {}

    def rendered(self, request: Request) -> RenderedPrompt:
        """Return what the model reads.

        Raises:
            Unsupported: the template has no place for what the request holds.
        """
        if request.chat and self._template is not None:
            return self._template.render(request)
        return self._control.plain(request.prompt)

    def ids(self, request: Request, prompt: RenderedPrompt) -> list[int]:
        """Return the tokens of a prompt, none of its data a control token."""
        # A chat template has written the special tokens itself.
        return encode_apart(
            prompt,
            lambda text, begins: self._encoded(
                text, special=begins and not request.chat
            ),
        )

    def tokens_of(self, text: str) -> list[int]:
        """Return the tokens of a text, control tokens parsed and none added."""
        return self._encoded(text, special=False)

    def longest_ending(self, request: Request) -> int:
        """Return how many tokens a forced end of the request's thought may take."""
        if request.thinking_tokens is None:
            return 0
        tags = request.thought_tags
        if tags not in self._endings:
            texts = {each.ending for each in tags}
            longest = max((len(self.tokens_of(text)) for text in texts), default=0)
            self._endings[tags] = longest
        return self._endings[tags]

    def decoder(self) -> Callable[[int], str]:
        """Return a new function from each token to the text that it makes readable."""
        found, shown = decoder(self._tokenizer), self._shown
        if not shown:
            return found
        return lambda token: shown[token] if token in shown else found(token)

    def _encoded(self, text: str, *, special: bool) -> list[int]:
        found = self._tokenizer(text, add_special_tokens=special)
        return list(found["input_ids"])


class _TokenizerEngine:
    """The template of a tokenizer, applied by transformers, within limits."""

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 - loaded on use
        self._tokenizer = tokenizer
        self._compiled = False

    def __call__(
        self,
        messages: list[Any],
        *,
        generation: bool,
        switches: Mapping[str, Scalar],
    ) -> str:
        """Return the text of a chat."""
        if self._compiled:
            return self._applied(messages, generation, switches)
        # It compiles on the first call and keeps that; the limits stay with it.
        with _with_limits():
            text = self._applied(messages, generation, switches)
        self._compiled = True
        return text

    def _applied(
        self,
        messages: list[Any],
        generation: bool,  # noqa: FBT001 - as above
        switches: Mapping[str, Scalar],
    ) -> str:
        text: str = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=generation, tokenize=False, **switches
        )
        return text


def _with_limits() -> AbstractContextManager[None]:
    """Return a block in which transformers compiles templates that have limits."""
    try:
        from transformers.utils import chat_template_utils
    except ImportError:
        return nullcontext()  # then it compiles none
    return bounded_class(chat_template_utils)
