"""Files of other tools: what each field becomes, and which figures are not believed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.store.peers import PEERS
from pytest_llmlat.store.peers.imported_run import ImportWish, imported
from pytest_llmlat.store.peers.peer_file import PeerFile
from pytest_llmlat.store.peers.peer_run import PeerWish
from pytest_llmlat.values.errors import BadPeerFile, UsageError
from tests.unit.peer_files import (
    aiperf_grade,
    aiperf_record,
    guidellm_report,
    guidellm_request,
    inspect_log,
    inspect_sample,
    lm_eval_choice,
    lm_eval_line,
    packed,
    promptfoo_results,
    promptfoo_row,
    write_aiperf,
    write_lm_eval,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.store.peers.imported_run import ImportedCell
    from pytest_llmlat.values.peer_facts import PeerFacts


def cells(
    tool: str, path: Path, *, metric: str | None = None, budget: float | None = 1.0
) -> list[ImportedCell]:
    """Return the cells that a tool's file or folder becomes."""
    paths = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [PeerFile(each) for each in paths]
    assert all(PEERS[tool].recognises(file) for file in files)
    read = PEERS[tool].read(files, PeerWish(metric=metric))
    return imported(tool, read, files, ImportWish(budget_s=budget))


def peer_of(cell: ImportedCell) -> PeerFacts:
    """Return whose figures they are."""
    assert cell.facts.peer is not None
    return cell.facts.peer


def a_file(folder: Path, content: dict[str, Any], name: str = "log.json") -> Path:
    """Write a file of one JSON object."""
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def test_lm_eval_gives_grades_and_no_times(tmp_path: Path) -> None:
    """It takes no time of an answer: there is no speed, and no 0 either."""
    rows = [lm_eval_line(1), lm_eval_line(2, right=False)]
    (cell,) = cells("lm-eval", write_lm_eval(tmp_path / "run", rows))

    assert cell.facts.cell.id == "lm-eval/sums|org_owl@lm-eval|unknown|offline"
    first, second = cell.records
    assert (first.sample, first.prompt, first.reference) == ("1", "Say 1:", "1")
    assert (first.answer, first.extracted) == (" 1", "1")
    assert (first.grade.value, first.grade.correct) == (1.0, True)
    assert (second.grade.value, second.grade.correct) == (0.0, False)
    assert first.timing is None
    assert cell.facts.untimed == "lm-eval takes no time of single answers"
    assert peer_of(cell).measurer == "lm-eval 0.4.13"
    assert cell.facts.planned == 2


def test_lm_eval_device_that_was_asked_for_is_not_believed(tmp_path: Path) -> None:
    """It writes cuda:0 on machines that have no GPU."""
    (cell,) = cells("lm-eval", write_lm_eval(tmp_path / "run", [lm_eval_line(1)]))

    assert cell.facts.cell.device == "unknown"


def test_lm_eval_ranked_options_have_a_chance_and_a_chosen_answer(
    tmp_path: Path,
) -> None:
    """Of four options a quarter is guessed; the answer is that of ``acc``."""
    rows = [lm_eval_choice(3, chosen=1), lm_eval_choice(4, chosen=0)]
    (cell,) = cells("lm-eval", write_lm_eval(tmp_path / "run", rows))

    assert [record.chance for record in cell.records] == [0.25, 0.25]
    assert [record.answer for record in cell.records] == ["3", "red"]
    assert [record.reference for record in cell.records] == ["3", "4"]
    assert [record.grade.value for record in cell.records] == [1.0, 0.0]
    assert cell.records[0].grade.details == (("acc_norm", 1.0),)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (["2", "two"], "no grade between 0 and 1"),
        (31.5, "no grade between 0 and 1"),
        (float("nan"), "no grade between 0 and 1"),
        (None, "no grade between 0 and 1"),
    ],
)
def test_lm_eval_metric_of_all_answers_is_no_quality(
    tmp_path: Path, value: object, why: str
) -> None:
    """Of BLEU a line holds texts, of ROUGE a number up to 100: none is rescaled."""
    rows = [lm_eval_line(1, metrics=["bleu"], bleu=value)]
    (cell,) = cells("lm-eval", write_lm_eval(tmp_path / "run", rows))

    assert why in str(peer_of(cell).ungraded)
    assert not cell.records[0].graded


