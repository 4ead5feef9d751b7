"""BERTScore of a small random encoder is what its definition says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.errors import Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Grade

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "rain", "snow", "falls", "today", "soft")
LAYER = 2


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a BERT of random weights that knows five words."""
    folder = tmp_path_factory.mktemp("encoder")
    transformers.set_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizer(
        vocab={word: number for number, word in enumerate(WORDS)}, model_max_length=40
    ).save_pretrained(folder)
    return folder


def a_task(**options: str | float) -> Task:
    """Return a task that is graded by BERTScore."""
    return Task(
        name="summarization/rain",
        family="summarization",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor="text",
        metric="bertscore",
        max_new_tokens=8,
        budget_s=1.0,
        options=tuple(options.items()),
    )


def graded(
    encoder: Path,
    answer: str | None,
    *references: str,
    layer: int = LAYER,
    **options: float,
) -> Grade:
    """Return the grade of one answer."""
    grade = METRICS["bertscore"].grade
    assert grade is not None
    sample = Sample(
        id="s",
        difficulty=None,
        stratum="",
        fields=(),
        reference=references[0],
        further=references[1:],
    )
    return grade(answer, a_task(model=str(encoder), layer=layer, **options), sample)


def states(encoder: Path, text: str) -> list[list[float]]:
    """Return the hidden states of a text's tokens, [CLS] first and [SEP] last."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    model = transformers.AutoModel.from_pretrained(encoder).eval()
    with torch.no_grad():
        found: Any = model(
            **tokenizer(text, return_tensors="pt"), output_hidden_states=True
        )
    vectors: list[list[float]] = found.hidden_states[LAYER][0].tolist()
    return vectors


def cosine(a: list[float], b: list[float]) -> float:
    """Return the cosine of the angle between two vectors."""
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.hypot(*a) / math.hypot(*b)


def by_hand(encoder: Path, answer: str, reference: str) -> tuple[float, float, float]:
    """Return precision, recall and F1, pair by pair."""
    given, right = states(encoder, answer), states(encoder, reference)
    precisions = [max(cosine(a, b) for b in right) for a in given[1:-1]]
    recalls = [max(cosine(a, b) for a in given) for b in right[1:-1]]
    precision, recall = (sum(each) / len(each) for each in (precisions, recalls))
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("rain falls", "snow falls today"),
        ("soft soft rain", "rain"),
        ("unheard of", "snow today"),
    ],
)
def test_bertscore_is_the_mean_of_the_best_cosines(
    encoder: Path, answer: str, reference: str
) -> None:
    """Special tokens may be matched, and are not counted."""
    grade = graded(encoder, answer, reference)

    precision, recall, both = by_hand(encoder, answer, reference)
    assert dict(grade.details) == pytest.approx(
        {
            "bertscore_precision": precision,
            "bertscore_recall": recall,
            "bertscore": both,
        },
        abs=1e-5,
    )
    assert grade.value == dict(grade.details)["bertscore"]


def test_the_same_text_has_a_bertscore_of_one(encoder: Path) -> None:
    """However it is padded with blanks."""
    assert graded(encoder, " rain falls\n", "rain falls").value == pytest.approx(1)


@pytest.mark.parametrize("answer", [None, "", " \n"])
def test_no_answer_has_a_bertscore_of_nothing(
    encoder: Path, answer: str | None
) -> None:
    """It is no answer, whatever its special tokens are like."""
    assert graded(encoder, answer, "rain").value == 0


@pytest.mark.parametrize("answer", ["rain falls", "soft", None])
def test_a_baseline_is_what_unrelated_texts_have(
    encoder: Path, answer: str | None
) -> None:
    """They have 0 on its scale and may have less; the value is not rescaled."""
    plain = graded(encoder, answer, "snow falls today")

    grade = graded(encoder, answer, "snow falls today", baseline=0.75)

    assert grade.value == plain.value
    rescaled = dict(grade.details)["bertscore_rescaled"]
    assert rescaled == pytest.approx((plain.value - 0.75) / 0.25)
    assert answer is not None or rescaled == -3
    assert "bertscore_rescaled" not in dict(plain.details)


def test_the_best_of_several_references_counts(encoder: Path) -> None:
    """Of each figure, as the package bert-score has it."""
    single = [dict(graded(encoder, "rain", r).details) for r in ("snow", "rain falls")]

    both = dict(graded(encoder, "rain", "snow", "rain falls").details)

    assert both == {name: max(one[name] for one in single) for name in both}


def test_a_layer_that_the_model_lacks_is_told(encoder: Path) -> None:
    """With how many it has."""
    with pytest.raises(Unsupported, match=r"layer = 4: .* has 3 layers"):
        graded(encoder, "rain", "rain", layer=4)


def test_guessing_is_worth_what_one_text_earns(encoder: Path) -> None:
    """Cosines are high for any text, which is no quality."""
    metric = METRICS["bertscore"]
    assert metric.guess is not None
    samples = [
        Sample(id=text, difficulty=None, stratum="", fields=(), reference=text)
        for text in ("rain falls", "snow today", "soft snow")
    ]

    (chance, *_) = metric.guess(
        metric, a_task(model=str(encoder), layer=LAYER), samples
    )

    assert 0.1 < chance < 1


def test_a_whole_task_is_no_complaint(encoder: Path) -> None:
    """Its folder may be anywhere on this disk."""
    illegible = METRICS["bertscore"].illegible
    assert illegible is not None
    task = replace(a_task(), options=(("layer", 1), ("model", str(encoder))))

    assert illegible("rain", task) is None
