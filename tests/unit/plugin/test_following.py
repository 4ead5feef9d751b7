"""How pytest follows a run: by the hook for records, and a line that counts a cell."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.plugin import progress
from pytest_llmlat.plugin.following import Follower
from tests.unit.builders import a_cell, a_record

if TYPE_CHECKING:
    import pytest

    from pytest_llmlat.values.records import Record


def config(screen: io.StringIO, seen: list[Record], *, terminal: bool = True) -> Any:  # noqa: ANN401 - a stand-in
    """Return what Follower takes from pytest: a hook, and a terminal to draw on."""
    writer = SimpleNamespace(fullwidth=80, width_of_current_line=0)
    reporter = SimpleNamespace(
        isatty=terminal,
        write_raw=lambda text, flush: (screen.write(text), flush),
        ensure_newline=lambda: None,
        write_line=lambda line: screen.write(f"{line}\n"),
    )
    plugins = {"terminalreporter": reporter, "capturemanager": None}
    return SimpleNamespace(
        pluginmanager=SimpleNamespace(getplugin=plugins.get),
        get_terminal_writer=lambda: writer,
        stash={},
        hook=SimpleNamespace(
            pytest_llmlat_record=lambda record, **_: seen.append(record)
        ),
    )


def test_a_first_record_of_the_other_model_is_shown_and_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In turn, half of the pairs begin with the reference: 0 of many tells no time."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_REDRAW_NS", 0)
    screen = io.StringIO()
    seen: list[Record] = []
    own, other = a_cell("candidate"), a_cell("reference")
    follower = Follower(config(screen, seen))
    follower.on_begin(own, 4)

    follower.on_record(replace(a_record("s1"), cell=other))
    assert screen.getvalue() == ""
    follower.on_record(replace(a_record("s1"), cell=own))

    assert "sample 1 of 4" in screen.getvalue()
    assert [record.cell for record in seen] == [other, own]


def test_a_log_gets_a_whole_line_and_no_sign_that_moves_a_cursor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In CI a line now and then says that it goes on, and how well so far."""
    monkeypatch.setattr(progress, "EVERY_NS", 0)
    screen = io.StringIO()
    follower = Follower(config(screen, [], terminal=False))
    own = a_cell("candidate")
    follower.on_begin(own, 2)

    follower.on_record(replace(a_record("s1"), cell=own))
    follower.on_end()

    (line,) = screen.getvalue().splitlines()
    assert line.startswith(f"llmlat: sample 1 of 2  {own.id}  accuracy 1.000")
    assert "\x1b" not in screen.getvalue()


def test_a_log_is_told_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand samples are not a thousand lines."""
    monkeypatch.setattr(progress, "EVERY_NS", 1 << 62)
    screen = io.StringIO()
    follower = Follower(config(screen, [], terminal=False))
    follower.on_begin(a_cell(), 2)

    follower.on_record(a_record("s1"))

    assert screen.getvalue() == ""
