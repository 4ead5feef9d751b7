"""The folder of a trained adapter: written whole, or not at all."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.adapter_provenance import base_digests
from pytest_llmlat.tasks.data import revision
from pytest_llmlat.tasks.shots import load_shots
from pytest_llmlat.tasks.train_rows import load_train
from pytest_llmlat.training.examples import batches, examples_of, padded
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.provenance import PROVENANCE
from pytest_llmlat.values.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmlat.backends.huggingface.lora_training import LoraTrainer
    from pytest_llmlat.tasks.train_rows import TrainRows
    from pytest_llmlat.training.recipe import Recipe
    from pytest_llmlat.values.entities import ModelSpec, Sample, Task

MODELS = "models.toml"
"""Catalogue in an adapter's folder, with the entry that puts it on its base."""
TEST = "test_adapter.py"
"""Benchmark in an adapter's folder, on the task that it was trained for."""
LAST_STEPS = 10
"""Steps whose mean loss is told."""
_WANTED_BY = "llmlat train-adapter"
_NAMELESS = re.compile(r"[^A-Za-z0-9._-]+")
_BACKEND = "transformers"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterWish:
    """What is to be trained, and where it goes."""

    task: Task
    model: ModelSpec
    """Entry of the base."""
    listed: bool
    """Whether it is an entry of a catalogue, and no address."""
    device: str
    recipe: Recipe
    out: Path
    data: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedAdapter:
    """An adapter that was written."""

    folder: Path
    entry: str
    """Name of the entry in its catalogue that puts it on its base."""
    rows: int
    left_out: tuple[str, ...]
    """Ids of rows of the train split that are too near to one that is asked."""
    too_long: int
    """Rows that did not fit into the context."""
    loss: float
    """Mean loss of the last steps, in nats per token."""


def train_adapter(wish: AdapterWish, *, tell: Callable[[str], None]) -> TrainedAdapter:
    """Train an adapter and write its folder, whole or not at all.

    Args:
        wish: what is to be trained.
        tell: takes a line of progress.

    Raises:
        UsageError: no train split, a row of it is asked by the task, a base that peft
            cannot train, or a folder that is not empty or cannot be made.
        MissingExtra: torch, transformers or peft is not installed.
        WeightsUnavailable: the base is not here and cannot be fetched.
    """
    _check_base(wish.model)
    _check_out(wish.out)
    train = load_train(wish.task, data=wish.data)
    pool = load_shots(wish.task, train.asked, data=wish.data)
    # Made first: that it cannot be written is said before minutes of training.
    with _scratch(wish.out) as folder:
        trained = _trained_into(folder, wish, train, pool, tell)
        _put(folder, wish.out)
    return trained


def _check_base(model: ModelSpec) -> None:
    """See that peft can train on an entry.

    Raises:
        UsageError: another backend runs it, or it has an adapter already.
    """
    if model.backend != _BACKEND or model.adapter:
        raise UsageError(
            f"--model: {model.name!r} is run by {model.backend}"
            f"{', with an adapter' if model.adapter else ''}; an adapter is trained"
            f" on an entry with backend = {_BACKEND!r} and none on it yet"
        )


