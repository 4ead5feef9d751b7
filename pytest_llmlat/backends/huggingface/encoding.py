"""Prompts as tensors of tokens, with what the chat template made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.backends.tokenizer_prompts import TokenizerPrompts
    from pytest_llmlat.values.records import Request

_KEPT = ("input_ids", "attention_mask")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedPrompt:
    """A prompt as a model takes it."""

    inputs: Mapping[str, Any]
    """Ids and mask, of shape (1, tokens), on the device."""
    rendered: str | None = None
    """What the chat template made of it; ``None`` without one."""

    @property
    def ids(self) -> Any:  # noqa: ANN401 - a tensor
        """Token ids of the prompt, of shape (1, tokens)."""
        return self.inputs["input_ids"]


class PromptEncoder:
    """Makes tensors of prompts."""

    def __init__(
        self,
        torch: Any,  # noqa: ANN401 - loaded on use
        tokenizer: Any,  # noqa: ANN401 - loaded on use
        prompts: TokenizerPrompts,
        device: str,
    ) -> None:
        """Encode for a device."""
        self._torch = torch
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._device = device

    def __call__(self, request: Request) -> EncodedPrompt:
        """Encode one prompt."""
        prompt = self._prompts.rendered(request)
        rendered = prompt.text if request.chat else None
        if len(prompt.parts) > 1:
            ids = self._torch.tensor([self._prompts.ids(request, prompt)])
            made = {"input_ids": ids, "attention_mask": self._torch.ones_like(ids)}
        else:
            # A chat template has written the special tokens itself.
            made = self._tokenizer(
                prompt.text, add_special_tokens=not request.chat, return_tensors="pt"
            )
        inputs = {key: made[key].to(self._device) for key in _KEPT}
        return EncodedPrompt(inputs=inputs, rendered=rendered)
