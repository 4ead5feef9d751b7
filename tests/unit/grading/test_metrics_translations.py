"""chrF++ and BLEU equal sacrebleu's, of a sentence, a corpus and its resamples."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - a test may load what it compares with
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU  # noqa: TID253
from sacrebleu.metrics.chrf import CHRF  # noqa: TID253

from pytest_llmlat.grading.metrics.bleu_tokens import bleu_tokenizer
from pytest_llmlat.grading.metrics.chrf import (
    METRIC,
    corpus_bleu,
    corpus_bleu_draws,
    corpus_chrf,
    corpus_draws,
)
from pytest_llmlat.values.errors import MissingExtra
from tests.unit.builders import a_grade
from tests.unit.metric_texts import EDGES, EXACT, TEXTS, WORDS, a_sample, a_task

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Grade


def graded(value: str | None, reference: str) -> Grade:
    """Return the grade of one translation."""
    return a_grade("chrf++", value, a_task(), a_sample(reference))


def corpora(seed: int) -> tuple[list[str], list[str]]:
    """Return random answers and references, every edge case among them."""
    dice = random.Random(seed)  # noqa: S311 - texts, not secrets
    pairs = [(a, r) for a in EDGES for r in EDGES]
    for _ in range(60):
        lengths = dice.randrange(30), dice.randrange(30)
        answer, reference = (" ".join(dice.choices(WORDS, k=k)) for k in lengths)
        pairs.append((answer, reference))
    dice.shuffle(pairs)
    return [answer for answer, _ in pairs], [reference for _, reference in pairs]


def all_counts(answers: list[str], references: list[str]) -> list[tuple[float, ...]]:
    """Return the sufficient statistics of many answers."""
    pairs = zip(answers, references, strict=True)
    return [graded(answer, reference).counts for answer, reference in pairs]


@pytest.mark.slow
def test_a_sentences_figures_equal_the_librarys() -> None:
    """chrF++ is recomputed from the statistics, and must not differ."""
    chrf, bleu = CHRF(word_order=2), BLEU(effective_order=True)

    for answer, reference in zip(*corpora(2), strict=True):
        grade = graded(answer, reference)
        expected = {
            "chrf++": chrf.sentence_score(answer, [reference]).score / 100,
            "bleu": bleu.sentence_score(answer, [reference]).score / 100,
        }
        assert dict(grade.details) == pytest.approx(expected, abs=EXACT)
        assert grade.value == dict(grade.details)["chrf++"]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_corpus_figures_equal_the_librarys(pairs: list[tuple[str, str]]) -> None:
    """Summed statistics are all that a corpus figure needs."""
    answers, references = [a for a, _ in pairs], [r for _, r in pairs]
    counts = all_counts(answers, references)

    chrf = CHRF(word_order=2).corpus_score(answers, [references]).score / 100
    bleu = BLEU().corpus_score(answers, [references]).score / 100
    assert corpus_chrf(counts) == pytest.approx(chrf, abs=EXACT)
    assert corpus_bleu(counts) == pytest.approx(bleu, abs=EXACT)


@pytest.mark.slow
def test_a_large_corpus_equals_the_librarys() -> None:
    """The table's entry is the same function."""
    answers, references = corpora(3)
    counts = all_counts(answers, references)
    corpus = METRIC.corpus
    chrf = CHRF(word_order=2).corpus_score(answers, [references]).score / 100
    bleu = BLEU().corpus_score(answers, [references]).score / 100

    assert corpus is not None
    assert corpus.figure(counts) == pytest.approx(chrf, abs=EXACT)
    assert corpus_bleu(counts) == pytest.approx(bleu, abs=EXACT)


@given(
    pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
)
def test_resampled_figures_equal_one_corpus_after_another(
    pairs: list[tuple[str, str]], seed: int
) -> None:
    """A weight of 2 is the sample written twice, and 0 is the sample left out."""
    counts = all_counts([a for a, _ in pairs], [r for _, r in pairs])
    size = len(pairs)
    picks = np.random.default_rng(seed).multinomial(size, np.ones(size) / size, size=5)
    corpora_drawn = [
        [row for row, times in zip(counts, pick, strict=True) for _ in range(times)]
        for pick in picks
    ]
    weights, rows = picks.astype(np.float64), np.array(counts)

    chrf = [corpus_chrf(corpus) for corpus in corpora_drawn]
    bleu = [corpus_bleu(corpus) for corpus in corpora_drawn]
    assert corpus_draws(weights @ rows) == pytest.approx(chrf, abs=EXACT)
    assert corpus_bleu_draws(weights @ rows) == pytest.approx(bleu, abs=EXACT)


def test_resampling_warns_of_no_division() -> None:
    """Draws without a single match have a figure, 0, and no noise in the log."""
    counts = np.array(all_counts(["", "x"], ["the cat sat on it", "y"]))
    weights = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 0.0]])

    with np.errstate(all="raise"):
        assert corpus_draws(weights @ counts).tolist() == [0, 0, 0]
        assert corpus_bleu_draws(weights @ counts).tolist() == [0, 0, 0]


