"""Prompts with given continuations as tokens, and what was found of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmlat.backends.number_check import check_likelihoods
from pytest_llmlat.values.errors import GenerationFailed
from pytest_llmlat.values.records import Generation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.values.ranking import Likelihood
    from pytest_llmlat.values.records import Finish, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """A prompt and one of its continuations."""

    prompt: tuple[int, ...]
    continuation: tuple[int, ...]
    """Tokens of the continuation, at least one."""

    @property
    def read(self) -> tuple[int, ...]:
        """What a model has to read: all but the last token, which nothing follows."""
        return (*self.prompt, *self.continuation[:-1])


def apart(request: Request) -> list[tuple[str, str]]:
    """Return the prompt and each continuation, blanks at the border before the latter.

    Tokens begin with the blank before a word, as a rule: a prompt that ends in one
    would be read otherwise than the same words in a text.
    """
    prompt = request.prompt.rstrip()
    blanks = request.prompt[len(prompt) :]
    return [(prompt, blanks + text) for text in request.continuations]


def token_pairs(
    request: Request, encode: Callable[[Request], Sequence[int]]
) -> list[TokenPair]:
    """Return the tokens of the prompt with each of its continuations.

    Both are encoded as one text, and the continuation is what comes behind as many
    tokens as the prompt alone has, as lm-evaluation-harness does.

    Args:
        request: with continuations.
        encode: makes tokens of a request's prompt.

    Raises:
        GenerationFailed: a continuation has no token of its own.
    """
    found = []
    for prompt, text in apart(request):
        before = encode(replace(request, prompt=prompt))
        whole = encode(replace(request, prompt=prompt + text))
        behind = tuple(whole[len(before) :])
        if not before or not behind:
            raise GenerationFailed(
                f"the tokenizer makes no token of its own of {text!r:.60} behind the"
                " prompt: how likely it is cannot be told"
            )
        found.append(TokenPair(prompt=tuple(before), continuation=behind))
    return found


def fit(pairs: Sequence[TokenPair], context: int) -> bool:
    """Whether a context has room for each prompt with its continuation."""
    return all(len(p.prompt) + len(p.continuation) <= context for p in pairs)


def found_of(
    pairs: Sequence[TokenPair], likelihoods: Sequence[Likelihood] | None
) -> Generation:
    """Return what a backend of this process found.

    Args:
        pairs: what was asked.
        likelihoods: of each; ``None`` where the context has no room.

    Raises:
        GenerationFailed: they are no numbers.
    """
    check_likelihoods(each.logprob for each in likelihoods or ())
    finish: Finish = "context" if likelihoods is None else "stop"
    return Generation(
        text="",
        finish=finish,
        prompt_tokens=len(pairs[0].prompt),
        # None was generated, so that there is no rate of them either.
        output_tokens=None,
        token_source=None,
        likelihoods=tuple(likelihoods or ()),
    )
