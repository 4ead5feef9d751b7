"""Candidates among routes: which rules are tried, made of what answers look like.

Bounds are quantiles of what was seen of questions and answers. They look at no grade
and no time, so that all folds may share them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.answer_signals import signals_of_record
from pytest_llmlat.values.going_on import GoOn
from pytest_llmlat.values.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers

_FLAGS = ("unparsed", "refused", "cut", "empty")
_UPPER = (0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Shares of answers or questions that are to be no longer than a bound."""
_LOWER = (0.05, 0.1, 0.2, 0.3, 0.5)
_FEW = (0.5, 0.7, 0.9)
"""The same for the rules of three steps, of which there are many."""
_AGREEMENTS = (0.5, 0.67, 0.84, 1.0)
_FEWEST_ROUNDS = 3
_MOST_FAMILIES = 6
"""Families up to which every set of them is tried."""


def candidates(answers: CommonAnswers) -> Mapping[tuple[str, ...], tuple[Route, ...]]:
    """Return the routes to try, by the models that they go through.

    One model alone is among them. A cascade asks the model first that takes less time;
    a router may ask any.

    Args:
        answers: of all models.
    """
    order = sorted(answers.models, key=lambda model: _seconds(answers, model))
    found: dict[tuple[str, ...], list[Route]] = defaultdict(list)
    for model in order:
        found[model,].append(Route(steps=(model,)))
    questions = _question_rules(answers)
    after = {model: _answer_rules(answers, model, _UPPER) for model in order}
    for first, last in combinations(order, 2):
        steps = (first, last)
        mixed = _mixed(questions, after[first])
        found[steps] += [
            Route(steps=steps, rules=(rule,))
            for rule in (*after[first], *mixed, *questions)
        ]
    for steps in permutations(order, 2):
        if steps not in found:
            found[steps] += [Route(steps=steps, rules=(r,)) for r in questions]
    short = {model: _answer_rules(answers, model, _FEW) for model in order}
    for first, middle, last in combinations(order, 3):
        found[first, middle, last] += [
            Route(steps=(first, middle, last), rules=(own, its))
            for own in short[first]
            for its in short[middle]
        ]
    return {steps: tuple(dict.fromkeys(own)) for steps, own in found.items() if own}


def _seconds(answers: CommonAnswers, model: str) -> float:
    place = answers.models.index(model)
    timings = [question.answers[place].timing for question in answers.questions]
    return sum(timing.e2e_s for timing in timings if timing is not None)


def _answer_rules(
    answers: CommonAnswers, model: str, upper: Sequence[float]
) -> tuple[GoOn, ...]:
    """Return rules that look at a model's answers."""
    place = answers.models.index(model)
    signals = [signals_of_record(each.answers[place]) for each in answers.questions]
    seen = [name for name in _FLAGS if any(getattr(each, name) for each in signals)]
    found = [_flagged([name]) for name in seen]
    every = _flagged(seen)
    if len(seen) > 1:
        found.append(every)
    tokens = [each.tokens for each in signals if each.tokens is not None]
    for bound in _bounds(tokens, upper):
        found.append(GoOn(longer_than=bound))
        if seen:
            found.append(replace(every, longer_than=bound))
    lower = _LOWER if upper is _UPPER else _LOWER[1::2]
    found += [GoOn(shorter_than=bound + 1) for bound in _bounds(tokens, lower)]
    return (*found, *_agreement_rules(answers, place))


def _flagged(names: Sequence[str]) -> GoOn:
    flags: dict[str, Any] = dict.fromkeys(names, True)
    return GoOn(**flags)


def _agreement_rules(answers: CommonAnswers, place: int) -> Iterator[GoOn]:
    """Yield rules on the agreement of repeats, where there are any that may differ."""
    rounds = min(len(each.rounds[place]) for each in answers.questions)
    drawn = all(
        record.temperature
        for each in answers.questions
        for record in each.rounds[place]
        if record.answered
    )
    if rounds < _FEWEST_ROUNDS or not drawn:
        return
    for share in _AGREEMENTS:
        yield GoOn(agreement_below=share, repeats=rounds)


def _question_rules(answers: CommonAnswers) -> tuple[GoOn, ...]:
    """Return rules that look at questions only."""
    questions = [each.question for each in answers.questions]
    found = [
        *(
            GoOn(prompt_longer_than=bound)
            for bound in _bounds([q.characters for q in questions], _UPPER)
        ),
        *(
            GoOn(digits_over=bound)
            for bound in _bounds([q.digits for q in questions], _UPPER)
        ),
        *(
            GoOn(code_marks_over=bound)
            for bound in _bounds([q.code_marks for q in questions], _UPPER)
        ),
    ]
    families = tuple(dict.fromkeys(each.family for each in answers.questions))
    return (*found, *(GoOn(families=some) for some in _some(families)))


def _some(families: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield sets of families, but for none and all of them; of many, small ones."""
    most = len(families) - 1 if len(families) <= _MOST_FAMILIES else 2
    for size in range(1, most + 1):
        yield from combinations(families, size)


def _mixed(questions: Iterable[GoOn], after: Sequence[GoOn]) -> Iterator[GoOn]:
    """Yield rules that pass a family over, and look at the answers to all others."""
    flags = [rule for rule in after if {*rule.conditions} <= {*_FLAGS}]
    if not flags:
        return
    widest = flags[-1]
    for rule in questions:
        if len(rule.families) == 1:
            own = dict.fromkeys(widest.conditions, True)
            yield GoOn(families=rule.families, **own)


def _bounds(values: Sequence[int], shares: Sequence[float]) -> Iterator[int]:
    """Yield quantiles, each once, without those that all values lie on one side of."""
    if not values:
        return
    ordered = sorted(values)
    last = len(ordered) - 1
    found = dict.fromkeys(ordered[round(share * last)] for share in shares)
    yield from (bound for bound in found if ordered[0] <= bound < ordered[-1])
