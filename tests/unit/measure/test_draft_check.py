"""Answers with a draft, held against those without it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmlat.measure.draft_check import CHECKED, check_draft
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.draft_counts import DraftCheck, DraftCounts
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.sampling import Sampling
from tests.unit.builders import a_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmlat.values.token_meter import Meter


class Guessing:
    """A model whose draft changes some answers."""

    remote: Literal[False] = False
    chat = True

    def __init__(self, *, drafts: bool = True, wrong: int = 0) -> None:
        """Change the answers to so many prompts."""
        self.drafts, self._wrong, self._on = drafts, wrong, True
        self.facts: dict[str, Any] = {}

    @contextmanager
    def undrafted(self) -> Iterator[None]:
        """Answer as without a draft."""
        self._on = False
        yield
        self._on = True

    def text(self, prompt: str) -> str:
        """Return the answer to a prompt."""
        return f"{prompt}?" if self._on and int(prompt) < self._wrong else prompt

    def generate(self, request: Request, meter: Meter) -> Generation:
        """Answer."""
        meter.token(self.text(request.prompt))
        return meter.generation("stop", 1)

    def reset_device_peak(self) -> None:
        """Count nothing."""

    def device_peak_bytes(self) -> int | None:
        """Know nothing."""
        return None

    def close(self) -> None:
        """Free nothing."""


def checked(
    model: Guessing, count: int, *, sampling: Sampling | None = None
) -> DraftCheck | None:
    """Return the check of so many answers."""
    draft = DraftCounts(steps=1, drafted=2, accepted=1)
    requests, records = [], []
    for number in range(count):
        request = Request(prompt=str(number), chat=True, max_new_tokens=4)
        if sampling is not None:
            request = replace(request, sampling=sampling)
        requests.append(request)
        records.append(replace(a_record(), answer=model.text(str(number)), draft=draft))
    return check_draft(requests, records, model, ManualClock(), seed=0)


def test_a_draft_that_changes_nothing_is_told_as_such() -> None:
    """So many were made again, and none is other."""
    assert checked(Guessing(), 40) == DraftCheck(checked=CHECKED, changed=0)


def test_changed_answers_are_counted() -> None:
    """Each that is another without the draft."""
    assert checked(Guessing(wrong=3), 10) == DraftCheck(checked=10, changed=3)


def test_without_a_draft_there_is_nothing_to_check() -> None:
    """Nor where tokens are drawn: those differ by chance."""
    assert checked(Guessing(drafts=False), 10) is None
    assert checked(Guessing(), 10, sampling=Sampling(temperature=1.0)) is None
