"""chrF++ and BLEU: how near a translation is to one that a person wrote.

Both are figures of a corpus, made of counts that add up over its sentences. What is
stored of a sentence are these counts; the figures of a whole, and of thousands of
resamples of it, follow from their sums.
"""

from __future__ import annotations

from functools import cache
from math import exp, log
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics.bleu_tokens import (
    EXTRAS,
    TOKENIZER,
    bleu_tokenizer,
    figure_name,
)
from pytest_llmlat.grading.metrics.guessing import guess_texts
from pytest_llmlat.grading.metrics.metric import CellFigure, Corpus, Metric
from pytest_llmlat.values.errors import MissingExtra
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    from pytest_llmlat.values.entities import Sample, Task
    from pytest_llmlat.values.records import Record

EXTRA = "metrics"
"""The extra of this project that installs sacrebleu."""

CHRF_ORDERS = 8
"""Six orders of character n-grams, then two of word n-grams: that is chrF++."""
CHRF_COUNTS = 3 * CHRF_ORDERS
CHRF_BETA_SQUARED = 4
"""Recall weighs twice as much as precision (Popovic 2015, beta = 2)."""
BLEU_ORDERS = 4
COUNTS = CHRF_COUNTS + 2 + 2 * BLEU_ORDERS
"""How many sufficient statistics a sentence has."""


