"""Loaded but unused, the plugin costs nothing that one can see."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.analysis.run_progress import ProgressTally
from pytest_llmlat.plugin.progress import Progress, drawable
from pytest_llmlat.report.progress_words import span
from tests.unit.builders import a_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin.conftest import Project


def test_collecting_measures_nothing_and_writes_nothing(project: Project) -> None:
    """``--collect-only`` lists the cells and loads no model."""
    result = project.run("--collect-only", "-q")

    result.stdout.fnmatch_lines(
        [
            "test_models.py::test_sentiment[[]parrot|cpu-sentiment/tiny|single]",
            "test_models.py::test_reasoning[[]parrot|cpu-reasoning/tiny|single]",
        ]
    )
    result.stdout.no_fnmatch_line("*speed and quality*")
    assert not project.runs


def test_an_unrelated_project_sees_nothing_of_us(pytester: pytest.Pytester) -> None:
    """No file, no line in the output, no heavy import."""
    pytester.makepyfile(
        """
        import sys

        def test_light():
            heavy = {"torch", "transformers", "numpy", "llama_cpp", "jinja2"}
            assert not heavy & set(sys.modules)
            assert "pytest_llmlat.values.records" not in sys.modules
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*speed and quality*")
    assert not (pytester.path / ".llmlat").exists()


def test_an_unrelated_project_loads_the_options_as_they_are(
    pytester: pytest.Pytester,
) -> None:
    """No module beside those of options and hooks, and hardly one is rewritten.

    Where pytest may keep nothing that it compiles, it compiles what it rewrites at
    every start.
    """
    pytester.makeconftest(
        """
        import json, pathlib, sys

        def pytest_unconfigure():
            ours = {
                name: type(module.__spec__.loader).__name__
                for name, module in sys.modules.items()
                if name.partition(".")[0] == "pytest_llmlat"
            }
            pathlib.Path("loaded.json").write_text(json.dumps(ours))
        """
    )
    pytester.makepyfile("def test_it(): ...")

    pytester.runpytest_subprocess("--collect-only", "-p", "no:cacheprovider")

    loaded = json.loads((pytester.path / "loaded.json").read_text("utf-8"))
    rooms = {name for name in loaded if name.count(".") == 1}
    assert rooms == {"pytest_llmlat.plugin"}
    assert {name.partition(".plugin.")[2] for name in loaded} - {""} == {
        *("extending", "fixtures", "hooks", "hookspecs", "keys"),
        *("gate_options", "given_option", "option_entry", "option_table", "options"),
        "plain_finder",
    }
    finder = "pytest_llmlat.plugin.plain_finder"
    entrance = {"pytest_llmlat", "pytest_llmlat.plugin", finder}
    assert {loaded[name] for name in {*loaded} - entrance} == {"SourceFileLoader"}


def test_the_plugin_can_be_switched_off_by_its_name(
    pytester: pytest.Pytester,
) -> None:
    """``-p no:llmlat`` leaves pytest as it was."""
    pytester.makepyfile("def test_it(llm): ...")

    result = pytester.runpytest_subprocess("-p", "no:llmlat")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'llm' not found*"])


def test_runs_are_kept_out_of_version_control(project: Project) -> None:
    """The folder of runs ignores itself."""
    project.run("-k", "sentiment")

    ignore = project.pytester.path / ".llmlat" / ".gitignore"
    assert ignore.read_text("utf-8") == "*\n"


def test_output_of_a_test_is_captured_as_ever(project: Project) -> None:
    """What a test prints belongs to its report, progress or not."""
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_prints(llm, llmlat, capsys):
    print("before")
    llmlat.run(llm)
    print("after")
    assert capsys.readouterr().out == "before\\nafter\\n"
""",
    )

    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("isatty", "term", "drawn"),
    [(True, "xterm", True), (True, "dumb", False), (False, "xterm", False)],
)
def test_progress_is_drawn_on_a_real_terminal_only(
    *, isatty: bool, term: str, drawn: bool
) -> None:
    """A file, a pipe or a dumb terminal gets nothing."""
    assert drawable(SimpleNamespace(isatty=isatty), {"TERM": term}) is drawn


def test_progress_leaves_the_cursor_where_pytest_left_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line is drawn below, cut to the width, and taken away again."""
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    progress = Progress(_config(screen, column=7, width=24))
    progress._told_ns = 0
    tally = ProgressTally()
    tally.begin(a_cell("model"), 9)

    progress.show(lambda: tally.so_far(1.0))
    progress.clear()

    below, _, back = screen.getvalue().partition("\r")
    assert below == "\n\x1b[Ksample 0 of 9"
    assert back == "\x1b[K\x1b[A\r\x1b[7C"


def test_progress_that_was_never_drawn_is_not_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cell that is over at once leaves the terminal alone."""
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()

    Progress(_config(screen, column=7, width=40)).clear()

    assert screen.getvalue() == ""


def test_time_left_is_told_in_seconds_or_minutes() -> None:
    """Nobody counts 600 seconds."""
    assert (span(12.4), span(600), span(5400)) == ("12 s", "10 min", "1 h 30 min")


def _config(screen: io.StringIO, *, column: int, width: int) -> Any:  # noqa: ANN401 - stands in for pytest's configuration
    """Stand in for the parts of pytest that draw."""

    @contextmanager
    def paused() -> Iterator[None]:
        yield

    plugins = {
        "terminalreporter": SimpleNamespace(
            isatty=True, write_raw=lambda text, **_: screen.write(text)
        ),
        "capturemanager": SimpleNamespace(global_and_fixture_disabled=paused),
    }
    writer = SimpleNamespace(width_of_current_line=column, fullwidth=width)
    return SimpleNamespace(
        pluginmanager=SimpleNamespace(getplugin=plugins.get),
        get_terminal_writer=lambda: writer,
    )
