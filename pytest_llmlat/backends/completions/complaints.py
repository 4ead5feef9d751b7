"""What went wrong between us and a server, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.server_words import page_title, said
from pytest_llmlat.backends.transport.retrying import BUSY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.transport.bodies import HttpResponse
    from pytest_llmlat.backends.transport.client import EndedRequest
    from pytest_llmlat.backends.transport.secrets import Secrets
    from pytest_llmlat.values.confidential import Secret

_REDIRECTS = range(300, 400)
_LOCKED = (401, 403)
_NOT_FOUND = 404
_SERVER_ERRORS = range(500, 600)
_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What lets us in, and where it came from."""

    value: Secret
    source: str
    """Such as ``variable OPENAI_API_KEY``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaints:
    """Writes the errors of one server."""

    place: str
    """The address without credentials."""
    secrets: Secrets
    key: Key | None
    no_key: str
    """What to do where a key is wanted and there is none."""
    models: Sequence[str] = ()
    """What the server has, as far as it told."""

    def timed_out(self, outcome: EndedRequest, pieces: int) -> str:
        """Say after how long, and what had come by then."""
        came = f"{pieces} pieces of text had come" if pieces else "no text had come"
        return (
            f"{self.place}: timed out after {outcome.timeout_s:g} s{_after(outcome)};"
            f" {came}"
        )

    def broken(self, outcome: EndedRequest, trouble: str) -> str:
        """Say that no answer, or only a part of one, came."""
        told = self.secrets.line(trouble)
        return f"{self.place}: {told}{_after(outcome)}"

    def status(self, outcome: EndedRequest, answer: HttpResponse) -> str:
        """Say what a status that is no success means, with the server's own words."""
        status = answer.status or 0
        if status in _REDIRECTS:
            to = self.secrets.brief(_bare(answer.headers.get("location", "nowhere")))
            return (
                f"{self.place}: HTTP {status}: redirects to {to}; put the address that"
                " it leads to into the model's url"
            )
        words = self.secrets.brief(
            _page(answer) if is_page(answer) else said(answer.body)
        )
        told = f"HTTP {status}{_after(outcome)}: {words or 'no explanation'}"
        return f"{self.place}: {told}; {self._remedy(status, answer)}"

    def page(self, answer: HttpResponse) -> str:
        """Say that a page for people came."""
        return (
            f"{self.place}: answered with {self.secrets.brief(_page(answer))} instead"
            " of JSON; check the address: it usually ends in /v1"
        )

    def unnamed(self) -> str:
        """Say that no model was named, and that nobody was asked which there are."""
        return (
            f"{self.place}: no model was named; name the one that the server is to"
            " answer with"
        )

    def no_list(self, answer: HttpResponse) -> str:
        """Say that no model was named, and that the server lists none."""
        words = "" if is_page(answer) else self.secrets.brief(said(answer.body))
        told = f" ({words})" if words else ""
        return (
            f"{self.place}: no model was named, and there is no list of models at this"
            f" address: HTTP {answer.status}{told}; an address usually ends in /v1, and"
            " #NAME behind it names the model"
        )

    def unknown_model(self, name: str | None) -> str:
        """Say which models there are, the nearest first."""
        listed = self._listed(name or "")
        if name is None:
            return (
                f"{self.place}: no model was named, and the server has"
                f" {len(self.models)}: {listed}; name one of them"
            )
        return (
            f"{self.place}: no model {name!r}; the server has: {listed}; name one of"
            " them, or set the option check = false if its list is not complete"
        )

    def _remedy(self, status: int, answer: HttpResponse) -> str:
        remedy = "the server does not take the request as it is"
        if status in _LOCKED and self.key is None:
            remedy = self.no_key
        elif status in _LOCKED and self.key is not None:
            remedy = f"the key of {self.key.source} was sent; is it the right one?"
        elif status == _NOT_FOUND and self.models:
            remedy = f"the server's models: {self._listed('')}"
        elif status == _NOT_FOUND:
            remedy = "check the model's name and the address, which usually ends in /v1"
        elif status == BUSY:
            wait = answer.headers.get("retry-after", "").strip()
            asked = f"it asks to wait {wait[:9]} s" if wait.isdigit() else "it is busy"
            remedy = f"{asked}; have fewer requests in flight, or try later"
        elif status in _SERVER_ERRORS:
            remedy = "the server's own log may say why"
        return remedy

    def _listed(self, name: str) -> str:
        near = get_close_matches(name, self.models, n=3, cutoff=0.3)
        others = [model for model in self.models if model not in near]
        listed = [*near, *others][:_LISTED]
        more = len(self.models) - len(listed)
        text = ", ".join(self.secrets.brief(model) for model in listed) or "none"
        return f"{text} and {more} more" if more else text


def is_page(answer: HttpResponse) -> bool:
    """Whether an answer is HTML."""
    kind = answer.headers.get("content-type", "").lower()
    begin = answer.body[:64].lstrip().lower()
    return "text/html" in kind or begin.startswith((b"<!doctype html", b"<html"))


def _page(answer: HttpResponse) -> str:
    title = page_title(answer.body)
    return "a web page" if title is None else f"a web page ({title})"


def _after(outcome: EndedRequest) -> str:
    """Say how often and why a request was sent again."""
    reasons = outcome.retried_for
    if not reasons:
        return ""
    word = "retry" if len(reasons) == 1 else "retries"
    return f" after {len(reasons)} {word} ({', '.join(reasons)})"


def _bare(location: str) -> str:
    """Return an address without the credentials and the query in it."""
    start, _, query = location.partition("?")
    scheme, slashes, rest = start.partition("//")
    host, slash, path = rest.partition("/")
    shown = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    return f"{shown}?…" if query else shown
