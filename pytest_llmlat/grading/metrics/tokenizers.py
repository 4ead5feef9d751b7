"""Which tokenizer a task wants: the one that it names, or that of its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.grading.languages import language_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.languages import Language
    from pytest_llmlat.values.entities import Task


def tokenizer_of(
    task: Task, usual: str, by_language: Callable[[Language], str], *, where: str
) -> str:
    """Return the name of the tokenizer that a task wants.

    Args:
        task: its option ``tokenizer`` comes first, then its ``language``.
        usual: the one where it has neither.
        by_language: which one a language has.
        where: who says so, for the complaint.

    Raises:
        UnknownName: a language that there is not.
    """
    chosen = task.option("tokenizer")
    if chosen is not None:
        return str(chosen)
    named = task.option("language")
    if named is None:
        return usual
    return by_language(language_of(str(named), where=where))
