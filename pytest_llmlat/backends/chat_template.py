"""A model's chat template: what it makes of a conversation, and what it cannot.

It is tried when the model is opened: a template that leaves the question out, or never
says that it is the model's turn, would be measured as a model that cannot answer.

A sample may hold the text of a control token, such as ``<|im_end|>``. That is to stay
text: the rendered prompt is cut inside each such text, so that no part holds one, and
the parts are encoded on their own. Nothing else is encoded otherwise than before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmlat.backends.chat_messages import as_messages, system_as, turns_of
from pytest_llmlat.values.errors import LLMLatError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmlat.backends.chat_messages import Turns
    from pytest_llmlat.values.entities import ModelSpec, Scalar
    from pytest_llmlat.values.records import Request

_CUTS = ("\ue0c7", "\uf3b9", "\ue9d4", "\uf1a2")
"""Letters of no script: one that is in no message marks where a prompt is cut."""
_SYSTEM, _FIRST, _REPLY, _LAST = (
    *("llmlatsystemword", "llmlatfirstword"),
    *("llmlatreplyword", "llmlatlastword"),
)
"""Words that no template has of its own, by which a message is found again."""
_SWITCH = "enable_thinking"
_REASON = 200
_REMEDY = (
    "take weights whose template is whole, or write chat = false into the entry to ask"
    " for completions"
)


class TemplateEngine(Protocol):
    """What applies a chat template to messages."""

    def __call__(
        self,
        messages: list[Any],
        *,
        generation: bool,
        switches: Mapping[str, Scalar],
    ) -> str:
        """Return the text; raises whatever the template does.

        Args:
            messages: of the chat.
            generation: whether the model's turn is to follow.
            switches: what the template is told besides.
        """
        ...


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt in the parts in which it is to be encoded."""

    parts: tuple[str, ...]
    """One, unless control tokens stand in it as text."""

    @property
    def text(self) -> str:
        """The whole prompt."""
        return "".join(self.parts)


class ControlTexts:
    """The texts of a tokenizer's control tokens, to be found in data."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Take the texts, those of one letter aside: they cannot be cut."""
        long = sorted({text for text in texts if len(text) > 1}, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, long))) if long else None

    def inside(self, text: str) -> bool:
        """Whether one of them stands in a text."""
        return self._found is not None and self._found.search(text) is not None

    def marked(self, text: str, cut: str) -> str:
        """Put a mark behind the first letter of each."""
        if self._found is None:
            return text
        return self._found.sub(lambda found: found[0][0] + cut + found[0][1:], text)

    def plain(self, text: str) -> RenderedPrompt:
        """Return a text without a template, cut where it has to be."""
        if not self.inside(text):
            return RenderedPrompt((text,))
        cut = _cut([text])
        return RenderedPrompt(tuple(self.marked(text, cut).split(cut)))


