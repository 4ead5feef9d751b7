"""``llmlat compare``: the gate on two runs that were measured before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.session.gating import Gate
from pytest_llmlat.store import baselines
from pytest_llmlat.store.journal import RECORDS, Journal
from pytest_llmlat.values.cell_facts import Contention
from tests.unit.session.test_gating import settings
from tests.unit.stored_runs import HERE, ODD, a_stored_run, answers, facts_of, failures

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.records import Record


def two(
    tmp_path: Path,
    a: list[list[Record]],
    b: list[list[Record]],
    **told: Any,  # noqa: ANN401 - whatever run.json says of b
) -> list[str]:
    """Store two runs and return their folders."""
    runs = tmp_path / ".llmlat" / "runs"
    return [
        str(a_stored_run(runs / "a", *a)),
        str(a_stored_run(runs / "b", *b, **told)),
    ]


def verdicts(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, dict[str, Any]]]:
    """Compare; return the exit status and the verdicts by quantity."""
    status = main(["compare", *arguments, "--json"])
    told = json.loads(capsys.readouterr().out)
    return status, {verdict["quantity"]: verdict for verdict in told}


def test_the_same_again_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing got worse: status 0, and the table that a session ends with.

    One run alone does not tell how much times differ from run to run.
    """
    runs = two(tmp_path, [answers()], [answers()])

    assert main(["compare", *runs]) == 0

    told = capsys.readouterr()
    assert told.err == ""
    last = "gate: 2 inconclusive, 2 pass: passed, 2 undecided"
    *_, summed, _, sentence = told.out.splitlines()
    assert summed == last
    assert sentence.startswith("undecided: parrot may be ")
    assert "more baseline runs would decide" in told.out
    assert runs[0] in told.out


def test_what_got_slower_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A regression is status 1, and its change is told."""
    runs = two(tmp_path, [answers()], [answers(seconds=1.5)])

    assert main(["compare", *runs]) == 1

    first = capsys.readouterr().out.splitlines()[1]
    assert first.startswith("REGRESSION")
    assert "+50.0 %" in first


def test_what_got_wrong_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Quality is gated sample by sample."""
    runs = two(tmp_path, [answers()], [answers(right=4)])

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["quality"]["outcome"] == "regression"
    assert found["e2e"]["outcome"] == "inconclusive"
    assert found["e2e"]["change"] == 0


def test_tolerances_are_those_of_the_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed as for ``--llm-tolerance``."""
    runs = two(tmp_path, [answers()], [answers(seconds=1.5)])

    tolerance = ["--tolerance", "reasoning: e2e=80%", "--tolerance", "balanced=0.5"]
    status, found = verdicts(capsys, *runs, *tolerance)

    assert status == 0
    assert found["e2e"]["tolerance"] == 0.8


@pytest.mark.slow
def test_a_baseline_says_the_same_as_the_run_that_it_was_made_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stored as a file or as a run, to the last digit."""
    before, after = answers(), answers(seconds=1.02, right=20)
    runs = two(tmp_path, [before], [after])
    path = tmp_path / "base.json"
    baselines.save(
        path,
        facts=[facts_of(before[0].cell, len(before))],
        records=before,
        environment=HERE,
        created="2026-01-01T00:00:00+00:00",
        plugin="0",
    )

    of_file = verdicts(capsys, str(path), runs[1])
    of_run = verdicts(capsys, *runs)

    for _, found in (of_file, of_run):
        for verdict in found.values():
            del verdict["against"]
    assert of_file == of_run


