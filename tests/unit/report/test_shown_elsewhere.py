"""Model cards, badges and trackers: what leaves the run, and hostile names in it."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.analysis.scoreboard import scoreboard
from pytest_llmlat.report.badge_picture import COLOURS, badge_svg
from pytest_llmlat.report.model_card import model_card
from pytest_llmlat.report.published_run import (
    PUBLISHERS,
    Publication,
    published_rows,
)
from pytest_llmlat.values.balance import BALANCES
from pytest_llmlat.values.errors import LLMLatError
from tests.unit.builders import a_cell, a_record, some_facts

if TYPE_CHECKING:
    from pytest_llmlat.values.results import Scoreboard

RUN = {"id": "r1", "started": "2026-11-30", "host": "desk", "settings": {"key": "x"}}


def a_board(model: str = "parrot") -> Scoreboard:
    """Return a board of one cell of two samples."""
    cell = a_cell(model)
    records = [a_record("a", cell=cell), a_record("b", cell=cell, value=0.0)]
    facts = some_facts(cell=cell, planned=2)
    return scoreboard([facts], records, balance=BALANCES[0], seed=0)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", ["#3d444d", *COLOURS.values()])
def test_white_is_read_on_every_badge(colour: str) -> None:
    """A contrast of 4.5, whatever the page behind it is."""
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


@given(st.text(max_size=80), st.text(max_size=80))
def test_badge_is_xml_whatever_names_hold(label: str, value: str) -> None:
    """A name is a text there, and no element."""
    root = ET.fromstring(badge_svg(label, value))  # noqa: S314 - ours

    kinds = {each.tag.partition("}")[2] for each in root.iter()}
    assert kinds == {"svg", "title", "rect", "path", "g", "text"}


def test_badge_says_its_text_to_a_screen_reader() -> None:
    """Its title is its text."""
    assert "<title>owl: quality 0.9 &lt;b&gt;</title>" in badge_svg(
        "owl", "quality 0.9 <b>"
    )


def test_card_has_the_figures_of_the_board() -> None:
    """What is in the metadata is what is in the table."""
    board = a_board()
    text = model_card("owl", board.summaries, RUN, "1.0")

    assert text.startswith('---\nmodel-index:\n- name: "owl"\n')
    assert '{type: "accuracy", name: "accuracy (2 samples)", value: 0.5}' in text
    assert "| 0.500 [" in text
    assert "ttft_p50_s" not in text or board.summaries[0].ttft_s.p50 is not None


@pytest.mark.parametrize("name", ['a"b', "a: b", "a\n- x: y", "</code><script>", "|"])
def test_card_keeps_hostile_names_in_their_place(name: str) -> None:
    """No name ends its string, its line, or its column."""
    text = model_card(name, a_board().summaries, RUN, "1.0")

    line = text.splitlines()[2]
    assert json.loads(line.removeprefix("- name: ")) == name
    front, _, body = text.removeprefix("---\n").partition("\n---\n")
    assert re.fullmatch(r"(?s)model-index:\n- name: [^\n]*\n  results:\n.*", front)
    assert "<script>" not in body


def test_tracker_gets_numbers_and_no_text() -> None:
    """No prompt, answer, setting or name of a machine is handed on."""
    (row,) = published_rows(RUN, a_board())

    assert row.numbers["quality"] == 0.5
    assert row.numbers["reasoning/sums/quality"] == 0.5
    assert all(type(value) is float for value in row.numbers.values())
    assert row.facts["run"] == "r1"
    assert "desk" not in str(row)
    assert "settings" not in row.facts


def test_missing_figure_has_no_number() -> None:
    """A tracker would draw a 0."""
    (row,) = published_rows(RUN, a_board())

    assert "ttft_s.p99" not in row.numbers
    assert "reasoning/sums/e2e_s.p99" not in row.numbers


def test_refusal_of_a_tracker_shows_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its library tells the whole address that it asked."""
    library, errors = ModuleType("mlflow"), ModuleType("mlflow.exceptions")

    class RefusedError(Exception):
        """What the library raises."""

    def refuse(address: str) -> None:
        raise RefusedError(f"request to {address} failed, token=Zq7Wv9Kp3Tn8Bx")

    vars(library)["set_tracking_uri"] = refuse
    vars(errors)["MlflowException"] = RefusedError
    monkeypatch.setitem(sys.modules, "mlflow", library)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", errors)
    address = "http://me:Zq7Wv9Kp3Tn8Bx@host/api?code=Zq7Wv9Kp3Tn8Bx"
    asked = Publication(run="r", rows=(), files=(), project="p", address=address)

    with pytest.raises(LLMLatError, match="refused: request to http://host/api") as it:
        PUBLISHERS["mlflow"].publish(asked)

    assert "Zq7W" not in str(it.value)


def test_trackers_are_an_open_table() -> None:
    """Ours come by the door that others have."""
    assert {"mlflow", "wandb"} <= set(PUBLISHERS)
    assert PUBLISHERS.problems() == ()