def test_lm_eval_reads_one_filter_of_two(tmp_path: Path) -> None:
    """Each answer stands there once for each filter, and would count twice."""
    rows = [
        lm_eval_line(1, filter="strict", right=False),
        lm_eval_line(1, filter="flexible"),
    ]
    folder = write_lm_eval(tmp_path / "run", rows)

    (strict,) = cells("lm-eval", folder)
    (flexible,) = cells("lm-eval", folder, metric="exact_match,flexible")

    assert [record.grade.value for record in strict.records] == [0.0]
    assert [record.grade.value for record in flexible.records] == [1.0]
    assert peer_of(flexible).metric == "exact_match,flexible"


def test_same_sample_with_two_answers_is_refused(tmp_path: Path) -> None:
    """Two runs that were put into one file make no run; the same line twice does."""
    rows = [lm_eval_line(1), lm_eval_line(1, right=False)]
    with pytest.raises(BadPeerFile, match="sample 1 has two answers that differ"):
        cells("lm-eval", write_lm_eval(tmp_path / "two", rows))

    rows = [lm_eval_line(1), lm_eval_line(1)]
    (cell,) = cells("lm-eval", write_lm_eval(tmp_path / "same", rows))
    assert len(cell.records) == 1


@pytest.mark.parametrize("ending", ["json", "eval"])
def test_inspect_log_is_read_in_both_forms(tmp_path: Path, ending: str) -> None:
    """The archive and the JSON file say the same."""
    log = inspect_log([inspect_sample(1), inspect_sample(2, "I")])
    path = tmp_path / f"log.{ending}"
    path.write_bytes(packed(log) if ending == "eval" else json.dumps(log).encode())
    (cell,) = cells("inspect", path)

    assert cell.facts.cell.id == "inspect/sums|openai_owl@inspect|endpoint|single"
    first, second = cell.records
    assert (first.prompt, first.reference, first.answer) == ("Say 1", "1", "It is 1")
    assert first.timing is not None
    assert (first.timing.e2e_s, first.timing.ttft_s) == (0.25, None)
    assert (first.prompt_tokens, first.output_tokens) == (9, 4)
    assert [r.grade.value for r in (first, second)] == [1.0, 0.0]
    assert cell.facts.untimed is None
    assert [r.truncated for r in (first, second)] == [False, False]


@pytest.mark.parametrize(
    ("reason", "cut"), [("max_tokens", True), ("stop", False), ("unknown", None)]
)
def test_inspect_tells_which_answers_were_cut(
    tmp_path: Path, reason: str, *, cut: bool | None
) -> None:
    """Unless the provider did not say; a request that failed was not cut off."""
    output = {"choices": [{"stop_reason": reason}], "completion": "1"}
    broken = inspect_sample(2, scores={}, error={"message": "boom"})
    log = inspect_log([inspect_sample(1, output=output), broken])
    (cell,) = cells("inspect", a_file(tmp_path, log))

    assert [r.truncated for r in cell.records] == [cut, False]


def test_inspect_time_of_a_batch_is_not_the_time_of_an_answer(tmp_path: Path) -> None:
    """An hf/ model's answers all have the time of their batch."""
    log = inspect_log([inspect_sample(1)], model="hf/org/owl")
    (cell,) = cells("inspect", a_file(tmp_path, log))

    assert "whole batch" in str(cell.facts.untimed)


@pytest.mark.parametrize(
    "events",
    [
        [{"event": "model", "cache": "read", "output": {"time": 0.001}}],
        [{"event": "model", "output": {"time": 1}}] * 2,
        [],
    ],
)
def test_inspect_sample_without_one_time_leaves_the_cell_untimed(
    tmp_path: Path, events: list[dict[str, Any]]
) -> None:
    """From the cache, of several calls, or of none: the rest would be a selection."""
    log = inspect_log([inspect_sample(1), inspect_sample(2, events=events)])
    (cell,) = cells("inspect", a_file(tmp_path, log))

    assert cell.facts.untimed == "inspect has no time of 1 of 2 answers"


def test_inspect_sample_that_failed_counts_as_wrong(tmp_path: Path) -> None:
    """Inspect leaves it out of its mean; here it is in the denominator."""
    broken = inspect_sample(2, scores={}, error={"message": "boom"})
    (cell,) = cells(
        "inspect", a_file(tmp_path, inspect_log([inspect_sample(1), broken]))
    )

    assert (cell.records[1].finish, cell.records[1].error) == ("error", "boom")
    assert [(r.graded, r.grade.value) for r in cell.records] == [(True, 1), (True, 0)]


