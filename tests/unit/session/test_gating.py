"""What a session is held to: how measured cells meet what they are compared with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.gate import matching
from pytest_llmlat.session.gating import Gate
from pytest_llmlat.session.run_verdicts import join, nothing
from pytest_llmlat.store import baselines
from pytest_llmlat.values.cell_facts import REFERENCE, Contention
from pytest_llmlat.values.errors import BadBaseline, UsageError
from pytest_llmlat.values.results import Verdict
from pytest_llmlat.values.settings import Settings
from pytest_llmlat.values.stopping import Stopping
from tests.unit.builders import a_cell, a_record, a_timing, an_error, some_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.values.cell_facts import CellFacts
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Record

HERE: Mapping[str, Scalar | None] = {
    "cpu": "this one",
    "cores": 2,
    "pytest-llmlat": "0",
}
COUNT = 24


def settings(**changes: Any) -> Settings:  # noqa: ANN401 - any setting
    """Return the settings of a plain run, varied."""
    return Settings(root=Path(), folder=Path("run"), **changes)


def answers(
    model: str = "parrot",
    *,
    right: int = COUNT,
    seconds: float = 1.0,
    device: str = "cpu",
    rounds: int = 1,
    shift: int = 0,
) -> list[Record]:
    """Return ``COUNT`` answers, the first ones right, with a little spread."""
    return [
        replace(
            a_record(
                f"s{number:02}",
                cell=a_cell(model, device),
                value=float(number < right),
                timing=a_timing(seconds * (1 + 0.001 * ((number + shift) % 5))),
            ),
            round=place,
        )
        for number in range(COUNT)
        for place in range(rounds)
    ]


def facts_of(records: list[Record], **changes: Any) -> CellFacts:  # noqa: ANN401 - any fact
    """Return the facts of a whole cell."""
    return replace(some_facts(records[0].cell, planned=len(records)), **changes)


def stored(
    folder: Path,
    records: list[Record],
    environment: Mapping[str, Any] = HERE,
    *,
    runs: int = 1,
) -> Path:
    """Write a baseline of these records, as if so many runs had measured the same."""
    path = folder / "base.json"
    for number in range(runs):
        baselines.save(
            path,
            facts=[facts_of(records)],
            records=records,
            environment=environment,
            created=f"2026-01-{number + 1:02}T00:00:00+00:00",
            plugin="0",
        )
    return path


def verdicts(gate: Gate, *cells: list[Record], among: int = 0) -> dict[str, Verdict]:
    """Judge whole cells, the owl's as references of the first; by quantity."""
    records = [record for cell in cells for record in cell]
    facts = [
        facts_of(cell, role=REFERENCE, beside=cells[0][0].cell.id)
        if cell[0].cell.model == "owl" and gate.baseline is None
        else facts_of(cell)
        for cell in cells
    ]
    found = gate.verdicts(facts, records, HERE, among=among)
    assert len({verdict.quantity for verdict in found}) == len(found)
    return {verdict.quantity: verdict for verdict in found}


def test_what_compares_nothing_says_nothing() -> None:
    """Without a baseline or a reference there are no verdicts."""
    gate = Gate(settings())

    assert not gate.compares
    assert gate.baseline is None
    assert gate.verdicts([], [], HERE) == ()
    assert verdicts(gate, answers()) == {}


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({"against": "owl"}, "owl"),
        ({"baseline": Path("base.json")}, "base.json"),
        ({"against": "owl", "baseline": Path("base.json")}, "owl"),
        ({"bounds": ("quality>=0.5", "e2e<=1s")}, "quality>=0.5, e2e<=1s"),
    ],
)
def test_nothing_measured_is_failed(changes: Mapping[str, Any], against: str) -> None:
    """The verdict names what the run was to be compared with."""
    verdict = nothing(settings(**changes))

    assert verdict.failing
    assert (verdict.outcome, verdict.against) == ("failed", against)
    assert "nothing was measured" in str(verdict.note)


def test_a_reference_alone_is_nothing(tmp_path: Path) -> None:
    """Its cells are measured beside others and are no candidates."""
    gate = Gate(settings(against="owl"))
    found = verdicts(gate, answers("owl"))

    assert found["records"].note == nothing(settings(against="owl")).note
    empty = Gate(settings(baseline=stored(tmp_path, answers())))
    assert [v.outcome for v in empty.verdicts([], [], HERE)] == ["failed"]


