"""Measuring from Python: the same run as pytest's, and complaints name arguments."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat import (
    LLMLatError,
    Record,
    RunResult,
    Sample,
    Task,
    measure_models,
)
from pytest_llmlat.analysis.resampling import resampled_sums_of
from pytest_llmlat.session.listening import Silent, TextProgress
from pytest_llmlat.session.outer_loop import outside_of_loop
from pytest_llmlat.session.run import Session
from pytest_llmlat.store.record_reader import records_of
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.errors import (
    DeviceAbsent,
    UsageError,
)
from pytest_llmlat.values.price import Price, TokenRate
from tests.unit.boards import HOSTILE
from tests.unit.builders import a_cell, a_record
from tests.unit.session.parrots import OWL, PARROT, a_tiny_task, runs

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.measure.cell import LoadedModel
    from pytest_llmlat.values.entities import Task
    from pytest_llmlat.values.records import Cell

pytestmark = pytest.mark.slow


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task of six samples, half of which the parrot gets right."""
    return a_tiny_task(tmp_path)


def test_a_budget_that_stops_a_run_is_named_as_it_was_given(
    tmp_path: Path, task: Task
) -> None:
    """By the argument here: nobody has typed an option."""
    rate = TokenRate(per_million="100")
    price = Price(currency="USD", source="entry", input=rate, output=rate)
    paid = replace(PARROT, name="paid", price=price)

    result = measure_models(paid, task, root=tmp_path, spend="usd=0.0115")

    (verdict,) = [one for one in result.board.verdicts if one.outcome == "warned"]
    assert (verdict.against, verdict.quantity) == ("spend", "records")


@pytest.mark.slow
def test_a_run_returns_its_figures_and_is_on_the_disk(
    tmp_path: Path, task: Task
) -> None:
    """The board is of what the folder holds, which can be read again by itself."""
    result = measure_models(PARROT, task, root=tmp_path)

    (summary,) = result.summaries
    assert (summary.cell.model, summary.samples) == ("parrot", 6)
    assert summary.quality.value == 0.5
    assert runs(tmp_path) == [result.folder]
    assert len(list(result.records())) == 6
    told = json.loads((result.folder / "summary.json").read_text("utf-8"))
    assert told["cells"][0]["quality"]["value"] == 0.5
    assert (result.folder / "report.md").is_file()


def test_a_task_without_a_prompt_for_a_model_is_told_before_it_is_loaded(
    tmp_path: Path, task: Task
) -> None:
    """Where its entry tells whether it chats; nothing is measured."""
    base = replace(PARROT, chat=False)

    with pytest.raises(UsageError, match=r"no completion_prompt, and model 'parrot'"):
        measure_models(base, replace(task, completion_prompt=None), root=tmp_path)

    assert runs(tmp_path) == []


@pytest.mark.slow
def test_each_cell_is_resampled_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, task: Task
) -> None:
    """At the end of the run, with those that it is compared with."""
    drawn: list[int] = []

    def counted(columns: Any, *, seed: str) -> Any:  # noqa: ANN401 - as it is
        drawn.append(len(columns))
        return resampled_sums_of(columns, seed=seed)

    monkeypatch.setattr(
        "pytest_llmlat.analysis.cell_bootstrap.resampled_sums_of", counted
    )
    measure_models([PARROT, OWL], task, root=tmp_path)

    assert drawn == [2]


@pytest.mark.slow
def test_names_and_values_may_be_mixed(tmp_path: Path, task: Task) -> None:
    """A name is looked up in the files that are given; a family is its tasks."""
    models = tmp_path / "models.toml"
    models.write_text(
        '[models.crow]\nbackend = "scripted"\noptions = { answer = "negative" }\n',
        "utf-8",
    )

    result = measure_models(
        ["crow", PARROT],
        [task, "sentiment"],
        samples=2,
        devices="cpu",
        model_files=models,
        root=tmp_path,
    )

    cells = [summary.cell for summary in result.summaries]
    assert {cell.model for cell in cells} == {"crow", "parrot"}
    assert {cell.device for cell in cells} == {"cpu"}
    assert {"sentiment/tiny", "sentiment/polarity"} <= {cell.task for cell in cells}
    assert {summary.samples for summary in result.summaries} == {2}


