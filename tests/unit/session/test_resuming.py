"""A run that was cut off is gone on with: nothing is lost, and nothing is mixed up."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import RunResult, Sample, Task, measure_models
from pytest_llmlat.store.run_lock import RunLock
from pytest_llmlat.values.errors import UsageError
from tests.unit.session.parrots import OWL, PARROT, a_tiny_task

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record
    from pytest_llmlat.values.results import Standing, Summary

pytestmark = pytest.mark.slow


OF_THE_PROCESS = frozenset(
    {
        *("load_s", "warmup_s", "wall_s", "peak_rss_bytes", "peak_device_bytes"),
        *("contention", "sittings", "anew", "steady_rss_bytes"),
    }
)
"""What is of a process and not of an answer."""
SAMPLES = tuple(
    Sample(
        id=f"s{n:02}",
        fields=(("text", "good" if n % 3 else "bad " * n),),
        reference="positive" if n % 3 else "negative",
        difficulty=None,
        stratum="",
    )
    for n in range(20)
)


class Stepping:
    """A clock that goes on by a microsecond whenever it is read."""

    factor = 1
    """How many times slower the machine is."""

    def __init__(self) -> None:
        """Begin at an instant of its own, as each process does."""
        self._now_ns = 1_000_000

    def now_ns(self) -> int:
        """Return the instant."""
        self._now_ns += 1_000 * self.factor
        return self._now_ns

    def wait_until(self, when_ns: int) -> None:
        """Go there, or as much further as the machine is slower."""
        ahead = max(0, when_ns - self._now_ns)
        self._now_ns += ahead * self.factor


@pytest.fixture(autouse=True)
def stepping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every time follow from what was done."""
    monkeypatch.setattr("pytest_llmlat.session.run.SystemClock", Stepping)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task of twenty samples."""
    return a_tiny_task(tmp_path)


def figures(result: RunResult) -> list[dict[str, Any]]:
    """Return every figure of every cell and row that is made of answers."""
    rows: list[Summary | Standing] = [*result.summaries, *result.standings]
    return [
        {
            name: value
            for name, value in asdict(row).items()
            if name not in OF_THE_PROCESS
        }
        for row in rows
    ]


def measured(root: Path, task: Task, **more: Any) -> RunResult:  # noqa: ANN401 - arguments
    """Measure twenty samples on a parrot."""
    more = {"models": PARROT, "samples": SAMPLES, **more}
    return measure_models(more.pop("models"), task, root=root, **more)


def killed(
    root: Path,
    task: Task,
    after: int,
    **more: Any,  # noqa: ANN401 - arguments
) -> Path:
    """Return a folder with the run as it lies when it is killed after some records."""
    to = root / f"killed-{after}"
    seen = 0

    def copied(_: Record) -> None:
        nonlocal seen
        seen += 1
        if seen == after:
            (run,) = (root / "cut").iterdir()
            shutil.copytree(run, to / run.name)
            raise KeyboardInterrupt

    shutil.rmtree(root / "cut", ignore_errors=True)
    with pytest.raises(KeyboardInterrupt):
        measured(root, task, runs=root / "cut", on_record=copied, **more)
    return to


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="alone"),
        pytest.param({"repeats": 2}, id="repeats"),
        pytest.param({"against": OWL}, id="in turn"),
        pytest.param({"yardstick": OWL}, id="yardstick"),
        pytest.param({"models": [PARROT, OWL]}, id="two cells"),
        pytest.param({"scenario": "offline"}, id="offline"),
    ],
)
def test_figures_are_those_of_a_run_that_was_not_cut_off(
    tmp_path: Path, task: Task, more: dict[str, Any]
) -> None:
    """Letter by letter, wherever it was killed."""
    whole = measured(tmp_path, task, **more)
    count = len(list(whole.records()))

    for after in (2, count // 2, count - 1):
        place = killed(tmp_path, task, after, **more)
        seen: list[Record] = []
        gone_on = measured(
            tmp_path, task, runs=place, resume="last", on_record=seen.append, **more
        )
        assert figures(gone_on) == figures(whole), after
        assert len(list(gone_on.records())) == count
        assert {record.sitting for record in seen} <= {2}


def test_what_was_measured_is_not_measured_again(tmp_path: Path, task: Task) -> None:
    """But a few answers, only to see how fast the machine is."""
    place = killed(tmp_path, task, 15)
    seen: list[Record] = []

    result = measured(tmp_path, task, runs=place, resume="last", on_record=seen.append)

    assert [record.sample for record in seen] == [f"s{n}" for n in range(15, 20)]
    sittings = [record.sitting for record in result.records()]
    assert sittings == [1] * 15 + [2] * 5
    (summary,) = result.summaries
    (sitting,) = summary.sittings
    assert (sitting.kept, sitting.pairs, sitting.apart) == (15, 8, None)
    assert sitting.ratio == pytest.approx(1.0)
    told = json.loads((result.folder / "run.json").read_text("utf-8"))
    assert len(told["sittings"]) == 2
    assert told["sittings"][0]["seconds"] is None


def test_a_third_sitting_goes_on_with_the_second(tmp_path: Path, task: Task) -> None:
    """Its answers are kept as those of the first are."""
    whole = measured(tmp_path, task)
    place = killed(tmp_path, task, 10)
    left = iter(range(4))

    def cut(_: Record) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, task, runs=place, resume="last", on_record=cut)
    result = measured(tmp_path, task, runs=place, resume="last")

    assert figures(result) == figures(whole)
    sittings = [record.sitting for record in result.records()]
    assert sittings == [1] * 10 + [2] * 5 + [3] * 5
    (summary,) = result.summaries
    assert [each.number for each in summary.sittings] == [2, 3]


def test_a_slower_machine_leaves_no_figure_of_speed(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times of both would be a mean of two machines; quality is what it was."""
    whole = measured(tmp_path, task)
    place = killed(tmp_path, task, 15)
    monkeypatch.setattr(Stepping, "factor", 2)

    result = measured(tmp_path, task, runs=place, resume="last", limits="e2e_p50<=1s")

    (summary,), (row,) = result.summaries, result.standings
    assert summary.quality == whole.summaries[0].quality
    assert summary.speed.value is None
    assert summary.balanced.value is None
    assert summary.e2e_s.p50 is None
    assert (row.speed.value, row.balanced.value, row.e2e_s.p50) == (None, None, None)
    assert summary.untimed is not None
    assert "took 2.000 (2.000 to 2.000) times as long" in summary.untimed
    (verdict,) = [v for v in result.verdicts if v.quantity == "e2e_p50"]
    assert verdict.outcome == "inconclusive"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"seed": 7}, "other samples are asked, or otherwise"),
        ({"repeats": 2}, "other samples are asked, or otherwise"),
        ({"models": replace(PARROT, dtype=(("cpu", "float16"),))}, ""),
    ],
)
def test_what_has_changed_is_measured_anew(
    tmp_path: Path, task: Task, more: dict[str, Any], why: str
) -> None:
    """And the report says what it was; no answer of before counts."""
    place = killed(tmp_path, task, 15)

    result = measured(tmp_path, task, runs=place, resume="last", **more)

    (summary,) = result.summaries
    if why:
        assert summary.anew == f"measured anew: {why}"
        assert {record.sitting for record in result.records()} == {2}


