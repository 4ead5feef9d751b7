"""Answers of several models to the same questions, put side by side.

What is not of the same questions is refused, since a route would be judged by other
questions than the models that it is compared with.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.analysis.routing.route_devices import device_of, on_device
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.values.cell_facts import YARDSTICK
from pytest_llmlat.values.cost_budget import JOULES
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.going_on import prompt_features

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.going_on import PromptFeatures
    from pytest_llmlat.values.records import Record

LEAST_ITEMS = 30
"""Items below which folds would choose by luck alone."""
MOST_MODELS = 8
_FEWEST_MODELS = 2
_ALONE = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonQuestion:
    """One question, asked once of every model."""

    task: str
    family: str
    item: str
    """Unit of folds and of resampling."""
    sample: str
    round: int
    question: PromptFeatures
    answers: tuple[Record, ...]
    """Answer of each model, in the order of the models."""
    rounds: tuple[tuple[Record, ...], ...]
    """All answers of each model to the same sample, this one among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonAnswers:
    """Answers of several models to the same questions."""

    models: tuple[str, ...]
    device: str
    facts: tuple[Mapping[str, CellFacts], ...]
    """Facts of each model's cells, by their tasks."""
    questions: tuple[CommonQuestion, ...]
    notes: tuple[str, ...]

    @property
    def cost_unit(self) -> str | None:
        """What costs are told in: the currency of all prices, or ``J`` without any.

        ``None`` where a price is missing, or joules of some answers are not known.
        """
        prices = [own.price for facts in self.facts for own in facts.values()]
        if any(price is not None for price in prices):
            known = {None if price is None else price.currency for price in prices}
            return known.pop() if len(known) == 1 else None
        tries = (r for q in self.questions for own in q.rounds for r in own)
        return JOULES if all(r.energy_j is not None for r in tries) else None

    @property
    def items(self) -> int:
        """Number of items over all tasks."""
        return len({(each.task, each.item) for each in self.questions})

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks in the order of asking."""
        return tuple(dict.fromkeys(each.task for each in self.questions))


def common_answers(
    run: Run,
    *,
    models: Sequence[str] = (),
    device: str | None = None,
    tell: Callable[[str], None] | None = None,
) -> CommonAnswers:
    """Read the answers of models that were asked the same.

    Args:
        run: opened, or merged of several.
        models: those to look at; all if empty.
        device: where they were measured; needed where there are several.
        tell: as for ``records_of``.

    Raises:
        UnknownName: a model that was not measured.
        UsageError: there is nothing to be routed; says why and what to do.
    """
    read = (records for _, records in records_of(run, tell=tell))
    cells = zip(run.facts, read, strict=True)
    return answers_of_cells(cells, models=models, device=device)


def answers_of_cells(
    cells: Iterable[tuple[CellFacts, list[Record]]],
    *,
    models: Sequence[str] = (),
    device: str | None = None,
) -> CommonAnswers:
    """Put the answers of cells side by side; raises what :func:`common_answers` does.

    Args:
        cells: facts and records of each.
        models: those to look at; all if empty.
        device: where they were measured; needed where there are several.
    """
    cells = [each for each in cells if each[0].role != YARDSTICK]
    _check_names(models, {facts.cell.model for facts, _ in cells})
    notes: list[str] = []
    kept = [
        (facts, records)
        for facts, records in cells
        if not models or facts.cell.model in models
    ]
    kept = _without_loads(kept, notes)
    kept = on_device(kept, device)
    kept = _without_cascades(kept, notes)
    by_model: dict[str, dict[str, tuple[CellFacts, list[Record]]]] = defaultdict(dict)
    for facts, records in kept:
        by_model[facts.cell.model][facts.cell.task] = (facts, records)
    _check_models(by_model)
    _check_same(by_model)
    found = _side_by_side(by_model, notes)
    if found.items < LEAST_ITEMS:
        raise UsageError(
            f"route: {found.items} items are there, and at least {LEAST_ITEMS} are"
            " needed, since rules are chosen on some and judged on others; measure"
            f" the models again with --llm-samples {LEAST_ITEMS} or more"
        )
    return found


def _check_names(models: Iterable[str], known: set[str]) -> None:
    for name in models:
        if name not in known:
            remedy = "llmlat show RUN lists the models of a run."
            raise UnknownName("model", name, known, where="--model", remedy=remedy)


def _without_loads(
    cells: list[tuple[CellFacts, list[Record]]], notes: list[str]
) -> list[tuple[CellFacts, list[Record]]]:
    """Leave out cells under a load.

    Raises:
        UsageError: there are no others.
    """
    alone = [each for each in cells if each[0].cell.scenario == _ALONE]
    if cells and not alone:
        raise UsageError(
            "route: the models were measured under a load, where times are those of a"
            " queue and cannot be added up; measure them one request after the other"
            " (--llm-scenario single)"
        )
    if len(alone) < len(cells):
        notes.append(
            f"{len(cells) - len(alone)} cells under a load are left out: times of a"
            " queue cannot be added up"
        )
    return alone


def _without_cascades(
    cells: list[tuple[CellFacts, list[Record]]], notes: list[str]
) -> list[tuple[CellFacts, list[Record]]]:
    made = {
        facts.cell.model
        for facts, records in cells
        if any(record.steps for record in records)
    }
    notes += [f"{name} is a cascade itself and left out" for name in sorted(made)]
    return [each for each in cells if each[0].cell.model not in made]


def _check_models(by_model: Mapping[str, object]) -> None:
    """See that there are several models, and not too many.

    Raises:
        UsageError: there are not.
    """
    if len(by_model) < _FEWEST_MODELS:
        told = f"only {next(iter(by_model))!r}" if by_model else "nothing"
        raise UsageError(
            f"route: {told} was measured, and a route goes through two models at"
            " least; name more runs, or measure another model on the same samples"
        )
    if len(by_model) > MOST_MODELS:
        raise UsageError(
            f"route: {len(by_model)} models were measured, and routes are looked for"
            f" among {MOST_MODELS} at most; name them with --model"
        )


def _check_same(
    by_model: Mapping[str, Mapping[str, tuple[CellFacts, list[Record]]]],
) -> None:
    """See that all models were asked the same questions of the same tasks.

    Raises:
        UsageError: names two that were not, and in what they differ.
    """
    (first, own), *others = by_model.items()
    for task, (facts, records) in own.items():
        _check_kind(task, records)
        for other, theirs in others:
            if task not in theirs or len(theirs) != len(own):
                _apart(first, other, {*own}, {*theirs})
            its_facts, its_records = theirs[task]
            _check_kind(task, its_records)
            where = f"route: {first!r} and {other!r} in {task}"
            if facts.task_revision != its_facts.task_revision:
                raise UsageError(
                    f"{where}: the task is not the same version in both; measure them"
                    " again with one version"
                )
            asked = {(r.sample, r.round) for r in records}
            answered = {(r.sample, r.round) for r in its_records}
            if asked != answered:
                raise UsageError(
                    f"{where}: were not asked the same samples"
                    f" ({len(asked & answered)} in common of {len(asked)} and"
                    f" {len(answered)}); measure them with the same --llm-samples and"
                    " --llm-seed, to the end"
                )


def _apart(first: str, other: str, own: set[str], theirs: set[str]) -> None:
    missing = sorted(own ^ theirs)
    raise UsageError(
        f"route: {first!r} and {other!r} were not asked the same tasks"
        f" ({', '.join(missing[:3])} in one of them only); measure both on the same"
        " tasks, or choose models with --model"
    )


def _check_kind(task: str, records: Sequence[Record]) -> None:
    """See that answers can be routed at all.

    Raises:
        UsageError: they are turns, or were ranked and not written.
    """
    if any(record.conversation is not None for record in records):
        raise UsageError(
            f"route: {task} is a conversation, whose later turns hold the answers of"
            " one model to earlier ones; what another would have answered is not known"
        )
    if any(record.ranked for record in records):
        raise UsageError(
            f"route: {task} ranks given options and writes no answer that a rule could"
            " look at; route tasks whose answers are written"
        )
    if any(record.reused for record in records):
        raise UsageError(
            f"route: answers to {task} were taken from an earlier run and have no times"
            " of their own; measure the models without --llm-reuse"
        )
    if not all(record.graded for record in records):
        raise UsageError(
            f"route: some answers of {task} are not graded, and nobody knows which"
            " model would have been right"
        )


def _side_by_side(
    by_model: Mapping[str, Mapping[str, tuple[CellFacts, list[Record]]]],
    notes: list[str],
) -> CommonAnswers:
    models = tuple(by_model)
    facts = tuple(
        {task: own for task, (own, _) in by_model[model].items()} for model in models
    )
    questions: list[CommonQuestion] = []
    for task in by_model[models[0]]:
        tables = [
            {(r.sample, r.round): r for r in by_model[model][task][1]}
            for model in models
        ]
        rounds = [_rounds(table.values()) for table in tables]
        for key, record in tables[0].items():
            answers = tuple(table[key] for table in tables)
            questions.append(
                CommonQuestion(
                    task=task,
                    family=record.cell.family,
                    item=record.item,
                    sample=record.sample,
                    round=record.round,
                    question=prompt_features(_asked(record), record.cell.family),
                    answers=answers,
                    rounds=tuple(own[record.sample] for own in rounds),
                )
            )
    return CommonAnswers(
        models=models,
        device=device_of(facts),
        facts=facts,
        questions=tuple(questions),
        notes=(*notes, *_doubts(models, facts, questions)),
    )


def _rounds(records: Iterable[Record]) -> Mapping[str, tuple[Record, ...]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.sample].append(record)
    return {
        sample: tuple(sorted(own, key=lambda record: record.round))
        for sample, own in found.items()
    }


def _asked(record: Record) -> str:
    """Return the question without the head that a server's prompts get."""
    return record.prompt.removeprefix(record.head or "")


def _doubts(
    models: Sequence[str],
    facts: Sequence[Mapping[str, CellFacts]],
    questions: Sequence[CommonQuestion],
) -> list[str]:
    """Return sentences on what makes the figures less sure."""
    found = []
    for place, model in enumerate(models):
        broken = sum(not each.answers[place].answered for each in questions)
        if broken:
            found.append(
                f"{model} has {broken} errors or time-outs: whoever asks it there fails"
                " too"
            )
        contended = [
            own.contention.contended
            for own in facts[place].values()
            if own.contention is not None and own.contention.contended
        ]
        if contended:
            found.append(f"times of {model} prove little: {contended[0]}")
    if any(len({_asked(a) for a in each.answers}) > 1 for each in questions):
        found.append(
            "some models were asked in other words (a chat and a text to continue):"
            " steps of one cascade must take the same form, so those cannot be run as"
            " one"
        )
    return found
