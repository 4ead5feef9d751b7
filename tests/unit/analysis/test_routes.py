"""Routes in stored records: what they take, what is chosen, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.routing.common_answers import answers_of_cells
from pytest_llmlat.analysis.routing.cross_fitting import RouteTable
from pytest_llmlat.analysis.routing.found_routes import find_routes
from pytest_llmlat.analysis.routing.route_records import routed
from pytest_llmlat.values.answer_speed import answer_speed
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.going_on import GoOn
from pytest_llmlat.values.price import Price
from pytest_llmlat.values.ranking import RankedOption
from pytest_llmlat.values.routes import Route
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.analysis.routing.common_answers import CommonAnswers
    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.routes import FoundRoutes

COUNT = 60


def a_cell_of(
    model: str,
    seconds: float,
    *,
    knows: int,
    told: bool = False,
    price: Price | None = None,
) -> tuple[CellFacts, list[Record]]:
    """Return a cell whose model knows all questions but every ``knows``-th.

    Args:
        model: its name.
        seconds: of each answer; the first token takes half of it.
        knows: which questions it does not know.
        told: nothing can be read in what is wrong.
        price: of its answers.
        facts: what differs in its facts.
    """
    cell = a_cell(model)
    records = [
        replace(
            a_record(
                f"s{n:02}",
                cell=cell,
                value=float(n % knows != 0),
                timing=a_timing(seconds / 2, seconds, end_s=seconds + 0.125),
            ),
            unparsed=told and n % knows == 0,
            output_tokens=2,
        )
        for n in range(COUNT)
    ]
    return replace(some_facts(cell, planned=COUNT), price=price), records


def planted(price: Price | None = None) -> list[tuple[CellFacts, list[Record]]]:
    """Return a fast model that tells what it does not know, and a slow one."""
    return [
        a_cell_of("small", 0.125, knows=2, told=True, price=price),
        a_cell_of("large", 1.0, knows=20, price=price),
    ]


def found(cells: list[tuple[CellFacts, list[Record]]], **more: Any) -> FoundRoutes:  # noqa: ANN401 - any setting
    """Return the routes through the models of cells."""
    given = {"balance": "geometric", "seed": 0, "tolerance": 0.02, **more}
    return find_routes(answers_of_cells(cells), **given)


def record_of(answers: CommonAnswers, number: int, route: Route) -> Record:
    """Return what a route answers to a question."""
    return routed(answers, answers.questions[number], route, "both").record


UNREAD = Route(steps=("small", "large"), rules=(GoOn(unparsed=True),))


def test_an_answer_that_was_looked_at_is_there_when_it_has_ended() -> None:
    """Its first token comes with its last: until then it was held back."""
    record = record_of(answers_of_cells(planted()), 1, UNREAD)

    assert record.timing is not None
    assert record.timing.ttft_s == record.timing.e2e_s == 0.25
    assert record.timing.stamp_tokens == (2,)
    assert record.output_tokens == 2
    assert record.grade.value == 1.0


def test_the_answer_of_the_last_step_comes_after_all_before_it() -> None:
    """A step takes until it gives back control, which is later than its last token."""
    record = record_of(answers_of_cells(planted()), 4, UNREAD)

    assert record.timing is not None
    assert record.timing.ttft_s == 0.25 + 0.5
    assert record.timing.e2e_s == 0.25 + 1.0
    assert record.output_tokens == 4
    assert [step.went_on for step in record.steps] == ["unparsed", None]


def test_a_router_asks_one_model_alone() -> None:
    """What is passed over takes no time and no token."""
    rule = GoOn(prompt_longer_than=1)
    route = Route(steps=("small", "large"), rules=(rule,))

    record = record_of(answers_of_cells(planted()), 1, route)

    assert record.timing is not None
    assert record.timing.e2e_s == 1.0
    assert record.output_tokens == 2


def test_a_step_that_breaks_is_the_answer() -> None:
    """A cascade that runs breaks there too; its time is lost all the same."""
    cells = planted()
    cells[0][1][4] = an_error("s04", cell=a_cell("small"))

    record = record_of(answers_of_cells(cells), 4, UNREAD)

    assert record.finish == "error"
    assert any("1 errors" in note for note in answers_of_cells(cells).notes)


def test_agreement_takes_all_repeats_and_gives_what_most_say() -> None:
    """The time is that of all of them."""
    cells = [
        (facts, [replace(r, round=n, temperature=1.0) for r in own for n in range(3)])
        for facts, own in planted()
    ]
    for place, text in enumerate(("7", "4", "4")):
        cells[0][1][3 + place] = replace(cells[0][1][3 + place], extracted=text)
    answers = answers_of_cells(cells)
    rule = GoOn(agreement_below=0.5, repeats=3)
    route = Route(steps=("small", "large"), rules=(rule,))

    record = record_of(answers, 3, route)

    assert record.extracted == "4"
    assert record.timing is not None
    assert record.timing.e2e_s == pytest.approx(3 * 0.25)
    assert record.output_tokens == 6


@pytest.mark.parametrize(
    "route",
    [
        UNREAD,
        Route(steps=("large",)),
        Route(steps=("large", "small"), rules=(GoOn(prompt_longer_than=3),)),
        Route(steps=("small", "large"), rules=(GoOn(longer_than=1),)),
    ],
)
def test_what_is_chosen_by_is_what_records_say(route: Route) -> None:
    """The sums of a choice and the records that it keeps are of the same answers."""
    cells = planted()
    cells[0][1][5] = an_error("s05", cell=a_cell("small"), seconds=0.5)
    answers = answers_of_cells(cells)
    table = RouteTable(answers, "geometric", seed=0)

    told = table.training([route])

    records = [routed(answers, each, route, "r").record for each in answers.questions]
    quality = sum(record.grade.value for record in records) / COUNT
    speed = sum(answer_speed(record) for record in records) / COUNT
    assert told.quality[0, -1] == pytest.approx(quality)
    assert told.balanced[0, -1] == pytest.approx((quality * speed) ** 0.5)


def test_folds_hold_what_is_alike_together() -> None:
    """Repeats and clusters are never on both sides of a fold."""
    cells = planted()
    for _, records in cells:
        records[:] = [replace(r, cluster=f"c{n % 33}") for n, r in enumerate(records)]

    table = RouteTable(answers_of_cells(cells), "geometric", seed=0)

    folds: dict[str, set[int]] = {}
    for question, fold in zip(table.answers.questions, table.fold, strict=True):
        folds.setdefault(question.item, set()).add(int(fold))
    assert len(folds) == 33
    assert all(len(own) == 1 for own in folds.values())


@pytest.mark.slow
def test_the_planted_cascade_is_found() -> None:
    """It has a better balance than either, for certain, and goes on by what is told."""
    best = found(planted()).chosen[0]

    assert best.route == UNREAD
    assert best.better
    assert best.reference == "large"
    assert best.same_steps == 10
    assert best.figures.answered_by == pytest.approx((1 / 2, 1 / 2))
    assert best.figures.quality.value == pytest.approx(1 - 3 / 60)


@pytest.mark.slow
def test_where_nothing_tells_no_route_is_better() -> None:
    """The one that is faster and better stands alone."""
    cells = [
        a_cell_of("small", 0.25, knows=10),
        a_cell_of("large", 2.0, knows=3),
    ]

    best = found(cells).chosen[0]

    assert best.route == Route(steps=("small",))
    assert not best.better


@pytest.mark.slow
def test_the_fastest_must_be_as_good_as_the_best() -> None:
    """A model that is told to be the measure is the measure."""
    fast = found(planted(), reference="small").chosen[1]
    good = found(planted()).chosen[1]

    assert (fast.aim, fast.route.steps) == ("fastest", ("small",))
    assert good.route.steps == ("small", "large")


@pytest.mark.slow
def test_costs_are_those_of_all_steps() -> None:
    """An hour of both where both were asked; without prices there are none."""
    price = Price(currency="USD", source="entry", per_hour="3.6")

    priced = found(planted(price=price))

    alone = {one.route.steps: one.figures.cost for one in priced.models}
    assert alone["small",] == pytest.approx(0.25e-3)
    assert alone["large",] == pytest.approx(1.125e-3)
    assert priced.currency == "USD"
    assert [one.aim for one in priced.chosen] == ["balance", "fastest", "cheapest"]
    assert priced.chosen[2].figures.cost == pytest.approx(0.25e-3 + 1.125e-3 / 2)
    assert found(planted()).chosen[0].figures.cost is None


@pytest.mark.slow
def test_without_prices_measured_joules_are_what_routes_cost() -> None:
    """Of all steps; where one answer has none, nothing is known."""
    cells = [
        (facts, [replace(r, energy_j=joules, energy_s=1.0) for r in records])
        for (facts, records), joules in zip(planted(), (2.0, 9.0), strict=True)
    ]

    told = found(cells)
    cells[1][1][0] = replace(cells[1][1][0], energy_j=None)

    alone = {one.route.steps: one.figures.cost for one in told.models}
    assert alone == {("small",): pytest.approx(2.0), ("large",): pytest.approx(9.0)}
    assert told.currency == "J"
    assert told.chosen[2].aim == "cheapest"
    assert told.chosen[2].figures.cost == pytest.approx(2.0 + 9.0 / 2)
    assert found(cells).currency is None


def _loaded(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    for place, (facts, records) in enumerate(cells):
        cell = replace(facts.cell, scenario="concurrent:4")
        cells[place] = (replace(facts, cell=cell), records)


def _other_task(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    facts, records = cells[1]
    cell = replace(facts.cell, task="reasoning/logic")
    cells[1] = (replace(facts, cell=cell), records)


def _other_version(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    facts, records = cells[1]
    cells[1] = (replace(facts, task_revision="another"), records)


def _other_device(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    facts, records = cells[1]
    cells[1] = (replace(facts, cell=replace(facts.cell, device="mps")), records)


def _few(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    for _, records in cells:
        del records[12:]


def _one_cluster(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    for _, records in cells:
        records[:] = [replace(r, cluster="one text") for r in records]


def _fewer(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    del cells[1][1][-1]


def _alone(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    del cells[1]


def _talks(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    for _, records in cells:
        records[0] = replace(records[0], conversation="c1", turn=1)


def _ranked(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    option = RankedOption(answer="4", text="4", logprob=-1.0, tokens=1)
    for _, records in cells:
        records[0] = replace(records[0], ranked=(option,))


def _ungraded(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    for _, records in cells:
        records[0] = replace(records[0], graded=False)


def _reused(cells: list[tuple[CellFacts, list[Record]]]) -> None:
    facts, records = cells[1]
    cells[1] = (facts, [replace(r, reused="r0") for r in records])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_loaded, "under a load"),
        (_other_task, "not asked the same tasks"),
        (_other_version, "same version"),
        (_other_device, "--device"),
        (_few, "12 items are there, and at least 30"),
        (_one_cluster, "1 items are there"),
        (_fewer, "59 in common of 60 and 59"),
        (_alone, "only 'small' was measured"),
        (_talks, "conversation"),
        (_ranked, "ranks given options"),
        (_ungraded, "not graded"),
        (_reused, "--llm-reuse"),
    ],
)
def test_what_cannot_be_routed_is_refused(spoil: Any, told: str) -> None:  # noqa: ANN401 - a function
    """A sentence says what is wrong and what to do."""
    cells = planted()
    spoil(cells)

    with pytest.raises(UsageError, match=told):
        answers_of_cells(cells)


def test_names_that_were_not_measured_are_told() -> None:
    """With the nearest of those that were."""
    with pytest.raises(UnknownName, match="did you mean 'small'"):
        answers_of_cells(planted(), models=["smal"])
    with pytest.raises(UnknownName, match="cpu"):
        answers_of_cells(planted(), device="cuda")


@pytest.mark.slow
def test_a_cascade_among_the_models_is_left_out() -> None:
    """It is no step of another."""
    both = [
        record_of(answers_of_cells(planted()), number, UNREAD)
        for number in range(COUNT)
    ]
    facts = some_facts(both[0].cell, planned=COUNT)

    answers = answers_of_cells([*planted(), (facts, both)])

    assert answers.models == ("small", "large")
    assert answers.notes == ("both is a cascade itself and left out",)
