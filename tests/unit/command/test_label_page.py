"""The page for labels: blind, one answer at a time, and nothing in it acts."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import replace
from socket import create_connection
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from pytest_llmlat.command.label_page import LabelPage
from pytest_llmlat.command.label_session import LabelSession
from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.measure.opened_judge import reference_of
from pytest_llmlat.store.journal import LABELS
from tests.unit.builders import a_cell, a_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.values.judge_votes import Rubric
    from pytest_llmlat.values.records import Record

RUBRIC = find_rubric("helpfulness", where="tests")
PAIRS = replace(RUBRIC, lowest=0, highest=2, levels=(), pairwise=True)


def answers(count: int = 3) -> list[Record]:
    """Return answers of a model whose name nobody is to see."""
    return [
        replace(
            a_record(f"s{n}", cell=a_cell("secret-model")),
            answer=f"<script>alert({n})</script>",
            reference=f"right {n}",
        )
        for n in range(count)
    ]


def a_session(folder: Path, rubric: Rubric = RUBRIC) -> LabelSession:
    """Return a session over all answers."""
    return LabelSession(answers(), rubric, folder, items=3, other=reference_of)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[LabelPage]:
    """Give a page that answers in a thread of its own until it is over."""
    made = LabelPage(a_session(tmp_path))
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made
    # A session that has just ended may still be closing what was open.
    with suppress(OSError):
        if thread.is_alive():
            send(made, score="q")
    thread.join(timeout=60)
    assert not thread.is_alive()


def shown(page: LabelPage) -> str:
    """Return what the page shows."""
    with urlopen(page.address) as response:  # noqa: S310 - our own
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return str(response.read().decode("utf-8"))


def send(page: LabelPage, **fields: str) -> str:
    """Send a form, and return what is shown then."""
    body = urlencode(fields).encode()
    with urlopen(page.address, body) as response:  # noqa: S310 - our own
        return str(response.read().decode("utf-8"))


def item_of(text: str) -> str:
    """Return the id of the item that a page shows."""
    return text.partition('name="item" value="')[2].partition('"')[0]


def labels(folder: Path) -> list[float]:
    """Return the scores that were kept."""
    path = folder / LABELS
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return [json.loads(line)["score"] for line in lines]


@pytest.mark.slow
def test_a_label_is_kept_and_the_next_answer_shown(
    page: LabelPage, tmp_path: Path
) -> None:
    """Whose answer it is, the page does not tell; what it says does nothing."""
    first = shown(page)

    second = send(page, item=item_of(first), score="4")

    assert "secret-model" not in first
    assert 'class="ctl"' not in first, "nothing of the rubric acts or hides"
    assert "<script>" not in first
    assert "&lt;script&gt;" in first
    assert "0 of 3 answers have a label" in first
    assert "1 of 3 answers have a label" in second
    assert item_of(first) != item_of(second)
    assert labels(tmp_path) == [4]


@pytest.mark.slow
@pytest.mark.parametrize("score", ["0", "6", "nan", "", "four", "inf"])
def test_what_is_no_score_is_not_kept(
    page: LabelPage, tmp_path: Path, score: str
) -> None:
    """The same answer is shown again."""
    first = shown(page)

    again = send(page, item=item_of(first), score=score)

    assert item_of(again) == item_of(first)
    assert labels(tmp_path) == []


@pytest.mark.slow
def test_a_form_that_is_sent_twice_is_one_label(
    page: LabelPage, tmp_path: Path
) -> None:
    """A page that was reloaded labels no other answer."""
    item = item_of(shown(page))

    send(page, item=item, score="4")
    send(page, item=item, score="4")

    assert labels(tmp_path) == [4]


@pytest.mark.slow
def test_another_path_knows_nothing(page: LabelPage) -> None:
    """Other pages of the browser, which do not know it, can send no label."""
    where = page.address.rpartition("/")[0] + "/other"

    for body in (None, b"score=4"):
        with pytest.raises(HTTPError) as raised:
            urlopen(where, body)  # noqa: S310 - our own
        with raised.value as refused:
            assert refused.code == 404


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """A later session asks for what has no label, and for what was skipped."""
    first = a_session(tmp_path)
    one, two = first.next(), None
    assert one is not None
    first.keep(one, 2.0)
    two = first.next()
    assert two is not None
    first.skip(two)

    again = a_session(tmp_path)

    assert again.done == 1
    assert again.next() == two


def test_of_a_pair_nobody_sees_which_is_the_models(tmp_path: Path) -> None:
    """Both orders occur, and the label is of the model's answer in both."""
    own = answers(40)
    session = LabelSession(own, PAIRS, tmp_path, items=40, other=reference_of)
    places = set()
    while (item := session.next()) is not None:
        places.add(item.own)
        score = session.score(item, "ab"[item.own])
        assert score == 2
        assert session.score(item, "t") == 1
        assert session.score(item, "ba"[item.own]) == 0
        session.keep(item, score)

    assert places == {0, 1}
    assert labels(tmp_path) == [2] * 40


def test_a_connection_that_says_nothing_holds_up_nobody(page: LabelPage) -> None:
    """Browsers open some that they may need later."""
    port = int(page.address.split(":")[2].split("/")[0])

    with create_connection(("127.0.0.1", port)):
        assert "0 of 3 answers have a label" in shown(page)
        # What ends the session closes what is still open.
        assert "can be closed" in send(page, score="q")