class ChatTemplate:
    """A template that has been found to show the model what it is asked."""

    def __init__(
        self,
        engine: TemplateEngine,
        model: ModelSpec,
        *,
        source: str,
        control: ControlTexts,
    ) -> None:
        """Try the template.

        Args:
            engine: applies it.
            model: the entry, for complaints and for its ``system_as``.
            source: the template itself, to see which switches it has.
            control: texts that are control tokens of the model.

        Raises:
            LLMLatError: it cannot be rendered, leaves the question out, or has no
                place for the model's answer.
        """
        self._engine = engine
        self._where = f"model {model.name!r}: its chat template"
        self._system_as = system_as(model)
        self._control = control
        self._can_think = _SWITCH in source
        self._parts = False
        self._look()
        self._refuses = {
            "system": self._refusal([("system", _SYSTEM), ("user", _LAST)]),
            "turns": self._refusal(
                [("user", _FIRST), ("assistant", _REPLY), ("user", _LAST)]
            ),
        }

    def render(self, request: Request) -> RenderedPrompt:
        """Return what the model reads.

        Raises:
            Unsupported: the template has no place for a system prompt or for earlier
                turns, and the request has them.
        """
        turns = turns_of(request, self._system_as)
        self._check(request)
        switches = dict(request.template)
        if request.thinking_tokens == 0 and self._can_think:
            switches.setdefault(_SWITCH, False)
        if not any(self._control.inside(text) for _, text in turns):
            return RenderedPrompt((self._text(turns, switches),))
        cut = _cut([text for _, text in turns])
        marked = tuple((role, self._control.marked(text, cut)) for role, text in turns)
        return RenderedPrompt(tuple(self._text(marked, switches).split(cut)))

    def _check(self, request: Request) -> None:
        reason = self._refuses["turns"] if request.turns else None
        if reason:
            raise Unsupported(
                f"{self._where} has no place for earlier turns of a chat: {reason};"
                " ask without examples as turns"
            )
        own = request.system is not None and self._system_as == "system"
        reason = self._refuses["system"] if own else None
        if reason:
            raise Unsupported(
                f"{self._where} has no place for a system prompt: {reason}; write"
                ' system_as = "user" into the options of the entry to put it before'
                " the first question"
            )

    def _text(self, turns: Turns, switches: Mapping[str, Scalar]) -> str:
        content = as_messages(turns, parts=self._parts)
        return self._engine(content, generation=True, switches=switches)

    def _try(self, turns: Iterable[tuple[str, str]], *, generation: bool = True) -> str:
        content = as_messages(list(turns), parts=self._parts)
        return self._engine(content, generation=generation, switches={})

    def _look(self) -> None:
        asked = [("user", _LAST)]
        text = self._complained(lambda: self._try(asked))
        if _LAST not in text:
            # Templates of models that also see images read a list of parts.
            self._parts = True
            text = self._complained(lambda: self._try(asked))
        if _LAST not in text:
            raise LLMLatError(
                f"{self._where} leaves the question out of the prompt, so that every"
                f" answer would be to nothing; {_REMEDY}"
            )
        if text == self._complained(lambda: self._try(asked, generation=False)):
            self._look_for_turn(text)

    def _look_for_turn(self, text: str) -> None:
        """See that nothing is missing where an answer would begin.

        Some templates need no word there; others leave it out.
        """
        try:
            whole = self._try([("user", _LAST), ("assistant", _REPLY)])
        # It may refuse to show answers: then nothing can be told.
        except Exception:  # noqa: BLE001 - whatever a template raises
            return
        _, _, behind = text.partition(_LAST)
        between, found, _ = whole.partition(_LAST)[2].partition(_REPLY)
        missing = between.strip().removeprefix(behind.strip()).strip()
        if found and between.strip().startswith(behind.strip()) and missing:
            raise LLMLatError(
                f"{self._where} does not say that it is the model's turn: before an"
                f" answer it has {missing[:60]!r}, and not where one is to be given;"
                f" {_REMEDY}"
            )

    def _complained(self, render: Callable[[], str]) -> str:
        try:
            return render()
        except Exception as error:
            reason = " ".join(str(error).split())
            raise LLMLatError(
                f"{self._where} cannot be rendered: {reason:.{_REASON}}; {_REMEDY}"
            ) from error

    def _refusal(self, turns: list[tuple[str, str]]) -> str | None:
        """Say why a conversation cannot be shown whole; ``None`` if it can."""
        try:
            text = self._try(turns)
        except Exception as error:  # noqa: BLE001 - whatever a template raises
            return f"{' '.join(str(error).split()):.{_REASON}}"
        places = [text.find(words) for _, words in turns]
        if -1 in places or places != sorted(places):
            return "it leaves it out"
        return None


def encode_apart(
    prompt: RenderedPrompt, encode: Callable[[str, bool], list[int]]
) -> list[int]:
    """Encode a prompt part by part, none of which holds a control token as text.

    Args:
        prompt: its parts.
        encode: makes tokens of a text; the flag says whether it begins the prompt.
    """
    first, *others = prompt.parts
    tokens = encode(first, True)  # noqa: FBT003 - a callback's own order
    if not others:
        return tokens
    # Some tokenizers put a space before a text; behind a line break they do not.
    line = encode("\n", False)  # noqa: FBT003
    for part in others:
        found = encode(f"\n{part}", False)  # noqa: FBT003
        begun = found[: len(line)] == line
        tokens += found[len(line) :] if begun else encode(part, False)  # noqa: FBT003
    return tokens


def _cut(texts: list[str]) -> str:
    """Return a mark that is in none of the texts."""
    for mark in _CUTS:
        if not any(mark in text for text in texts):
            return mark
    raise Unsupported(
        "a sample holds control tokens as text, and all letters by which they could be"
        " told apart"
    )
