"""The rows of a batch: what each may still say, and when its tokens came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlat.backends.huggingface.encoding import EncodedPrompt
    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.backends.token_masks import AllowedTokens
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.records import Finish, Generation, Request
    from pytest_llmlat.values.token_meter import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a loaded model is made of, and how it takes a prompt."""

    torch: Any
    model: Any
    device: TorchDevice
    ends: frozenset[int]
    """Tokens that end an answer."""
    context: int
    encode: Callable[[Request], EncodedPrompt]
    greedy: Callable[[int], Any]
    """Settings of a greedy generation of at most so many tokens."""
    decoder: Callable[[], Callable[[int], str]]
    """A new function from each token to the text that it makes readable."""
    tokens_of: Callable[[str], list[int]]
    """Makes tokens of a text, control tokens parsed."""
    ending: Callable[[Request], int]
    """The most tokens that a forced end of a request's thought takes."""
    begin: Callable[[Constraint], AllowedTokens]
    """Follows an answer that is held to a schema or a grammar."""


class BatchRow:
    """One request of a batch: what it may still say, and whether it has ended."""

    def __init__(
        self,
        request: Request,
        meter: Meter,
        prompt: EncodedPrompt,
        engine: Engine,
    ) -> None:
        """Begin with a prompt.

        Args:
            request: what is asked.
            meter: takes the stamps.
            prompt: its tokens.
            engine: the model.
        """
        self.ids = prompt.ids
        self.inputs = prompt.inputs
        self.request = request
        self.meter = meter
        self.prompt_tokens = int(prompt.ids.shape[1])
        self.room = engine.context - self.prompt_tokens
        ending = engine.ending(request)
        self.most = min(request.most_tokens, self.room - ending)
        self.span = self.most + ending
        """The most steps that it may take."""
        self.done = self.most <= 0
        self._ended = False
        self._rendered = prompt.rendered
        if prompt.rendered is not None:
            meter.prompted(prompt.rendered)
        self._ends = engine.ends
        self._decode = engine.decoder()
        self._taken = 0
        self._forced = 0

    def take(self, token: int, *, at_ns: int | None = None) -> None:
        """Stamp a token; one that comes after the end is no part of the answer."""
        if self.done:
            return
        if self._forced:
            self._forced -= 1
            return
        self._taken += 1
        self._ended = token in self._ends or self.meter.token(
            self._decode(token), at_ns=at_ns
        )
        self.done = self._ended or self._taken >= self.most

    def end_thought(self, tokens: int) -> None:
        """Close the thought: the next so many tokens are no choice of the model's."""
        self.meter.end_thought()
        self._forced = tokens

    def generation(self) -> Generation:
        """Return the answer as far as it came."""
        finish: Finish = "stop" if self._ended else "length"
        if self.most <= 0:
            finish = "context"
        return self.meter.generation(
            finish,
            self.prompt_tokens,
            rendered=self._rendered,
            sampling=self.request.sampling,
        )


class Stepper:
    """A stopping criterion of ``generate`` that stamps the tokens of each step.

    It is called once a step, when the tokens of all rows are chosen, and says which
    rows have ended: so none is stamped, or waited for, a step too long.
    """

    def __init__(
        self,
        torch: Any,  # noqa: ANN401 - loaded on use
        device: TorchDevice,
        rows: Sequence[BatchRow],
    ) -> None:
        """Stamp these rows, in the order of the batch."""
        self._torch = torch
        self._device = device
        self._rows = rows

    def __call__(self, input_ids: Any, scores: Any, **_: object) -> Any:  # noqa: ANN401, ARG002 - tensors, as generate calls it
        """Stamp the last column of ``input_ids``, shape (rows, tokens)."""
        # A device works behind the program's back: wait until the tokens are there.
        self._device.synchronize()
        for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
            row.take(int(token))
        return self._torch.tensor(
            [row.done for row in self._rows],
            dtype=self._torch.bool,
            device=input_ids.device,
        )


def rows_of(
    requests: Sequence[Request], meters: Sequence[Meter], engine: Engine
) -> list[BatchRow]:
    """Return a row for each request, its prompt encoded."""
    return [
        BatchRow(request, meter, engine.encode(request), engine)
        for request, meter in zip(requests, meters, strict=True)
    ]
