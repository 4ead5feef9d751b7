"""ROUGE: how much a summary shares with one that a person wrote."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.guessing import guess_texts
from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.grading.metrics.rouge_tokens import (
    CHARACTERS,
    ENGLISH,
    TOKENIZER,
    WORDS,
    open_tokenizer,
    rouge_tokens,
)
from pytest_llmlat.values.errors import LLMLatError, MissingExtra
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.entities import Sample, Task

FIGURES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
EXTRA = "metrics"
"""The extra of this project that installs rouge-score."""


def grade_rouge(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give ROUGE-L, with ROUGE-1, ROUGE-2 and ROUGE-Lsum in the details (F measures).

    Each of several references gives its own figures, and of each figure the best one
    counts, as rouge-score's ``score_multi`` has it. ROUGE-Lsum takes each line as a
    sentence; of two texts of one line it is ROUGE-L. Where the tokenizer is not that
    of English, the figures say so in their names. Source: Lin (2004), as the package
    rouge-score computes it.

    Raises:
        LLMLatError: the references are in a script that the tokenizer cannot see, so
            that a 0 would say nothing. Sets are held against it where they are loaded.
    """
    wanted_by = f"task {task.name!r}, metric 'rouge'"
    tokenizer = rouge_tokens(task, where=f"{wanted_by}: options")
    rouge = _rouge(wanted_by, tokenizer)
    each = [rouge(reference, value or "") for reference in _summaries(sample)]
    best = {name: max(measures[name] for measures in each) for name in FIGURES}
    if not best["rouge1"] and (why := _all_unseen(sample, task)):
        raise LLMLatError(f"{wanted_by}: {why}")
    told = "" if tokenizer == ENGLISH else f" ({tokenizer})"
    return Grade(
        value=best["rougeL"],
        details=tuple((f"{name}{told}", figure) for name, figure in best.items()),
    )


def _summaries(sample: Sample) -> Sequence[str]:
    """Return every reference of a sample; a list ``summaries`` is one of old."""
    listed = dict(sample.fields).get("summaries")
    texts = listed if isinstance(listed, list | tuple) and not sample.further else []
    return [text for text in texts if isinstance(text, str)] or sample.references


def _all_unseen(sample: Sample, task: Task) -> str | None:
    """Say why none of the references of a sample has words for ROUGE, if so."""
    reasons = [unseen(reference, task) for reference in _summaries(sample)]
    return reasons[0] if all(reasons) else None


def unseen(text: str, task: Task) -> str | None:
    """Say why a right answer has no words for ROUGE; ``None`` if it has some.

    Half of the letters must be in words: a Russian text is not judged by the one Latin
    name in it.
    """
    wanted_by = f"task {task.name!r}, metric 'rouge'"
    name = rouge_tokens(task, where=f"{wanted_by}: options")
    if name != ENGLISH:
        return None
    letters = [letter for letter in text if letter.isalnum()]
    plain = unicodedata.normalize("NFKD", "".join(letters))
    seen = sum(letter.isascii() for letter in plain if letter.isalnum())
    if not letters or 2 * seen >= len(letters):
        return None
    return (
        f"ROUGE is told to read English, and cannot see the letters of {text!r:.60}: a"
        " perfect summary would score 0; name the language of the summaries in the"
        ' task, options = { language = "zh" }, or how they are split, options ='
        f' {{ tokenizer = "{WORDS}" }} (or "{CHARACTERS}")'
    )


@cache
def _rouge(wanted_by: str, tokenizer: str) -> Callable[[str, str], dict[str, float]]:
    """Build the function (reference, answer) to the four F measures.

    ROUGE-L is computed here and not by the package: its table of all pairs of words
    takes 80 ms for two texts of 400 words, the bit-parallel length below 0.3 ms.
    """
    try:
        from rouge_score import rouge_scorer, scoring

        tokens = open_tokenizer(tokenizer)
    except ImportError as error:
        raise MissingExtra(EXTRA, "rouge_score", wanted_by=wanted_by) from error
    ngrams = rouge_scorer.RougeScorer(["rouge1", "rouge2"], tokenizer=tokens)
    by_line = rouge_scorer.RougeScorer(["rougeLsum"], tokenizer=tokens)

    def measures(reference: str, answer: str) -> dict[str, float]:
        scores = ngrams.score(reference, answer)
        right, given = tokens.tokenize(reference), tokens.tokenize(answer)
        common = common_subsequence(right, given)
        longest = scoring.fmeasure(
            common / max(len(given), 1), common / max(len(right), 1)
        )
        lines = "\n" in reference or "\n" in answer
        summed = by_line.score(reference, answer)["rougeLsum"] if lines else None
        return {
            "rouge1": float(scores["rouge1"].fmeasure),
            "rouge2": float(scores["rouge2"].fmeasure),
            "rougeL": float(longest),
            "rougeLsum": float(summed.fmeasure if summed else longest),
        }

    return measures


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two word lists.

    One integer holds a row of the classical table, a bit for every word of ``left``,
    cleared where the row grows. Source: Hyyro (2004), bit-parallel LCS length.
    """
    places: dict[str, int] = {}
    for position, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << position
    full = (1 << len(left)) - 1
    row = full
    for word in right:
        hits = row & places.get(word, 0)
        row = (row + hits | row - hits) & full
    return len(left) - row.bit_count()


METRIC = Metric(
    grade=grade_rouge,
    binary=False,
    several=True,
    guess=guess_texts,
    options=(TOKENIZER,),
    illegible=unseen,
    extra=EXTRA,
)
