"""Answers and token times by script: for tests of tests, and for measuring us.

In a catalogue::

    [models.parrot]
    backend = "scripted"
    devices = ["cpu"]
    options = { answer = "positive", ttft_s = 0.02, tpot_s = 0.005 }
    # or: options = { script = "./answers.json" }

``answers.json`` holds ``{"part of a prompt": "the answer", ...}``; the first key that
the prompt contains decides, and ``""`` is in every prompt. An answer that is
``{"error": "what went wrong"}`` makes the backend raise. Of a list of answers the first
is the greedy one; where tokens are drawn, each is as likely as the others, and the
request's seed decides. One that begins with ``<think> `` thinks, and a budget
(``thinking_tokens``) cuts its thought short.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_llmlat.backends.backend_kind import BackendKind
from pytest_llmlat.backends.settings_check import (
    number_option,
    text_option,
    whole_option,
)
from pytest_llmlat.values.entry_option import MOST_WHOLE, EntryOption
from pytest_llmlat.values.errors import (
    BadCatalogue,
    GenerationFailed,
    WeightsUnavailable,
)
from pytest_llmlat.values.ranking import Likelihood
from pytest_llmlat.values.records import Generation
from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmlat.values.clock import Clock
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.entities import Deployment, ModelSpec, Scalar
    from pytest_llmlat.values.records import Finish, Request
    from pytest_llmlat.values.thought_tags import ThoughtTags
    from pytest_llmlat.values.token_meter import Meter

DEFAULT_CONTEXT = 4096
ANSWER = EntryOption(
    name="answer", kind="string", meaning="what it says to everything; else nothing"
)
SCRIPT = EntryOption(
    name="script",
    kind="string",
    meaning="a JSON file with answers by parts of prompts; comes before answer",
)
TTFT_S = EntryOption(
    name="ttft_s",
    kind="float",
    least=0,
    most=86_400,
    meaning="seconds from the prompt to the first token; else 0",
)
TPOT_S = EntryOption(
    name="tpot_s",
    kind="float",
    least=0,
    most=86_400,
    meaning="seconds from each token to the next; else 0",
)
CONTEXT = EntryOption(
    name="context",
    kind="integer",
    least=1,
    most=MOST_WHOLE,
    meaning=f"most tokens of prompt and answer together; else {DEFAULT_CONTEXT}",
)
Answer: TypeAlias = "str | Mapping[str, str] | list[str | Mapping[str, str]]"
"""A text, what went wrong, or several of either to draw from."""


def check_entry(model: ModelSpec) -> None:
    """Read the script of an entry, if it has one; raises what opening it does."""
    _answers(model)


def open_model(deployment: Deployment, clock: Clock) -> Scripted:
    """Build the backend that a catalogue entry describes.

    Raises:
        WeightsUnavailable: the script cannot be read.
        BadCatalogue: it is none, or an option is not of its kind.
    """
    model = deployment.model
    return Scripted(
        _answers(model),
        clock=clock,
        ttft_s=number_option(model, TTFT_S, 0.0),
        tpot_s=number_option(model, TPOT_S, 0.0),
        context=whole_option(model, CONTEXT, DEFAULT_CONTEXT),
        chat=model.chat is not False,
    )


class Scripted:
    """A backend that says what it is told to, when it is told to.

    A token is a word with the white space behind it.
    """

    remote: Literal[False] = False

    def __init__(
        self,
        answers: Mapping[str, Answer] | Callable[[Request], str],
        *,
        clock: Clock,
        ttft_s: float = 0.0,
        tpot_s: float = 0.0,
        context: int = DEFAULT_CONTEXT,
        chat: bool = True,
    ) -> None:
        """Set the script.

        Args:
            answers: parts of prompts and what to answer to them, or a function.
            clock: read for the schedule and waited on.
            ttft_s: from the prompt to the first token.
            tpot_s: from each token to the next.
            context: most tokens of prompt and answer together.
            chat: whether prompts take the chat form.
        """
        self._answers = answers
        self._clock = clock
        self._ttft_ns = round(ttft_s * NS_PER_S)
        self._tpot_ns = round(tpot_s * NS_PER_S)
        self._context = context
        self.chat = chat
        self.facts: Mapping[str, Scalar | None] = {"context": context, "dtype": None}

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Give the scripted answer, each token at its scheduled instant."""
        start = self._clock.now_ns()
        before = request.messages[:-1] if request.turns else ()
        read = (*(text for _, text in before), request.prompt)
        prompt_tokens = sum(len(_tokens(text)) for text in read)
        room = self._context - prompt_tokens
        tokens = _tokens(self._answer(request)) if room > 0 else []
        most = min(request.most_tokens, room)
        budget = request.thinking_tokens
        ended: Finish = "stop"
        said = 0
        while tokens:
            if budget is not None and meter.overdue(budget):
                tokens = _behind(tokens, meter.within)
                meter.end_thought()
                continue
            if said >= most:
                ended = "length"
                break
            self._clock.wait_until(start + self._ttft_ns + said * self._tpot_ns)
            said += 1
            if meter.token(tokens.pop(0)):
                break
        return meter.generation(
            "context" if room <= 0 else ended, prompt_tokens, sampling=request.sampling
        )

    def prepare_constraint(self, constraint: Constraint) -> None:
        """Nothing is to be done: a script says what it says, whatever it is held to."""

    def check_ranking(self) -> None:
        """See that it can rank: it can."""

    def rank(self, request: Request) -> Generation:
        """Find the continuation likeliest that the scripted answer says, by its words.

        Each of its words costs 0.1 there and 10 elsewhere, after the time to the first
        token of an answer.
        """
        said = self._answer(request).strip()
        self._clock.wait_until(self._clock.now_ns() + self._ttft_ns)
        found = []
        for text in request.continuations:
            tokens = len(_tokens(text))
            cost = 0.1 if text.strip() == said else 10.0
            found.append(Likelihood(logprob=-cost * tokens, tokens=tokens))
        return Generation(
            text="",
            finish="stop",
            prompt_tokens=len(_tokens(request.prompt)),
            output_tokens=None,
            token_source=None,
            likelihoods=tuple(found),
        )

    def reset_device_peak(self) -> None:
        """There is no device to reset."""

    def device_peak_bytes(self) -> int | None:
        """There is no device to measure."""
        return None

    def close(self) -> None:
        """There is nothing to free."""

    def _answer(self, request: Request) -> str:
        if callable(self._answers):
            return self._answers(request)
        for part, answer in self._answers.items():
            if part in request.prompt:
                found = _chosen(answer, request)
                if isinstance(found, str):
                    return found
                raise GenerationFailed(str(found.get("error", found)))
        return ""


