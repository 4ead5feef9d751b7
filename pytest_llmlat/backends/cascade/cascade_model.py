"""A cascade that is loaded: its steps are asked one after the other, as its rules say.

What is stamped is what a user would see. An answer that a rule looks at is held back
until it has ended: it is there as a whole, at the instant at which it was judged. Only
the last step's answer, or one that no rule looks at, is stamped token by token; its
latencies hold the time of all steps before it. Tokens of all steps are counted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pytest_llmlat.backends.cascade.cascade_entry import device_of_step
from pytest_llmlat.backends.cascade.served_step import ServedStep
from pytest_llmlat.backends.constraints import make_ready
from pytest_llmlat.backends.model_opening import open_model
from pytest_llmlat.values.answer_signals import signals_of_answer
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import GenerationFailed, Unsupported
from pytest_llmlat.values.going_on import (
    StepTaken,
    agreed,
    prompt_features,
)
from pytest_llmlat.values.sampling import seed_of
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter
from pytest_llmlat.values.toml_text import toml_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.going_on import GoOn
    from pytest_llmlat.values.protocols import Backend, ServedFrom
    from pytest_llmlat.values.records import Extraction, Generation, Request


HEAD, WARM = "head", "warm"
"""Facts of a server: a head makes prompts new, or its cache is to have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeStep:
    """A model of a cascade, and the rule by which its answer is not given."""

    name: str
    backend: Backend
    rule: GoOn | None
    """Rule of going on; ``None`` for the last step."""


def open_cascade(deployment: Deployment, clock: Clock) -> Cascade:
    """Open the steps of a cascade: all that run here on its device.

    Raises:
        LLMLatError: one cannot be loaded; those before it are freed.
        Unsupported: some steps chat and others do not.
    """
    model = deployment.model
    steps: list[CascadeStep] = []
    try:
        for place, entry in enumerate(model.steps):
            device = device_of_step(entry, deployment.device)
            backend = open_model(Deployment(model=entry, device=device), clock).backend
            own: Backend = (
                ServedStep(entry.name, backend, clock) if backend.remote else backend
            )
            rule = model.go_on[place] if place < len(model.go_on) else None
            steps.append(CascadeStep(name=entry.name, backend=own, rule=rule))
        _check_forms(model, steps)
    except BaseException:
        _close(steps)
        raise
    return Cascade(steps, clock=clock)


def _check_forms(model: ModelSpec, steps: Sequence[CascadeStep]) -> None:
    """See that all steps take the same form of prompt.

    Raises:
        Unsupported: they do not.
    """
    if len({step.backend.chat for step in steps}) > 1:
        told = ", ".join(
            f"{step.name!r} {'chats' if step.backend.chat else 'does not'}"
            for step in steps
        )
        raise Unsupported(
            f"model {model.name!r}: all steps of a cascade must take one form of"
            f" prompt, and {told}; set chat in an entry of a step's own"
        )


def _close(steps: Sequence[CascadeStep]) -> None:
    """Free all steps, whichever of them cannot be."""
    for step in reversed(steps):
        with suppress(Exception):
            step.backend.close()