def _check_out(out: Path) -> None:
    """See that nothing lies where the adapter is to go.

    Raises:
        UsageError: something does.
    """
    empty = out.is_dir() and not out.is_symlink() and not any(out.iterdir())
    if (out.exists() or out.is_symlink()) and not empty:
        raise UsageError(
            f"--out: {out} is there and not empty; name a new folder, or remove it"
        )


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """Give a folder beside the one that is to be, which is gone in the end.

    Raises:
        UsageError: nothing can be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".training-", dir=out.parent)
    except OSError as error:
        raise UsageError(f"--out: cannot write {out}: {error}") from error
    with scratch as place:
        folder = Path(place) / "adapter"
        folder.mkdir()
        yield folder


def _put(folder: Path, out: Path) -> None:
    """Put a whole folder where it belongs, in one step."""
    if out.is_dir():
        out.rmdir()
    folder.rename(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learnt:
    """What came of the steps of training."""

    rows: int
    changed: tuple[str, ...]
    losses: tuple[float, ...]
    libraries: Mapping[str, str | None]
    threads: int


def _trained_into(
    folder: Path,
    wish: AdapterWish,
    train: TrainRows,
    pool: Sequence[Sample],
    tell: Callable[[str], None],
) -> TrainedAdapter:
    """Train, and write all files of the adapter."""
    # What trains is imported when all else is right: torch takes seconds.
    from pytest_llmlat.backends.huggingface import lora_training  # noqa: PLC0415

    lora_training.check_libraries(wanted_by=_WANTED_BY)
    digests = base_digests(wish.model)
    trainer = lora_training.LoraTrainer(
        wish.model, wish.device, dtype=wish.recipe.dtype
    )
    try:
        learnt = _learnt(trainer, wish, train.rows, pool, tell)
        trainer.save(folder)
    finally:
        trainer.close()
    trained = TrainedAdapter(
        folder=wish.out,
        entry=_entry_name(wish),
        rows=learnt.rows,
        left_out=train.left_out,
        too_long=len(train.rows) - learnt.rows,
        loss=_mean(learnt.losses[-LAST_STEPS:]),
    )
    write_beside(folder, wish, trained, _provenance(wish, train, learnt, digests))
    return trained


def _learnt(
    trainer: LoraTrainer,
    wish: AdapterWish,
    rows: Sequence[Sample],
    pool: Sequence[Sample],
    tell: Callable[[str], None],
) -> _Learnt:
    """Put an adapter on the base, and let it learn the rows."""
    task, recipe = wish.task, wish.recipe
    examples = examples_of(
        trainer,
        task,
        rows,
        answer="" if task.train is None else task.train.answer,
        pool=pool,
        seed=recipe.seed,
        model=wish.model,
    )
    changed = trainer.begin(
        rank=recipe.rank,
        alpha=recipe.alpha,
        targets=recipe.targets,
        seed=recipe.seed,
        base=base_name(wish.model),
    )
    tell(
        f"{wish.model.name}: {len(examples)} rows, {recipe.steps} steps of"
        f" {recipe.batch}, rank {recipe.rank} on {', '.join(changed)}, seed"
        f" {recipe.seed}, {wish.device}, {trainer.threads} threads"
    )
    losses = trainer.train(
        (padded(chosen, trainer.end) for chosen in batches(examples, recipe)),
        map(recipe.rate, range(recipe.steps)),
        tell=_progress(recipe.steps, tell),
    )
    return _Learnt(
        rows=len(examples),
        changed=changed,
        losses=tuple(losses),
        libraries=trainer.libraries,
        threads=trainer.threads,
    )


def _provenance(
    wish: AdapterWish, train: TrainRows, learnt: _Learnt, digests: Mapping[str, str]
) -> dict[str, Any]:
    """Return all that decided what came out."""
    task, model = wish.task, wish.model
    return {
        "made_by": f"pytest-llmlat {version('pytest-llmlat')}",
        "task": task.name,
        "train": {
            **({} if task.train is None else asdict(task.train)),
            "rows": learnt.rows,
            "digest": revision(task, train.rows),
            "left_out": list(train.left_out),
            "too_long": len(train.rows) - learnt.rows,
        },
        "asked": {"rows": len(train.asked), "digest": revision(task, train.asked)},
        "base": {
            "model": model.name,
            "weights": base_name(model),
            "revision": model.revision,
            "files": dict(digests),
        },
        "recipe": {**asdict(wish.recipe), "targets": list(learnt.changed)},
        "device": wish.device,
        "threads": learnt.threads,
        "libraries": dict(learnt.libraries),
        "loss": {"first": learnt.losses[0], "last": _mean(learnt.losses[-LAST_STEPS:])},
    }


def _progress(steps: int, tell: Callable[[str], None]) -> Callable[[int, float], None]:
    """Return what tells of every tenth step, with the mean loss since the last."""
    recent: list[float] = []

    def told(step: int, loss: float) -> None:
        recent.append(loss)
        if step % LAST_STEPS == 0 or step == steps:
            tell(f"step {step}/{steps}, loss {_mean(recent):.3f}")
            recent.clear()

    return told


def _mean(losses: Sequence[float]) -> float:
    return sum(losses) / len(losses)


def base_name(model: ModelSpec) -> str:
    """Return the name of a base as an adapter's settings say it."""
    weights = str(model.weights)
    return Path(weights).name if model.package else weights


def _entry_name(wish: AdapterWish) -> str:
    """Return the name of the entry of base and adapter."""
    own = wish.model.name if wish.listed else wish.model.name.rstrip("/").split("/")[-1]
    return _NAMELESS.sub("-", f"{own}-{wish.out.resolve().name}").strip("-")


def write_beside(
    folder: Path, wish: AdapterWish, trained: TrainedAdapter, told: dict[str, Any]
) -> None:
    """Write what tells of an adapter beside its weights.

    ``training.json`` has all that decided what came out, ``models.toml`` the entry that
    puts it on its base, ``test_adapter.py`` measures it on the task, and ``README.md``
    has what a person wants to know.
    """
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / PROVENANCE).write_text(text + "\n", "utf-8")
    (folder / MODELS).write_text(_entry(wish, trained.entry), "utf-8")
    (folder / TEST).write_text(_test(wish.task), "utf-8")
    (folder / "README.md").write_text(_readme(wish, trained), "utf-8")


def _entry(wish: AdapterWish, name: str) -> str:
    """Return the catalogue that puts the adapter on its base."""
    model = wish.model
    lines = [f"[models.{toml_key(name)}]"]
    if wish.listed:
        lines.append(f"extends = {toml_value(model.name)}")
    else:
        lines += [
            f"backend = {toml_value(model.backend)}",
            f"weights = {toml_value(model.weights)}",
            f"devices = {toml_value(model.devices)}",
        ]
    # It begins at this file, so the folder may be moved as a whole.
    lines.append('adapter = "./."')
    return "\n".join(lines) + "\n"


def _test(task: Task) -> str:
    """Return the benchmark of the task, on all its items."""
    return f'''\
"""Is the adapter better than its base, on what it was trained for?"""

import pytest


@pytest.mark.llm({json.dumps(task.name, ensure_ascii=False)})
def test_adapter(llm, llmlat):
    """Every question is answered; what the adapter gains, the gate says."""
    result = llmlat.run(llm)

    assert result.errors == 0
'''


def _readme(wish: AdapterWish, trained: TrainedAdapter) -> str:
    task, recipe, base = wish.task, wish.recipe, base_name(wish.model)
    source = None if task.train is None else task.train.file or task.train.split
    return f"""\
# A LoRA adapter for {base}

Made by `llmlat train-adapter`. It learnt to answer the task `{task.name}`.

- base: `{wish.model.name}`, weights `{base}`
- trained on {trained.rows} rows of `{Path(str(source)).name}`; none is an item of the
  task, and {len(trained.left_out)} that were too near to one were left out
- prompt: the task's own; the loss is on the answer alone
- rank {recipe.rank}, alpha {recipe.alpha}
- {recipe.steps} steps of {recipe.batch}, learning rate {recipe.learning_rate:g}
- seed {recipe.seed}
- mean loss of the last steps: {trained.loss:.3f}

`{PROVENANCE}` has digests of rows and base, versions and the whole recipe.
"""
