"""A run that is made of other tools' files: read back, and compared."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.gate.matching import after
from pytest_llmlat.report.peer_lines import half_sentence, peer_lines
from pytest_llmlat.report.summary_json import summary_text
from pytest_llmlat.store.baselines import Baseline, BaselineCell, BaselineRun
from pytest_llmlat.store.baselines.columns import pack, unpack
from pytest_llmlat.store.peers import PEERS
from pytest_llmlat.store.peers.imported_run import ImportWish, imported, write_run
from pytest_llmlat.store.peers.peer_file import PeerFile
from pytest_llmlat.store.peers.peer_run import PeerWish
from pytest_llmlat.store.peers.peer_values import count, instant_ns, share, span_ns
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.balance import BALANCES
from pytest_llmlat.values.errors import BadPeerFile, UsageError
from tests.unit.peer_files import (
    aiperf_grade,
    aiperf_record,
    as_lines,
    guidellm_report,
    guidellm_request,
    lm_eval_line,
    promptfoo_results,
    promptfoo_row,
    write_aiperf,
    write_lm_eval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run

WISH = ImportWish(budget_s=1.0, machine="desk")


def a_run(tool: str, paths: Sequence[Path], to: Path, wish: ImportWish = WISH) -> Run:
    """Write a tool's files as a run, and open it."""
    files = [PeerFile(path) for path in paths]
    read = PEERS[tool].read(files, PeerWish())
    write_run(to, tool, read, imported(tool, read, files, wish), wish)
    return open_run(to)


def a_baseline(run: Run) -> Baseline:
    """Return a run as what another is compared with."""
    cells = tuple(
        BaselineCell(
            cell=cell,
            task_revision=facts.task_revision,
            backend=facts.backend,
            contended=facts.void,
            warnings=facts.warnings,
            records=tuple(records),
            answers={},
        )
        for facts, (cell, records) in zip(run.facts, records_of(run), strict=True)
    )
    environment = dict(run.told["environment"])
    stored = BaselineRun(id="1", plugin="1", environment=environment, cells=cells)
    return Baseline(name="before", runs=(stored,))


def why_not_timed(run: Run, reference: Run) -> str | None:
    """Say why latencies of two runs are not compared."""
    ((_, records),) = records_of(run)
    environment = run.told["environment"]
    match = after(run.facts[0], records, a_baseline(reference), environment)
    return match.only_quality


@pytest.fixture
def profile(tmp_path: Path) -> list[Path]:
    """Files of AIPerf without grades."""
    folder = write_aiperf(tmp_path / "ai", [aiperf_record(n) for n in range(12)], None)
    return sorted(folder.iterdir())


def test_speed_alone_has_no_quality_and_no_score(
    tmp_path: Path, profile: list[Path]
) -> None:
    """What is missing is null; the sentence says the half that there is."""
    run = a_run("aiperf", profile, tmp_path / "r")
    board = board_of(run, balance=BALANCES[0], seed=0)

    (summary,), (row,) = board.summaries, board.standings
    assert summary.e2e_s.p50 == 0.2
    assert summary.ttft_s.p50 == 0.05
    assert (summary.quality.value, summary.speed.value) == (None, None)
    assert (summary.balanced.value, row.balanced.value) == (None, None)
    assert "within 200 ms, and no score without quality" in str(half_sentence(board))
    assert "measured by aiperf 0.13.0, not by this project" in peer_lines(board)[0]


def test_what_a_tool_does_not_tell_is_not_0(
    tmp_path: Path, profile: list[Path]
) -> None:
    """AIPerf says of no answer whether it was cut off, and keeps no text of it."""
    run = a_run("aiperf", profile, tmp_path / "r")
    board = board_of(run, balance=BALANCES[0], seed=0)
    ((cell, records),) = records_of(run)
    found = board.summaries[0]

    assert {found.truncated, found.unparsed, found.refused, found.empty} == {None}
    assert {r.truncated for r in records} == {None}
    assert found.errors == 0
    told = json.loads(summary_text({"id": "r"}, board))["cells"][0]
    assert told["truncated"] is None
    stored = unpack(cell, pack(list(records)))
    assert {record.truncated for record, _ in stored} == {None}


def test_requests_are_paired_by_their_prompts(tmp_path: Path) -> None:
    """Their ids are drawn anew in each run; a prompt that comes twice is a repeat."""
    found = []
    for run in ("a", "b"):
        requests = [guidellm_request(n) for n in (0, 1, 2)]
        requests[2]["request_args"] = requests[0]["request_args"]
        for number, each in enumerate(requests):
            each["request_id"] = f"{run}-{number}"
        path = tmp_path / f"{run}.json"
        path.write_text(json.dumps(guidellm_report({"successful": requests}, {})))
        ((_, records),) = records_of(a_run("guidellm", [path], tmp_path / run))
        found.append([(r.sample, r.round) for r in records])

    assert found[0] == found[1]
    assert [number for _, number in found[0]] == [0, 0, 1]
    assert found[0][0][0] == found[0][2][0] != found[0][1][0]


def test_no_gap_between_tokens_is_invented(tmp_path: Path, profile: list[Path]) -> None:
    """First and last token are known: the time between them is no gap."""
    run = a_run("aiperf", profile, tmp_path / "r")
    board = board_of(run, balance=BALANCES[0], seed=0)

    itl = dict(board.summaries[0].figures)["itl_s"]
    assert (itl.p50, itl.mean) == (None, None)
    assert board.summaries[0].tpot_s.p50 == pytest.approx(0.01)
    assert board.summaries[0].grouped == 0


