"""Verdicts, ROUGE and the figures made of them are what their definitions say."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer  # noqa: TID253 - to compare with

from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.grading.metrics.accuracy import (
    label_counts,
    macro_f1,
    macro_f1_draws,
)
from pytest_llmlat.grading.metrics.rouge import FIGURES, common_subsequence
from pytest_llmlat.grading.metrics.tests_pass import pass_at_k
from pytest_llmlat.values.entities import Task
from pytest_llmlat.values.errors import LLMLatError, MissingExtra
from pytest_llmlat.values.records import Grade
from tests.unit.builders import a_grade
from tests.unit.metric_texts import EDGES, EXACT, TEXTS, WORDS, a_sample, a_task


def graded(metric: str, value: str | None, reference: str, **fields: object) -> Grade:
    """Return the grade of one answer."""
    return a_grade(metric, value, a_task(), a_sample(reference, **fields))


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


# --- right or wrong ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reference", "right"),
    [
        ("positive", "positive", True),
        ("positive", "Positive", True),
        ("positive", "negative", False),
        ("18", "18.00", True),
        ("3/4", "0.75", True),
        ("18", "$18", True),
        ("18", "19", False),
        ("B", "(B)", True),
        ("B", "b", True),
        ("A", "B", False),
        ("true", "Yes", True),
        ("false", "no", True),
        ("true", "no", False),
        ("caf\u00e9", "cafe\u0301", True),
        ("STRASSE", "Stra\u00dfe", True),
        ("", "x", False),
        (None, "None", False),
        (None, "", False),
    ],
)
def test_accuracy_knows_right_from_wrong(
    value: str | None, reference: str, *, right: bool
) -> None:
    """Equal is equal by value or by spelling; what was not parsed is wrong."""
    expected = Grade(value=float(right), correct=right)

    assert graded("accuracy", value, reference) == expected


@pytest.mark.parametrize(
    ("value", "right"), [("4", True), ("4.0", True), ("FOUR", True), ("5", False)]
)
def test_accuracy_takes_any_right_answer(value: str, *, right: bool) -> None:
    """Each is compared as a single one would be."""
    sample = replace(a_sample(reference="IV"), further=("4", "four"))

    assert METRICS["accuracy"].grade is not None
    assert METRICS["accuracy"].grade(value, a_task(), sample).correct is right


def test_code_is_graded_by_running_it() -> None:
    """Without a place to run it there is no grade, and it is told which task it is."""
    task = replace(a_task(), extractor="code", metric="tests_pass")
    answer = "```python\ndef f():\n    return 1\n```"

    with pytest.raises(LLMLatError, match=r"translation/en-de.*without a sandbox"):
        grade(answer, task, a_sample("", entry_point="f"), None)


@pytest.mark.parametrize(
    ("name", "binary", "corpus", "extra"),
    [
        ("accuracy", True, False, None),
        ("tests_pass", True, False, None),
        ("rouge", False, False, "metrics"),
        ("chrf++", False, True, "metrics"),
    ],
)
def test_the_table_says_what_each_metric_is(
    name: str, *, binary: bool, corpus: bool, extra: str | None
) -> None:
    """Which test a difference takes and what to install follow from the table."""
    metric = METRICS[name]

    assert (metric.binary, metric.extra) == (binary, extra)
    assert (metric.corpus is not None, metric.counts > 0) == (corpus, corpus)


@pytest.mark.parametrize("metric", ["accuracy", "rouge", "chrf++"])
@given(value=st.none() | TEXTS, reference=TEXTS)
def test_every_grade_lies_between_0_and_1(
    metric: str, value: str | None, reference: str
) -> None:
    """Whatever was answered, the figures can be averaged and multiplied."""
    illegible = METRICS[metric].illegible
    assume(illegible is None or illegible(reference, a_task()) is None)
    grade = graded(metric, value, reference)
    figures = [grade.value, *(figure for _, figure in grade.details)]

    assert all(0 <= figure <= 1 + EXACT for figure in figures)
    assert value is not None or grade.value == 0


# --- rouge ------------------------------------------------------------------------


@pytest.mark.slow
def test_rouge_equals_the_library() -> None:
    """ROUGE-L is computed anew here, and must not differ from the package's."""
    library = RougeScorer(list(FIGURES), use_stemmer=True)

    illegible = METRICS["rouge"].illegible
    assert illegible is not None
    for answer, reference in zip(*corpora(1), strict=True):
        if illegible(reference, a_task()):
            continue
        grade = graded("rouge", answer, reference)
        scores = library.score(reference, answer)
        expected = {name: score.fmeasure for name, score in scores.items()}
        assert dict(grade.details) == pytest.approx(expected, abs=EXACT)
        assert grade.value == dict(grade.details)["rougeL"]
        assert (grade.correct, grade.counts) == (None, ())


@pytest.mark.parametrize(
    ("answer", "reference", "rouge1", "rouge2", "longest"),
    [
        ("the cat sat", "the cat sat", 1, 1, 1),
        ("cats ran", "cat runs", 0.5, 0, 0.5),
        ("running walks", "runs walked", 1, 1, 1),
        ("b a", "a b", 1, 0, 0.5),
        ("a b c d", "a c", 2 / 3, 0, 2 / 3),
        ("", "a", 0, 0, 0),
        ("x", "a", 0, 0, 0),
    ],
)
def test_rouge_of_small_texts_is_what_one_counts_by_hand(
    answer: str, reference: str, rouge1: float, rouge2: float, longest: float
) -> None:
    """Stems of words longer than three letters match; L keeps their order."""
    expected = dict(zip(FIGURES, (rouge1, rouge2, longest, longest), strict=True))

    assert dict(graded("rouge", answer, reference).details) == pytest.approx(expected)