def test_a_stored_run_of_the_same_model_passes(tmp_path: Path) -> None:
    """All that is gated by default has a verdict with figures of both sides."""
    gate = Gate(settings(baseline=stored(tmp_path, answers(), runs=5)))
    found = verdicts(gate, answers(shift=2))

    assert set(found) == {"quality", "balanced", "e2e", "ttft"}
    assert {v.outcome for v in found.values()} == {"pass"}
    assert found["e2e"].baseline == pytest.approx(found["e2e"].candidate, rel=0.001)


@pytest.mark.slow
def test_worse_and_slower_are_regressions(tmp_path: Path) -> None:
    """Half of the answers are wrong, and each takes a tenth longer."""
    gate = Gate(settings(baseline=stored(tmp_path, answers(), runs=5)))
    found = verdicts(gate, answers(right=12, seconds=1.1))

    assert {v.outcome for v in found.values()} == {"regression"}
    assert found["e2e"].change == pytest.approx(0.1)
    assert found["quality"].change == pytest.approx(0.5)


def test_one_stored_run_tells_nothing_of_a_small_change(tmp_path: Path) -> None:
    """A tenth slower may be what runs differ in; more stored runs would tell."""
    gate = Gate(settings(baseline=stored(tmp_path, answers())))
    found = verdicts(gate, answers(seconds=1.1))

    assert found["quality"].outcome == "pass"
    assert found["e2e"].outcome == "inconclusive"
    assert found["e2e"].needed_at_least in range(1, 10)
    assert found["e2e"].needed_samples is None


def test_one_stored_run_is_enough_for_a_large_change(tmp_path: Path) -> None:
    """Half as slow again is more than runs differ in."""
    gate = Gate(settings(baseline=stored(tmp_path, answers())))

    assert verdicts(gate, answers(seconds=1.5))["e2e"].outcome == "regression"


def test_better_and_faster_are_none(tmp_path: Path) -> None:
    """Which way is worse is known of each quantity."""
    gate = Gate(settings(baseline=stored(tmp_path, answers(right=12, seconds=1.1))))

    assert {v.outcome for v in verdicts(gate, answers()).values()} == {"pass"}


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({**HERE, "cpu": "another"}, "cpu: this one here, another in the baseline"),
        ({**HERE, "gpus": "one"}, "gpus: none here, one in the baseline"),
        (
            {"a": 1, "b": 2, "c": 3, "d": 4, **HERE},
            (
                "a: none here, 1 in the baseline; b: none here, 2 in the baseline;"
                " c: none here, 3 in the baseline and 1 more"
            ),
        ),
    ],
)
def test_latencies_of_another_machine_are_not_gated(
    tmp_path: Path, environment: Mapping[str, Any], told: str
) -> None:
    """Quality is; the others say what differs."""
    gate = Gate(settings(baseline=stored(tmp_path, answers(), environment)))
    found = verdicts(gate, answers(right=12, seconds=2.0))

    assert found["quality"].outcome == "regression"
    for name in ("e2e", "ttft", "balanced"):
        assert found[name].outcome == "inconclusive"
        note = f"not gated: not the same machine or software: {told}"
        assert found[name].note == note


@pytest.mark.parametrize(
    ("device", "gated"),
    [
        ("cpu", True),
        ("hf", True),
        ("cuda", False),
        ("a6000", False),
        ("endpoint", False),
    ],
)
def test_another_driver_is_another_machine_for_what_runs_on_gpus(
    tmp_path: Path, device: str, *, gated: bool
) -> None:
    """Or may run there, as a server of one's own; not for processor and cloud."""
    before = answers(device=device)
    path = stored(tmp_path, before, {**HERE, "gpu_driver": "580.1"})

    found = verdicts(Gate(settings(baseline=path)), answers(device=device, seconds=2.0))

    assert found["e2e"].outcome == ("regression" if gated else "inconclusive")
    told = "gpu_driver: none here, 580.1 in the baseline"
    assert (told in str(found["e2e"].note)) is not gated