@pytest.mark.slow
def test_samples_of_ones_own_need_no_file(tmp_path: Path, task: Task) -> None:
    """A list of samples stands for the task's source."""
    own = [
        Sample(
            id="mine",
            difficulty=None,
            stratum="positive",
            fields=(("text", "lovely"),),
            reference="positive",
        )
    ]

    result = measure_models(PARROT, task, samples=own, root=tmp_path)

    assert [record.sample for record in result.records()] == ["mine"]
    with pytest.raises(UsageError, match=r"^samples: are those of one task"):
        measure_models(PARROT, [task, "sentiment/polarity"], samples=own, root=tmp_path)
    with pytest.raises(UsageError, match=r"samples: 2 have the id 'mine'; give each"):
        measure_models(PARROT, task, samples=[*own, *own], root=tmp_path)


@pytest.mark.slow
def test_the_folder_is_as_that_of_a_run_of_pytest(
    tmp_path: Path, task: Task, pytester: pytest.Pytester
) -> None:
    """Both are read back by the same reader, and say the same things."""
    pytester.makefile(
        ".toml",
        models='[models.parrot]\nbackend = "scripted"\ndevices = ["cpu"]\n'
        'options = { answer = "positive" }\n',
        tasks=f"""[tasks."sentiment/tiny"]
source = "{task.source}"
reference = "label"
labels = ["positive", "negative"]
extractor = "label"
metric = "accuracy"
chance = 0.5
max_new_tokens = 4
budget_s = 1.0
chat_prompt = "{task.chat_prompt}"
completion_prompt = "{task.completion_prompt}"
""",
    )
    pytester.makepyfile("""
        import pytest

        @pytest.mark.llm("sentiment/tiny")
        def test_sentiment(llm, llmlat):
            llmlat.run(llm)
    """)
    options = ("--llm=parrot", "--llm-models=models.toml", "--llm-tasks=tasks.toml")
    quiet = ("-p", "no:cacheprovider", "-p", "no:benchmark")
    pytester.runpytest_inprocess(*quiet, *options).assert_outcomes(passed=1)
    (theirs,) = runs(pytester.path)

    ours = measure_models(PARROT, task, root=tmp_path).folder

    # Which test has which cell: there is no test here.
    theirs_alone = {"claims.jsonl"}
    assert {path.name for path in ours.iterdir()} == {
        path.name for path in theirs.iterdir()
    } - theirs_alone
    assert shape(ours) == shape(theirs)
    assert answers(ours) == answers(theirs)


def shape(folder: Path) -> Any:  # noqa: ANN401 - the keys of JSON
    """Return the keys of all that the folder says, without its values."""
    run = json.loads((folder / "run.json").read_text("utf-8"))
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    return keys(run), keys(summary)


