"""ROUGE: how much a summary shares with one that a person wrote."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from pytest_llmlat.grading.metrics.guessing import guess_texts
from pytest_llmlat.grading.metrics.metric import Metric
from pytest_llmlat.values.errors import MissingExtra
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.entities import Sample, Task

EXTRA = "metrics"
"""The extra of this project that installs rouge-score."""


def grade_rouge(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give ROUGE-L (F measure, stemmed), with ROUGE-1 and ROUGE-2 in the details.

    Where the row has a list ``summaries``, these are the references and all three
    figures are those of the one with the best ROUGE-L; else ``sample.reference`` is.
    Source: Lin (2004), as the package rouge-score computes it.
    """
    rouge = _rouge(f"task {task.name!r}, metric 'rouge'")
    best = max(
        (rouge(reference, value or "") for reference in _summaries(sample)),
        key=lambda measures: measures["rougeL"],
    )
    return Grade(value=best["rougeL"], details=tuple(best.items()))


def _summaries(sample: Sample) -> list[str]:
    """Return every reference of a sample, at least one."""
    listed = dict(sample.fields).get("summaries")
    texts = listed if isinstance(listed, list | tuple) else []
    return [text for text in texts if isinstance(text, str)] or [sample.reference]


class _RougeTokens(Protocol):
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        """Split a text into stemmed words."""


@cache
def _rouge(wanted_by: str) -> Callable[[str, str], dict[str, float]]:
    """Build the function (reference, answer) to the three F measures.

    ROUGE-L is computed here and not by the package: its table of all pairs of words
    takes 80 ms for two texts of 400 words, the bit-parallel length below 0.3 ms.
    """
    try:
        from rouge_score import rouge_scorer, scoring
    except ImportError as error:
        raise MissingExtra(EXTRA, "rouge_score", wanted_by=wanted_by) from error
    tokens = _rouge_tokens()
    ngrams = rouge_scorer.RougeScorer(["rouge1", "rouge2"], tokenizer=tokens)

    def measures(reference: str, answer: str) -> dict[str, float]:
        scores = ngrams.score(reference, answer)
        right, given = tokens.tokenize(reference), tokens.tokenize(answer)
        common = common_subsequence(right, given)
        longest = scoring.fmeasure(
            common / max(len(given), 1), common / max(len(right), 1)
        )
        return {
            "rouge1": float(scores["rouge1"].fmeasure),
            "rouge2": float(scores["rouge2"].fmeasure),
            "rougeL": float(longest),
        }

    return measures


def _rouge_tokens() -> _RougeTokens:
    """Build rouge-score's own tokenizer round a stemmer that remembers words."""
    from nltk.stem.porter import PorterStemmer  # noqa: PLC0415 - heavy
    from rouge_score import tokenize as words

    class Stemmer:
        """Porter's stemmer; the same words come again and again in one task."""

        stem = staticmethod(lru_cache(maxsize=1 << 16)(PorterStemmer().stem))

    class Tokens:
        """The package's splitting of a text into words, with that stemmer."""

        def tokenize(self, text: str) -> list[str]:
            """Split a text into stemmed words."""
            found: list[str] = words.tokenize(text, Stemmer)
            return found

    return Tokens()


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
    guess=guess_texts,
    # The package knows the letters a to z alone, and the stems of English.
    languages=("en",),
    extra=EXTRA,
)