class Cascade:
    """A backend of several models: a question goes to as many as it needs."""

    remote: Literal[False] = False

    def __init__(self, steps: Sequence[CascadeStep], *, clock: Clock) -> None:
        """Put models together.

        Args:
            steps: in the order of asking; the last one has no rule.
            clock: read between steps.
        """
        self._steps = tuple(steps)
        self._clock = clock
        self.chat = steps[0].backend.chat

    @property
    def facts(self) -> Mapping[str, Scalar | None]:
        """Facts of the cascade, and of each step under its name."""
        rules = [dict(s.rule.conditions) for s in self._steps if s.rule is not None]
        told: dict[str, Scalar | None] = {
            "steps": " > ".join(step.name for step in self._steps),
            "go_on": toml_value(rules),
        }
        for step in self._steps:
            own = step.backend.facts
            told |= {f"{step.name}.{key}": value for key, value in own.items()}
            if own.get("devices") is not None:
                told.setdefault("devices", own["devices"])
        return told | self._told_by_servers()

    def _told_by_servers(self) -> dict[str, Scalar | None]:
        """Return the facts by which prompts are kept cold, if servers are among steps.

        A prompt that one of them would keep must be new for all of them.
        """
        facts = [step.facts for step in self._servers]
        means = [told["cold_by"] for told in facts if told.get("cold_by")]
        return {
            **({"url": ", ".join(str(t.get("url")) for t in facts)} if facts else {}),
            **({"cold_by": HEAD if HEAD in means else means[0]} if means else {}),
            **({"cache": WARM} if any(t.get("cache") == WARM for t in facts) else {}),
        }

    @property
    def _servers(self) -> list[ServedStep]:
        backends = (step.backend for step in self._steps)
        return [each for each in backends if isinstance(each, ServedStep)]

    @property
    def served(self) -> ServedFrom:
        """Where servers among its steps are."""
        if not self._servers:
            return "none"
        return "elsewhere" if any(s.elsewhere for s in self._servers) else "here"

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Ask one step after the other until an answer may be given.

        Every step reads the whole prompt: what was asked before was answered by others.

        Raises:
            GenerationFailed: a rule looks at what an answer is read as, and nobody told
                how to read it.
        """
        request = replace(request, conversation=None, continues=False)
        # A head that keeps prompts new for servers is no part of the question.
        asked = request.prompt.removeprefix(request.head)
        question = prompt_features(asked, request.family)
        taken: list[StepTaken] = []
        answers: list[Generation] = []
        for step in self._steps:
            why = None if step.rule is None else step.rule.passes_over(question)
            if why is not None:
                taken.append(_passed_over(step, why))
                continue
            begin = self._clock.now_ns()
            tried = self._ask(step, request, meter)
            spent = (self._clock.now_ns() - begin) / NS_PER_S
            answers += tried.answers
            taken.append(
                StepTaken(
                    model=step.name,
                    seconds=spent,
                    output_tokens=_total([a.output_tokens for a in tried.answers]),
                    went_on=tried.why,
                )
            )
            if tried.why is None:
                return _with_all_steps(tried.given, answers, taken)
        raise AssertionError("the last step has no rule")

    def _ask(self, step: CascadeStep, request: Request, meter: Meter) -> _Tried:
        """Ask one step, as often as its rule says, and judge what it answered."""
        rule = step.rule
        if rule is None or not rule.looks_at_answers:
            given = step.backend.generate(request, meter)
            return _Tried(answers=(given,), given=given, why=None)
        answers, reads = [], []
        for number in range(rule.repeats):
            own = Meter(self._clock, request.stop, request.thought_tags)
            own.start()
            answers.append(step.backend.generate(_repeated(request, number), own))
            reads.append(_read(answers[-1], rule, request))
        place, share = agreed([None if read is None else read.value for read in reads])
        agreement = share if rule.repeats > 1 else None
        given = answers[place]
        why = rule.goes_on(signals_of_answer(given, reads[place], agreement))
        if why is None:
            _release(given, meter)
        return _Tried(answers=tuple(answers), given=given, why=why)

    def warm_up(self, request: Request) -> None:
        """Let every step answer a short request, whatever the rules say.

        Raises:
            Unsupported: a step is to be asked several times, and all answers would be
                the same.
            LLMLatError: an engine of ours had ended, and does not start again.
        """
        for server in self._servers:
            server.begin_cell()
        for step in self._steps:
            if step.rule and step.rule.repeats > 1 and request.sampling.greedy:
                raise Unsupported(
                    f"step {step.name!r} is asked {step.rule.repeats} times for the"
                    " agreement of its answers, and the likeliest token is always the"
                    " same: set temperature in the entry of the cascade"
                )
            own = Meter(self._clock, request.stop, request.thought_tags)
            # What is wrong with a step is told by the first answer that counts.
            with suppress(Exception):
                step.backend.generate(request, own)

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Make a schema or a grammar ready for every step.

        Raises:
            Unsupported: a step holds answers to none.
        """
        for step in self._steps:
            make_ready(step.backend, constraint)

    def reset_device_peak(self) -> None:
        """Begin to count peak device memory anew."""
        for step in self._steps:
            step.backend.reset_device_peak()

    def device_peak_bytes(self) -> int | None:
        """Return peak device memory since the reset, of all steps together.

        A library counts all that lies on a device, whichever model it belongs to.
        """
        told = [step.backend.device_peak_bytes() for step in self._steps]
        known = [each for each in told if each is not None]
        return max(known) if len(known) == len(told) else None

    def close(self) -> None:
        """Free the models of all steps."""
        _close(self._steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """What came of asking one step."""

    answers: tuple[Generation, ...]
    given: Generation
    """The answer that would be given: of several, one that most agree with."""
    why: str | None
    """Condition by which it is not given."""


def _passed_over(step: CascadeStep, why: str) -> StepTaken:
    return StepTaken(model=step.name, seconds=0.0, output_tokens=0, went_on=why)


def _repeated(request: Request, number: int) -> Request:
    """Return a request with the seed of its repeat; the first one stays as it is."""
    if number == 0:
        return request
    seed = seed_of(request.seed, sample="step", number=number)
    how = request.sampling
    return replace(
        request, seed=seed, sampling=how if how.greedy else replace(how, seed=seed)
    )


def _read(answer: Generation, rule: GoOn, request: Request) -> Extraction | None:
    """Return what an answer is read as; ``None`` where no condition looks at it.

    Raises:
        GenerationFailed: nobody told how to read it.
    """
    if not (rule.unparsed or rule.refused or rule.repeats > 1):
        return None
    if answer.finish == "context":
        return None
    if request.reads is None:
        raise GenerationFailed(
            "a cascade that goes on by what an answer is read as must be told how to"
            " read it: give the request its reads"
        )
    return request.reads(answer.text, truncated=answer.finish == "length")


def _release(answer: Generation, meter: Meter) -> None:
    """Stamp an answer that was held back: all of it is there now."""
    thoughts = answer.thought_tokens or 0
    if answer.thoughts:
        meter.reasoning(answer.thoughts, thoughts)
    meter.end_thought()
    if answer.text:
        meter.token(answer.text, max(0, (answer.output_tokens or 0) - thoughts))


def _with_all_steps(
    given: Generation, answers: Sequence[Generation], taken: Sequence[StepTaken]
) -> Generation:
    """Return the answer that is given, with the tokens of all that were asked for."""
    sources = {answer.token_source for answer in answers}
    return replace(
        given,
        prompt_tokens=_total([answer.prompt_tokens for answer in answers]),
        output_tokens=_total([answer.output_tokens for answer in answers]),
        token_source=sources.pop() if len(sources) == 1 else None,
        thought_tokens=_thoughts(given, answers),
        steps=tuple(taken),
    )


def _thoughts(given: Generation, answers: Sequence[Generation]) -> int | None:
    thought = [answer for answer in answers if answer.thoughts]
    return (
        _total([answer.thought_tokens for answer in thought])
        if thought
        else given.thought_tokens
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
