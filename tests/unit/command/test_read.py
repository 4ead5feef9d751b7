"""``llmlat read``: what a stranger may type, and files that are damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.analysis.stored_run import board_of
from pytest_llmlat.command import main
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.balance import BALANCES
from tests.unit.example_counts import at_most
from tests.unit.peer_files import (
    aiperf_record,
    as_lines,
    guidellm_report,
    guidellm_request,
    inspect_log,
    inspect_sample,
    lm_eval_line,
    packed,
    promptfoo_results,
    promptfoo_row,
    write_lm_eval,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of inspect."""
    path = tmp_path / "log.json"
    path.write_text(json.dumps(inspect_log([inspect_sample(n) for n in range(12)])))
    return path


def test_files_of_a_folder_are_known_by_what_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has to say which tool wrote them; a run can be shown at once."""
    folder = write_lm_eval(tmp_path / "out", [lm_eval_line(n) for n in range(12)])
    (folder / "notes.json").write_text("[1, 2]")

    assert main(["read", str(folder), "-o", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    assert "lm-eval/sums" in told
    assert "measured by lm-eval 0.4.13, not by this project" in told
    assert main(["show", str(tmp_path / "run")]) == 0
    assert "owl@lm-eval" in capsys.readouterr().out


@pytest.mark.slow
def test_report_and_page_say_who_measured(tmp_path: Path, log: Path) -> None:
    """Markdown and page have the mark too."""
    run, report = str(tmp_path / "run"), tmp_path / "report"
    assert main(["read", str(log), "--budget", "1", "-o", run]) == 0
    assert main(["report", run, "--out", str(report)]) == 0

    for name in ("report.md", "report.html", "summary.json"):
        assert "not by this project" in (report / name).read_text() or name.endswith(
            "json"
        )
    told = json.loads((report / "summary.json").read_text())
    assert told["cells"][0]["peer"]["tool"] == "inspect"


@pytest.mark.slow
def test_two_logs_are_compared(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate pairs their samples; a machine that nobody named times nothing."""
    wrong = [inspect_sample(n, "I") for n in range(12)]
    (tmp_path / "later.json").write_text(json.dumps(inspect_log(wrong)))
    for name, path in (("a", log), ("b", tmp_path / "later.json")):
        asked = ["read", str(path), "--budget", "1", "-o", str(tmp_path / name)]
        assert main(asked) == 0
    capsys.readouterr()

    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 1
    verdicts = {v["quantity"]: v for v in json.loads(capsys.readouterr().out)}
    assert verdicts["quality"]["outcome"] == "regression"
    assert "machine: not stated" in verdicts["e2e"]["note"]


@pytest.mark.slow
def test_quality_alone_is_gated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No balance is shown as 0 where no time was taken."""
    rows = [lm_eval_line(n) for n in range(40)]
    for name, own in (("a", rows), ("b", [{**r, "exact_match": 0.0} for r in rows])):
        folder = write_lm_eval(tmp_path / f"{name}.out", own)
        assert main(["read", str(folder), "-o", str(tmp_path / name)]) == 0
    capsys.readouterr()

    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 1
    verdicts = json.loads(capsys.readouterr().out)
    assert [v["quantity"] for v in verdicts] == ["quality"]
    assert verdicts[0]["outcome"] == "regression"


@pytest.mark.slow
def test_neither_half_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known, and nothing passes."""
    rows = [lm_eval_line(n, metrics=["bleu"], bleu=["a", "b"]) for n in range(40)]
    for name in ("a", "b"):
        folder = write_lm_eval(tmp_path / f"{name}.out", rows)
        assert main(["read", str(folder), "-o", str(tmp_path / name)]) == 0
    capsys.readouterr()

    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert verdict["outcome"] == "inconclusive"
    assert "neither grades nor times" in verdict["note"]


