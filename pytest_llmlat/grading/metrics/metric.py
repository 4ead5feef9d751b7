"""What a metric says of itself, so that nothing else needs to know its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.grading.languages import language_of
from pytest_llmlat.grading.sandbox import Sandbox
from pytest_llmlat.values.entities import Sample, Task
from pytest_llmlat.values.entry_option import EntryOption, check_options_of
from pytest_llmlat.values.errors import BadExtension
from pytest_llmlat.values.records import Grade, Record
from pytest_llmlat.values.sound_grade import grade_fault, is_quality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GradeFunction: TypeAlias = Callable[[str | None, Task, Sample], Grade]
RunFunction: TypeAlias = Callable[[str, Task, Sample, Sandbox], Grade]
Rows: TypeAlias = Sequence[Sequence[float]]
CorpusFunction: TypeAlias = Callable[[Rows], float]
DrawsFunction: TypeAlias = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]
GuessFunction: TypeAlias = Callable[["Metric", Task, Sequence[Sample]], Sequence[float]]
LegibleFunction: TypeAlias = Callable[[str, Task], str | None]
Direction: TypeAlias = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """A figure of a whole cell that is made of counts and is no mean of its answers."""

    figure: CorpusFunction
    """Returns the figure, from the ``Grade.counts`` of each answer, of which there is
    at least one."""
    draws: DrawsFunction
    """The same for many resamples at once: (draws, counts), the counts summed over the
    answers of each resample, to (draws,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigure:
    """A further figure of a cell, and how it follows from sums over its answers."""

    value: float
    rows: Rows
    """Returns the columns that add up, for each answer."""
    draws: DrawsFunction
    """(any, columns), the rows summed over some of the answers, to (any,): the figure
    of these."""
    share: bool = True
    """Whether it lies between 0 and 1, where 0 is all wrong and 1 is all right: then
    it has an interval there too."""


CellFigures: TypeAlias = Callable[[Sequence[Record]], Mapping[str, CellFigure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way to judge answers: one answer, and all answers of a cell.

    All figures lie between 0 and 1. An answer that could not be extracted (``None``)
    is graded too; it is worth what a wrong one is, and never drops out.
    """

    binary: bool
    """Whether every answer is right or wrong, with nothing between."""
    grade: GradeFunction | None = None
    """(extracted answer, its task, its sample) to the grade of that one answer."""
    run: RunFunction | None = None
    """Returns the grade of an answer that is a program, run in a sandbox; it stands in
    place of ``grade``, and gets no answer that is ``None``."""
    direction: Direction = "higher"
    """Whether a better answer has a higher or a lower figure. Quality is higher where
    answers are better: of a metric that is lower it is 1 - figure, and the figure is
    told beside it, under the metric's name."""
    counts: int = 0
    """How many ``Grade.counts`` each grade has: figures that add up over answers."""
    corpus: Corpus | None = None
    """How a cell's figure follows from the counts; ``None``: the mean of its grades."""
    cell_figures: CellFigures | None = None
    """Returns further figures of a cell, by name, from its records. ``details`` of
    grades need none: they are averaged over the answers that have them."""
    exact: bool = False
    """Whether the answer as a whole is compared with the reference. The last number or
    only label of an answer that was cut at the token limit is not its answer then:
    what is right or wrong counts only if it was stated as such."""
    several: bool = False
    """Whether it looks at all of ``Sample.references``, and not at the first alone. A
    row with several right answers cannot be judged by a metric that does not."""
    guess: GuessFunction | None = None
    """Returns the quality of guessing each sample, from (this metric, a task, all
    its samples), where the task states no ``chance``; ``None``: guessing is worth
    nothing."""
    languages: tuple[str, ...] | None = None
    """The languages whose texts it can read, such as ``en``; ``None`` for all. A task
    that states another (its option ``language``) cannot have this metric."""
    illegible: LegibleFunction | None = None
    """(a right answer, its task) to why this metric cannot judge by it, and what to do;
    ``None`` if it can. It is called for each right answer of a set."""
    later: bool = False
    """Whether answers are graded by models, when nothing is measured any more; until
    then they have no grade, and of what ``grade`` gives only the details count."""
    extra: str | None = None
    """The extra of this project that installs the metric's library."""
    options: tuple[EntryOption, ...] = ()
    """The options of a task that it reads; a task cannot set others."""

    def quality(self, rows: Rows) -> float:
        """Return a cell's quality from counts, where there is a ``corpus``."""
        figure = self._corpus.figure(rows)
        return figure if self.direction == "higher" else 1 - figure

    def quality_draws(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the quality of many resamples, where there is a ``corpus``."""
        figures = self._corpus.draws(sums)
        return figures if self.direction == "higher" else 1 - figures

    @property
    def _corpus(self) -> Corpus:
        if self.corpus is None:
            raise TypeError("this metric has no figure of a corpus")
        return self.corpus

    def worst(self, note: str) -> Grade:
        """Return the grade of an answer that there is nothing to judge of."""
        return Grade(
            value=0.0,
            correct=False if self.binary else None,
            counts=(0.0,) * self.counts,
            note=note,
        )

    def reads(self, language: str, *, where: str) -> bool:
        """Whether it can judge texts in a language, whichever way that is written.

        Raises:
            UnknownName: there is no such language.
        """
        if self.languages is None:
            return True
        known = {language_of(name, where=where).code for name in self.languages}
        return language_of(language, where=where).code in known


def as_metric(name: str, value: object) -> Metric:
    """Return what was registered, if it is a metric that can be used.

    Raises:
        TypeError: it is not; says what is missing.
    """
    del name
    if not isinstance(value, Metric):
        raise TypeError(f"must be a Metric, not {value!r:.80}")
    if (value.grade is None) == (value.run is None):
        raise TypeError("must have either 'grade' or 'run'")
    functions = {
        "grade": value.grade,
        "run": value.run,
        "guess": value.guess,
        "illegible": value.illegible,
        "cell_figures": value.cell_figures,
        "corpus.figure": value.corpus and value.corpus.figure,
        "corpus.draws": value.corpus and value.corpus.draws,
    }
    for field, function in functions.items():
        if function is not None and not callable(function):
            raise TypeError(f"{field!r} must be a function, not {function!r:.80}")
    check_options_of(value.options)
    if value.direction not in ("higher", "lower"):
        raise TypeError(f"'direction' must be higher or lower: {value.direction!r:.80}")
    if value.corpus and not value.counts:
        raise TypeError("'corpus' is made of counts: 'counts' must say how many")
    return value


def checked(grade: Grade, name: str, metric: Metric) -> Grade:
    """Return a grade whose value is a quality, if it keeps what its metric promises.

    Raises:
        BadExtension: it does not; a figure made of it would be wrong.
    """
    if not isinstance(grade, Grade):
        raise BadExtension(f"metric {name!r} must give a Grade, not {grade!r:.80}")
    if wrong := grade_fault(grade):
        raise BadExtension(f"metric {name!r} gave a Grade whose {wrong}")
    if not is_quality(grade.value):
        raise BadExtension(
            f"metric {name!r} gave {grade.value!r:.80}, which is not between 0 and 1"
        )
    if len(grade.counts) != metric.counts:
        raise BadExtension(
            f"metric {name!r} gave {len(grade.counts)} counts where it promises"
            f" {metric.counts}"
        )
    if metric.binary and grade.correct is None:
        raise BadExtension(f"metric {name!r} is binary and gave no 'correct'")
    if metric.direction == "higher":
        return grade
    details = (*grade.details, (name, grade.value))
    return replace(grade, value=1 - grade.value, details=details)