def test_inspect_sample_without_a_score_leaves_no_quality(tmp_path: Path) -> None:
    """A mean of those that have one would be of a selection."""
    log = inspect_log([inspect_sample(1), inspect_sample(2, scores={})])
    (cell,) = cells("inspect", a_file(tmp_path, log))

    assert peer_of(cell).ungraded == "inspect has no grade of 1 of 2 answers"


def test_aiperf_latencies_follow_from_its_instants(tmp_path: Path) -> None:
    """TTFT, e2e and time per token are those that AIPerf tells of the request."""
    folder = write_aiperf(tmp_path / "run", [aiperf_record(n) for n in range(4)], None)
    (cell,) = cells("aiperf", folder)

    timing = cell.records[1].timing
    assert timing is not None
    assert (timing.ttft_s, timing.e2e_s) == (0.05, 0.2)
    assert timing.tpot_s == pytest.approx(0.150 / 15)
    assert timing.start_ns == 100_000_000
    assert cell.records[1].prompt == "Say it"
    assert peer_of(cell).ungraded == "no accuracy_export.jsonl was read"
    assert cell.facts.cell.scenario == "concurrent:4"
    load = cell.facts.load
    assert load is not None
    assert (load.ended, load.in_flight) == (4, 3)
    assert load.window_s == pytest.approx(0.51)


def test_aiperf_grades_are_joined_by_the_request(tmp_path: Path) -> None:
    """Lines of the two files are in different orders."""
    grades = [aiperf_grade(n, passed=n != 2) for n in (3, 2, 1, 0)]
    records = [aiperf_record(n) for n in range(4)]
    (cell,) = cells("aiperf", write_aiperf(tmp_path / "run", records, grades))

    assert [record.grade.value for record in cell.records] == [1, 1, 0, 1]
    assert [record.reference for record in cell.records] == ["0", "1", "2", "3"]
    assert cell.facts.cell.task == "aiperf/sums"


def test_aiperf_request_that_failed_counts_as_wrong(tmp_path: Path) -> None:
    """It has no grade, and stays in the denominator of its task."""
    broken = aiperf_record(1, error={"message": "503"}, metrics={})
    folder = write_aiperf(
        tmp_path / "run", [aiperf_record(0), broken], [aiperf_grade(0)]
    )
    (cell,) = cells("aiperf", folder)

    assert sorted(r.grade.value for r in cell.records) == [0, 1]
    assert {r.graded for r in cell.records} == {True}


def test_aiperf_warm_up_does_not_count(tmp_path: Path) -> None:
    """Requests of its warm-up are in the file too."""
    warm = aiperf_record(0)
    warm["metadata"]["benchmark_phase"] = "warmup"
    folder = write_aiperf(tmp_path / "run", [warm, aiperf_record(1)], None)
    (cell,) = cells("aiperf", folder)

    assert len(cell.records) == 1


def test_aiperf_unit_that_is_unknown_is_no_time(tmp_path: Path) -> None:
    """A figure in another unit would be wrong by a factor."""
    record = aiperf_record(0)
    record["metrics"]["time_to_first_token"]["unit"] = "fortnights"
    (cell,) = cells("aiperf", write_aiperf(tmp_path / "run", [record], None))

    assert cell.records[0].timing is not None
    assert cell.records[0].timing.ttft_s is None


def test_guidellm_loads_become_cells(tmp_path: Path) -> None:
    """Failed requests count, those under way at the end do not."""
    failed = guidellm_request(2, first_token_iteration=None, last_token_iteration=None)
    requests = {
        "successful": [guidellm_request(0), guidellm_request(1)],
        "errored": [failed],
        "incomplete": [guidellm_request(3)],
    }
    report = guidellm_report(requests, {"type_": "concurrent", "streams": 8})
    (cell,) = cells("guidellm", a_file(tmp_path, report))

    assert cell.facts.cell.id == "guidellm/requests|owl@guidellm|endpoint|concurrent:8"
    first = cell.records[0]
    assert first.timing is not None
    assert first.timing.ttft_s == pytest.approx(0.05, abs=1e-6)
    assert first.timing.e2e_s == pytest.approx(0.2, abs=1e-6)
    assert first.timing.tpot_s == pytest.approx(0.01, abs=1e-6)
    assert first.prompt == "Say 0"
    assert [record.finish for record in cell.records] == ["stop", "stop", "error"]
    assert peer_of(cell).ungraded == "GuideLLM grades no answers"
    assert cell.facts.load is not None
    assert (cell.facts.load.ended, cell.facts.load.failed) == (3, 1)


