"""A tuning of one model on one device: from what was asked for to the race's result."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_llmlat.session.setting_trials import SettingTrials
from pytest_llmlat.session.stored_trials import StoredTrials
from pytest_llmlat.session.tuned_entry import differing, lines_to_paste
from pytest_llmlat.session.tuning_wish import check_wish, wish_of
from pytest_llmlat.tuning.proposals import has_library, proposer_of
from pytest_llmlat.tuning.race import Race
from pytest_llmlat.tuning.race_plan import planned
from pytest_llmlat.tuning.race_result import RaceSubject, result_of
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.session.run import Session
    from pytest_llmlat.session.setting_trials import AskedTask
    from pytest_llmlat.session.tuning_wish import TuningWish
    from pytest_llmlat.tuning.proposals import Proposer
    from pytest_llmlat.tuning.race_plan import RacePlan
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Task
    from pytest_llmlat.values.search_space import SearchSpace, Setting
    from pytest_llmlat.values.tuning_race import TuningRace


def tune_model(
    session: Session, deployment: Deployment, asked: Sequence[AskedTask]
) -> TuningRace:
    """Race the settings of a model; what is measured is written down at once.

    Raises:
        UsageError: the space, the budget or the samples do not allow it.
        LLMLatError: today's setting cannot be loaded or measured.
    """
    settings = session.settings
    found = _prepared(session, deployment, asked)
    wish, listed, plan = found.wish, found.listed, found.plan
    trials, subject = found.trials, found.subject
    model, tasks = deployment.model, [one.task for one in asked]
    proposer = proposer_of(wish.space, listed, taken=plan.settings, seed=settings.seed)
    begin = session.seconds()
    session.place.open()

    def tell(race: Race) -> None:
        session.journal.add(_told(race, subject, proposer, trials, model, tasks))

    race = Race(
        trials,
        proposer,
        goal=wish.goal,
        plan=plan,
        seconds=lambda: session.seconds() - begin,
        tell=tell,
    )
    # Whatever cuts it short, the run says how far it is, and how it goes on.
    tell(race)
    try:
        race.run()
    except BaseException:
        tell(race)
        raise
    finally:
        trials.close()
    return _told(race, subject, proposer, trials, model, tasks)


def check_tuning(
    session: Session, deployment: Deployment, asked: Sequence[AskedTask]
) -> None:
    """See that a model's settings can be raced; reads samples, and loads nothing.

    Raises:
        UsageError: the space, the budget or the samples do not allow it.
    """
    _prepared(session, deployment, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PreparedRace:
    """A race of which nothing is loaded yet."""

    wish: TuningWish
    trials: SettingTrials
    listed: tuple[Setting, ...] | None
    plan: RacePlan
    subject: RaceSubject


def _prepared(
    session: Session, deployment: Deployment, asked: Sequence[AskedTask]
) -> _PreparedRace:
    """Return a race as it is to be run; raises as :func:`check_tuning`."""
    settings, spelled = session.settings, session.spelled
    wish = wish_of(settings, spelled)
    if wish is None or not asked:
        raise UsageError(f"{spelled('tune')}: there is no task to tune on")
    model, tasks = deployment.model, [one.task for one in asked]
    check_wish(wish, model, tasks, spelled)
    stored = StoredTrials(settings.tune_resume)
    trials = SettingTrials(session, deployment, asked, stored, where=spelled("tune"))
    listed = _listed(model, tasks, wish.space, where=spelled("tune"))
    plan = planned(
        trials.sizes,
        settings=None if listed is None else len(listed),
        budget=wish.budget,
        where=spelled("tune_budget"),
    )
    subject = _subject(deployment, wish, listed, trials)
    stored.check(
        subject.key,
        session.run_facts["environment"],
        where=spelled("tune_resume"),
    )
    return _PreparedRace(
        wish=wish, trials=trials, listed=listed, plan=plan, subject=subject
    )


def _listed(
    model: ModelSpec, tasks: Sequence[Task], space: SearchSpace, *, where: str
) -> tuple[Setting, ...] | None:
    """Return the settings that differ from today's; ``None`` where there are too many.

    Raises:
        UsageError: there is none.
    """
    settings = space.settings()
    if settings is None:
        return None
    found = differing(model, tasks, settings)
    if not found:
        raise UsageError(
            f"{where}: {model.name!r} is in that setting already; there is no other to"
            " try"
        )
    return found


def _told(
    race: Race,
    subject: RaceSubject,
    proposer: Proposer,
    trials: SettingTrials,
    model: ModelSpec,
    tasks: Sequence[Task],
) -> TuningRace:
    chosen = race.chosen
    notes = []
    if trials.replayed:
        notes.append(f"{trials.replayed} answers are of the run that it went on from")
    if proposer.by == "drawn" and not has_library():
        notes.append(
            "Optuna is not installed: settings were drawn by chance, and nothing was"
            " learnt from those before"
        )
    return result_of(
        race,
        subject,
        proposer,
        entry=None if chosen is None else lines_to_paste(model, tasks, chosen.setting),
        contended=trials.contended,
        notes=notes,
    )


def _subject(
    deployment: Deployment,
    wish: TuningWish,
    listed: Sequence[Setting] | None,
    trials: SettingTrials,
) -> RaceSubject:
    """Return what a race is about."""
    content = repr((deployment.model, wish.space, wish.goal, trials.ids, trials.seed))
    return RaceSubject(
        model=deployment.model.name,
        device=deployment.device,
        tasks=trials.tasks,
        space=wish.space,
        listed=None if listed is None else len(listed),
        key=sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16],
    )
