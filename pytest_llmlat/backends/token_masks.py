"""Which tokens a schema or a grammar allows next, by llguidance.

For backends that choose among scores of their own: transformers and MLX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.constraints import refused
from pytest_llmlat.values.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from pytest_llmlat.values.constraint import Constraint

EXTRA = "structured"
_WHITESPACE = {"whitespace_pattern": " ?"}
"""Blanks between the parts of JSON: one at most, as llama.cpp has it; else a small
model goes on writing line ends until it is cut off."""


class TokenMasks:
    """The schemas and grammars that a model's answers are held to, kept compiled."""

    def __init__(
        self,
        tokenizer: Any,  # noqa: ANN401 - loaded on use
        ends: Collection[int],
        *,
        wanted_by: str,
    ) -> None:
        """Load nothing yet.

        Args:
            tokenizer: of the model, as transformers has it.
            ends: tokens that end an answer.
            wanted_by: the model, for complaints.
        """
        self._tokenizer = tokenizer
        self._ends = ends
        self._wanted_by = wanted_by
        self._vocabulary: Any = None
        self._compiled: dict[Constraint, Any] = {}

    def prepare(self, constraint: Constraint) -> None:
        """Compile a schema or a grammar; once is enough.

        Raises:
            MissingExtra: llguidance is not installed.
            Unsupported: it does not take this tokenizer or this grammar.
        """
        if constraint in self._compiled:
            return
        try:
            import llguidance
        except ImportError as error:
            raise MissingExtra(
                EXTRA, "llguidance", wanted_by=self._wanted_by
            ) from error
        try:
            if self._vocabulary is None:
                self._vocabulary = self._tokens()
            if constraint.kind == "json_schema":
                grammar = llguidance.LLMatcher.grammar_from_json_schema(
                    constraint.text, defaults=_WHITESPACE
                )
            else:
                grammar = llguidance.grammar_from(constraint.kind, constraint.text)
        except ValueError as error:
            raise refused(constraint, str(error)) from error
        matcher = llguidance.LLMatcher(self._vocabulary, grammar, log_level=0)
        if matcher.is_error():
            raise refused(constraint, matcher.get_error())
        self._compiled[constraint] = matcher

    def begin(self, constraint: Constraint) -> AllowedTokens:
        """Return what follows one answer."""
        self.prepare(constraint)
        return AllowedTokens(self._compiled[constraint].deep_copy(), self._ends)

    def _tokens(self) -> Any:  # noqa: ANN401 - loaded on use
        """Return the tokens as llguidance reads them; takes about a second."""
        from llguidance.hf import from_tokenizer

        return from_tokenizer(self._tokenizer, eos_token=sorted(self._ends) or None)


class AllowedTokens:
    """What may come next in one answer."""

    def __init__(self, matcher: Any, ends: Collection[int]) -> None:  # noqa: ANN401 - loaded on use
        """Stand before the first token."""
        self._matcher = matcher
        self._ends = sorted(ends)

    def take(self, token: int) -> None:
        """Go on behind a token that was chosen.

        Raises:
            RuntimeError: it was none of those that were allowed.
        """
        if self._matcher.is_stopped():
            return
        if not self._matcher.consume_token(token):
            raise RuntimeError(f"constraint: {self._matcher.get_error()}")

    def allowed(self, width: int) -> NDArray[np.bool_]:
        """Return for each of so many tokens whether it may come next.

        Raises:
            RuntimeError: the grammar is too complex to tell.
        """
        import numpy as np

        found = np.zeros(width, dtype=np.bool_)
        if self._matcher.is_stopped():
            found[self._ends] = True
            return found
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        if self._matcher.is_error():
            raise RuntimeError(f"constraint: {self._matcher.get_error()}")
        told = np.unpackbits(bits, bitorder="little")[:width].astype(np.bool_)
        found[: len(told)] = told
        return found
