"""Public sets through a stand-in for the library ``datasets``, without a network."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.tasks.data import hub_rows, load_samples, revision
from pytest_llmlat.values.errors import BadCatalogue, DataUnavailable, MissingExtra
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import Task

TASKS = BUNDLED.entries
GSM8K = TASKS["reasoning/gsm8k"]
ROWS = [
    {"question": "1 + 1?", "answer": "<<1+1=2>>\n#### 2"},
    {"question": "500 * 2?", "answer": "#### 1,000"},
]
SCRIPT = RuntimeError("Dataset scripts are no longer supported, but found flores.py")
TRUST = ValueError("Please pass the argument `trust_remote_code=True` to allow it")
UNREACHABLE = ConnectionError("Couldn't reach 'openai/gsm8k' on the Hub\n(offline)")


class StandIn(ModuleType):
    """The module ``datasets`` as far as we use it."""

    def __init__(
        self, rows: Sequence[Mapping[str, Any]], error: Exception | None = None
    ) -> None:
        """Have a set of these rows, or none and an error."""
        super().__init__("datasets")
        self.rows = rows
        self.error = error
        self.calls: list[tuple[tuple[object, ...], dict[str, object]]] = []

    def load_dataset(self, *args: object, **kwargs: object) -> Iterator[Any]:
        """Write down what was asked for."""
        self.calls.append((args, kwargs))
        if self.error is not None:
            raise self.error
        return iter(self.rows)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Give the stand-in, in place of the library."""
    made = StandIn(ROWS)
    monkeypatch.setitem(sys.modules, "datasets", made)
    return made


def unavailable(task: Task = GSM8K, data: Path | None = None) -> str:
    """Return what is said of a set that cannot be had."""
    with pytest.raises(DataUnavailable) as caught:
        load_samples(task, data=data)
    return str(caught.value)


def test_a_set_is_asked_for_by_id_config_split_and_pin(stand_in: StandIn) -> None:
    """One split is streamed, at a commit, and no code of the set is trusted."""
    samples = load_samples(GSM8K)

    assert [(s.id, s.reference) for s in samples] == [
        ("gsm8k-0", "2"),
        ("gsm8k-1", "1000"),
    ]
    assert GSM8K.public is not None
    assert stand_in.calls == [
        (
            ("openai/gsm8k", "main"),
            {"split": "test", "revision": GSM8K.public.revision, "streaming": True},
        )
    ]


def test_a_local_copy_comes_first(stand_in: StandIn, tmp_path: Path) -> None:
    """The hub is not even asked, and the task's revision is the same."""
    assert GSM8K.public is not None
    path = tmp_path / GSM8K.public.file
    path.parent.mkdir()
    path.with_suffix(".csv").write_text(
        'question,answer\n1 + 1?,2\n500 * 2?,"#### 1,000"\n', "utf-8"
    )

    copied = load_samples(GSM8K, data=tmp_path)

    assert stand_in.calls == []
    loaded = load_samples(GSM8K)
    assert copied == loaded
    assert revision(GSM8K, copied) == revision(GSM8K, loaded)


def test_an_unreachable_hub_says_how_to_go_on(
    stand_in: StandIn, tmp_path: Path
) -> None:
    """What was wanted in full, why it failed, and where a copy would be found."""
    stand_in.error = UNREACHABLE

    said = unavailable(data=tmp_path)

    assert GSM8K.public is not None
    assert said.startswith(
        "task 'reasoning/gsm8k': openai/gsm8k (config main, split test, revision"
        f" {GSM8K.public.revision}): cannot be loaded from the hub: ConnectionError:"
        " Couldn't reach 'openai/gsm8k' on the Hub (offline); "
    )
    assert str(tmp_path / "reasoning" / "gsm8k_test.jsonl") in said
    assert "reasoning/gsm8k_test.jsonl" in unavailable()
    assert "--llm-data DIR" in unavailable()