def grade_chrf(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give the sentence's chrF++, with its BLEU in the details.

    ``counts`` are sacrebleu's sufficient statistics, which add up over samples:

    - 0 to 23: for character 1- to 6-grams, then word 1- and 2-grams, three numbers
      each: n-grams of the answer, of the reference, and common to both;
    - 24, 25: tokens of the answer and of the reference, for BLEU's brevity penalty;
    - 26 to 29: matching token 1- to 4-grams; 30 to 33: those of the answer.

    An answer that is not there counts as an empty translation, so that its reference
    stays in the corpus figures. Of several references chrF++ counts the one with the
    best figure; BLEU counts n-grams of any, and the length of the nearest. Sources:
    Popovic (2017); Papineni et al. (2002) with exponential smoothing, at sentence
    level over the orders that the sentence has.
    """
    wanted_by = f"task {task.name!r}, metric 'chrf++'"
    answer, references = value or "", [[text] for text in sample.references]
    # sacrebleu has no public way to a segment's statistics; its scores are too little
    # to recompute a corpus from. A test pins both calls to the public figures.
    chrf = _chrf(wanted_by)._extract_corpus_statistics([answer], references)[0]  # noqa: SLF001
    tokenizer = bleu_tokenizer(task, where=f"{wanted_by}: options")
    bleu = _bleu(wanted_by, tokenizer)
    tokens = bleu._extract_corpus_statistics([answer], references)[0]  # noqa: SLF001
    score = chrf_of(chrf)
    return Grade(
        value=score,
        details=(
            ("chrf++", score),
            (
                figure_name(tokenizer),
                bleu.sentence_score(answer, list(sample.references)).score / 100,
            ),
        ),
        counts=tuple(float(count) for count in (*chrf, *tokens)),
    )


@cache
def _chrf(wanted_by: str) -> CHRF:
    """Build sacrebleu's chrF++."""
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError as error:
        raise MissingExtra(EXTRA, "sacrebleu", wanted_by=wanted_by) from error
    return CHRF(word_order=2)


@cache
def _bleu(wanted_by: str, tokenizer: str) -> BLEU:
    """Build sacrebleu's BLEU for single sentences."""
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise MissingExtra(EXTRA, "sacrebleu", wanted_by=wanted_by) from error
    # ``force`` silences a warning about text that looks tokenized: here it is the
    # model's, and is judged as it is.
    try:
        return BLEU(tokenize=tokenizer, effective_order=True, force=True)
    # sacrebleu's own words for a dictionary that is not installed.
    except (ImportError, RuntimeError) as error:
        extra = EXTRAS.get(tokenizer, EXTRA)
        raise MissingExtra(extra, tokenizer, wanted_by=wanted_by) from error


def chrf_of(sums: Sequence[float]) -> float:
    """Return chrF++ from the first 24 statistics, of a sentence or summed.

    Precision and recall are averaged over the orders that both sides have, then
    joined with recall weighing twice.
    """
    orders = [tuple(sums[start : start + 3]) for start in range(0, CHRF_COUNTS, 3)]
    present = [order for order in orders if order[0] > 0 and order[1] > 0]
    if not present:
        return 0.0
    precision = sum(common / given for given, _, common in present) / len(present)
    recall = sum(common / right for _, right, common in present) / len(present)
    if not precision + recall:
        return 0.0
    joined = (1 + CHRF_BETA_SQUARED) * precision * recall
    return joined / (CHRF_BETA_SQUARED * precision + recall)


def bleu_of(sums: Sequence[float]) -> float:
    """Return corpus BLEU from the last ten statistics, summed over sentences.

    An order without a match counts as 1/2, 1/4, ... of a match (exponential
    smoothing); a corpus too short to have an order at all scores 0.
    """
    given, right, *rest = sums[CHRF_COUNTS:]
    matches, totals = rest[:BLEU_ORDERS], rest[BLEU_ORDERS:]
    if not any(matches) or not all(totals):
        return 0.0
    logs, halvings = 0.0, 0
    for match, total in zip(matches, totals, strict=True):
        halvings += not match
        logs += log((match or 0.5**halvings) / total)
    brevity = exp(1 - right / given) if given < right else 1.0
    return brevity * exp(logs / BLEU_ORDERS)


def corpus_chrf(counts: Sequence[Sequence[float]]) -> float:
    """Return corpus chrF++ of one row of statistics per sample."""
    return chrf_of(_summed(counts))


def corpus_bleu(counts: Sequence[Sequence[float]]) -> float:
    """Return corpus BLEU of one row of statistics per sample."""
    return bleu_of(_summed(counts))


def _summed(counts: Sequence[Sequence[float]]) -> list[float]:
    """Add the rows up; a corpus of no rows has no score."""
    if not counts:
        msg = "a corpus metric needs the counts of at least one sample"
        raise ValueError(msg)
    return [sum(column) for column in zip(*counts, strict=True)]


def corpus_draws(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corpus chrF++ of many resamples.

    Args:
        sums: (draws, 34), the statistics summed over the samples of each resample.

    Returns:
        (draws,), what ``corpus_chrf`` gives for each resample written out.
    """
    import numpy as np

    orders_first = sums[:, :CHRF_COUNTS].reshape(-1, CHRF_ORDERS, 3)
    given, right, common = np.moveaxis(orders_first, 2, 0)
    present = (given > 0) & (right > 0)
    orders = np.maximum(present.sum(axis=1), 1)
    precision = (present * common / np.where(present, given, 1)).sum(axis=1) / orders
    recall = (present * common / np.where(present, right, 1)).sum(axis=1) / orders
    joined = (1 + CHRF_BETA_SQUARED) * precision * recall
    below = CHRF_BETA_SQUARED * precision + recall
    score: NDArray[np.float64] = joined / np.where(below > 0, below, 1)
    return score


def corpus_bleu_draws(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corpus BLEU of many resamples; the shapes are ``corpus_draws``'s."""
    import numpy as np

    given, right, *_ = sums[:, CHRF_COUNTS:].T
    places = CHRF_COUNTS + 2 + np.arange(BLEU_ORDERS)
    matches, totals = sums[:, places], sums[:, places + BLEU_ORDERS]
    scored = np.asarray(matches.any(axis=1) & totals.all(axis=1))
    missed = matches == 0
    smoothed = np.where(missed, 0.5 ** missed.cumsum(axis=1), matches)
    precisions = np.where(
        scored[:, None], smoothed / np.where(totals > 0, totals, 1), 1
    )
    brevity = np.exp(np.minimum(1 - right / np.where(given > 0, given, 1), 0))
    geometric = np.exp(np.log(precisions).mean(axis=1))
    score: NDArray[np.float64] = np.where(scored, brevity * geometric, 0.0)
    return score


def bleu_figures(records: Sequence[Record]) -> Mapping[str, CellFigure]:
    """Return corpus BLEU of a cell, under the name of the sentences' BLEU."""
    rows = [record.grade.counts for record in records]
    names = [name for name, _ in records[0].grade.details if name.startswith("bleu")]
    bleu = CellFigure(value=corpus_bleu(rows), rows=rows, draws=corpus_bleu_draws)
    return {f"corpus_{names[0] if names else 'bleu'}": bleu}


METRIC = Metric(
    grade=grade_chrf,
    binary=False,
    counts=COUNTS,
    several=True,
    options=(TOKENIZER,),
    corpus=Corpus(figure=corpus_chrf, draws=corpus_draws),
    guess=guess_texts,
    cell_figures=bleu_figures,
    extra=EXTRA,
)
