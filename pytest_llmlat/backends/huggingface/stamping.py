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
    """A stopping criterion that stamps the newest token when it is asked.

    ``generate`` asks its criteria after each token, before it starts on the next one.
    A streamer would be handed tokens one step late on MPS, where the next step is
    already under way; to wait for the device there would add that step to the stamp.
    """

    meter: Meter
    decode: Callable[[int], str]
    device: TorchDevice
    ends: frozenset[int]
    torch: Any
    ended: bool = False
    _answers: dict[bool, Any] = field(default_factory=dict)

    def __call__(self, input_ids: Any, scores: Any = None, **_: object) -> Any:  # noqa: ANN401 - tensors, as generate calls it
        """Stamp the token that came last; returns whether the answer ends with it."""
        del scores
        # Where generate looks at our answer one step late, the step between is void.
        if not self.ended:
            # A device works behind the program's back: wait for the token.
            self.device.synchronize()
            token = int(input_ids[0, -1])
            if token in self.ends or self.meter.token(self.decode(token)):
                self.ended = True
        if self.ended not in self._answers:
            self._answers[self.ended] = self.torch.full(
                (1,),
                fill_value=self.ended,
                dtype=self.torch.bool,
                device=input_ids.device,
            )
        return self._answers[self.ended]