@pytest.mark.parametrize("error", [SCRIPT, TRUST])
def test_a_script_is_never_run(stand_in: StandIn, error: Exception) -> None:
    """Neither a new nor an old library gets us to; a local copy will do."""
    stand_in.error = error

    said = unavailable()

    assert "made by a data set script, which is never run" in said
    assert "--llm-data DIR" in said
    assert "trust_remote_code" not in stand_in.calls[0][1]


def test_not_every_error_is_about_a_script(stand_in: StandIn) -> None:
    """A word that merely holds the letters is no script."""
    stand_in.error = ValueError("no description in the card")

    assert "cannot be loaded from the hub: ValueError: no descr" in unavailable()


def test_a_stream_that_breaks_off_is_no_smaller_set(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a set would be another task of the same name."""

    def broken() -> Iterator[dict[str, str]]:
        yield ROWS[0]
        raise OSError("connection reset")

    monkeypatch.setattr(stand_in, "load_dataset", lambda *_, **__: broken())

    assert "OSError: connection reset" in unavailable()


@pytest.mark.parametrize(("limit", "most"), [("MOST_ROWS", 40), ("MOST_UNPACKED", 900)])
def test_a_stream_without_end_is_given_up(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    """A small archive may hold rows that fill the memory."""
    monkeypatch.setattr(hub_rows, limit, most)
    endless = itertools.cycle(ROWS)
    monkeypatch.setattr(stand_in, "load_dataset", lambda *_, **__: endless)

    assert "has more than " in unavailable()


def test_a_set_without_a_pin_is_not_loaded(stand_in: StandIn) -> None:
    """The message gives the lines of a catalogue that pins it, and the other way."""
    task = TASKS["summarization/dialogsum"]

    said = unavailable(task)

    assert stand_in.calls == []
    assert "knkarthick/dialogsum (config default, split test, revision none)" in said
    assert 'give one in a catalogue of your own (--llm-tasks FILE): [tasks."' in said
    assert "summarization/dialogsum_test.jsonl" in said


def test_a_set_that_cannot_be_judged_is_not_loaded(stand_in: StandIn) -> None:
    """DebugBench has no tests: its entry says so, and what a copy would need."""
    said = unavailable(TASKS["code_debugging/debugbench"])

    assert stand_in.calls == []
    assert "its rows have no tests" in said
    assert "code_debugging/debugbench_python3.jsonl" in said


def test_without_the_library_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what a local copy would be called."""
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(MissingExtra) as caught:
        load_samples(GSM8K)

    assert "pip install 'pytest-llmlat[datasets]'" in str(caught.value)
    assert "reasoning/gsm8k_test.jsonl below --llm-data DIR" in str(caught.value)


@pytest.mark.usefixtures("stand_in")
def test_a_bad_row_of_the_hub_is_told_with_its_number() -> None:
    """With the set, the field and the expression."""
    task = replace(GSM8K, mapping=(("id", "index"), ("answer", "solution")))

    with pytest.raises(BadCatalogue) as caught:
        load_samples(task)

    assert GSM8K.public is not None
    assert str(caught.value) == (
        f"openai/gsm8k (config main, split test, revision {GSM8K.public.revision}),"
        " row 1: field 'answer' = 'solution': 'solution' is undefined; the row has:"
        " answer, question"
    )


HUB_ROWS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "summarization/cnn_dailymail": (
        {"article": "Long.", "highlights": "A .\nB .", "id": "0001"},
        {"id": "0001", "document": "Long.", "summary": "A .\nB ."},
    ),
    "summarization/xsum": (
        {"document": "Long.", "summary": "Short.", "id": "7"},
        {"id": "7", "document": "Long.", "summary": "Short."},
    ),
    "code_completion/mbpp": (
        {
            "task_id": 11,
            "text": "Write it.",
            "code": "def f(a):\r\n  return {a}",
            "test_list": ["assert set(f(1)) == {1}", "assert f(2) == {2}"],
            "test_setup_code": "",
            "challenge_test_list": [],
        },
        {
            "id": "mbpp-11",
            "entry_point": "f",
            "shown": "assert set(f(1)) == {1}\nassert f(2) == {2}",
            "tests": "\nassert set(f(1)) == {1}\nassert f(2) == {2}",
        },
    ),
    "code_debugging/humanevalfix": (
        {
            "task_id": "Python/0",
            "declaration": "def f(a):\n",
            "docstring": "Give it back.",
            "canonical_solution": "    return a\n",
            "buggy_solution": "    return -a\n",
            "entry_point": "f",
            "test": "\n\ndef check(f):\n    assert f(1) == 1\n\ncheck(f)",
        },
        {
            "id": "humanevalfix-Python/0",
            "prompt": "def f(a):\n",
            "buggy": "def f(a):\n    return -a",
            "solution": "def f(a):\n    return a\n",
            "tests": "\n\ndef check(f):\n    assert f(1) == 1\n\ncheck(f)",
        },
    ),
    "sentiment/sst2": (
        {"idx": 0, "sentence": "a fine film ", "label": 1},
        {"id": "sst2-0", "text": "a fine film", "label": "positive"},
    ),
    "sentiment/imdb": (
        {"text": "Bad.<br /><br />Truly.", "label": 0},
        {"id": "imdb-0", "text": "Bad.  Truly.", "label": "negative"},
    ),
    "sentiment/tweet_eval_emotion": (
        {"text": "tomorrow will be better", "label": 2},
        {"id": "tweet-emotion-0", "label": "optimism"},
    ),
    "sentiment/tweet_eval_sentiment": (
        {"text": "it is noon", "label": 1},
        {"id": "tweet-sentiment-0", "label": "neutral"},
    ),
    "translation/wmt14_de-en": (
        {"translation": {"de": "Guten Tag", "en": "Good day"}},
        {"id": "wmt14-de-en-0", "source": "Guten Tag", "reference": "Good day"},
    ),
    "translation/wmt14_en-de": (
        {"translation": {"de": "Guten Tag", "en": "Good day"}},
        {"id": "wmt14-en-de-0", "source": "Good day", "reference": "Guten Tag"},
    ),
    "translation/multi30k_en-de": (
        {"en": "A dog.", "de": "Ein Hund."},
        {"id": "multi30k-0", "source": "A dog.", "reference": "Ein Hund."},
    ),
    "summarization/dialogsum": (
        {"id": "test_0_1", "dialogue": "A: Hi", "summary": "A greets.", "topic": "x"},
        {"id": "test_0_1", "document": "A: Hi", "summary": "A greets."},
    ),
    "reasoning/svamp": (
        {
            "ID": "chal-1",
            "Body": "Bo has 3 pens. ",
            "Question": "How many?",
            "Answer": "3.0",
        },
        {"id": "chal-1", "question": "Bo has 3 pens. How many?", "answer": "3.0"},
    ),
    "reasoning/bbh_multistep_arithmetic": (
        {"input": "((1 + 1)) =", "target": "2"},
        {"question": "((1 + 1)) =", "answer": "2"},
    ),
    "reasoning/aqua": (
        {"question": "?", "options": ["A)1", "B)2"], "rationale": "", "correct": "B"},
        {"id": "aqua-0", "options": ["A)1", "B)2"], "answer": "B"},
    ),
}


@pytest.mark.parametrize("name", HUB_ROWS)
def test_a_row_as_the_hub_has_it_becomes_a_sample(stand_in: StandIn, name: str) -> None:
    """Of the sets of which no copy is at hand, by the columns known of them."""
    row, expected = HUB_ROWS[name]
    stand_in.rows = [row]
    public = TASKS[name].public
    assert public is not None
    task = replace(TASKS[name], public=replace(public, revision="0" * 40))

    (sample,) = load_samples(task)

    fields = dict(sample.fields)
    assert {key: fields[key] for key in expected} == expected