def test_a_version_of_ours_alone_is_the_same_machine(tmp_path: Path) -> None:
    """No latency depends on it."""
    path = stored(tmp_path, answers(), {**HERE, "pytest-llmlat": "99"})

    found = verdicts(Gate(settings(baseline=path)), answers(seconds=2.0))

    assert found["e2e"].outcome == "regression"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"warnings": ("a tracer was active",)}, "a tracer was active"),
        ({"task_revision": "other"}, "the task has changed since the baseline"),
        (
            {"backend": (("context", 64), ("dtype", None))},
            "not the same machine or software: context: 64 here, 4096 in the baseline",
        ),
        (
            {
                "contention": Contention(
                    others_cores=1.0,
                    steal=0.0,
                    load_average=None,
                    throttled=None,
                    gpu_processes=None,
                    contended="others used 1 core",
                )
            },
            "contended: others used 1 core",
        ),
    ],
)
def test_what_disturbed_latencies_is_told(
    tmp_path: Path, changes: Mapping[str, Any], told: str
) -> None:
    """They are shown and not gated."""
    gate = Gate(settings(baseline=stored(tmp_path, answers())))
    records = answers(seconds=2.0)

    found = {
        v.quantity: v
        for v in gate.verdicts([facts_of(records, **changes)], records, HERE)
    }

    assert found["quality"].outcome == "pass"
    assert found["e2e"].outcome == "inconclusive"
    assert found["e2e"].note == f"not gated: {told}"


def test_two_models_in_turn_are_compared_on_any_machine() -> None:
    """The reference is told by its name, and is no candidate itself."""
    gate = Gate(settings(against="owl"))
    found = verdicts(gate, answers(seconds=2.0, rounds=2), answers("owl", rounds=2))

    assert {v.cell for v in found.values()} == {a_cell("parrot").id}
    assert {v.against for v in found.values()} == {"owl"}
    assert found["quality"].outcome == "pass"
    assert found["e2e"].outcome == found["ttft"].outcome == "regression"


def test_a_reference_on_another_device_is_compared_too() -> None:
    """A model behind a server beside one that runs here."""
    gate = Gate(settings(against="owl"))
    found = verdicts(gate, answers(right=12), answers("owl", device="endpoint"))

    assert found["quality"].outcome == "regression"


@pytest.mark.parametrize("new_cells", ["pass", "warn", "fail"])
def test_a_cell_without_its_reference_is_failed(new_cells: str) -> None:
    """What was to be measured in turn and was not is no new cell."""
    gate = Gate(settings(against="owl", new_cells=new_cells))

    found = verdicts(gate, answers())

    assert found["records"].outcome == "failed"


def test_a_reference_that_broke_is_failed() -> None:
    """Beside a model that answers nothing every other one would pass."""
    gate = Gate(settings(against="owl"))
    broken = [
        replace(an_error(r.sample, cell=r.cell), round=r.round)
        for r in answers("owl", rounds=2)
    ]

    found = verdicts(gate, answers(right=1, rounds=2), broken)

    assert found["records"].outcome == "failed"
    assert "48 of 48" in str(found["records"].note)
    assert "owl" in str(found["records"].note)


def test_a_cell_that_is_not_whole_is_failed(tmp_path: Path) -> None:
    """Whatever the answers that are there say."""
    gate = Gate(settings(baseline=stored(tmp_path, answers())))
    records = answers()

    for facts in (
        facts_of(records, finished=False),
        facts_of(records, planned=len(records) + 1),
    ):
        (verdict,) = gate.verdicts([facts], records, HERE)
        assert (verdict.quantity, verdict.outcome) == ("records", "failed")


@pytest.mark.parametrize(
    ("new_cells", "outcome"), [("pass", "pass"), ("warn", "warned"), ("fail", "failed")]
)
def test_a_new_cell_is_what_was_asked_for(
    tmp_path: Path, new_cells: str, outcome: str
) -> None:
    """The baseline has another model's cell and not this one."""
    path = stored(tmp_path, answers("owl"))
    gate = Gate(settings(baseline=path, new_cells=new_cells))

    found = verdicts(gate, answers(), answers("owl"))

    assert found["records"].outcome == outcome
    assert found["records"].note == f"new: {path} has no such cell"


def test_a_run_of_new_cells_alone_fails_whatever_was_asked_for(tmp_path: Path) -> None:
    """A renamed model would take the gate away."""
    path = stored(tmp_path, answers("owl"))
    gate = Gate(settings(baseline=path, new_cells="pass"))
    records = answers()

    worst, other = gate.verdicts([facts_of(records)], records, HERE)

    assert (worst.outcome, worst.cell) == ("failed", "-")
    assert "no cell of this run is in it" in str(worst.note)
    assert other.outcome == "pass"


