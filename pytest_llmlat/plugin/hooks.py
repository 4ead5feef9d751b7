"""The hook functions of the plugin, each a few lines.

They are there in every pytest run of the environment, so nothing here imports more
than the options until a test asks for the fixture ``llm`` or a name is given.
"""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.plugin import extending, options
from pytest_llmlat.plugin.fixtures import llm, llmlat  # noqa: F401 - for pytest
from pytest_llmlat.plugin.keys import (
    BOARD,
    CELLS,
    COMPLAINTS,
    REFUSED,
    SESSION,
    SETTINGS,
    SIGNALS,
    WORKERS,
    cells_of,
    session_of,
    settings_of,
)
from pytest_llmlat.plugin.plain_finder import find_as_usual, find_plainly

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.session.beforehand import Complaint

_MARKUP = {"bad": "red", "unsure": "yellow", "good": "green"}
"""How pytest calls the colours of a report's tones."""
_NOTHING = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    # For a second run in one process: the first one's end left it to others.
    find_plainly()
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer our hooks."""
    from pytest_llmlat.plugin import hookspecs  # noqa: PLC0415 - needed here only

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Take what hooks add, and look up at once every name that was typed."""
    if config.option.debug:
        from pytest_llmlat.plugin.debug_file import conceal  # noqa: PLC0415 - seldom

        conceal(config)
    # First of all: options name extensions, and a test may measure from Python.
    extending.extend(config)
    options.add_markers(config)
    if not options.given(config) or not settings_of(config).names_given:
        return
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

    try:
        session = session_of(config)
        session.selection.check()
        session.gate.check()
        if not config.option.collectonly:
            session.place.take_over()
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tell which run is gone on with."""
    if SETTINGS not in config.stash:
        return []
    settings = config.stash[SETTINGS]
    if settings.sitting <= 1:
        return []
    run = settings.folder.name
    return [f"llmlat: goes on with run {run}, sitting {settings.sitting}"]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: _WorkerNode) -> None:
    """Learn from a worker how many cells there were, measured or not."""
    cells = getattr(node, "workeroutput", {}).get(options.WORKER_CELLS, 0)
    if cells:
        session = session_of(node.config)
        session.cells_planned = max(session.cells_planned, cells)
        # From here on this process is the one that has not done yet.
        session.place.hold()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: _WorkerNode) -> None:
    """Let the workers of pytest-xdist write to the journal of the controller."""
    settings = settings_of(node.config)
    node.workerinput[options.WORKER_FOLDER] = str(settings.folder)
    node.workerinput[options.WORKER_SITTING] = settings.sitting
    reporter = node.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and WORKERS not in node.config.stash:
        from pytest_llmlat.plugin.workers_progress import WorkersProgress  # noqa: PLC0415

        node.config.stash[WORKERS] = WorkersProgress(reporter, settings.folder)
        node.config.stash[WORKERS].start()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the base branch where it lies in this project: it is read, not run."""
    base = config.stash[SETTINGS].base if SETTINGS in config.stash else None
    return True if base is not None and collection_path == base else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make an item for each cell of a test that asks for ``llm``."""
    if "llm" not in metafunc.fixturenames:
        return
    from pytest_llmlat.plugin import collection  # noqa: PLC0415 - not at start-up
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

    session = session_of(metafunc.config)
    try:
        # The ini file may name what nobody typed, and a run must not fail after hours.
        session.selection.check()
        session.gate.check()
        if not metafunc.config.option.collectonly:
            session.place.take_over()
        collection.parametrize(metafunc, session.selection)
    except UsageError as error:
        raise pytest.Collector.CollectError(str(error)) from error


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect the items whose tasks ``--llm-task`` excludes.

    Of a tuning, there is one item in the place of all that are left of a model.
    """
    if SESSION not in config.stash:
        return
    from pytest_llmlat.plugin.collection import unchosen  # noqa: PLC0415

    excluded = [item for item in items if unchosen(item)]
    if excluded:
        config.hook.pytest_deselected(items=excluded)
        items[:] = [item for item in items if item not in excluded]
    if settings_of(config).tune:
        from pytest_llmlat.plugin.tuning_items import tuning_items  # noqa: PLC0415

        items[:] = tuning_items(items)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write down the cells that are to come, and refuse two tests of one of them."""
    if SESSION in session.config.stash:
        from pytest_llmlat.plugin.collection import (  # noqa: PLC0415
            asked_cells,
            clashes,
            planned,
        )
        from pytest_llmlat.session.stop_signals import StopSignals  # noqa: PLC0415

        cells = [item for item in session.items if "llm" in _fixtures(item)]
        found = _complaints(session.config, session.items)
        refused = (
            _unwritten(session.config, cells)
            or clashes(session.items)
            or {item: told.text for item, told in found.items() if told.misuse}
        )
        if refused and not options.is_worker(session.config):
            raise pytest.UsageError("\n".join(dict.fromkeys(refused.values())))
        # A worker that raised here would take the whole run down without a word.
        failing = {item: told.text for item, told in found.items()} | refused
        session.config.stash[REFUSED] = {i.nodeid: why for i, why in failing.items()}
        session.config.stash[SESSION].cells_planned = len(cells)
        listed = session.config.option.collectonly or session.testsfailed
        if not refused and not listed:
            config = session.config
            config.stash[SIGNALS] = StopSignals()
            config.stash[SIGNALS].listen()
            session.config.stash[SESSION].begin(planned(session.items))
            if settings_of(config).spread and cells:
                extending.check_spread(config)
                cells_of(config).plan(
                    asked_cells(item for item in session.items if item not in found)
                )


def _unwritten(
    config: pytest.Config, cells: list[pytest.Item]
) -> dict[pytest.Item, str]:
    """Say of each cell that what it measures could not be written, where that is so."""
    from pytest_llmlat.session.output_places import check_runs  # noqa: PLC0415
    from pytest_llmlat.values.errors import UsageError  # noqa: PLC0415 - not at start-up

    if not cells or config.option.collectonly:
        return {}
    try:
        check_runs(settings_of(config), options.spelled)
    except UsageError as error:
        return dict.fromkeys(cells, str(error))
    return {}


def _complaints(
    config: pytest.Config, items: list[pytest.Item]
) -> dict[pytest.Item, Complaint]:
    """Return what is wrong with items, looked for once and before anything is loaded.

    Nothing is where items are only listed.
    """
    if config.option.collectonly:
        return {}
    if COMPLAINTS not in config.stash:
        from pytest_llmlat.plugin.collection import complaints  # noqa: PLC0415

        config.stash[COMPLAINTS] = complaints(items, config.stash[SESSION])
    return config.stash[COMPLAINTS]


def pytest_report_collectionfinish(
    config: pytest.Config, items: list[pytest.Item]
) -> list[str]:
    """Tell which extensions cannot be used, and which changes this run could see.

    Not in the header, which ``-q`` leaves out.
    """
    found = extending.late(config)
    power = _power(config)
    if SESSION in config.stash:
        from pytest_llmlat.plugin.collection import task_of, unasked  # noqa: PLC0415
        from pytest_llmlat.plugin.device_hints import (  # noqa: PLC0415
            idle_devices,
            near_devices,
        )

        tasks = dict.fromkeys(task for item in items if (task := task_of(item)))
        found += extending.ungraded(tasks)
        told = _complaints(config, items).values()
        fails = [one.text for one in told if not one.misuse]
        fails = [text for text in fails if not any(text in line for line in found)]
        expression = config.getoption("markexpr", "") or ""
        hints = near_devices(expression, config.getini("markers"))
        if not any("llm" in _fixtures(item) for item in items):
            selection = config.stash[SESSION].selection
            hints += [
                *unasked(selection.chosen_tasks or ()),
                *idle_devices(expression, selection),
            ]
        hints += [f"llmlat: will fail: {text}" for text in dict.fromkeys(fails)]
        return [*(f"extension: {problem}" for problem in found), *hints, *power]
    return [f"extension: {problem}" for problem in found]


def _power(config: pytest.Config) -> list[str]:
    """Return the table of changes that this run could see, if it was asked for."""
    if SETTINGS not in config.stash or not config.stash[SETTINGS].power:
        return []
    from pytest_llmlat.report.power_lines import power_lines  # noqa: PLC0415

    return power_lines(session_of(config).gate.power())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a cell that cannot be measured before a model is loaded for it."""
    if SESSION not in item.config.stash:
        return
    refused = item.config.stash.get(REFUSED, {})
    if item.nodeid in refused:
        raise pytest.fail.Exception(refused[item.nodeid], pytrace=False)


