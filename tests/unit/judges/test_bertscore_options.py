"""What a task that is graded by BERTScore lacks is told before a model answers."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.task_options import check_options
from pytest_llmlat.values.errors import BadCatalogue, MissingExtra
from tests.unit.builders import a_grade
from tests.unit.metric_texts import a_sample, a_task


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "needs the folder of an encoder and the layer"),
        ({"model": "/nowhere"}, "needs the folder of an encoder and the layer"),
        ({"model": "/nowhere", "layer": 2}, "'/nowhere': no folder of a model"),
    ],
)
def test_what_a_task_lacks_is_told_when_its_set_is_loaded(
    options: dict[str, str | int], told: str
) -> None:
    """A score says nothing without the model and the layer that it is of."""
    illegible = METRICS["bertscore"].illegible
    assert illegible is not None

    found = illegible("rain", replace(a_task(), options=tuple(options.items())))

    assert found is not None
    assert told in found


def test_a_layer_is_a_whole_number() -> None:
    """The first one is that after the embeddings."""
    task = replace(a_task(), metric="bertscore", options=(("layer", 0),))

    with pytest.raises(BadCatalogue, match="layer = 0: must be a whole number of at"):
        check_options(task, where="x")


def test_a_baseline_of_one_is_refused() -> None:
    """Texts that are all alike leave nothing to divide by."""
    task = replace(a_task(), metric="bertscore", options=(("baseline", 1.0),))

    with pytest.raises(BadCatalogue, match=r"baseline = 1\.0: must be a number of at"):
        check_options(task, where="x")


def test_without_its_libraries_bertscore_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is scored otherwise in its stead."""
    monkeypatch.setitem(sys.modules, "torch", None)
    options = (("layer", 1), ("model", "/models/small"))
    task = replace(a_task(), metric="bertscore", options=options)

    with pytest.raises(MissingExtra, match=r"bertscore.*pytest-llmlat\[transformers\]"):
        a_grade("bertscore", "rain", task, a_sample("rain"))