def keys(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value with nothing but its keys."""
    if isinstance(value, dict):
        return {key: keys(each) for key, each in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [keys(each) for each in value]
    return None


def answers(folder: Path) -> list[tuple[object, ...]]:
    """Return what was asked and answered, without the times."""
    return [
        (cell.id, r.sample, r.prompt, r.answer, r.grade, r.metric, r.round)
        for cell, records in records_of(open_run(folder))
        for r in records
    ]


def test_a_device_that_is_absent_is_told_before_anything_is_measured(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is the one for which pytest would skip."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    wide = replace(PARROT, devices=("cpu", "cuda"))

    with pytest.raises(DeviceAbsent, match="looked for an NVIDIA GPU"):
        measure_models([OWL, wide], task, devices=["cuda"], root=tmp_path)
    with pytest.raises(DeviceAbsent, match=r"'far'.*looked for an NVIDIA GPU"):
        measure_models(
            replace(PARROT, name="far", devices=("cuda",)), task, root=tmp_path
        )
    with pytest.raises(UsageError, match=r"^devices: 'parrot' runs on cpu, and"):
        measure_models(PARROT, task, devices="endpoint", root=tmp_path)

    assert not runs(tmp_path)


@pytest.mark.slow
def test_two_models_are_measured_in_turn_and_judged(tmp_path: Path, task: Task) -> None:
    """``against`` gates the difference; a failed verdict is told and not raised."""
    result = measure_models(OWL, task, against=PARROT, root=tmp_path)
    worse = measure_models(PARROT, task, limits="quality>=0.9", root=tmp_path, seed=3)

    assert {verdict.quantity for verdict in result.verdicts} >= {"quality", "e2e"}
    assert {verdict.against for verdict in result.verdicts} == {"parrot"}
    assert [summary.samples for summary in result.summaries] == [12, 12]
    assert not worse.passed
    assert "quality>=0.9" in str(worse)


@pytest.mark.slow
def test_a_run_may_be_stored_and_compared_with(tmp_path: Path, task: Task) -> None:
    """The files are those of pytest's options."""
    base = tmp_path / "base.json"
    measure_models(PARROT, task, save_baseline=base, root=tmp_path)

    again = measure_models(PARROT, task, baseline=base, root=tmp_path)

    assert base.is_file()
    assert str(base) in {verdict.against for verdict in again.verdicts}


@pytest.mark.slow
def test_a_run_with_errors_is_no_baseline(tmp_path: Path, task: Task) -> None:
    """What broke is counted, and nothing is compared with it later."""
    script = tmp_path / "owl.json"
    script.write_text(json.dumps({"": {"error": "it broke"}}), "utf-8")
    broken = replace(OWL, options=(("script", str(script)),))

    result = measure_models(
        broken, task, save_baseline=tmp_path / "base.json", root=tmp_path
    )

    assert result.summaries[0].errors == 6
    assert not (tmp_path / "base.json").exists()
    assert not result.passed


@pytest.mark.slow
def test_a_report_is_written_where_it_was_asked_for(tmp_path: Path, task: Task) -> None:
    """The same files as pytest's ``--llm-report``."""
    measure_models(PARROT, task, root=tmp_path, report=tmp_path / "out")

    assert {"report.html", "report.md", "summary.json", "records.jsonl"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }


class Stubborn(Silent):
    """A listener that has seen enough after some records."""

    def __init__(self, error: BaseException, after: int) -> None:
        """Raise ``error`` with the record after so many."""
        self._error, self._left = error, after

    def on_record(self, record: Record) -> None:
        """Count down."""
        del record
        self._left -= 1
        if self._left < 0:
            raise self._error


@pytest.mark.slow
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError("mine")])
def test_what_cuts_a_run_short_keeps_what_was_measured(
    tmp_path: Path, task: Task, error: BaseException
) -> None:
    """Ctrl-C or an error of a listener ends it; the folder is whole and is named."""
    with pytest.raises(type(error)) as caught:
        measure_models(PARROT, task, root=tmp_path, listener=Stubborn(error, 3))

    (folder,) = runs(tmp_path)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["cells"][0]["samples"] == 4
    assert summary["cells"][0]["partial"] is True
    assert caught.value.__notes__ == [f"what was measured until then is in {folder}"]