def _fixtures(item: pytest.Item) -> list[str]:
    names: list[str] = getattr(item, "fixturenames", [])
    return names


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the summary of what was measured, be it all or a part."""
    cut_short = session.exitstatus == pytest.ExitCode.INTERRUPTED
    try:
        _close(session, cut_short=cut_short)
    except KeyboardInterrupt:
        if cut_short:
            raise
        # All is measured, and what the first Ctrl-C broke off is done anew.
        _close(session, cut_short=True)


def _close(session: pytest.Session, *, cut_short: bool) -> None:
    config = session.config
    if WORKERS in config.stash:
        config.stash[WORKERS].stop()
    if SIGNALS in config.stash:
        config.stash[SIGNALS].write_on()
    if CELLS in config.stash:
        config.stash[CELLS].stop()
    begun = SESSION in config.stash or (
        SETTINGS in config.stash and config.stash[SETTINGS].folder.is_dir()
    )
    if begun and not options.is_worker(config) and not config.option.collectonly:
        board = session_of(config).finish(
            asked=options.gate_typed(config),
            passed=session.exitstatus == pytest.ExitCode.OK,
            cut_short=cut_short,
        )
        if board is not None:
            config.stash[BOARD] = board
            good = session.exitstatus in (pytest.ExitCode.OK, _NOTHING)
            if good and any(verdict.failing for verdict in board.verdicts):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            if config.getoption("xmlpath", None):
                from pytest_llmlat.plugin.junit import add_sentence  # noqa: PLC0415
                from pytest_llmlat.report.answer_sentence import (  # noqa: PLC0415
                    answer_sentence,
                )

                add_sentence(config, answer_sentence(board))
    if SESSION in config.stash:
        if options.is_worker(config):
            told: dict[str, int] = getattr(config, "workeroutput", {})
            told[options.WORKER_CELLS] = config.stash[SESSION].cells_planned
        config.stash[SESSION].close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give back what was taken: signals, and the finding of modules."""
    if SIGNALS in config.stash:
        config.stash[SIGNALS].restore()
    find_as_usual()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the scoreboard."""
    if BOARD not in config.stash:
        return
    from pytest_llmlat.report.terminal import toned_scoreboard  # noqa: PLC0415

    settings = config.stash[SETTINGS]
    terminalreporter.section("llmlat: speed and quality of the same answers")
    # Whoever writes into a file or a log has room for all of it.
    most = get_terminal_size().columns if terminalreporter.isatty else None
    for line in toned_scoreboard(config.stash[BOARD], most=most):
        # Only where pytest itself has colours: --color, NO_COLOR, a file.
        markup = {} if line.tone is None else {_MARKUP[line.tone]: True, "bold": True}
        terminalreporter.write_line(line.text, **markup)
    for problem in extending.problems():
        terminalreporter.write_line(f"extension: {problem}")
    if SIGNALS in config.stash and (name := config.stash[SIGNALS].heard):
        terminalreporter.write_line(f"ended early: the process was sent {name}")
    if settings.folder.is_dir():
        from pytest_llmlat.report.place_lines import place_lines  # noqa: PLC0415

        place = config.stash[BOARD].report
        for told in place_lines(settings.folder, place, asked=settings.report):
            terminalreporter.write_line(told)


class _WorkerNode:
    """What pytest-xdist hands over; its own type cannot be imported without it."""

    config: pytest.Config
    workerinput: dict[str, str | int]
