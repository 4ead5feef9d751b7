"""Batches of transformers, with stand-ins for tensors, model and tokenizer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.huggingface.batch_rows import (
    BatchRow,
    Stepper,
    rows_of,
)
from pytest_llmlat.backends.huggingface.batches import (
    Padded,
    batches_of,
)
from pytest_llmlat.backends.huggingface.thought_ending import ThoughtEnding
from pytest_llmlat.backends.huggingface.torch_devices import TorchDevice
from pytest_llmlat.backends.huggingface.torch_memory import (
    cache_bytes,
    free_bytes,
    within_memory,
)
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import OutOfMemory, Unsupported
from pytest_llmlat.values.thought_tags import tags_of
from pytest_llmlat.values.timing import NS_PER_S
from pytest_llmlat.values.token_meter import Meter
from tests.unit.backends.batch_library import (
    END,
    GIB,
    PAD,
    Ids,
    Library,
    a_request,
    answered,
)

if TYPE_CHECKING:
    from pytest_llmlat.values.records import Request


def test_prompts_are_filled_up_on_the_left_and_the_mask_hides_it() -> None:
    """The last token of every prompt stands in the last column."""
    library = Library([[END], [END], [END]])

    answered(library, a_request(2), a_request(3), a_request(1))

    assert library.given["input_ids"].rows == [[PAD, 7, 7], [7, 7, 7], [PAD, PAD, 7]]
    assert library.given["attention_mask"].rows == [[0, 1, 1], [1, 1, 1], [0, 0, 1]]


def test_each_row_ends_by_itself_and_is_stamped_no_more() -> None:
    """By an end token, a stop string, its bound, or not before the batch."""
    library = Library([[1, END], [1, 2, 4], [1, 1, 1], [2, 2, 2]])

    generations, meters = answered(
        library,
        a_request(1),
        a_request(1, 4, "two"),
        a_request(1, 1),
        a_request(1, 3),
    )

    assert [g.text for g in generations] == ["one ", "one ", "one ", "two two two "]
    assert [g.finish for g in generations] == ["stop", "stop", "length", "length"]
    assert [g.output_tokens for g in generations] == [1, 2, 1, 3]
    stamps = [meter.timing().stamps_ns for meter in meters]
    assert [[ns // NS_PER_S for ns in row] for row in stamps] == [
        [1],
        [1, 2],
        [1],
        [1, 2, 3],
    ]
    # The longest bound is the batch's; it ends with its last row.
    assert library.given["generation_config"].most == 4
    assert [line for line in library.log if line.startswith("step")] == [
        "step [1, 1, 1, 2]",
        "step [0, 2, 1, 2]",
        "step [0, 4, 1, 2]",
    ]


def test_rows_that_have_ended_say_so() -> None:
    """The library learns after each step which rows need no further token."""
    library = Library([[END], [1, END]])

    answered(library, a_request(1), a_request(1))

    told = [line for line in library.log if line.startswith("ended")]
    assert told == ["ended [True, False]", "ended [True, True]"]


def test_a_prompt_without_room_is_turned_away_and_the_others_are_answered() -> None:
    """Its row is no part of the batch."""
    library = Library([[1], [2]])

    generations, meters = answered(
        library, a_request(6), a_request(3, 1), a_request(1, 2), context=5
    )

    assert [g.finish for g in generations] == ["context", "length", "length"]
    assert [g.output_tokens for g in generations] == [0, 1, 2]
    assert [g.prompt_tokens for g in generations] == [6, 3, 1]
    assert library.given["input_ids"].shape == (2, 3)
    assert meters[0].timing().stamps_ns == ()


def test_no_row_runs_out_of_the_context_while_others_go_on() -> None:
    """Who has too little room for that is answered after them, and stamped then."""
    library = Library([[1], [2]])

    generations, meters = answered(
        library, a_request(4), a_request(1), a_request(1, 2), context=5
    )

    assert [g.output_tokens for g in generations] == [1, 4, 2]
    assert [g.finish for g in generations] == ["length"] * 3
    first = [meter.timing().stamps_ns[0] // NS_PER_S for meter in meters]
    assert first == [5, 1, 1]
    assert library.given["generation_config"].most == 1
    assert library.given["input_ids"].shape == (1, 4)


def test_nothing_is_asked_where_no_prompt_has_room() -> None:
    """There is no batch of no rows."""
    library = Library()

    generations, _ = answered(library, a_request(6), context=5)

    assert [g.finish for g in generations] == ["context"]
    assert library.given == {}


def test_a_device_is_waited_for_before_the_stamps_of_a_step() -> None:
    """Synchronise, then read, then stamp: once for all rows."""
    log: list[str] = []

    class Clock(ManualClock):
        def now_ns(self) -> int:
            log.append("clock")
            return super().now_ns()

    library = Library(kind="cuda", log=log)
    engine = library.engine()
    meters = [Meter(Clock()) for _ in range(2)]
    asked = a_request(1)
    rows = [BatchRow(asked, meter, engine.encode(asked), engine) for meter in meters]
    log.clear()

    Stepper(engine.torch, engine.device, rows)(Ids([7, 1], [7, 2]), None)

    assert log == ["synchronize", "clock", "clock"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_want_of_memory_is_told_apart_and_what_was_taken_is_given_back(
    error: Exception,
) -> None:
    """The caller may try with fewer; nothing holds the frames that failed."""
    library = Library(kind="cuda", raises=error)

    with pytest.raises(OutOfMemory, match=r"1 at once: .*memory of cuda") as caught:
        answered(library, a_request(1))

    assert library.log == ["empty"]
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_any_other_error_is_raised_as_it_is() -> None:
    """It is no reason to try with fewer."""
    with pytest.raises(RuntimeError, match="shapes"):
        answered(Library(raises=RuntimeError("shapes differ")), a_request(1))


def test_work_that_fits_returns_what_it_found() -> None:
    """Nothing is freed then."""
    library = Library(kind="cuda")

    assert within_memory(library.engine().device, "it", lambda: 5) == 5
    assert library.log == []


CONFIG = SimpleNamespace(
    num_attention_heads=8, num_key_value_heads=2, hidden_size=64, num_hidden_layers=3
)


def test_the_size_of_a_cache_follows_from_the_config() -> None:
    """Keys and values of every layer; a model that does not say is not guessed."""
    model = SimpleNamespace(config=CONFIG, dtype=SimpleNamespace(itemsize=2))
    text = SimpleNamespace(get_text_config=lambda: CONFIG)
    bare = SimpleNamespace()

    assert cache_bytes(model) == 2 * 3 * 2 * 8 * 2
    assert cache_bytes(SimpleNamespace(config=text, dtype=model.dtype)) == 192
    assert cache_bytes(SimpleNamespace(config=bare, dtype=model.dtype)) is None


def test_the_first_size_is_what_should_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what is free, over the longest prompt and its answer; bounded."""
    requests = [a_request(2), a_request(12)]
    free = {"bytes": 192 * 16 * 20}
    home = "pytest_llmlat.backends.huggingface.batches"
    monkeypatch.setattr(f"{home}.free_bytes", lambda *_: free["bytes"])
    library = Library(config=CONFIG)
    library.dtype = SimpleNamespace(itemsize=2)  # type: ignore[attr-defined]
    batches = Padded(library.engine())

    assert batches.first_size(requests) == 10
    free["bytes"] *= 100
    assert batches.first_size(requests) == 32
    free["bytes"] = 1
    assert batches.first_size(requests) == 1
    library.config = SimpleNamespace()
    assert batches.first_size(requests) == 32