def test_quality_alone_has_no_speed_and_no_score(tmp_path: Path) -> None:
    """No time is 0 where none was taken."""
    folder = write_lm_eval(tmp_path / "lm", [lm_eval_line(n) for n in range(12)])
    run = a_run("lm-eval", sorted(folder.iterdir()), tmp_path / "r")
    board = board_of(run, balance=BALANCES[0], seed=0)

    (summary,) = board.summaries
    assert summary.quality.value == 1
    assert (summary.speed.value, summary.balanced.value) == (None, None)
    assert (summary.e2e_s.p50, summary.requests_per_s) == (None, None)
    assert "quality 1.000, and no score without speed" in str(half_sentence(board))


def test_rate_of_answers_is_that_of_the_load(tmp_path: Path) -> None:
    """Twelve answers that overlap: their rate is not that of one after the other."""
    requests = {"successful": [guidellm_request(n) for n in range(12)]}
    report = guidellm_report(requests, {"type_": "concurrent", "streams": 4})
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps(report))
    board = board_of(
        a_run("guidellm", [path], tmp_path / "r"), balance=BALANCES[0], seed=0
    )

    assert board.summaries[0].requests_per_s == pytest.approx(12 / 1.31, rel=1e-3)


def test_rate_is_not_known_where_answers_may_overlap(tmp_path: Path) -> None:
    """Durations without instants do not say how many were under way."""
    rows = [promptfoo_row(n) for n in range(4)]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(promptfoo_results(rows)))
    board = board_of(
        a_run("promptfoo", [path], tmp_path / "r"), balance=BALANCES[0], seed=0
    )

    assert board.summaries[0].e2e_s.p50 == 0.04
    assert board.summaries[0].requests_per_s is None


def test_latencies_of_one_measurer_and_machine_are_compared(
    tmp_path: Path, profile: list[Path]
) -> None:
    """Both were said to be of the same machine."""
    one = a_run("aiperf", profile, tmp_path / "a")
    other = a_run("aiperf", profile, tmp_path / "b")

    assert why_not_timed(other, one) is None


def test_latencies_of_machines_that_nobody_named_are_not_compared(
    tmp_path: Path, profile: list[Path]
) -> None:
    """Two files may be of two machines."""
    wish = ImportWish()
    one = a_run("aiperf", profile, tmp_path / "a", wish)
    records = [aiperf_record(n, trace_data=None) for n in range(12)]
    profile[1].write_text(as_lines(records))
    other = a_run("aiperf", profile, tmp_path / "b", wish)

    assert "machine: not stated" in str(why_not_timed(other, one))


def test_latencies_of_two_measurers_are_not_compared(
    tmp_path: Path, profile: list[Path]
) -> None:
    """Each tool has another clock, and calls other instants first and last."""
    one = a_run("aiperf", profile, tmp_path / "a")
    other = a_run("aiperf", profile, tmp_path / "b")
    facts = other.facts[0]
    backend = (("measured_by", "guidellm"), *facts.backend[1:])
    other = replace(other, facts=(replace(facts, backend=backend),))

    assert "measured_by: guidellm here, aiperf" in str(why_not_timed(other, one))


def test_run_is_not_written_over(tmp_path: Path, profile: list[Path]) -> None:
    """A folder with something in it stays as it is."""
    a_run("aiperf", profile, tmp_path / "r")

    with pytest.raises(UsageError, match="is there already; name a new folder"):
        a_run("aiperf", profile, tmp_path / "r")


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    """A bar would split the id of a cell, an escape would command a terminal."""
    rows = [promptfoo_row(0, provider={"id": "a|b\x1b[31m/../c\n" + "x" * 999})]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(promptfoo_results(rows)))
    run = a_run("promptfoo", [path], tmp_path / "r")

    model = run.facts[0].cell.model
    assert model.startswith("a_b_[31m_.._c x")
    assert len(model) < 140
    assert run.facts[0].cell.id.count("|") == 3


def test_empty_file_and_no_file_are_refused(tmp_path: Path) -> None:
    """Each says what is wrong."""
    (tmp_path / "empty.json").write_text(" \n")

    with pytest.raises(BadPeerFile, match="is empty"):
        PeerFile(tmp_path / "empty.json")
    with pytest.raises(BadPeerFile, match="cannot be read: No such file"):
        PeerFile(tmp_path / "none.json")


@pytest.mark.parametrize(
    "value", [None, True, "1", [], {}, float("inf"), float("nan"), -1, 10**400, 1e300]
)
def test_numbers_that_are_none_are_missing(value: object) -> None:
    """No time and no count is made of them."""
    assert span_ns(value, "s") is None
    assert count(value) is None
    assert instant_ns(value) is None


def test_share_is_a_truth_value_or_between_0_and_1() -> None:
    """A grade of 50 may be of 100 or of 60: it is not rescaled."""
    assert [share(v) for v in (True, False, 0.25, 1)] == [1.0, 0.0, 0.25, 1.0]
    assert [share(v) for v in (50, -0.1, "1", None)] == [None] * 4


def test_grades_of_one_request_that_differ_are_refused(tmp_path: Path) -> None:
    """Nobody knows which of them counts."""
    grades = [aiperf_grade(0), aiperf_grade(0, passed=False)]
    folder = write_aiperf(tmp_path / "ai", [aiperf_record(0)], grades)

    with pytest.raises(BadPeerFile, match="two grades that differ"):
        a_run("aiperf", sorted(folder.iterdir()), tmp_path / "r")
