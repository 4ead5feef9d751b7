"""GPUs that are slowed down for heat while a cell is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.machine.test_contention import SECOND, Fake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Return a machine that has just started."""
    return Fake(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((7,), (7,), 0.0),
        ((SECOND, 0), (SECOND, SECOND // 4), 0.25),
        ((0,), (2 * SECOND,), 1.0),
        ((9,), (8,), None),
        ((0, 0), (0,), None),
        ((), (), None),
        (None, (0,), None),
        ((0,), None, None),
    ],
)
def test_heat_of_the_worst_gpu_is_a_share_of_the_time(
    fake: Fake,
    before: tuple[int, ...] | None,
    after: tuple[int, ...] | None,
    expected: float | None,
) -> None:
    """In a cell of one second; a count that fell, or other cards, tell nothing."""
    fake.gpu_heat_ns = before
    watch = fake.watch(device="a6000")
    fake.gpu_heat_ns = after
    fake.run(busy=0)

    assert watch.end().gpu_throttled == expected


@pytest.mark.parametrize(
    ("device", "remote", "seconds"),
    [("cpu", False, 1.0), ("cuda", True, 1.0), ("cuda", False, 0.1)],
)
def test_heat_of_gpus_that_are_not_ours_or_of_an_instant_is_unknown(
    fake: Fake, *, device: str, remote: bool, seconds: float
) -> None:
    """No GPU is asked for a model elsewhere; shares need some time."""
    fake.gpu_heat_ns = (0,)
    watch = fake.watch(device=device, remote=remote)
    fake.gpu_heat_ns = (SECOND,)
    fake.run(busy=0, seconds=seconds)

    assert watch.end().gpu_throttled is None


@pytest.mark.parametrize(("percent", "contended"), [(5, False), (6, True)])
def test_a_hot_gpu_disturbs_above_the_threshold(
    fake: Fake, percent: int, *, contended: bool
) -> None:
    """The reason says for how long."""
    fake.gpu_heat_ns = (0,)
    watch = fake.watch(device="cuda")
    fake.gpu_heat_ns = (percent * SECOND // 100,)
    fake.run(busy=0)

    expected = "a GPU was slowed down for heat 6 % of the time" if contended else None
    assert watch.end().contended == expected


@pytest.mark.parametrize(
    ("cards", "expected"),
    [((), 1.0), ((0,), 0.0), ((1,), 0.25), ((1, 0), 0.25), ((9,), 1.0)],
)
def test_only_cards_of_the_model_count(
    fake: Fake, cards: tuple[int, ...], expected: float
) -> None:
    """What another job does to its card is no matter; unknown cards are any of them."""
    fake.gpu_heat_ns = (0, 0, 0)
    watch = fake.watch(device="cuda", cards=cards)
    fake.gpu_heat_ns = (0, SECOND // 4, SECOND)
    fake.run(busy=0)

    assert watch.end().gpu_throttled == expected


@pytest.mark.parametrize(
    ("answering", "expected"),
    [(None, 0.04), (SECOND // 2, 0.08), (SECOND // 4, 0.16), (SECOND // 10, None)],
)
def test_heat_is_a_share_of_the_time_that_answers_took(
    fake: Fake, answering: int | None, expected: float | None
) -> None:
    """Of a long cell that mostly graded, all of it may have been in the answers."""
    fake.gpu_heat_ns = (0,)
    watch = fake.watch(device="cuda")
    fake.gpu_heat_ns = (SECOND // 25,)
    fake.run(busy=0)

    assert watch.end(answering_ns=answering).gpu_throttled == expected