def test_rouge_lsum_takes_lines_as_sentences() -> None:
    """The order of sentences does not matter, that of words within one does."""
    reference = "The pool is closed.\nParents protest."

    grade = graded("rouge", "Parents protest. The pool is closed.", reference)
    swapped = dict(grade.details)

    assert swapped["rougeLsum"] == 1
    assert swapped["rougeL"] == pytest.approx(4 / 6)


@pytest.mark.parametrize("column", ["references", "summaries"])
def test_the_best_of_several_references_counts(column: str) -> None:
    """Of each figure the best, as the package has it of several targets."""
    answer, targets = "a b c", ["c b a", "a b x y", "z"]
    library = RougeScorer(list(FIGURES), use_stemmer=True)
    scores = library.score_multi(targets, answer)
    sample = (
        a_sample("q", summaries=targets)
        if column == "summaries"
        else replace(a_sample(targets[0]), further=tuple(targets[1:]))
    )

    grade = a_grade("rouge", answer, a_task(), sample)

    assert dict(grade.details) == pytest.approx(
        {name: score.fmeasure for name, score in scores.items()}
    )
    assert grade.value == dict(grade.details)["rougeL"]


@pytest.mark.parametrize("summaries", [None, [], "a b", [3]])
def test_without_a_list_of_summaries_the_reference_counts(summaries: object) -> None:
    """A column that is no list of texts is not what the metric is after."""
    assert graded("rouge", "a b", "a b", summaries=summaries).value == 1


@given(
    st.lists(st.sampled_from("abc"), max_size=12),
    st.lists(st.sampled_from("abc"), max_size=12),
)
def test_the_common_subsequence_is_the_longest(
    left: list[str], right: list[str]
) -> None:
    """The bit-parallel length is that of the best choice of words, tried out."""

    def is_within(words: tuple[str, ...]) -> bool:
        rest = iter(right)
        return all(word in rest for word in words)

    expected = max(
        size
        for size in range(len(left) + 1)
        if any(is_within(words) for words in combinations(left, size))
    )

    assert common_subsequence(left, right) == expected
    assert common_subsequence(right, left) == expected


# --- libraries that are not there ------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "modules", "package"),
    [
        ("rouge", ["rouge_score", "rouge_score.rouge_scorer"], "rouge_score"),
        ("chrf++", ["sacrebleu", "sacrebleu.metrics.chrf"], "sacrebleu"),
    ],
)
def test_a_missing_library_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, metric: str, modules: list[str], package: str
) -> None:
    """The message has the pip line and says who wanted it."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    # a name of its own, because scorers are kept per task that wanted them
    task = Task(
        name=f"summarization/without-{package}",
        family="summarization",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor="text",
        metric=metric,
        max_new_tokens=8,
        budget_s=1.0,
    )

    with pytest.raises(
        MissingExtra, match=rf"without-{package}.*{package}.*\[metrics\]"
    ):
        a_grade(metric, "a", task, a_sample("a"))


# --- figures over several answers -------------------------------------------------


@pytest.mark.parametrize(
    ("n", "c", "k", "expected"),
    [
        (1, 1, 1, 1.0),
        (1, 0, 1, 0.0),
        (10, 3, 1, 0.3),
        (10, 10, 5, 1.0),
        (10, 0, 10, 0.0),
        (4, 2, 2, 5 / 6),
        (5, 1, 5, 1.0),
        (200, 1, 100, 0.5),
    ],
)
def test_pass_at_k_in_closed_form(n: int, c: int, k: int, expected: float) -> None:
    """At k = 1 it is the share that passes; one right one is found with k of n."""
    assert pass_at_k(n, c, k) == pytest.approx(expected, abs=EXACT)


@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(
    n: int, data: st.DataObject
) -> None:
    """All draws of k programs, counted one by one, say the same."""
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations([True] * c + [False] * (n - c), k))

    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("n", "c", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0)])
def test_pass_at_k_rejects_what_cannot_be_drawn(n: int, c: int, k: int) -> None:
    """More right ones than programs, or more drawn than there are, is a mistake."""
    with pytest.raises(ValueError, match=f"n={n}, c={c}, k={k}"):
        pass_at_k(n, c, k)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], 0.0),
        ([("a", "a"), ("a", "b")], 1 / 3),
        ([("a", "a"), (None, "a"), ("b", "b")], (2 / 3 + 1) / 2),
        ([("A", "a")], 1.0),
        ([("a", "a"), ("c", "a")], 2 / 3 / 2),
        ([(None, "a")], 0.0),
        ([], None),
    ],
)
def test_macro_f1_weighs_every_label_alike(
    pairs: list[tuple[str | None, str]], expected: float | None
) -> None:
    """F1 per label, averaged; a label that never came up has none to average."""
    assert macro_f1(pairs, ["a", "b", "c"]) == pytest.approx(expected)


def test_macro_f1_of_a_resample_is_that_of_its_answers() -> None:
    """Summed counts give what the resample gives when it is written out."""
    import numpy as np

    pairs = [("a", "a"), ("a", "b"), ("b", "b"), (None, "c"), ("c", "a")]
    labels = ["a", "b", "c", "never"]
    picks = [(0, 0, 1, 3, 4), (1, 1, 1, 1, 1), (0, 1, 2, 3, 4)]
    rows = np.array([label_counts(pair, labels) for pair in pairs])

    drawn = macro_f1_draws(np.array([rows[list(pick)].sum(axis=0) for pick in picks]))

    expected = [macro_f1([pairs[n] for n in pick], labels) for pick in picks]
    assert drawn == pytest.approx(expected)
