"""What a baseline's facts differ in from those of a run, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.machine.devices import Inventory
from pytest_llmlat.machine.environment import fingerprint
from pytest_llmlat.store.baselines import differences

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import Scalar

MACHINE: dict[str, Scalar | None] = {
    "python": "3.13.1",
    "cpu": "A",
    "cores": 2,
    "gpus": None,
    "turbo": True,
}


def test_alike_machines_do_not_differ() -> None:
    """Nor does a library that neither has, told or not."""
    backend = (("dtype", "f16"), ("url", None))

    assert differences(MACHINE, backend, MACHINE, backend) == ()
    assert differences({"torch": None}, (), {}, (("url", None),)) == ()


def test_a_difference_is_said_in_words() -> None:
    """What is here and what was there, of the machine and of the backend."""
    found = differences(
        {"cpu": "A", "cores": 2, "torch": "2.12", "gpus": None},
        (("dtype", "f16"), ("threads", 2)),
        {"cpu": "A", "cores": 4, "gpus": "H100"},
        (("threads", 2), ("dtype", "q4"), ("draft", True)),
    )

    assert found == (
        "cores: 4 here, 2 in the baseline",
        "gpus: H100 here, none in the baseline",
        "torch: none here, 2.12 in the baseline",
        "dtype: q4 here, f16 in the baseline",
        "draft: True here, none in the baseline",
    )


def test_a_model_made_slower_is_compared_with_itself() -> None:
    """It is there to try the gate, which would else call its latency inconclusive."""
    slowed = (("threads", 2), ("slower", 0.1))

    assert differences(MACHINE, (("threads", 2),), MACHINE, slowed) == ()


def test_a_fact_told_twice_differs_once() -> None:
    """The library that the machine and the backend both name is one difference."""
    old, new = {"torch": "1"}, {"torch": "2"}

    assert len(differences(old, old.items(), new, new.items())) == 1


def test_all_but_graders_and_runners_count_for_latency() -> None:
    """A change in any other fact of the fingerprint makes latencies incomparable."""
    here = fingerprint(
        Inventory(
            gpus=(), gpu_note="", platform="linux", machine="x86_64", hub_token=False
        )
    )

    counted = {
        name for name in here if differences({**here, name: "other"}, (), here, ())
    }

    graders = {"pytest", "pytest-llmlat", "sacrebleu", "rouge_score"}
    assert set(here) - counted == graders