@pytest.mark.slow
def test_speed_alone_is_gated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No answer has a grade: latencies are judged, and no quality is spoken of."""
    for name, late in (("a", 0.0), ("b", 0.1)):
        requests = []
        for number in range(40):
            request = guidellm_request(number)
            times = request["info"]["timings"]
            for key in ("last_token_iteration", "request_end"):
                times[key] += late + number / 1e4
            requests.append(request)
        report = guidellm_report({"successful": requests}, {"type_": "synchronous"})
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(report))
        asked = ["read", str(path), "--machine", "desk", "-o", str(tmp_path / name)]
        assert main(asked) == 0
    capsys.readouterr()

    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]) == 1
    verdicts = {v["quantity"]: v for v in json.loads(capsys.readouterr().out)}
    assert verdicts["e2e"]["change"] > 0.4
    assert verdicts["e2e"]["outcome"] == "regression"
    assert "quality" not in verdicts
    assert "records" not in verdicts


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--from", "inspekt"], "did you mean 'inspect'?"),
        (["--from", "aiperf"], "cut off, or of no tool that is known"),
        (["--budget", "0"], "must be seconds above 0"),
        (["--budget", "nan"], "must be seconds above 0"),
        ([], "say --budget SECONDS"),
        (["--budget", "1", "-o", "."], "is there already; name a new folder"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    log: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    told: str,
) -> None:
    """Exit status 2, and what to do."""
    monkeypatch.chdir(log.parent)

    assert main(["read", str(log), *more]) == 2
    assert told in capsys.readouterr().err


def test_files_of_two_tools_are_refused(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run is of one measurer."""
    other = tmp_path / "results.json"
    other.write_text(json.dumps(promptfoo_results([promptfoo_row(1)])))

    assert main(["read", str(log), str(other)]) == 2
    assert "files of several tools" in capsys.readouterr().err


CONTENTS: dict[str, bytes] = {
    "lm-eval": as_lines([lm_eval_line(n) for n in range(3)]).encode(),
    "inspect": json.dumps(inspect_log([inspect_sample(n) for n in range(3)])).encode(),
    "aiperf": as_lines([aiperf_record(n) for n in range(3)]).encode(),
    "guidellm": json.dumps(
        guidellm_report({"successful": [guidellm_request(1)]}, {})
    ).encode(),
    "promptfoo": json.dumps(promptfoo_results([promptfoo_row(1)])).encode(),
    "archive": packed(inspect_log([inspect_sample(n) for n in range(3)])),
}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def _replaced(content: object, place: int, value: object) -> tuple[object, int]:
    """Return JSON in which the value at one place is another."""
    if place == 0:
        return value, -1
    place -= 1
    if isinstance(content, dict):
        told: dict[object, object] = {}
        for key, inner in content.items():
            told[key], place = (
                (inner, place) if place < 0 else _replaced(inner, place, value)
            )
        return told, place
    if isinstance(content, list):
        items = []
        for inner in content:
            item, place = (
                (inner, place) if place < 0 else _replaced(inner, place, value)
            )
            items.append(item)
        return items, place
    return content, place


def _read_or_refused(path: Path, tool: str, to: Path) -> None:
    """Read a file; a sentence of ours is all that may go wrong."""
    asked = ["read", str(path), "--from", tool, "--budget", "1", "-o", str(to)]
    if main(asked) == 2:
        return
    problems: list[str] = []
    board_of(open_run(to), balance=BALANCES[0], seed=0, tell=problems.append)
    assert problems == []


@pytest.mark.parametrize("kind", CONTENTS)
@settings(
    max_examples=at_most(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_damaged_files_give_a_run_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """Cut off, a byte changed, or another value anywhere: no traceback."""
    content = CONTENTS[kind]
    tool = "inspect" if kind == "archive" else kind
    how: Callable[[], bytes] = data.draw(
        st.sampled_from([lambda: _cut(content, data), lambda: _changed(content, data)])
    )
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "samples_sums_1.jsonl"
    path.write_bytes(how() or b"{")

    _read_or_refused(path, tool, folder / "run")


def _cut(content: bytes, data: st.DataObject) -> bytes:
    begin = data.draw(st.integers(0, len(content) - 1))
    return content[:begin] + data.draw(st.binary(max_size=3)) + content[begin + 1 :]


def _changed(content: bytes, data: st.DataObject) -> bytes:
    """Return content in which one JSON value is another."""
    lines = content.split(b"\n")
    try:
        rows = [json.loads(line) for line in lines if line]
    except ValueError:
        return content[: data.draw(st.integers(0, len(content)))]
    row = data.draw(st.integers(0, len(rows) - 1))
    place, value = data.draw(st.integers(1, 60)), data.draw(VALUES)
    rows[row], _ = _replaced(rows[row], place, value)
    return "\n".join(json.dumps(each) for each in rows).encode("utf-8", "replace")
