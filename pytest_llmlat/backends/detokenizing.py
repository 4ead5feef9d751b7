"""From each token to the text that it makes readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def decoder(tokenizer: Any) -> Callable[[int], str]:  # noqa: ANN401 - loaded on use
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
