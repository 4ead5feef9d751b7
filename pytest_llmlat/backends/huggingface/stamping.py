"""Stamping each token of a transformers model on the generating thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
    from pytest_llmlat.values.token_meter import Meter


@dataclass(slots=True)
class Stamper:
    """A stopping criterion that stamps what is new when it is asked.

    ``generate`` asks its criteria after each step, before it starts on the next one.
    A streamer would be handed tokens one step late on MPS, where the next step is
    already under way; to wait for the device there would add that step to the stamp.

    A step gives one token, and with a draft also the guesses that were kept: they are
    there at the same instant, and have one stamp.
    """

    meter: Meter
    decode: Callable[[int], str]
    device: TorchDevice
    ends: frozenset[int]
    torch: Any
    read: int = 0
    """Tokens that have been looked at, those of the prompt first."""
    ended: bool = False
    steps: int = 0
    """Steps until the answer had ended."""
    chosen: int = 0
    """Tokens that these gave, the one that ends the answer among them."""
    _answers: dict[bool, Any] = field(default_factory=dict)

    def __call__(self, input_ids: Any, scores: Any = None, **_: object) -> Any:  # noqa: ANN401 - tensors, as generate calls it
        """Stamp the token that came last; returns whether the answer ends with it."""
        del scores
        # Where generate looks at our answer one step late, the step between is void.
        if not self.ended:
            # A device works behind the program's back: wait for the token.
            self.device.synchronize()
            self.steps += 1
            if input_ids.shape[1] == self.read + 1:
                self.ended = self._take(int(input_ids[0, -1]), None)
            else:
                at_ns = self.meter.now_ns()
                new = input_ids[0, self.read :].tolist()
                self.ended = any(self._take(token, at_ns) for token in new)
                self.meter.together(at_ns)
            self.read = input_ids.shape[1]
        if self.ended not in self._answers:
            self._answers[self.ended] = self.torch.full(
                (1,),
                fill_value=self.ended,
                dtype=self.torch.bool,
                device=input_ids.device,
            )
        return self._answers[self.ended]

    def _take(self, token: int, at_ns: int | None) -> bool:
        """Stamp one token; returns whether the answer ends with it."""
        self.chosen += 1
        if token in self.ends:
            return True
        return self.meter.token(self.decode(token), at_ns=at_ns)
