"""How likely a server's model finds given continuations, by the echo of a prompt.

OpenAI's ``completions`` may repeat the prompt (``echo``) and tell the probability of
each of its tokens (``logprobs``): of prompt and continuation as one prompt, the figures
of the last tokens are those of the continuation. vLLM, SGLang and llama-cpp-python's
server do so, the last with ``logits_all`` and where a token for the beginning stands
before each text: without one it tells of each token the figure of the next. llama.cpp's
own, Ollama and servers of chats alone do not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.token_pairs import apart
from pytest_llmlat.values.confidential import ConfidentialTable
from pytest_llmlat.values.errors import LLMLatError
from pytest_llmlat.values.ranking import Likelihood
from pytest_llmlat.values.records import Generation, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/completions"
_PROBE = "The days of the week are Monday, Tuesday, Wednesday,"
_SAME = 0.25
"""By how much a log-probability may differ where it is told twice: a batch of another
size computes in another order, and 8 bits are 8 bits."""
_GENERATED = 1
"""Tokens that are generated behind the echo: some servers take 0 for no bound."""


class NoEcho(LLMLatError):
    """A server's answer does not tell how likely the prompt's tokens are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoedPair:
    """A prompt and one of its continuations, as they are sent."""

    prompt: str
    continuation: str

    def body(self, model: str, extra: Mapping[str, object]) -> ConfidentialTable:
        """Return the body of the request about it.

        Args:
            model: the name under which the server has the model.
            extra: what the entry adds.
        """
        asked = {
            "model": model,
            "prompt": self.prompt + self.continuation,
            "max_tokens": _GENERATED,
            "temperature": 0,
            "stream": False,
            "echo": True,
            "logprobs": 1,
        }
        return ConfidentialTable({**asked, **extra})

    def likelihood(self, answer: bytes) -> Likelihood:
        """Read how likely the continuation is.

        Raises:
            NoEcho: the answer does not say; tells what is missing.
        """
        tokens, logprobs = _told(answer)
        begin = self._begin(tokens)
        end, text = begin, ""
        while end < len(tokens) and len(text) < len(self.continuation):
            text += tokens[end]
            end += 1
        if text != self.continuation:
            raise NoEcho(
                f"the echo has no token that ends where {self.continuation!r:.60} does"
            )
        figures = logprobs[begin:end]
        if not all(type(figure) in (int, float) for figure in figures):
            raise NoEcho("a token of the continuation has no log-probability")
        return Likelihood(logprob=float(sum(figures)), tokens=len(figures))

    def _begin(self, tokens: list[str]) -> int:
        """Return which token of the echo is the first of the continuation.

        A token for the beginning of a text may stand before it, and tokenizers may
        leave out the blank that they begin with.
        """
        seen = ""
        for place, token in enumerate(tokens):
            if seen and seen.endswith(self.prompt.lstrip()) and place:
                return place
            seen += token
        raise NoEcho("the echo has no token that ends where the prompt does")


def first_probe(model: str, extra: Mapping[str, object]) -> dict[str, object]:
    """Return a request for one token, with its log-probability and no echo."""
    body = EchoedPair(prompt=_PROBE, continuation="").body(model, extra)
    return {**body, "echo": False}


def probe_of(answer: bytes) -> Request:
    """Return the question how likely the token is that was just generated.

    Raises:
        NoEcho: the answer does not say which it was.
    """
    tokens, _ = _told(answer)
    return Request(
        prompt=_PROBE, chat=False, max_new_tokens=0, continuations=(tokens[0],)
    )


def check_same(answer: bytes, found: Likelihood) -> None:
    """See that an echo tells of a token what was told when it was generated.

    Some servers give each token of an echo the figure of its neighbour.

    Args:
        answer: to the first probe.
        found: to the second.

    Raises:
        NoEcho: it does not.
    """
    _, (logprob, *_) = _told(answer)
    if type(logprob) not in (int, float) or abs(logprob - found.logprob) > _SAME:
        raise NoEcho(
            "its echo says that the log-probability of a token is"
            f" {found.logprob:.3f}, and it was {logprob!s:.6} when the same token was"
            " generated: the figures of the echo are not those of its tokens"
        )


def pairs_of(request: Request) -> list[EchoedPair]:
    """Return what is sent for a request with continuations."""
    return [
        EchoedPair(prompt=prompt, continuation=text) for prompt, text in apart(request)
    ]


def ranked_generation(found: list[Likelihood], usage: int | None) -> Generation:
    """Return what a server found of all continuations.

    Args:
        found: of each.
        usage: how many tokens the server says that prompt and continuation have.
    """
    return Generation(
        text="",
        finish="stop",
        prompt_tokens=None if usage is None else usage - found[-1].tokens,
        output_tokens=None,
        token_source=None,
        likelihoods=tuple(found),
    )


def prompt_usage(answer: bytes) -> int | None:
    """Return how many tokens a server says that the prompt had."""
    usage = _object(answer).get("usage")
    count = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return count if type(count) is int else None


def _told(answer: bytes) -> tuple[list[str], list[Any]]:
    """Return the tokens of an answer with their log-probabilities, at least one."""
    choices = _object(answer).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    told = choice.get("logprobs") if isinstance(choice, dict) else None
    tokens = told.get("tokens") if isinstance(told, dict) else None
    logprobs = told.get("token_logprobs") if isinstance(told, dict) else None
    if not (isinstance(tokens, list) and tokens and isinstance(logprobs, list)):
        raise NoEcho("it gave no log-probabilities of tokens (logprobs)")
    if len(tokens) != len(logprobs) or not all(type(each) is str for each in tokens):
        raise NoEcho("its log-probabilities do not belong to its tokens")
    return tokens, logprobs


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
