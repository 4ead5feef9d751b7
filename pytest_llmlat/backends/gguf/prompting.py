"""From a request to the tokens that llama.cpp reads, and from its tokens to text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.chat_template import (
    ChatTemplate,
    ControlTexts,
    encode_apart,
)
from pytest_llmlat.backends.thought_settings import shown_tokens
from pytest_llmlat.values.bounded_templates import bounded_class
from pytest_llmlat.values.errors import LLMLatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmlat.backends.chat_template import RenderedPrompt
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.records import Request

_TEMPLATE = "tokenizer.chat_template"
_UNKNOWN, _CONTROL = 1, 8
"""Of ``llama_token_attr``: tokens whose text is parsed only where that is asked for."""


class GgufPrompts:
    """The chat template and the tokenizer of a loaded model."""

    def __init__(
        self,
        llama: Any,  # noqa: ANN401 - llama_cpp has no types
        model: ModelSpec,
        *,
        file: str,
        special: Iterable[int],
    ) -> None:
        """Look at the template.

        Args:
            llama: a ``llama_cpp.Llama``.
            model: the entry; ``chat = false`` leaves the template aside.
            file: the name of its weights, for complaints.
            special: tokens that the file does not call ordinary ones.

        Raises:
            LLMLatError: it should chat and has no template, or one that is broken.
        """
        self._llama = llama
        self._model = model
        control = self._control(special)
        source = llama.metadata.get(_TEMPLATE)
        self._template: ChatTemplate | None = None
        if source is None and model.chat is not False:
            self._check_absent(file)
        if source is not None and model.chat is not False:
            self._template = ChatTemplate(
                _JinjaEngine(llama, source),
                model,
                source=source,
                control=ControlTexts(control.values()),
            )
        self.shown: Mapping[int, bytes] = {
            token: text.encode() for token, text in shown_tokens(model, control).items()
        }
        """Control tokens that are tags of thoughts, and their texts."""

    @property
    def chat(self) -> bool:
        """Whether there is a template."""
        return self._template is not None

    def read(self, request: Request) -> tuple[list[int], RenderedPrompt | None]:
        """Return the tokens of a request, and what its template made of it.

        Raises:
            Unsupported: the template has no place for what the request holds.
        """
        if not request.chat or self._template is None:
            # Control tokens are not parsed here: all of it is text.
            return list(self._llama.tokenize(request.prompt.encode())), None
        rendered = self._template.render(request)
        return encode_apart(rendered, lambda text, _: self.tokens_of(text)), rendered

    def tokens_of(self, text: str) -> list[int]:
        """Return the tokens of a part of a template, which wrote control tokens."""
        tokens = self._llama.tokenize(text.encode(), add_bos=False, special=True)
        return list(tokens)

    def _control(self, special: Iterable[int]) -> dict[int, str]:
        """Return the texts of control tokens, by what llama.cpp itself makes of them.

        It takes some for control tokens that their file calls otherwise, the ends of
        an answer among them.
        """
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        known = {*special, self._llama.token_bos(), self._llama.token_eos()}
        return {
            token: text.decode("utf-8", "replace")
            for token in sorted(known)
            if token >= 0
            and llama_cpp.llama_vocab_get_attr(vocabulary, token)
            & (_UNKNOWN | _CONTROL)
            and (text := llama_cpp.llama_vocab_get_text(vocabulary, token))
        }

    def _check_absent(self, file: str) -> None:
        named = [
            key.removeprefix(f"{_TEMPLATE}.")
            for key in self._llama.metadata
            if key.startswith(f"{_TEMPLATE}.")
        ]
        where = f"model {self._model.name!r}: {file}"
        if named:
            raise LLMLatError(
                f"{where} has several chat templates ({', '.join(named)}) and none that"
                " is the default; take weights with one, or write chat = false into the"
                " entry to ask for completions"
            )
        if self._model.chat:
            raise LLMLatError(
                f"{where} has no chat template, but its entry says chat = true; remove"
                " that, or use a chat model"
            )


class _JinjaEngine:
    """The template of a GGUF file, applied as llama-cpp-python does, within limits."""

    def __init__(self, llama: Any, source: str) -> None:  # noqa: ANN401 - llama_cpp has no types
        self._source = source
        self._eos, self._bos = (
            llama.detokenize([token], special=True).decode(errors="replace")
            if token >= 0
            else ""
            for token in (llama.token_eos(), llama.token_bos())
        )
        self._ways: dict[bool, Any] = {}

    def __call__(
        self,
        messages: list[Any],
        *,
        generation: bool,
        switches: Mapping[str, Scalar],
    ) -> str:
        """Return the text of a chat."""
        if generation not in self._ways:
            # On the first call, where what is wrong with the template is told.
            self._ways[generation] = self._compiled(generation=generation)
        text: str = self._ways[generation](messages=messages, **switches).prompt
        return text

    def _compiled(self, *, generation: bool) -> Any:  # noqa: ANN401 - llama_cpp has no types
        from llama_cpp import llama_chat_format

        with bounded_class(llama_chat_format):
            return llama_chat_format.Jinja2ChatFormatter(
                template=self._source,
                eos_token=self._eos,
                bos_token=self._bos,
                add_generation_prompt=generation,
            )
