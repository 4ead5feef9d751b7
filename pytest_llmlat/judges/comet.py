"""COMET: how good a translation is, by a regression that people's marks trained.

The checkpoint lies on this disk and is loaded by the package unbabel-comet. Nothing is
fetched: a hub at the time of a test would make the figure depend on the network.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.grading.metrics import Metric, guess_texts
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import MissingExtra, Unsupported
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.entities import Sample, Task

EXTRA = "comet"
"""The extra of this project that installs unbabel-comet."""
SOURCE_COLUMN = "source"
SETTINGS_FILE = "hparams.yaml"
"""File in the folder above a checkpoint's, which says what model it is of."""
BEYOND = 0.2
"""By how much a score may leave 0 to 1 on the scale of 0 to 1, which is not bounded."""
WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
"""Variable by which torch unpickles tensors and plain values alone."""

CHECKPOINT = EntryOption(
    name="checkpoint",
    kind="string",
    meaning="file of the model, such as /models/wmt22-comet-da/checkpoints/model.ckpt,"
    f" with {SETTINGS_FILE} in the folder above its own; needed",
)
SOURCE = EntryOption(
    name="source",
    kind="string",
    meaning=f"column of the text that is translated; {SOURCE_COLUMN!r} without it",
)


def grade_comet(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give COMET's score of one translation, from source, answer and reference.

    The value is cut to 0 to 1; the score as it is stands in the details as ``comet``.
    Of several references the best score counts. An empty answer has 0. Source: Rei et
    al. (2020, 2022), as the package unbabel-comet computes it.

    Raises:
        MissingExtra: the package is not installed.
        Unsupported: the checkpoint cannot be loaded, or its scores are on another
            scale than 0 to 1 (such as standard scores of 2020), which cutting would
            flatter.
    """
    wanted_by = f"task {task.name!r}, metric 'comet'"
    if not (value and value.strip()):
        return Grade(value=0.0, details=(("comet", 0.0),))
    score = _scorer(str(task.option("checkpoint")), wanted_by)
    column = str(task.option("source") or SOURCE_COLUMN)
    source = dict(sample.fields).get(column)
    if source is None:
        raise Unsupported(
            f"{wanted_by}: sample {sample.id!r} has no column {column!r} with the text"
            ' that is translated: options = { source = "COLUMN" }'
        )
    best = max(score(str(source), value, reference) for reference in sample.references)
    if not -BEYOND <= best <= 1 + BEYOND:
        raise Unsupported(
            f"{wanted_by}: a score of {best:.3f} for sample {sample.id!r}: this"
            " checkpoint does not score from 0 to 1; take one that does, such as"
            " wmt22-comet-da"
        )
    return Grade(value=min(1.0, max(0.0, best)), details=(("comet", best),))


def unready(answer: str, task: Task) -> str | None:
    """Say what a task lacks for this judge; ``None`` if nothing."""
    del answer
    checkpoint = task.option("checkpoint")
    if checkpoint is None:
        return (
            "the metric 'comet' needs the file of a model on this disk: options ="
            ' { checkpoint = "/models/wmt22-comet-da/checkpoints/model.ckpt" }'
        )
    path = Path(str(checkpoint)).expanduser()
    if not path.is_file():
        return f"option checkpoint = {checkpoint!r}: no such file"
    if not (path.parents[1] / SETTINGS_FILE).is_file():
        return (
            f"option checkpoint = {checkpoint!r}: no {SETTINGS_FILE} in the folder"
            " above its own, which says what model it is of"
        )
    return None


def _scorer(checkpoint: str, wanted_by: str) -> Callable[[str, str, str], float]:
    """Return (source, answer, reference) to the score; all tasks share a model."""
    try:
        import comet  # noqa: F401 - is it installed?
    except ImportError as error:
        raise MissingExtra(EXTRA, "comet", wanted_by=wanted_by) from error
    try:
        return _loaded(checkpoint)
    except Exception as error:
        raise Unsupported(
            f"{wanted_by}: {checkpoint} was not loaded: {error}; the tokenizer and the"
            " config of its encoder must be on this disk too: in the cache of the hub,"
            f" or in a folder that pretrained_model in {SETTINGS_FILE} and in the"
            " checkpoint names"
        ) from error


@cache
def _loaded(checkpoint: str) -> Callable[[str, str, str], float]:
    """Load a model, and return what scores by it."""
    import comet

    before = os.environ.get(WEIGHTS_ONLY)
    os.environ[WEIGHTS_ONLY] = "1"
    try:
        model = comet.load_from_checkpoint(
            str(Path(checkpoint).expanduser()), local_files_only=True
        ).eval()
    finally:
        if before is None:
            del os.environ[WEIGHTS_ONLY]
        else:
            os.environ[WEIGHTS_ONLY] = before

    def score(source: str, answer: str, reference: str) -> float:
        told = model.predict(
            [{"src": source, "mt": answer, "ref": reference}],
            batch_size=1,
            gpus=0,
            num_workers=0,
            progress_bar=False,
        )
        return float(told.scores[0])

    return score


METRIC = Metric(
    grade=grade_comet,
    binary=False,
    several=True,
    guess=guess_texts,
    illegible=unready,
    options=(CHECKPOINT, SOURCE),
    extra=EXTRA,
)