@pytest.mark.slow
def test_it_judges_as_the_plugin_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdicts of a session with this baseline are those of the command."""
    before, after = answers(), answers(seconds=1.02, right=20)
    runs = two(tmp_path, [before], [after])
    path = tmp_path / "base.json"
    facts = facts_of(before[0].cell, len(before))
    baselines.save(
        path,
        facts=[facts],
        records=before,
        environment=HERE,
        created="2026-01-01T00:00:00+00:00",
        plugin="0",
    )

    session = Gate(settings(baseline=path)).verdicts([facts], after, HERE)
    _, found = verdicts(capsys, str(path), runs[1])

    assert {v.quantity: (v.outcome, v.low, v.high) for v in session} == {
        name: (v["outcome"], v["low"], v["high"]) for name, v in found.items()
    }


def test_another_machine_is_compared_by_quality_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its latencies are shown and not judged, and the note says why."""
    other = {**HERE, "cpu": "another"}
    runs = two(tmp_path, [answers()], [answers(seconds=3, right=4)], environment=other)

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["quality"]["outcome"] == "regression"
    assert found["e2e"]["outcome"] == "inconclusive"
    assert "cpu: another here, this one in the baseline" in found["e2e"]["note"]


def test_joined_runs_are_not_taken_for_one_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What they agree in does not tell where a cell was measured."""
    runs = two(
        tmp_path, [answers()], [answers(seconds=3)], runs=[{"id": "x"}, {"id": "y"}]
    )

    _, found = verdicts(capsys, *runs)

    assert found["e2e"]["outcome"] == "inconclusive"
    assert "joined" in found["e2e"]["note"]


def test_another_revision_of_the_task_is_not_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may ask longer questions."""
    first, second = two(tmp_path, [answers()], [])
    journal = Journal(tmp_path / ".llmlat" / "runs" / "b")
    records = answers(seconds=3)
    journal.add(facts_of(records[0].cell, len(records), task_revision="other"))
    for record in records:
        journal.add(record)

    _, found = verdicts(capsys, first, second)

    assert found["e2e"]["outcome"] == "inconclusive"
    assert "the task has changed" in found["e2e"]["note"]


def test_a_contended_run_is_not_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On either side: what else ran is in its latencies."""
    busy = Contention(
        others_cores=1.5,
        steal=None,
        load_average=None,
        throttled=None,
        gpu_processes=None,
        contended="others",
    )
    runs = tmp_path / ".llmlat" / "runs"
    quiet = str(a_stored_run(runs / "q", answers()))
    loud = str(a_stored_run(runs / "l", answers(), facts={"contention": busy}))

    for pair in ((quiet, loud), (loud, quiet)):
        _, found = verdicts(capsys, *pair)
        assert found["e2e"]["outcome"] == "inconclusive"
        assert "others" in found["e2e"]["note"]


@pytest.mark.slow
def test_a_cell_that_was_lost_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that did not load is no model that passed."""
    runs = two(tmp_path, [answers(), answers("owl")], [answers()])

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["records"]["outcome"] == "failed"
    assert found["records"]["cell"] == "reasoning/sums|owl|cpu|single"
    assert found["records"]["note"] == "was not measured"