def test_guidellm_report_of_a_part_is_partial(tmp_path: Path) -> None:
    """It may keep a sample of the requests: the totals tell."""
    report = guidellm_report({"successful": [guidellm_request(0)]}, {})
    report["benchmarks"][0]["metrics"]["request_totals"]["successful"] = 50
    (cell,) = cells("guidellm", a_file(tmp_path, report))

    assert cell.facts.planned == 50
    assert not cell.facts.whole(len(cell.records))


def test_instants_that_go_backwards_are_no_times(tmp_path: Path) -> None:
    """The wall clock may have been set back while it measured."""
    back = guidellm_request(0, last_token_iteration=1.0)
    report = guidellm_report({"successful": [back, guidellm_request(1)]}, {})
    (cell,) = cells("guidellm", a_file(tmp_path, report))

    assert cell.facts.untimed == "guidellm has no time of 1 of 2 answers"


def test_promptfoo_results_become_answers(tmp_path: Path) -> None:
    """A call that broke has failed; a wrong one is wrong."""
    rows = [
        promptfoo_row(0),
        promptfoo_row(1, score=0),
        promptfoo_row(2, score=0, failureReason=2, error="refused"),
    ]
    (cell,) = cells("promptfoo", a_file(tmp_path, promptfoo_results(rows)))

    assert [record.grade.value for record in cell.records] == [1, 0, 0]
    assert [record.finish for record in cell.records] == ["stop", "stop", "error"]
    assert cell.records[2].error == "refused"
    assert cell.records[0].timing is not None
    assert cell.records[0].timing.e2e_s == 0.04
    assert cell.facts.cell.model == "owl@promptfoo"


def test_promptfoo_score_with_latency_in_it_is_no_quality(tmp_path: Path) -> None:
    """An assertion on latency is a part of the score, and fast is not right."""
    late = {"type": "assert-set", "assert": [{"type": "latency", "threshold": 9}]}
    rows = [promptfoo_row(0, testCase={"assert": [late]})]
    (cell,) = cells("promptfoo", a_file(tmp_path, promptfoo_results(rows)))

    assert "latency or cost" in str(peer_of(cell).ungraded)


def test_promptfoo_test_without_assertions_is_not_right(tmp_path: Path) -> None:
    """It passes with score 1, since nothing is asserted."""
    rows = [
        promptfoo_row(0, score=0),
        promptfoo_row(1, testCase={}, gradingResult=None),
    ]
    (cell,) = cells("promptfoo", a_file(tmp_path, promptfoo_results(rows)))

    assert [record.graded for record in cell.records] == [True, False]


def test_promptfoo_cached_answer_has_no_time(tmp_path: Path) -> None:
    """Its latency is that of the cache."""
    rows = [promptfoo_row(0), promptfoo_row(1, response={"output": "", "cached": True})]
    (cell,) = cells("promptfoo", a_file(tmp_path, promptfoo_results(rows)))

    assert cell.facts.untimed == "promptfoo has no time of 1 of 2 answers"


def test_both_halves_need_a_budget(tmp_path: Path) -> None:
    """A balanced score hangs on it, and no tool tells one."""
    path = a_file(tmp_path, promptfoo_results([promptfoo_row(0)]))

    with pytest.raises(UsageError, match="say --budget SECONDS"):
        cells("promptfoo", path, budget=None)


def test_measurer_and_files_stand_in_each_cell(tmp_path: Path) -> None:
    """The gate keeps times of two measurers apart by the backend's facts."""
    path = a_file(tmp_path, promptfoo_results([promptfoo_row(0)]))
    (cell,) = cells("promptfoo", path)

    backend = dict(cell.facts.backend)
    assert backend["measured_by"] == "promptfoo"
    assert backend["measured_by_version"] == "0.121.20"
    assert peer_of(cell).files == (("log.json", PeerFile(path).digest),)
    assert "not by this project" in peer_of(cell).told