KIND = BackendKind(
    name="scripted",
    open=open_model,
    options=(ANSWER, SCRIPT, TTFT_S, TPOT_S, CONTEXT),
    check_entry=check_entry,
    weights="none",
    needs=None,
    keys=(),
)


def _chosen(answer: Answer, request: Request) -> str | Mapping[str, str]:
    """Return the answer, or one of several."""
    if not isinstance(answer, list):
        return answer
    if request.sampling.greedy:
        return answer[0]
    # random() is the one method whose sequence Python promises to keep.
    drawn = random.Random(request.seed).random()  # noqa: S311 - a draw, not a secret
    return answer[int(drawn * len(answer))]


def _behind(tokens: list[str], tags: ThoughtTags | None) -> list[str]:
    """Return what a script says behind its thought; nothing if it never ends it."""
    for place, token in enumerate(tokens):
        if tags is not None and tags.closing in token:
            return tokens[place + 1 :]
    return []


def _tokens(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _answers(model: ModelSpec) -> Mapping[str, Answer]:
    """Return parts of prompts and what is answered to them, as an entry says.

    Raises:
        WeightsUnavailable: the script cannot be read.
        BadCatalogue: it is none, or an option is not of its kind.
    """
    script = text_option(model, SCRIPT)
    if script:
        return _script(Path(script), model.name)
    return {"": text_option(model, ANSWER) or ""}


def _script(path: Path, name: str) -> Mapping[str, Answer]:
    try:
        answers = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WeightsUnavailable(
            f"model {name!r}: script {path} cannot be read: {error.strerror}"
        ) from error
    except ValueError as error:
        raise BadCatalogue(
            f"{path}: script of {name!r} is not JSON: {error}"
        ) from error
    if not isinstance(answers, dict):
        raise BadCatalogue(f"{path}: script of {name!r} must be a JSON object")
    if empty := [part for part, answer in answers.items() if answer == []]:
        raise BadCatalogue(
            f"{path}: script of {name!r}: {empty[0]!r} has no answer to draw from"
        )
    return answers