def test_what_is_judged_early_is_judged_by_the_level_of_all(tmp_path: Path) -> None:
    """Of very many quantities one must be surer to be a regression."""
    gate = Gate(settings(baseline=stored(tmp_path, answers())))
    lost = answers(right=COUNT - 9)

    assert verdicts(gate, lost)["quality"].outcome == "regression"
    assert verdicts(gate, lost, among=5)["quality"].outcome == "regression"
    assert verdicts(gate, lost, among=5000)["quality"].outcome == "inconclusive"


def test_what_is_undecided_early_is_left_to_the_end(tmp_path: Path) -> None:
    """With all cells the level is milder, so that nothing is failed for it before."""
    path = stored(tmp_path, answers())
    gate = Gate(settings(baseline=path, unsure="fail"))
    lost = answers(right=COUNT - 3)

    assert verdicts(gate, lost)["quality"].outcome == "failed"
    assert verdicts(gate, lost, among=5)["quality"].outcome == "inconclusive"


def test_all_that_was_typed_is_read_at_once(tmp_path: Path) -> None:
    """A file or an expression that cannot be understood is told before the run."""
    empty = tmp_path / "empty.json"
    empty.write_text("", "utf-8")
    for changes, told in (
        ({"baseline": tmp_path / "absent.json"}, "there is no such file"),
        ({"baseline": empty}, "is empty"),
        ({"tolerances": ("e2e=fast",)}, "write a share"),
        ({"bounds": ("quality>0.5",)}, "FIGURE>=BOUND"),
        ({"power": True}, "baseline=FILE"),
    ):
        with pytest.raises(UsageError, match=told):
            Gate(settings(**changes)).check()


@pytest.mark.parametrize("text", ["def test_it(): ...", "{}", "[1]", "\xff"])
def test_what_is_no_baseline_is_not_written_over(tmp_path: Path, text: str) -> None:
    """``--llm-save-baseline tests/test_it.py`` names a file that is to be run."""
    path = tmp_path / "test_it.py"
    path.write_text(text, "latin-1")

    with pytest.raises(UsageError, match=r"save_baseline=FILE"):
        Gate(settings(save_baseline=path)).check()
    with pytest.raises(UsageError, match=r"save_baseline=FILE"):
        Gate(settings(save_baseline=tmp_path)).check()
    with pytest.raises(UsageError, match=r"save_baseline=FILE"):
        Gate(settings(save_baseline=tmp_path / "test_it.py::test_it")).check()
    assert path.read_text("latin-1") == text


def test_a_baseline_may_be_written_over(tmp_path: Path) -> None:
    """One that is there, even one that was edited; an empty file; or none at all."""
    path = stored(tmp_path, answers())
    Gate(settings(save_baseline=path)).check()
    path.write_text(path.read_text("utf-8").replace("2026", "2025"), "utf-8")
    Gate(settings(save_baseline=path)).check()
    with pytest.raises(BadBaseline, match="was changed"):
        Gate(settings(baseline=path)).check()
    path.write_text("", "utf-8")
    Gate(settings(save_baseline=path)).check()
    Gate(settings(save_baseline=tmp_path / "new" / "base.json")).check()


@pytest.mark.slow
def test_the_table_of_power_is_for_the_baseline(tmp_path: Path) -> None:
    """Its own number of samples has a row, or the one that was asked for."""
    path = stored(tmp_path, answers())

    own = Gate(settings(baseline=path)).power()
    fewer = Gate(settings(baseline=path, samples=10)).power()

    assert COUNT in [row.samples for row in own]
    assert 10 in [row.samples for row in fewer]
    with pytest.raises(UsageError, match="baseline=FILE"):
        Gate(settings()).power()


def test_joined_verdicts_have_the_worst_first() -> None:
    """Whoever reads one line reads that one."""

    def verdict(outcome: Any, change: float | None = None) -> Verdict:  # noqa: ANN401 - an outcome
        return Verdict(
            cell="c", quantity="e2e", outcome=outcome, against="b", change=change
        )

    joined = join(
        [verdict("pass"), verdict("regression", 0.1)],
        [verdict("warned"), verdict("failed"), verdict("regression", 0.3)],
        [verdict("inconclusive")],
    )

    assert [(v.outcome, v.change) for v in joined] == [
        ("regression", 0.3),
        ("regression", 0.1),
        ("failed", None),
        ("inconclusive", None),
        ("warned", None),
        ("pass", None),
    ]


