"""``llmlat init``: files for a model of a user's; none is lost, all can be used."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.command import main, parser
from pytest_llmlat.command.project_files import with_limits
from pytest_llmlat.command.project_wish import WishChecks, wish_of
from pytest_llmlat.plugin.option_table import OPTIONS
from pytest_llmlat.tasks.data.set_loading import load_samples
from pytest_llmlat.tasks.own_rows import look_at_rows
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import UsageError
from tests.unit.stored_runs import a_stored_run, answers

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

TICKETS = "Ticket text,kind\n" + "".join(
    f"Ticket {number}?,{('refund', 'question')[number % 2]}\n" for number in range(6)
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def argparse_of(options: list[str]) -> Namespace:
    """Return the parsed options of the command."""
    return parser(["init"]).parse_args(["init", *options])


def init(*options: str) -> int:
    """Run the command without questions."""
    return main(["init", "--yes", "--model", "smollm2-135m", *options])


@pytest.mark.slow
def test_it_writes_all_and_ends_with_the_next_command(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that stands alone, and a workflow."""
    assert init() == 0

    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "next: pytest benchmarks"
    assert {p.name for p in (project / "benchmarks").iterdir()} == {
        *("pytest.ini", "conftest.py", "test_models.py", "models.toml"),
        *("tasks.toml", "requirements.txt"),
    }
    assert (project / ".github" / "workflows" / "llmlat.yml").is_file()
    assert [p.name for p in project.iterdir() if p.name.startswith(".llm")] == []


@pytest.mark.slow
def test_a_file_that_is_there_is_kept_and_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wrote something does not lose it; asked twice, nothing changes."""
    assert init() == 0
    assert init() == 0
    mine = project / "benchmarks" / "test_models.py"
    mine.write_text("# mine\n", "utf-8")

    assert init() == 1

    assert mine.read_text("utf-8") == "# mine\n"
    assert (
        "kept        benchmarks/test_models.py; it differs" in capsys.readouterr().out
    )
    assert init("--force") == 0
    assert mine.read_text("utf-8") != "# mine\n"


@pytest.mark.slow
def test_rows_of_the_user_become_a_task(project: Path) -> None:
    """Columns may have any name, and what answers there are is seen."""
    (project / "tickets.csv").write_text(TICKETS, "utf-8")

    assert init("--data", "tickets.csv", "--question", "Ticket text") == 2
    assert init("--data", "tickets.csv", "--question=Ticket text", "--answer=kind") == 0

    task = load_tasks([project / "benchmarks" / "tasks.toml"]).entries["own/tickets"]
    samples = load_samples(task)
    assert [s.reference for s in samples[:2]] == ["refund", "question"]
    assert (task.labels, task.metric) == (("refund", "question"), "accuracy")
    # Nobody asked for other tasks.
    assert "sentiment" not in (project / "benchmarks" / "test_models.py").read_text()


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (["1", "2.5", "-3"], "numbers"),
        (["yes", "no", "yes", "no"], "labels"),
        (["a fine day", "a dull day", "rain"], "texts"),
        (["a", "b", "c", "d"], "texts"),
    ],
)
def test_kinds_of_answers_are_told_apart(
    project: Path, rows: list[str], kind: str
) -> None:
    """Labels come again and again; what is said once is a text."""
    lines = "".join(f"q{n},{row}\n" for n, row in enumerate(rows))
    (project / "d.csv").write_text(f"question,answer\n{lines}", "utf-8")

    assert look_at_rows(project / "d.csv").kind == kind


@pytest.mark.slow
def test_a_file_of_weights_gets_an_entry_that_is_found_from_its_folder(
    project: Path,
) -> None:
    """A path is written as models.toml, where it stands, has to say it."""
    (project / "out").mkdir()
    (project / "out" / "My Model.gguf").write_bytes(b"GGUF")

    status = main(["init", "--yes", "--model", "out/My Model.gguf", "--ci=none"])

    assert status == 0
    entry = load_models([project / "benchmarks" / "models.toml"]).entries["my-model"]
    assert entry.backend == "gguf"
    assert entry.weights == str(project / "out" / "My Model.gguf")
    assert "llm = my-model\n" in (project / "benchmarks" / "pytest.ini").read_text()


@pytest.mark.slow
def test_an_adapter_is_measured_beside_its_base(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever trained one wants to know what it gained; its folder names the base."""
    (project / "lora").mkdir()
    told = '{"base_model_name_or_path": "org/base", "peft_type": "LORA"}'
    (project / "lora" / "adapter_config.json").write_text(told, "utf-8")

    assert main(["init", "--yes", "--model", "lora", "--name", "tuned"]) == 0

    models = load_models([project / "benchmarks" / "models.toml"]).entries
    assert models["tuned"].adapter == str(project / "lora")
    assert (models["tuned-base"].weights, models["tuned-base"].adapter) == (
        "org/base",
        None,
    )
    told = capsys.readouterr().out
    assert told.endswith("next: pytest benchmarks --llm-against=tuned-base\n")
    for text in ("{}", "[" * 100_000):
        (project / "lora" / "adapter_config.json").write_text(text, "utf-8")
        assert main(["init", "--yes", "--model", "lora", "--dir", "other"]) == 2