def test_the_layout_of_the_statistics_is_as_documented() -> None:
    """Stored records are read again by others; the order must not change."""
    counts = graded("ab c d", "ab c e f").counts

    assert counts[:6] == (4, 5, 3, 3, 4, 2)  # characters: 1-grams, 2-grams
    assert counts[18:24] == (3, 4, 2, 2, 3, 1)  # words: 1-grams, 2-grams
    assert counts[24:] == (3, 4, 2, 1, 0, 0, 3, 2, 1, 0)  # lengths, matches, totals


def test_a_missing_translation_weighs_on_the_corpus() -> None:
    """Leaving an answer out must not better a corpus figure."""
    good = graded("The cat sat on the mat.", "The cat sat on the mat.")
    missing = graded(None, "A dog lay there.")

    assert missing.value == 0
    assert missing.counts == graded("", "A dog lay there.").counts
    assert corpus_chrf([good.counts]) == pytest.approx(1)
    assert corpus_chrf([good.counts, missing.counts]) < 0.9
    assert corpus_bleu([good.counts, missing.counts]) < 0.9


@pytest.mark.parametrize("corpus", [corpus_chrf, corpus_bleu])
def test_no_samples_have_no_corpus_figure(corpus: object) -> None:
    """Nothing measured is an error and not a zero."""
    assert callable(corpus)
    with pytest.raises(ValueError, match="at least one sample"):
        corpus([])


def test_bleu_splits_chinese_without_blanks() -> None:
    """A Chinese sentence is not one single word."""
    sample = a_sample("\u4eca\u5929\u4e0b\u96e8\u4e86\u3002")
    answer = "\u4eca\u5929\u6ca1\u4e0b\u96e8\u3002"

    chinese = a_grade("chrf++", answer, a_task(language="zh-CN"), sample)
    default = a_grade("chrf++", answer, a_task(), sample)

    bleu = BLEU(effective_order=True, tokenize="zh")
    expected = bleu.sentence_score(answer, [sample.reference]).score / 100
    assert dict(chinese.details)["bleu (zh)"] == pytest.approx(expected, abs=EXACT)
    assert chinese.counts[24] > default.counts[24]


CHINESE = ("zh", "zh_CN", "zh-TW", "zho", "zho_Hans", "chi", "cmn", "Chinese", "yue")
BY_CHARACTER = ("ja", "ja_JP", "jpn_Jpan", "Japanese", "ko", "kor_Hang", "km", "my")
USUAL = ("de", "deu_Latn", "German", "ru", "ar", "hi", "zho_Latn", "ace_Latn")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        *((name, "zh") for name in CHINESE),
        *((name, "char") for name in (*BY_CHARACTER, "lo", "th", "tha_Thai", "bo")),
        *((name, "13a") for name in USUAL),
        (None, "13a"),
    ],
)
def test_bleu_splits_as_the_language_is_written(
    language: str | None, expected: str
) -> None:
    """Whichever usual name it has; the figure tells what is not usual."""
    task = a_task() if language is None else a_task(language=language)
    answer, reference = "\u4eca\u65e5\u306f\u96e8 yes.", "\u4eca\u65e5\u306f\u96ea yes."
    bleu = BLEU(effective_order=True, tokenize=expected)

    found = dict(a_grade("chrf++", answer, task, a_sample(reference)).details)

    name = "bleu" if expected == "13a" else f"bleu ({expected})"
    wanted = bleu.sentence_score(answer, [reference]).score / 100
    assert found[name] == pytest.approx(wanted, abs=EXACT)


def test_a_tokenizer_may_be_chosen() -> None:
    """What the task says comes before what its language would have."""
    task = a_task(language="zh", tokenizer="intl")

    assert bleu_tokenizer(task, where="x") == "intl"


def test_a_tokenizer_that_is_not_installed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing else is taken in its stead."""
    monkeypatch.setitem(sys.modules, "MeCab", None)
    task = replace(a_task(tokenizer="ja-mecab"), name="translation/ja")

    with pytest.raises(MissingExtra, match=r"ja-mecab.*pytest-llmlat\[japanese\]"):
        a_grade("chrf++", "a", task, a_sample("a"))


@pytest.mark.slow
def test_several_references_are_counted_as_the_library_does() -> None:
    """chrF++ takes the best of them, BLEU n-grams of any and the nearest length."""
    answers, references = corpora(5)
    answers, first, second = answers[:80], references[:80], references[80:160]
    samples = [
        replace(a_sample(one), further=(two,))
        for one, two in zip(first, second, strict=True)
    ]
    counts = [
        a_grade("chrf++", answer, a_task(), sample).counts
        for answer, sample in zip(answers, samples, strict=True)
    ]
    chrf = CHRF(word_order=2).corpus_score(answers, [first, second])
    bleu = BLEU(force=True).corpus_score(answers, [first, second])

    assert corpus_chrf(counts) == pytest.approx(chrf.score / 100, abs=EXACT)
    assert corpus_bleu(counts) == pytest.approx(bleu.score / 100, abs=EXACT)
