"""``llmlat panel``, ``judges`` and ``label`` on a stored run, with scripted judges."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmlat.command import main
from pytest_llmlat.store.journal import LABELS, TRIALS
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from tests.unit.stored_runs import a_stored_run, answers

MODELS = """
[models.strict]
backend = "scripted"
devices = ["cpu"]
options = { answer = '{"reason": "thin", "score": 2}' }

[models.kind]
backend = "scripted"
devices = ["cpu"]
options = { answer = '{"reason": "fine", "score": 5}' }
"""
PANEL = ("--judge", "strict", "--judge", "kind", "--rubric", "helpfulness")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a run of two models, and be in its project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "models.toml").write_text(MODELS, "utf-8")
    folder = tmp_path / ".llmlat" / "runs" / "20260101T000000Z-1"
    return a_stored_run(folder, answers("parrot"), answers("owl", seconds=2.0))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that is to succeed; return what it printed."""
    assert main([*arguments, "--models", "models.toml"]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_a_judged_run_is_a_run_of_its_own(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the times of the first, which stays as it is."""
    before = {path: path.read_bytes() for path in run.iterdir()}

    out = told(capsys, "panel", str(run), *PANEL)

    assert {path: path.read_bytes() for path in run.iterdir()} == before
    (new,) = (path for path in run.parent.iterdir() if path != run)
    assert str(new.name) in out
    records = [record for _, own in records_of(open_run(new)) for record in own]
    assert {record.grade.value for record in records} == {0.625}
    measured = [record for _, own in records_of(open_run(run)) for record in own]
    assert [r.timing for r in records] == [r.timing for r in measured]
    assert (new / "report.html").exists()


@pytest.mark.slow
def test_a_judged_quality_is_called_uncalibrated(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every table, and by a warning as long as no person has said anything."""
    assert main(["panel", str(run), *PANEL, "--models", "models.toml"]) == 0

    shown = capsys.readouterr()
    assert "uncalibrated" in shown.err
    assert "uncalibrated_judge" in shown.out
    (new,) = (path for path in run.parent.iterdir() if path != run)
    assert "uncalibrated" in (new / "report.md").read_text("utf-8")
    assert "uncalibrated" in (new / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_labels_make_it_what_people_would_say(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who always says 3 is believed, and not the panel."""
    monkeypatch.setattr("sys.stdin", io.StringIO("3\n" * 48))
    assert main(["label", str(run), "--rubric", "helpfulness", "--items", "48"]) == 0
    assert "48 of 48 answers have a label" in capsys.readouterr().out

    assert main(["panel", str(run), *PANEL, "--models", "models.toml"]) == 0

    shown = capsys.readouterr()
    assert "nobody has checked" not in shown.err
    line = next(line for line in shown.out.splitlines() if "24 labels" in line)
    assert "quality 0.500" in line
    assert "the panel alone: 0.625" in line


def test_labelling_goes_on_where_it_was(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no score is asked again, s skips, q ends; nothing shows whose it is."""
    label = ["label", str(run), "--rubric", "helpfulness", "--items", "20"]
    monkeypatch.setattr("sys.stdin", io.StringIO("what\n9\n4\ns\n2\nq\n"))
    assert main(label) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("5\n"))

    assert main(label) == 0

    assert "2 of 20 answers have a label" in first
    assert "3 of 20 answers have a label" in capsys.readouterr().out
    assert "parrot" not in first
    lines = (run / LABELS).read_text("ascii").splitlines()
    assert [json.loads(line)["score"] for line in lines] == [4, 2, 5]


@pytest.mark.slow
def test_judges_are_tried_on_the_answers_of_a_run(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that says the same of everything is unfit, and is told in what."""
    out = told(capsys, "judges", str(run), *PANEL, "--answers", "4")

    assert "strict: UNFIT: " in out
    assert "kind: UNFIT: " in out


@pytest.mark.slow
def test_prompt_injections_are_counted_case_by_case(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each judge; one that gives the best score anyway has nothing to earn."""
    out = told(
        capsys, "judges", str(run), *PANEL, "--answers", "2", "--injections", "2"
    )
    rows = [line.split() for line in out.splitlines()]

    assert len([row for row in rows if row[:2] == ["closed", "mark"]]) == 6
    assert ["all", "0", "of", "58", "0", "of", "0"] in rows
    assert main(["judges", str(run), *PANEL, "--injections", "-1"]) != 0


@pytest.mark.slow
def test_programs_read_it_as_json(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary of the judged run, and the measure of each judge."""
    summary = json.loads(told(capsys, "panel", str(run), *PANEL, "--json"))
    measure = json.loads(told(capsys, "judges", str(run), *PANEL, "--json"))

    assert summary["cells"][0]["quality"]["value"] == 0.625
    assert "judge strict: 48 of 48 verdicts read" in str(summary["judging"])
    assert [each["judge"] for each in measure] == ["strict", "kind"]
    assert measure[0]["fit"] is False


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--rubric", "helpfulness"), "needs a judge"),
        (("--judge", "kidn", "--rubric", "helpfulness"), "did you mean 'kind'"),
        (("--judge", "kind", "--rubric", "helpful"), "did you mean 'helpfulness'"),
        ((*PANEL, "--judge", "kind"), "named twice"),
        ((*PANEL, "--task", "reasonin"), "did you mean 'reasoning'"),
        ((*PANEL, "--in-flight", "0"), "at least 1"),
        ((*PANEL, "--verdict-tokens", "0"), "at least 1"),
    ],
)
def test_what_cannot_judge_is_told_before_anybody_is_asked(
    run: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    """With the nearest name; nothing is written."""
    assert main(["panel", str(run), *arguments, "--models", "models.toml"]) == 2

    assert complaint in capsys.readouterr().err
    assert list(run.parent.iterdir()) == [run]


@pytest.mark.slow
def test_a_budget_leaves_the_rest_for_later(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, nothing gets a grade by half of a panel, and no trial is believed."""
    dear = "input_per_million = 1, output_per_million = 1_000_000"
    cost = f"price = {{ currency = 'USD', {dear} }}\n"
    models = MODELS.replace("[models.kind]\n", f"[models.kind]\n{cost}")
    (run.parents[2] / "models.toml").write_text(models, "utf-8")
    judge = ("--judge", "kind", "--rubric", "helpfulness", "--models", "models.toml")
    own = [replace(r, answer=f"It is {n}.") for n, r in enumerate(answers())]
    several = str(a_stored_run(run.with_name("20260101T000001Z-1"), own))

    assert main(["panel", several, *judge, "--spend", "usd=161"]) == 0
    shown = capsys.readouterr()
    assert "not judged to the end: budget: " in shown.err
    assert "23 not asked" in shown.out
    assert main(["judges", several, *judge, "--spend", "usd=161"]) == 1
    assert "was not tried to the end" in capsys.readouterr().err
    assert not (Path(several) / TRIALS).exists()
    assert main(["panel", several, *judge]) == 0
    assert "2 known from before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spend", "complaint"),
    [
        ("usd=1", "'strict' has no price"),
        ("joules=5", "nothing counts the joules of a judge"),
        ("much", "is not understood"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], spend: str, complaint: str
) -> None:
    """Before anybody is asked."""
    arguments = [*PANEL, "--models", "models.toml", "--spend", spend]

    assert main(["panel", str(run), *arguments]) == 2

    assert complaint in capsys.readouterr().err
    assert list(run.parent.iterdir()) == [run]


def test_few_labels_are_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nine tell nothing of all answers."""
    arguments = ["label", str(run), "--rubric", "helpfulness", "--items", "9"]

    assert main(arguments) == 2

    assert "fewer than 10 labels" in capsys.readouterr().err