@pytest.mark.slow
def test_a_hub_id_and_a_server_get_entries(project: Path) -> None:
    """Each with what its backend needs, and a CI installs its extra."""
    assert main(["init", "--yes", "--model=hf:org/Tiny-1B", "--dir=a"]) == 0
    server = "--model=http://127.0.0.1:9/v1#mine"
    assert main(["init", "--yes", server, "--name=srv", "--dir=b", "--ci=gitlab"]) == 0

    text = (project / "a" / "models.toml").read_text("utf-8")
    assert tomllib.loads(text)["models"]["tiny-1b"]["weights"] == "org/Tiny-1B"
    assert "[transformers," in (project / "a" / "requirements.txt").read_text()
    served = load_models([project / "b" / "models.toml"]).entries["srv"]
    assert (str(served.url), served.weights) == ("http://127.0.0.1:9/v1", "mine")
    assert "pytest b --llm-against=srv" in (project / "b" / "gitlab-ci.yml").read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--model", "no-such-model"),
        ("--task", "sentimnt"),
        ("--data", "nothing.jsonl"),
        ("--seconds", "-1"),
        ("--ci", "jenkins"),
        ("--dir", "../out"),
        ("--dir", "$(id)"),
        ("--name", "a b"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    project: Path, wrong: tuple[str, str]
) -> None:
    """Half a folder would have to be cleared up by hand."""
    assert main(["init", "--yes", *wrong]) == 2
    assert list(project.iterdir()) == []


def anything_goes(**tried: Callable[..., object]) -> WishChecks:
    """Return checks that find nothing wrong, but for what is said."""
    return WishChecks(**(dict.fromkeys(("model", "data", "task"), str) | tried))


def test_what_no_option_says_is_asked_in_a_few_questions() -> None:
    """The model first; an empty answer is the usual one."""
    asked: list[str] = []
    said = iter(["hf:org/x", "", "sentiment, reasoning", "1.5", "none"])

    def ask(text: str) -> str:
        asked.append(text)
        return next(said)

    wish = wish_of(
        argparse_of([]), ask, usual_tasks=("sentiment",), checks=anything_goes()
    )

    assert (wish.model, wish.data) == ("hf:org/x", None)
    assert (wish.seconds, wish.ci) == (1.5, "none")
    assert wish.tasks == ("sentiment", "reasoning")
    assert [text.split()[0] for text in asked] == ["Which", "A", "Which", "How", "A"]


