"""COMET with a small random checkpoint of its own classes, where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.values.entities import Sample, Task

if TYPE_CHECKING:
    from pathlib import Path

comet: Any = pytest.importorskip("comet")
regression: Any = pytest.importorskip("comet.models.regression.regression_metric")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "rain", "falls", "regen", "nass")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a regression over a BERT of random weights, with its encoder beside it."""
    folder = tmp_path_factory.mktemp("comet")
    encoder = folder / "encoder"
    encoder.mkdir()
    (encoder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    transformers.set_seed(3)
    transformers.BertTokenizerFast(
        vocab_file=str(encoder / "vocab.txt"), model_max_length=40
    ).save_pretrained(encoder)
    transformers.BertModel(
        transformers.BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=40,
        )
    ).save_pretrained(encoder)
    model = regression.RegressionMetric(
        encoder_model="BERT",
        pretrained_model=str(encoder),
        layer_transformation="softmax",
        hidden_sizes=[8],
        final_activation="Sigmoid",
        local_files_only=True,
    )
    path = folder / "checkpoints/model.ckpt"
    path.parent.mkdir()
    settings = dict(model.hparams)
    settings["load_pretrained_weights"] = False
    torch.save(
        {
            "state_dict": model.state_dict(),
            "hyper_parameters": settings,
            "pytorch-lightning_version": "2.6.0",
        },
        path,
    )
    (folder / "hparams.yaml").write_text(
        "class_identifier: regression_metric\n", encoding="utf-8"
    )
    return path


def test_a_checkpoint_scores_as_its_package_does(checkpoint: Path) -> None:
    """From the source, the answer and the reference of a row."""
    task = Task(
        name="translation/rain",
        family="translation",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor="text",
        metric="comet",
        max_new_tokens=8,
        budget_s=1.0,
        options=(("checkpoint", str(checkpoint)),),
    )
    sample = Sample(
        id="s",
        difficulty=None,
        stratum="",
        fields=(("source", "regen nass"),),
        reference="rain falls",
    )
    grade = METRICS["comet"].grade
    assert grade is not None

    found = grade("rain", task, sample)

    model = comet.load_from_checkpoint(str(checkpoint), local_files_only=True)
    row = {"src": "regen nass", "mt": "rain", "ref": "rain falls"}
    told = model.predict([row], batch_size=1, gpus=0, progress_bar=False)
    assert 0 < found.value < 1
    assert found.value == pytest.approx(told.scores[0], abs=1e-6)
