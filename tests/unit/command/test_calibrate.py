"""``llmlat calibrate``: how true the clock for servers is here."""

from __future__ import annotations

import json

import pytest

from pytest_llmlat.command import main

pytest.importorskip("httptools", reason="the extra 'http' is not installed")


@pytest.mark.slow
def test_calibrate_prints_a_line_for_each_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """How far our figures are from the true ones, on average and at worst."""
    assert main(["calibrate", "--streams", "1,3"]) == 0

    header, *lines = capsys.readouterr().out.splitlines()
    assert "TTFT error, mean" in header
    assert [line.split()[0] for line in lines] == ["1", "3"]


@pytest.mark.slow
def test_calibrate_tells_programs_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The fields are those of the report's instrument, in seconds."""
    assert main(["calibrate", "--streams", "2", "--json"]) == 0

    (found,) = json.loads(capsys.readouterr().out)
    assert found["streams"] == 2
    assert found["requests"] >= 20
    assert isinstance(found["bias_s"], float)
    assert found["jitter_p99_s"] >= 0


@pytest.mark.parametrize("streams", ["", "0", "x", "1,,2", "-1", "1.5", "9999999"])
def test_what_is_no_number_of_streams_is_told(
    streams: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with the option's name, and as misuse."""
    assert main(["calibrate", f"--streams={streams}"]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--streams" in captured.err