@pytest.mark.parametrize("cut", [0, 1], ids=["reference", "candidate"])
def test_a_run_with_holes_fails(
    cut: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On either side; less was compared than was planned."""
    runs = two(tmp_path, [answers()], [answers()])
    path = tmp_path / ".llmlat" / "runs" / "ab"[cut] / RECORDS
    path.write_bytes(path.read_bytes()[:-50])

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["records"]["outcome"] == "failed"
    assert "23 of 24 answers" in found["records"]["note"]


def test_runs_of_nothing_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gate that saw nothing is not passed."""
    status, found = verdicts(capsys, *two(tmp_path, [], []))

    assert status == 1
    assert "nothing was measured" in found["records"]["note"]


@pytest.mark.parametrize(
    ("what", "status", "outcome"),
    [("fail", 1, "failed"), ("warn", 0, "warned"), ("pass", 0, "pass")],
)
def test_new_cells_are_as_they_are_asked_for(
    what: str,
    status: int,
    outcome: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Typed as for ``--llm-new-cells``."""
    runs = two(tmp_path, [answers()], [answers(), answers(ODD)])

    got, found = verdicts(capsys, *runs, "--new-cells", what)

    assert got == status
    assert found["records"]["outcome"] == outcome
    assert ODD in found["records"]["cell"]


def test_what_is_inconclusive_can_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sample proves nothing; whether that passes is the caller's to say."""
    runs = two(tmp_path, [answers(count=1)], [answers(count=1)])

    loose, found = verdicts(capsys, *runs)
    strict, _ = verdicts(capsys, *runs, "--inconclusive", "fail")

    assert (loose, strict) == (0, 1)
    assert found["quality"]["outcome"] == "inconclusive"


@pytest.mark.slow
def test_limits_hold_the_candidate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed as for ``--llm-limit``; one that no cell is held to is warned of."""
    runs = two(tmp_path, [answers(seconds=0.2)], [answers(seconds=0.2)])

    limits = ["--limit", "e2e_p50<=0.1s", "--limit", "@oul: quality>=0.5"]
    status, found = verdicts(capsys, *runs, *limits)

    assert status == 1
    assert found["e2e_p50"]["outcome"] == "failed"
    assert found["e2e_p50"]["against"] == "e2e_p50<=0.1s"
    assert found["quality"]["outcome"] in ("warned", "pass")
    main(["compare", *runs, *limits])
    assert "no cell of @oul was measured" in capsys.readouterr().out


def test_limits_are_on_the_mean_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not on the one that the session of B called balanced."""
    cells = [answers(right=12, seconds=0.25)]
    runs = two(tmp_path, cells, cells, settings={"balance": "geometric"})

    limit = ["--limit", "balanced>=0.1", "--balance", "arithmetic", "--json"]
    assert main(["compare", *runs, *limit]) == 0

    told = json.loads(capsys.readouterr().out)
    (held,) = [verdict for verdict in told if verdict["against"] == "balanced>=0.1"]
    assert held["candidate"] == pytest.approx(0.65, abs=0.001)


def test_nothing_passes_beside_a_run_in_which_nothing_was_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two dead servers are alike, and that says nothing of either."""
    runs = two(tmp_path, [failures(count=12)], [failures(count=12)])

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["records"]["outcome"] == "failed"
    assert "was answered" in found["records"]["note"]


def test_a_run_that_lost_most_requests_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another share of answers is enough where it is asked for."""
    whole = answers(count=4)
    lossy = [whole[0], *failures(count=4)[1:]]
    runs = two(tmp_path, [whole], [lossy])

    status, found = verdicts(capsys, *runs)

    assert status == 1
    assert found["answers"]["outcome"] == "failed"
    assert "1 of 4 requests were answered" in found["answers"]["note"]
    _, found = verdicts(capsys, *runs, "--answered", "25%")
    assert "answers" not in found


@pytest.mark.parametrize(
    "arguments",
    [
        ["--answered", "90"],
        ["--tolerance", "e2e=lots"],
        ["--limit", "quality=1"],
        ["--tolerance", "nonsense"],
    ],
)
def test_an_expression_that_is_none_is_told(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As misuse, by the option's name."""
    runs = two(tmp_path, [answers()], [answers()])

    assert main(["compare", *runs, *arguments]) == 2

    assert arguments[0] in capsys.readouterr().err


def test_a_file_that_is_no_baseline_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the file's name."""
    _, run = two(tmp_path, [], [answers()])
    path = tmp_path / "base.json"
    path.write_text("{}", "utf-8")

    assert main(["compare", str(path), run]) == 2

    assert "is no baseline of pytest-llmlat" in capsys.readouterr().err


def test_a_run_is_not_compared_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would pass whatever it measured: ``compare last last``."""
    run, _ = two(tmp_path, [answers()], [answers()])

    assert main(["compare", run, f"{run}/."]) == 2

    assert "is both runs" in capsys.readouterr().err
