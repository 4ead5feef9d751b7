"""Proposers of settings: all of a list, a draw by chance, or Optuna's TPE.

The tree-structured Parzen estimator in its form for several objectives (Ozaki et al.
2022, JAIR 73) is told how quality and speed changed beside today's setting, and
proposes where the front may be moved. Without the extra ``tune`` settings are drawn.
"""

from __future__ import annotations

import logging
import random
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmlat.values.search_space import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.search_space import SearchSpace, SpaceKey
    from pytest_llmlat.values.tuning_race import ProposedBy

EXTRA = "tune"
_TRIES = 20
"""Proposals in turn of settings that are known already, before a space is thought to
hold no other."""
_PART = 6
"""Parts in which TPE proposes, each after it was told of the one before."""
_FIRST_PART = 3


class Proposer(Protocol):
    """Whoever says which settings to look at."""

    by: ProposedBy

    def propose(self, most: int) -> Sequence[Setting]:
        """Return some new settings, none where there is no other."""
        ...

    def tell(
        self, setting: Setting, quality: float | None, speed: float | None
    ) -> None:
        """Learn how a setting changed quality and speed, if it could be measured."""
        ...


class ListedSettings:
    """A proposer of every setting of a list, in an order by chance."""

    by: ProposedBy = "listed"

    def __init__(self, settings: Sequence[Setting], *, seed: int) -> None:
        """Propose each once."""
        source = random.Random(f"{seed}|settings")  # noqa: S311 - an order, not a secret
        self._left = sorted(settings, key=lambda _: source.random())

    def propose(self, most: int) -> Sequence[Setting]:
        """Return the next ones."""
        found, self._left = self._left[:most], self._left[most:]
        return found

    def tell(
        self, setting: Setting, quality: float | None, speed: float | None
    ) -> None:
        """Do nothing: all are tried anyway."""


class DrawnSettings:
    """A proposer of settings by chance."""

    by: ProposedBy = "drawn"

    def __init__(
        self, space: SearchSpace, *, seed: int, without: Setting | None = None
    ) -> None:
        """Draw from a space.

        Args:
            space: of which.
            seed: of the draw.
            without: a setting that is not proposed, such as today's.
        """
        self._space = space
        self._source = random.Random(f"{seed}|settings")  # noqa: S311 - a draw, not a secret
        self._known = {Setting(), without}

    def propose(self, most: int) -> Sequence[Setting]:
        """Return others than before."""
        found: list[Setting] = []
        tries = 0
        while len(found) < most and tries < _TRIES:
            setting = self._space.drawn(self._source)
            tries += 1
            if setting not in self._known:
                self._known.add(setting)
                found.append(setting)
                tries = 0
        return found

    def tell(
        self, setting: Setting, quality: float | None, speed: float | None
    ) -> None:
        """Do nothing: chance learns nothing."""


class ParzenSettings:
    """A proposer that learns: Optuna's TPE for several objectives."""

    by: ProposedBy = "tpe"

    def __init__(self, space: SearchSpace, *, seed: int, first: int) -> None:
        """Open a study; imports the library.

        Args:
            space: of which.
            seed: of the study.
            first: how many settings are proposed in all; a third of them by chance.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        logging.getLogger("optuna").setLevel(logging.ERROR)
        self._space, self._fail = space, optuna.trial.TrialState.FAIL
        by_chance = max(_FIRST_PART, first // _FIRST_PART)
        self._part = max(1, first // _PART)
        self._first = by_chance
        sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=by_chance, constant_liar=True
        )
        self.study = optuna.create_study(
            directions=["maximize", "maximize"], sampler=sampler
        )
        self._open: dict[Setting, Any] = {}
        self._numbers: dict[int, Setting] = {}
        self._told: dict[Setting, tuple[float, float] | None] = {Setting(): None}

    def propose(self, most: int) -> Sequence[Setting]:
        """Return a part of them: the next ones are proposed when these are told of."""
        count = min(most, self._first if len(self._told) == 1 else self._part)
        found: list[Setting] = []
        tries = 0
        while len(found) < count and tries < _TRIES:
            trial = self.study.ask()
            setting = self._asked(trial)
            tries += 1
            if setting in self._open or setting in self._told:
                self._again(trial, setting)
                continue
            self._open[setting] = trial
            self._numbers[trial.number] = setting
            found.append(setting)
            tries = 0
        return found

    def _again(self, trial: Any, setting: Setting) -> None:  # noqa: ANN401 - optuna is not imported for its types
        """Tell what is known of a setting that was proposed before."""
        known = self._told.get(setting)
        if known is None:
            self.study.tell(trial, state=self._fail)
        else:
            self._numbers[trial.number] = setting
            self.study.tell(trial, known)

    def tell(
        self, setting: Setting, quality: float | None, speed: float | None
    ) -> None:
        """Tell the study."""
        trial = self._open.pop(setting, None)
        if trial is None:
            return
        if quality is None or speed is None:
            self._told[setting] = None
            self.study.tell(trial, state=self._fail)
            return
        self._told[setting] = (quality, speed)
        self.study.tell(trial, (quality, speed))

    def importance(self, gains: Mapping[Setting, float]) -> dict[str, float]:
        """Return the importance of each key by fANOVA, which takes scikit-learn.

        Args:
            gains: of settings that were proposed.
        """
        import optuna

        known = {
            number: gains[setting]
            for number, setting in self._numbers.items()
            if setting in gains
        }
        shares = optuna.importance.get_param_importances(
            self.study,
            evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0),
            target=lambda trial: known.get(trial.number, 0.0),
        )
        return {key: float(share) for key, share in shares.items()}

    def _asked(self, trial: Any) -> Setting:  # noqa: ANN401 - as above
        chosen: dict[str, Scalar | None] = {}
        for key in self._space.keys:
            if key.holds(chosen):
                chosen[key.name] = _suggested(trial, key)
        return Setting.of(chosen)


def _suggested(trial: Any, key: SpaceKey) -> Scalar | None:  # noqa: ANN401 - as above
    """Return what a trial proposes for a key."""
    span = key.range
    if span is None:
        # By their places: optuna keeps few kinds of values.
        places = list(range(len(key.values)))
        place: int = trial.suggest_categorical(key.name, places)
        return key.values[place]
    log = span.log and span.step is None
    if span.whole:
        step = 1 if span.step is None else int(span.step)
        value: Scalar = trial.suggest_int(
            key.name, int(span.low), int(span.high), step=step, log=log
        )
        return value
    found = trial.suggest_float(key.name, span.low, span.high, step=span.step, log=log)
    return float(f"{found:.6g}")


def proposer_of(
    space: SearchSpace,
    listed: Sequence[Setting] | None,
    *,
    taken: int,
    seed: int,
) -> Proposer:
    """Return the proposer of a race.

    Args:
        space: of settings.
        listed: all that differ from today's; ``None`` where they cannot be listed.
        taken: how many the race looks at.
        seed: of the session.
    """
    if listed is not None and len(listed) <= taken:
        return ListedSettings(listed, seed=seed)
    if has_library():
        return ParzenSettings(space, seed=seed, first=taken)
    return DrawnSettings(space, seed=seed)


def has_library() -> bool:
    """Whether Optuna is installed."""
    return find_spec("optuna") is not None