@pytest.mark.parametrize("kind", ["cpu", "cuda", "mps", "xpu"])
def test_a_device_of_each_kind_answers_several_at_once(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of one would make a card look as slow as it never is."""
    home = "pytest_llmlat.backends.huggingface.batches"
    monkeypatch.setattr(f"{home}.free_bytes", lambda *_: None)

    library = Library(kind=kind, config=CONFIG)
    library.dtype = SimpleNamespace(itemsize=2)  # type: ignore[attr-defined]

    assert Padded(library.engine()).first_size([a_request(2)]) > 16


def test_free_memory_is_that_of_the_device() -> None:
    """Of CUDA's fullest card, of MPS's bound, of what the system would give."""
    frees = {"cuda:0": 3 * GIB, "cuda:1": GIB}
    torch = SimpleNamespace(
        cuda=SimpleNamespace(mem_get_info=lambda card: (frees[card], 8 * GIB)),
        mps=SimpleNamespace(
            recommended_max_memory=lambda: 9 * GIB,
            driver_allocated_memory=lambda: 2 * GIB,
        ),
    )

    cards = TorchDevice(torch, "cuda:0", ("cuda:1",))
    assert free_bytes(cards) == GIB
    assert free_bytes(TorchDevice(torch, "mps")) == 7 * GIB


def test_a_system_that_does_not_tell_has_no_free_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unknown is not nothing."""
    told = SimpleNamespace(open=Library.generate)

    def absent(**_: object) -> None:
        raise OSError("no such file")

    told.open = absent
    monkeypatch.setattr("pytest_llmlat.backends.huggingface.torch_memory._MEMORY", told)

    assert free_bytes(TorchDevice(None, "cpu")) is None


def test_preparing_answers_a_few_with_two_tokens() -> None:
    """Nobody stamps them; a prompt without room is left out."""
    library = Library([[1], [1]])
    batches = Padded(library.engine(context=5))

    batches.prepare([a_request(9), a_request(2), a_request(3), a_request(1)], 3)

    assert library.given["input_ids"].shape == (2, 3)
    assert library.given["generation_config"].most == 2
    batches.prepare([a_request(9)], 1)
    batches.close()


def kind_of(
    kind: str | None, *requests: Request, device: str = "cuda", context: int = 20
) -> str:
    """Return which kind is chosen."""
    engine = Library(kind=device).engine(context=context)
    return batches_of(engine, requests or (a_request(1),), kind).kind


def test_cuda_batches_continuously_and_all_else_is_padded() -> None:
    """Unless somebody says otherwise."""
    assert kind_of(None) == "continuous"
    assert kind_of(None, device="cpu") == "padded"
    assert kind_of(None, device="mps") == "padded"
    assert kind_of("padded") == "padded"
    assert kind_of("continuous", device="cpu") == "continuous"


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ((a_request(1, 4, "\n"),), "stop strings"),
        ((a_request(1, 4), a_request(1, 5)), "one bound"),
        ((a_request(1), a_request(17)), "no room"),
    ],
)
def test_what_continuous_batching_cannot_do_is_padded(
    requests: tuple[Request, ...], reason: str
) -> None:
    """Who asks for it by name is told why not."""
    assert kind_of(None, *requests) == "padded"
    with pytest.raises(Unsupported, match=reason):
        kind_of("continuous", *requests)