def test_everything_is_closed_whatever_happens(
    tmp_path: Path, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook goes on after an error: no model may stay in its memory."""
    closed: list[str] = []
    unload, close = Session.unload, Session.close

    def unloaded(model: LoadedModel) -> None:
        closed.append("model")
        unload(model)

    def ended(session: Session) -> None:
        closed.append("session")
        close(session)

    monkeypatch.setattr(Session, "unload", staticmethod(unloaded))
    monkeypatch.setattr(Session, "close", ended)

    with pytest.raises(OSError, match="mine"):
        measure_models(
            PARROT, task, root=tmp_path, listener=Stubborn(OSError("mine"), 0)
        )

    assert closed == ["model", "session"]


def test_records_are_handed_out_as_they_come(tmp_path: Path, task: Task) -> None:
    """A function gets each one, a listener beside it the beginning and the end."""
    seen: list[str] = []

    class Noting(Silent):
        def on_begin(self, cell: Cell, planned: int) -> None:
            seen.append(f"begin {cell.task} {planned}")

        def on_end(self) -> None:
            seen.append("end")

    measure_models(
        PARROT,
        task,
        samples=2,
        root=tmp_path,
        on_record=lambda record: seen.append(record.cell.task),
        listener=Noting(),
    )

    assert seen == ["begin sentiment/tiny 2", *["sentiment/tiny"] * 2, "end"]


@pytest.mark.slow
def test_nothing_is_written_to_the_screen_unless_asked_for(
    tmp_path: Path, task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script's output is its own; progress goes to a file or to standard error."""
    measure_models(PARROT, task, root=tmp_path)
    silent = capsys.readouterr()
    stream = io.StringIO()
    measure_models(PARROT, task, root=tmp_path, progress=stream)
    measure_models(PARROT, task, root=tmp_path, progress=True)

    assert (silent.out, silent.err) == ("", "")
    name = "sentiment/tiny|parrot|cpu|single"
    assert stream.getvalue().startswith(f"{name}: 6 requests\n{name}: 6 of 6 in ")
    assert capsys.readouterr().err.startswith(name)


class Terminal(io.StringIO):
    """A file that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_progress_counts_one_cell_and_draws_seldom() -> None:
    """Records of a model that is measured in turn are not counted; nor divided by."""
    clock, stream = ManualClock(), Terminal()
    progress = TextProgress(stream, clock.now_ns)
    own, other = a_cell("owl"), a_cell("parrot")
    progress.on_begin(own, 2)
    clock.wait_until(1_000_000_000)

    progress.on_record(replace(a_record("s"), cell=other))
    assert stream.getvalue() == ""
    progress.on_record(replace(a_record("s"), cell=own))
    drawn = stream.getvalue()
    progress.on_record(replace(a_record("s"), cell=own))
    assert stream.getvalue() == drawn
    assert drawn.startswith(f"\rabout 1 s left  sample 1 of 2  {own.id}  accuracy 1")
    progress.on_end()

    last = stream.getvalue().rpartition("\r")[2]
    assert last.rstrip() == f"{own.id}: 2 of 2 in 1.0 s"


def test_it_runs_inside_of_a_running_event_loop(tmp_path: Path, task: Task) -> None:
    """A notebook's kernel has one, in which a client's own could not be started."""

    async def cell() -> tuple[RunResult, int]:
        with outside_of_loop():
            inner = asyncio.run(asyncio.sleep(0, 42))
        result = measure_models(PARROT, task, samples=1, root=tmp_path)
        await asyncio.sleep(0)
        return result, inner

    result, inner = asyncio.run(cell())

    assert inner == 42
    assert result.summaries[0].samples == 1


@pytest.mark.slow
def test_a_notebook_shows_tables_and_print_the_board(
    tmp_path: Path, task: Task
) -> None:
    """Names are foreign text: none of it becomes HTML or controls a terminal."""
    evil = replace(PARROT, name=f"evil{HOSTILE}")

    result = measure_models([evil, OWL], task, root=tmp_path)

    page = result._repr_html_()
    assert page.count("<table>") == 2
    assert "<img" not in page
    assert "&lt;img" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "owl" in page
    assert "\x1b" not in str(result)
    assert str(result.folder) in str(result)


def test_a_model_that_cannot_be_loaded_ends_the_run(tmp_path: Path, task: Task) -> None:
    """What was measured before it is kept, and the error says where."""
    broken = tmp_path / "broken.gguf"
    broken.write_text("no weights", "utf-8")
    lost = replace(OWL, name="lost", backend="gguf", weights=str(broken), options=())

    with pytest.raises(LLMLatError) as caught:
        measure_models([PARROT, lost], task, root=tmp_path)

    (folder,) = runs(tmp_path)
    assert str(folder) in caught.value.__notes__[0]
    assert (folder / "summary.json").is_file()


@pytest.mark.slow
def test_nothing_of_pytest_is_needed(tmp_path: Path) -> None:
    """A script measures where pytest cannot be imported."""
    code = """
import sys
for name in ("pytest", "_pytest", "pluggy"):
    sys.modules[name] = None
from pytest_llmlat import ModelSpec, measure_models
model = ModelSpec(name="m", backend="scripted", devices=("cpu",))
print(measure_models(model, "sentiment/polarity", samples=2).summaries[0].samples)
"""

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (done.stdout, done.stderr) == ("2\n", "")