def test_another_task_revision_is_measured_anew(tmp_path: Path, task: Task) -> None:
    """Its prompt has changed, and old answers are to another question."""
    place = killed(tmp_path, task, 15)
    other = replace(task, chat_prompt="Which is it? {{ text }}")

    result = measured(tmp_path, other, runs=place, resume="last")

    assert result.summaries[0].anew == (
        "measured anew: its task or its data have changed"
    )
    assert {record.sitting for record in result.records()} == {2}


def test_another_machine_is_refused(tmp_path: Path, task: Task) -> None:
    """Its times do not go with those that are there; the sentence says what differs."""
    place = killed(tmp_path, task, 15)
    (run,) = place.iterdir()
    told = json.loads((run / "run.json").read_text("utf-8"))
    told["environment"]["cpu"] = "Z80"
    (run / "run.json").write_text(json.dumps(told), "utf-8")

    with pytest.raises(UsageError, match=r"another machine .*cpu: .* now, Z80 before"):
        measured(tmp_path, task, runs=place, resume="last")


def test_another_version_measures_what_was_not_whole_anew(
    tmp_path: Path, task: Task
) -> None:
    """No cell is of two versions; one that was whole is kept, and the run says so."""
    place = killed(tmp_path, task, 30, models=[PARROT, OWL])
    (run,) = place.iterdir()
    told = json.loads((run / "run.json").read_text("utf-8"))
    told["environment"]["pytest-llmlat"] = "0.0.1"
    (run / "run.json").write_text(json.dumps(told), "utf-8")

    result = measured(tmp_path, task, runs=place, resume="last", models=[PARROT, OWL])

    sittings = [record.sitting for record in result.records()]
    assert sittings == [1] * 20 + [2] * 20
    told = json.loads((result.folder / "summary.json").read_text("utf-8"))
    assert any("0.0.1 before" in problem for problem in told["run"]["problems"])


def test_two_cannot_go_on_with_one_run(tmp_path: Path, task: Task) -> None:
    """The second is told which process has it."""
    place = killed(tmp_path, task, 15)
    (run,) = place.iterdir()
    first = RunLock(run)
    first.share()

    try:
        with pytest.raises(UsageError, match=r"process \d+ on .* measures in it now"):
            measured(tmp_path, task, runs=place, resume="last")
    finally:
        first.free()
    measured(tmp_path, task, runs=place, resume="last")


def test_a_line_that_is_cut_off_is_the_sample_in_flight(
    tmp_path: Path, task: Task
) -> None:
    """It is measured again, and what follows is not lost with it."""
    whole = measured(tmp_path, task)
    place = killed(tmp_path, task, 15)
    (run,) = place.iterdir()
    path = run / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-40])

    result = measured(tmp_path, task, runs=place, resume="last")

    assert figures(result) == figures(whole)
    assert [record.sitting for record in result.records()] == [1] * 14 + [2] * 6


def test_cells_that_are_new_or_gone_are_told(tmp_path: Path, task: Task) -> None:
    """The run stays partial where a cell is not asked for any more."""
    place = killed(tmp_path, task, 15)
    result = measured(tmp_path, task, runs=place, resume="last", models=OWL)

    told = json.loads((result.folder / "summary.json").read_text("utf-8"))
    first, second = told["run"]["problems"][:2]
    assert first.startswith("sitting 2: 1 cell is new: sentiment/tiny|owl|")
    assert second.startswith("sitting 2: 1 cell is not asked for any more:")
    assert [each.partial for each in result.summaries] == [True, False]


@pytest.mark.parametrize("name", ["nothing", "last"])
def test_a_run_that_is_not_there_is_told(tmp_path: Path, task: Task, name: str) -> None:
    """With the folder that was looked in."""
    with pytest.raises(UsageError, match=r"resume: .*runs"):
        measured(tmp_path, task, resume=name)