def test_a_model_without_continuous_batching_is_padded() -> None:
    """It is a newer part of the library."""
    engine = replace(Library(kind="cuda").engine(), model=SimpleNamespace())

    assert batches_of(engine, [a_request(1)], None).kind == "padded"


def test_an_unknown_kind_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(Unsupported, match=r"'paged': .* padded, continuous"):
        kind_of("paged")


class Scores:
    """A tensor of scores that notes which token is left as the only one."""

    def __init__(self, rows: int) -> None:
        """Have scores for so many rows."""
        self.forced: dict[int, int] = {}
        self.emptied: list[int] = []
        self._rows = rows

    def __getitem__(self, row: int) -> SimpleNamespace:
        """Return a row that can be filled."""
        return SimpleNamespace(fill_=lambda _: self.emptied.append(row))

    def __setitem__(self, place: tuple[int, int], value: float) -> None:
        """Note the token that can still be chosen."""
        assert value == 0.0
        self.forced[place[0]] = place[1]


def a_thinker(most: int = 4, budget: int | None = 2) -> Request:
    """Ask something that is answered behind a thought."""
    return replace(
        a_request(1, most), thinking_tokens=budget, thought_tags=tags_of("</think>")
    )


def test_a_thought_is_ended_at_its_budget() -> None:
    """The closing tag is forced one token a step, and counted by nobody."""
    library = Library()
    engine = library.engine()
    requests = [a_thinker(), a_thinker(budget=None)]
    meters = [Meter(library.clock, (), request.thought_tags) for request in requests]
    rows = rows_of(requests, meters, engine)
    ending = ThoughtEnding(rows, lambda text: [8, 9] if "</think>" in text else [])

    for _ in range(2):
        assert ending(None, Scores(2)).forced == {}
        for row in rows:
            row.take(1)
    first, second, third = (ending(None, Scores(2)) for _ in range(3))
    for token in (8, 9, 2):
        rows[0].take(token)

    assert (first.forced, second.forced, third.forced) == ({0: 8}, {0: 9}, {})
    assert first.emptied == [0]
    told = rows[0].generation()
    assert (told.thoughts, told.text) == ("one one", "two ")
    assert (told.output_tokens, told.thought_tokens) == (3, 2)
    assert rows[1].generation().cut_in_thought is True


def test_a_budget_has_room_for_the_closing_tag() -> None:
    """The answer is as long as it may be, and the tag fits behind the prompt."""
    library = Library(script=[[1]])
    engine = library.engine(context=6)

    (row,) = rows_of([a_thinker(most=9)], [Meter(library.clock)], engine)
    (plain,) = rows_of([a_request(1, 9)], [Meter(library.clock)], engine)

    assert (row.most, row.span) == (4, 5)
    assert (plain.most, plain.span) == (5, 5)


def test_a_queue_does_not_end_thoughts() -> None:
    """Requests with a budget are padded, or refused where a queue was asked for."""
    library = Library(kind="cuda")
    requests = [replace(a_request(1), thinking_tokens=5)]

    assert batches_of(library.engine(), requests, None).kind == "padded"
    with pytest.raises(Unsupported, match="thinking_tokens"):
        batches_of(library.engine(), requests, "continuous")