def test_what_an_option_says_is_not_asked() -> None:
    """Four questions are left beside a model that was typed."""
    asked: list[str] = []
    given = argparse_of(["--model", "mine"])

    def ask(text: str) -> str:
        asked.append(text)
        return ""

    wish = wish_of(given, ask, usual_tasks=("sentiment",), checks=anything_goes())

    assert (wish.model, wish.tasks, wish.seconds) == ("mine", ("sentiment",), None)
    assert len(asked) == 4


def test_an_answer_of_no_use_is_told_and_asked_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A person who mistypes the last answer need not give all others anew."""
    said = iter(
        ["gpt3", "gpt2", "", "sentimnt", "sentiment", "soon", "2", "hub", "none"]
    )

    def knows(*names: str) -> Callable[[str], None]:
        def known(text: str) -> None:
            if text not in names:
                raise UsageError(f"there is no {text}")

        return known

    checks = anything_goes(model=knows("gpt2"), task=knows("sentiment"))

    wish = wish_of(argparse_of([]), lambda _: next(said), usual_tasks=(), checks=checks)

    assert (wish.model, wish.tasks, wish.seconds) == ("gpt2", ("sentiment",), 2.0)
    assert wish.ci == "none"
    told = capsys.readouterr().out
    assert [
        word for word in ("gpt3", "sentimnt", "soon", "hub") if word not in told
    ] == []


def test_no_answer_at_the_end_of_input_is_the_usual_one() -> None:
    """Ctrl-D asks no more, and an option that is wrong ends it."""

    def ask(_: str) -> str:
        raise EOFError

    wish = wish_of(
        argparse_of([]), ask, usual_tasks=("sentiment",), checks=anything_goes()
    )

    assert (wish.model, wish.ci) == ("smollm2-135m", "github")
    with pytest.raises(UsageError, match="jenkins"):
        wish_of(
            argparse_of(["--ci", "jenkins"]),
            ask,
            usual_tasks=(),
            checks=anything_goes(),
        )


@pytest.mark.slow
def test_limits_are_those_that_a_run_keeps(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one place of the settings; the rest of the file stays as it is."""
    runs = project / ".llmlat" / "runs"
    a_stored_run(runs / "r1", answers("smollm2-135m", seconds=0.61))
    assert init() == 0
    ini = project / "benchmarks" / "pytest.ini"
    ini.write_text(ini.read_text("utf-8") + "# mine\n", "utf-8")

    for _ in range(2):
        assert main(["init", "--limits-from", "last"]) == 0

    text = ini.read_text("utf-8")
    assert "    reasoning/sums@smollm2-135m: quality>=0.83 e2e_p50<=1.3s\n" in text
    assert text.count("llm_limit =") == 1
    assert text.endswith("# limits end\n# mine\n")
    assert capsys.readouterr().out.endswith("next: pytest benchmarks\n")


def test_a_file_without_a_place_for_limits_is_told_what_to_write(
    project: Path,
) -> None:
    """It is the user's own."""
    with pytest.raises(UsageError, match="no place for limits"):
        with_limits("[pytest]\n", ["e2e_p50<=1s"], where=project / "pytest.ini")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("github", ".github/workflows/llmlat.yml"),
        ("gitlab", "benchmarks/gitlab-ci.yml"),
    ],
)
def test_a_workflow_has_least_rights_and_real_options(
    project: Path, kind: str, path: str
) -> None:
    """What it runs is pinned, and no job may write anything."""
    assert init(f"--ci={kind}") == 0
    text = (project / path).read_text("utf-8")
    content = pytest.importorskip("yaml").safe_load(text)

    flags = {option.flag for option in OPTIONS.values()}
    assert {*re.findall(r"--llm[a-z-]*", text)} <= flags
    assert "<<" not in text
    for action in re.findall(r"uses: \S+?@(\S+)", text):
        assert re.fullmatch("[0-9a-f]{40}", action)
    if kind == "github":
        assert content["permissions"] == {}
        (job,) = content["jobs"].values()
        assert job["permissions"] == {"contents": "read"}
