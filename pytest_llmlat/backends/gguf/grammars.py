"""Grammars of llama.cpp: made of a schema or of a list once, and kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.constraints import refused
from pytest_llmlat.backends.gguf.loading import errors_logged

if TYPE_CHECKING:
    from pytest_llmlat.values.constraint import Constraint

_ROOT = "root"
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')


class Grammars:
    """The grammars that a loaded model was asked to hold answers to."""

    def __init__(self, vocabulary: Any) -> None:  # noqa: ANN401 - llama_cpp has no types
        """Begin with none.

        Args:
            vocabulary: of the model, as llama.cpp has it.
        """
        self._vocabulary = vocabulary
        self._ready: dict[Constraint, Any] = {}

    def of(self, constraint: Constraint) -> Any:  # noqa: ANN401 - llama_cpp has no types
        """Return a grammar, as ``Llama.generate`` takes it.

        llama.cpp itself parses the text anew for each answer: that time is part of what
        an answer takes.

        Raises:
            Unsupported: llama.cpp does not take it.
        """
        if constraint not in self._ready:
            self._ready[constraint] = self._made(constraint)
        return self._ready[constraint]

    def _made(self, constraint: Constraint) -> Any:  # noqa: ANN401 - llama_cpp has no types
        import llama_cpp
        from llama_cpp.llama_grammar import LlamaGrammar

        text = _gbnf(constraint)
        with errors_logged(llama_cpp) as reasons:
            # llama-cpp-python does not look at what came of it, and crashes on nothing.
            parsed = llama_cpp.llama_sampler_init_grammar(
                self._vocabulary, text.encode(), _ROOT.encode()
            )
        if not parsed:
            raise refused(constraint, "; ".join(reasons) or "it cannot be parsed")
        llama_cpp.llama_sampler_free(parsed)
        return LlamaGrammar.from_string(text, verbose=False)


def _gbnf(constraint: Constraint) -> str:
    """Return a constraint in the grammar of llama.cpp.

    Raises:
        Unsupported: it cannot be written in that.
    """
    if constraint.kind == "gbnf":
        return constraint.text
    if constraint.kind == "regex":
        raise refused(
            constraint, "llama.cpp knows no regular expressions; write it as gbnf"
        )
    if constraint.kind == "choice":
        return f"{_ROOT} ::= {' | '.join(map(_literal, constraint.content))}"
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        found: str = json_schema_to_gbnf(constraint.text)
    # It runs into whatever a schema holds that it does not know.
    except Exception as error:
        raise refused(
            constraint,
            f"llama-cpp-python makes no grammar of it: {type(error).__name__}: {error}",
        ) from error
    return found


def _literal(text: str) -> str:
    """Return a text as a grammar writes it, what is no letter there in hexadecimal."""
    escaped = _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02X}", text)
    return f'"{escaped}"'
