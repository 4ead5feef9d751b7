"""Stand-ins for tensors, model and tokenizer of transformers, for tests of batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.batch_rows import (
    Engine,
)
from pytest_llmlat.backends.huggingface.batches import (
    Padded,
)
from pytest_llmlat.backends.huggingface.encoding import EncodedPrompt
from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.backends.token_masks import AllowedTokens
    from pytest_llmlat.values.constraint import Constraint
    from pytest_llmlat.values.records import Generation

END, PAD = 0, 99
WORDS = {1: "one ", 2: "two ", 3: "", 4: "four "}
GIB = 2**30


class Ids:
    """A tensor of token ids, of shape (rows, tokens)."""

    device = "cpu"

    def __init__(self, *rows: list[int]) -> None:
        """Hold rows."""
        self.rows = list(rows)
        self.shape = (len(rows), len(rows[0]))

    def __getitem__(self, key: int | tuple[object, int]) -> Any:  # noqa: ANN401 - as a tensor's
        """Return a row, or a column."""
        if isinstance(key, int):
            return SimpleNamespace(tolist=lambda: self.rows[key])
        return SimpleNamespace(tolist=lambda: [row[key[1]] for row in self.rows])


def padded(ids: Ids, gap: tuple[int, int], *, value: int) -> Ids:
    """Fill up at both ends."""
    left, right = gap
    return Ids(*([value] * left + row + [value] * right for row in ids.rows))


@dataclass
class Library:
    """Stands for torch and the model, and notes what they are asked."""

    script: list[list[int]] = field(default_factory=list)
    """The tokens of each row, step by step; the last goes on and on."""
    kind: str = "cpu"
    log: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    raises: Exception | None = None
    config: Any = None
    clock: ManualClock = field(default_factory=ManualClock)

    @property
    def torch(self) -> Any:  # noqa: ANN401 - stands for a module
        """What is used of torch."""
        cuda = SimpleNamespace(
            synchronize=lambda _: self.log.append("synchronize"),
            empty_cache=lambda: self.log.append("empty"),
            mem_get_info=lambda _: (GIB, 8 * GIB),
        )
        return SimpleNamespace(
            bool="bool",
            nn=SimpleNamespace(functional=SimpleNamespace(pad=padded)),
            cat=lambda rows: Ids(*[row for ids in rows for row in ids.rows]),
            ones_like=lambda ids: Ids(*[[1] * len(row) for row in ids.rows]),
            tensor=lambda values, **_: values,
            cuda=cuda,
        )

    def generate(self, *, stopping_criteria: Sequence[Any], **given: Any) -> None:  # noqa: ANN401 - as transformers calls it
        """Choose a token for each row a second, and ask who has ended."""
        self.given = given
        if self.raises:
            raise self.raises
        for step in range(given["generation_config"].most):
            self.clock.wait_until(self.clock.now_ns() + NS_PER_S)
            rows = self.script[: given["input_ids"].shape[0]]
            column = [row[min(step, len(row) - 1)] for row in rows]
            self.log.append(f"step {column}")
            ids = Ids(*[[token] for token in column])
            told = [criterion(ids, None) for criterion in stopping_criteria]
            self.log += [f"ended {rows}" for rows in told]
            if told and all(told[0]):
                break

    def generate_batch(self, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - as transformers has it
        """Return what the library is said to have found."""
        self.given = given
        self.log.append("generate_batch")
        if self.raises:
            raise self.raises
        return self.outputs

    def destroy_cached_continuous_batching_manager(self) -> None:
        """Note it."""
        self.log.append("destroy")

    def engine(self, *, context: int = 20) -> Engine:
        """Return a model whose every word of a prompt is the token 7."""
        device = TorchDevice(self.torch, self.kind)
        return Engine(
            torch=self.torch,
            model=self,
            device=device,
            ends=frozenset({END}),
            context=context,
            encode=lambda r: EncodedPrompt(
                inputs={"input_ids": Ids([7] * len(r.prompt.split()))}
            ),
            greedy=lambda most: SimpleNamespace(most=most, pad_token_id=PAD),
            decoder=lambda: WORDS.__getitem__,
            tokens_of=lambda text: [8] * len(text.split()),
            ending=lambda request: 0 if request.thinking_tokens is None else 1,
            begin=never,
        )


def never(constraint: Constraint) -> AllowedTokens:
    """Nothing here is held to a schema."""
    raise AssertionError(constraint)


def a_request(words: int, most: int = 4, *stop: str) -> Request:
    """Ask with so many words."""
    return Request(prompt="word " * words, chat=False, max_new_tokens=most, stop=stop)


def answered(
    library: Library, *requests: Request, context: int = 20
) -> tuple[list[Generation], list[Meter]]:
    """Answer requests in one padded batch."""
    meters = [Meter(library.clock, request.stop) for request in requests]
    batches = Padded(library.engine(context=context))
    return batches.generate(requests, meters, len(requests)), meters
