"""What begins where: nothing that is timed meets another on what it needs."""

from __future__ import annotations

from pytest_llmlat.spread.seating import Begin, Seating
from tests.unit.spread.jobs import job, needs, node

CARDS = (
    needs("card:1", shared="processor"),
    needs("card:2", shared="processor"),
)
BOTH = needs("card:1", "card:2", shared="processor")
PROCESSOR = needs("processor")


def begun(seating: Seating, *jobs: object) -> list[tuple[str, list[str]]]:
    """Begin all that may, and return which and on what."""
    waiting, found = list(jobs), []
    while (begin := seating.next_of(waiting)) is not None:  # type: ignore[arg-type]
        waiting.remove(begin.job)
        taken(seating, begin)
        found.append((begin.job.id, sorted(begin.seat.resources)))
    return found


def taken(seating: Seating, begin: Begin) -> None:
    """Begin one job, as a dispatcher does."""
    for seat in begin.leave:
        del seating.seats[seat]
    seating.take(begin)


def ended(seating: Seating, name: str) -> None:
    """Let a job end; its worker waits."""
    for has in seating.seats.values():
        if has.job is not None and has.job.id == name:
            has.job = None


def test_cells_on_cards_run_side_by_side() -> None:
    """Each on its own; a third waits, and comes where the model is loaded."""
    seating = Seating([node("a")])
    jobs = [job(name, *CARDS) for name in ("one", "two", "three")]

    assert begun(seating, *jobs) == [("one", ["card:1"]), ("two", ["card:2"])]
    ended(seating, "two")
    assert begun(seating, jobs[2]) == [("three", ["card:2"])]


def test_a_processor_is_measured_alone() -> None:
    """Not beside a card, nor a card beside it; one after the other."""
    seating = Seating([node("a")])
    on_card = job("card", *CARDS, group="llama")
    cells = [job(name, PROCESSOR) for name in ("one", "two")]

    assert begun(seating, on_card, *cells) == [("card", ["card:1"])]
    ended(seating, "card")
    assert begun(seating, *cells) == [("one", ["processor"])]
    ended(seating, "one")
    assert begun(seating, cells[1], job("next", *CARDS, group="llama")) == [
        ("two", ["processor"])
    ]


def test_a_model_on_several_cards_waits_for_all_of_them() -> None:
    """Workers that only wait give them up; those that measure do not."""
    seating = Seating([node("a")])
    begun(seating, job("one", *CARDS), job("two", *CARDS))
    wide = job("wide", BOTH, group="llama")

    ended(seating, "one")
    assert begun(seating, wide) == []
    ended(seating, "two")
    begin = seating.next_of([wide])

    assert begin is not None
    assert {str(*seat.resources) for seat in begin.leave} == {"card:1", "card:2"}


def test_cards_of_one_memory_can_be_kept_apart() -> None:
    """Then one cell at a time uses the memory of a NUMA node."""
    near = [needs(f"card:{n}", alone="memory:0", shared="processor") for n in (1, 2)]
    far = needs("card:3", alone="memory:1", shared="processor")
    seating = Seating([node("a")])
    jobs = [job(name, *near, far) for name in ("one", "two", "three")]

    assert begun(seating, *jobs) == [("one", ["card:1"]), ("two", ["card:3"])]


def test_a_row_stays_on_nodes_of_one_kind() -> None:
    """A third cell waits for a like node, though another is free."""
    seating = Seating([node("a", "fast"), node("b", "slow"), node("c", "fast")])
    jobs = [job(name, PROCESSOR, nodes="a b c") for name in ("one", "two", "three")]

    assert [name for name, _ in begun(seating, *jobs)] == ["one", "two"]
    assert {seat.node for seat in seating.seats} == {"a", "c"}


def test_another_kind_is_better_than_none() -> None:
    """Where the nodes of its kind have gone; reports say that a row is of both."""
    seating = Seating([node("a", "fast"), node("b", "slow")])
    begun(seating, job("one", PROCESSOR, nodes="a b"))
    seating.lose("a")
    left = job("two", PROCESSOR, nodes="a b")

    assert seating.able(left)
    assert begun(seating, left) == [("two", ["processor"])]
    assert not seating.able(job("three", PROCESSOR, nodes="a"))
