"""Which of sacrebleu's tokenizers splits a language, for BLEU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.tokenizers import tokenizer_of
from pytest_llmlat.values.entry_option import EntryOption

if TYPE_CHECKING:
    from pytest_llmlat.grading.languages import Language
    from pytest_llmlat.values.entities import Task

USUAL = "13a"
"""The customary tokenizer, which splits at blanks and marks."""
BY_CHARACTER = "char"
EXTRAS = {"ja-mecab": "japanese", "ko-mecab": "korean"}
"""The extra of this project that installs what a tokenizer needs."""
NAMES = (USUAL, "intl", "zh", BY_CHARACTER, *EXTRAS, "none")
"""Tokenizers that need no model from the network, as ``flores200`` does."""
TOKENIZER = EntryOption(
    name="tokenizer",
    kind="string",
    choices=NAMES,
    meaning="sacrebleu's tokenizer for BLEU; else the one of the language",
)


def bleu_tokenizer(task: Task, *, where: str) -> str:
    """Return sacrebleu's name for the tokenizer of the language translated into.

    The task's option ``tokenizer`` comes first. Else Chinese has its own, and what puts
    no blanks between words goes by character; so does Korean, whose blanks stand
    between phrases. The morphological ones of Japanese and Korean have to be asked for:
    a figure may not depend on what happens to be installed.

    Args:
        task: its options ``language`` and ``tokenizer`` decide.
        where: who says so, for the complaint.

    Raises:
        UnknownName: a language that there is not.
    """
    return tokenizer_of(task, USUAL, _of_language, where=where)


def _of_language(language: Language) -> str:
    if language.han:
        return "zh"
    return BY_CHARACTER if language.unspaced or language.korean else USUAL


def figure_name(tokenizer: str) -> str:
    """Name sentence BLEU in the details; the tokenizer is told if it is not usual."""
    return "bleu" if tokenizer == USUAL else f"bleu ({tokenizer})"