ONE, TWO = ("s1", 0), ("s2", 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ({ONE: "a", TWO: "b"}, {ONE: "a", TWO: "b"}, True),
        ({ONE: "a", TWO: "b"}, {ONE: "a", TWO: "c"}, False),
        ({ONE: "a"}, {ONE: "a", TWO: "c"}, True),
        ({ONE: "a"}, {TWO: "a"}, False),
        ({ONE: None}, {ONE: None}, False),
        ({ONE: "a", TWO: None}, {ONE: "a", TWO: None}, False),
        ({}, {}, False),
    ],
)
def test_answers_are_the_same_where_each_common_one_is(
    ours: Mapping[tuple[str, int], str | None],
    theirs: Mapping[tuple[str, int], str | None],
    *,
    same: bool,
) -> None:
    """An answer that never came is like no other; with none in common nothing is."""
    assert matching.same(ours, theirs) is same


def test_a_report_s_folder_that_cannot_be_is_told_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    """A file in its place would lose the scoreboard at the end."""
    (tmp_path / "taken").write_text("", "utf-8")
    settings = Settings(root=tmp_path, folder=tmp_path / "run")

    for bad in (tmp_path / "taken", tmp_path / "taken" / "deeper"):
        gate = Gate(replace(settings, report=bad), spelled=lambda name: f"--llm-{name}")
        with pytest.raises(
            UsageError, match=f"--llm-report: .*{bad.name} is no folder"
        ):
            gate.check()
    Gate(replace(settings, report=tmp_path / "new" / "one"), spelled=str).check()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("seconds", "warned"), [(0.6, True), (1.0, False)])
def test_a_lucky_run_is_not_stored_unseen(
    tmp_path: Path, seconds: float, *, warned: bool
) -> None:
    """Later runs would be compared with its luck."""
    path = stored(tmp_path, answers(), runs=3)
    gate = Gate(settings(save_baseline=path))
    records = answers(seconds=seconds)

    found = gate.lucky([facts_of(records)], records, HERE)

    assert bool(found) == warned
    if warned:
        (verdict,) = found
        assert verdict.outcome == "warned"
        assert "40% less than in the 3 before it" in str(verdict.note)
        assert f"llmlat baseline prune {path}" in str(verdict.note)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "until_decided: ends a cell .* name it with against, or two prompts"),
        (
            {"against": "owl", "scenarios": ("concurrent:2",)},
            "until_decided: concurrent:2: under a load .* not measured in pairs",
        ),
        (
            {"against": "owl", "save_baseline": Path("kept.json")},
            "depends on their result, .* leave out save_baseline",
        ),
    ],
)
def test_stopping_at_a_result_is_refused_where_it_makes_no_sense(
    changes: Mapping[str, Any], told: str
) -> None:
    """Without pairs there is nothing to look at, and stored runs have fixed numbers."""
    with pytest.raises(UsageError, match=told):
        Gate(settings(until_decided=True, **changes)).check()


@pytest.mark.slow
def test_a_cell_is_stopped_only_if_that_is_asked_for() -> None:
    """With the tolerances of the cell, and its share of the level."""
    fixed = Gate(settings(against="owl"))
    until = Gate(
        settings(against="owl", until_decided=True, tolerances=("e2e=900% ttft=900%",))
    )
    until.check()

    assert fixed.stopping_rule(a_cell(), 40, 1) is None
    rule = until.stopping_rule(a_cell(), 40, 1)
    assert rule is not None
    ours, theirs = answers(seconds=2.0), answers("owl")
    assert [
        rule.after([own], [other]) for own, other in zip(ours, theirs, strict=True)
    ] == [None] * COUNT


def test_a_run_that_was_stopped_is_no_baseline(tmp_path: Path) -> None:
    """Which samples it has follows from its result."""
    records = answers()
    early = Stopping(planned=60, used=COUNT, why="regression of e2e")

    with pytest.raises(BadBaseline, match="stopped after 24 of 60 pairs"):
        baselines.save(
            tmp_path / "base.json",
            facts=[facts_of(records, stopping=early)],
            records=records,
            environment=HERE,
            created="2026-01-01T00:00:00+00:00",
            plugin="0",
        )
