"""However rows, templates or entries of tasks are damaged, a sentence says where."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.tasks.data import text_file
from pytest_llmlat.tasks.data.files import file_rows
from pytest_llmlat.tasks.prompts import check_template, request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.errors import BadCatalogue, UsageError
from tests.unit.mutations import damaged, damaged_toml, sources, torn
from tests.unit.tasks.row_samples import sample_of

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task

LONGEST = 3000
"""Letters of a sentence that somebody may still read."""
ENTRY: dict[str, Any] = {
    "source": "tiny.jsonl",
    "reference": "label",
    "labels": ["positive", "negative"],
    "extractor": "label",
    "metric": "accuracy",
    "chance": 0.5,
    "max_new_tokens": 4,
    "budget_s": 1.0,
    "chat_prompt": "Is {{ text }}?",
    "mapping": {"id": "index", "text": "text | trim", "label": "label"},
    "where": "text != ''",
    "breakdown": ["text"],
    "chat_stop": ["."],
    "shots": 2,
    "shot_answer": "{{ label }}",
}
ROWS: list[dict[str, Any]] = [
    {"text": 'good, "or"\nbad', "label": "positive", "n": n, "x": [1, {"a": None}]}
    for n in range(4)
]
TEMPLATES = (
    "{% for w in text.split() %}{{ loop.index }} {{ w | upper }}{% endfor %}",
    "{{ text[:5] ~ n * 3 }}{% if n %}a{% endif %}",
    "{{ x[1].a or 'none' }} {{ '%s' % text }} {{ n ** 2 }}",
    "{% macro m(z) %}{{ z }}{% endmacro %}{{ m(text) }}{{ labels | join(', ') }}",
)
WITHOUT_END = (
    "{{ 9 ** (9**9) }}",
    "{{ (2**1000)**1000 }}",
    "{{ 'x' * 10**10 }}",
    "{{ [1] * 10**10 }}",
    "{{ text.center(10**10) }}",
    "{{ text | center(10**10) }}",
    "{{ text | indent(10**9) }}",
    "{{ x | batch(10**10, 'a') | list }}",
    "{{ '%9999999999d' % 1 }}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    f"{{{{ {'(' * 5000}1{')' * 5000} }}}}",
    f"{{{{ {'9' * 5001} }}}}",
    f"{{{{ {'1+' * 5000}1 }}}}",
    "{{ n + 1e999 }}",
    "{{ 1 / 0 }}",
    "{% extends 'x' %}",
    "{{ ''.__class__.__mro__ }}",
    "{{ text | unknown }}",
)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """Give a task whose rows lie in a file."""
    file = tmp_path / "whole.toml"
    file.write_text(damaged_toml({"tasks": {"sentiment/tiny": ENTRY}}), "utf-8")
    return load_tasks([file]).entries["sentiment/tiny"]


def _first(task: Task, folder: Path) -> Sample:
    path = folder / "first.jsonl"
    path.write_text(json.dumps(ROWS[0]), "utf-8")
    found = sample_of(task, next(file_rows(path, task)))
    assert found is not None
    return found


def _told(error: UsageError, place: Path | str) -> None:
    assert str(place) in str(error)
    assert len(str(error)) < LONGEST


def _text(ending: str, source: random.Random) -> str:
    """Return damaged rows in the form that an ending of a file promises."""
    if ending in (".csv", ".tsv"):
        file = io.StringIO()
        writer = csv.writer(file, "excel" if ending == ".csv" else "excel-tab")
        writer.writerow(ROWS[0])
        writer.writerows(row.values() for row in ROWS)
        return torn(file.getvalue(), source)
    rows: Any = damaged(ROWS, source) if source.random() < 0.5 else ROWS
    if ending == ".jsonl" and isinstance(rows, list):
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
    else:
        text = json.dumps(rows if source.random() < 0.5 else {"rows": rows, "n": 1})
    return text if rows is not ROWS else torn(text, source)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".tsv"])
def test_damaged_rows_are_read_or_refused(
    ending: str, task: Task, tmp_path: Path
) -> None:
    """Every row makes a prompt, or the file and the place in it are named."""
    path = tmp_path / f"rows{ending}"
    for source in sources():
        text = _text(ending, source)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            for row in file_rows(path, task):
                sample = sample_of(task, row)
                if sample is not None:
                    request_for(task, sample, chat=True, seed=0)
                    repr(asdict(sample))
        except UsageError as error:
            _told(error, task.name if task.name in str(error) else path)
        except Exception as error:
            error.add_note(text[:LONGEST])
            raise


@pytest.mark.slow
def test_damaged_templates_are_rendered_or_refused(task: Task, tmp_path: Path) -> None:
    """The place of the template is named, or the sample that it fails on."""
    sample = _first(task, tmp_path)
    for source in sources():
        _asked(torn(source.choice(TEMPLATES), source), task, sample)


@pytest.mark.slow
@pytest.mark.parametrize("text", WITHOUT_END)
def test_a_template_that_would_never_end_is_refused(
    text: str, task: Task, tmp_path: Path
) -> None:
    """Nor does it fill the memory; as an expression of a mapping it is refused too."""
    sample = _first(task, tmp_path)

    assert not _asked(text, task, sample)
    if text.startswith("{{"):
        mapped = replace(task, mapping=(("id", text[2:-2]),), where=None)
        with pytest.raises(BadCatalogue, match=r"first\.jsonl:1"):
            sample_of(mapped, next(file_rows(tmp_path / "first.jsonl", mapped)))


def _asked(text: str, task: Task, sample: Sample) -> bool:
    """Say whether a question came of a template; if not, a sentence did."""
    try:
        check_template(text, where="FILE: chat_prompt")
        asked = replace(task, chat_prompt=text, shots=None)
        request_for(asked, sample, chat=True, seed=0)
    except UsageError as error:
        _told(error, "FILE" if "FILE" in str(error) else task.name)
        return False
    except Exception as error:
        error.add_note(text[:LONGEST])
        raise
    return True


@pytest.mark.slow
def test_damaged_entries_of_tasks_are_read_or_refused(tmp_path: Path) -> None:
    """The file is named, and the key where there is one."""
    path = tmp_path / "tasks.toml"
    whole = {"tasks": {"sentiment/tiny": ENTRY}}
    for source in sources():
        if source.random() < 0.6:
            text = damaged_toml(damaged(whole, source))
        else:
            text = torn(damaged_toml(whole), source)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load_tasks([path])
        except UsageError as error:
            assert str(path) in str(error)  # noqa: PT017 - each case by itself
        except Exception as error:
            error.add_note(text[:LONGEST])
            raise


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 5000 + "]" * 5000, "nested"),
        ('{"text": ' + "[" * 100 + "]" * 100 + "}", "nested more than 64 deep"),
        ('{"text": ' + "9" * 5001 + "}", "4300 digits"),
    ],
)
def test_a_row_that_is_too_deep_or_too_long_is_refused(
    text: str, told: str, task: Task, tmp_path: Path
) -> None:
    """With the line, and without advice that is for programmers."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"text": "a"}}\n{text}\n', "utf-8")

    with pytest.raises(BadCatalogue, match=rf"rows\.jsonl:2: .*{told}") as caught:
        list(file_rows(path, task))

    assert "sys." not in str(caught.value)


def test_a_packed_file_has_a_limit(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few megabytes can be made to unpack to any number of them."""
    monkeypatch.setattr(text_file, "MOST_UNPACKED", 1 << 20)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b" " * (1 << 20)))
    assert list(file_rows(path, task)) == []

    path.write_bytes(gzip.compress(b" " * ((1 << 20) + 1)))

    with pytest.raises(BadCatalogue, match="unpacks to more than 1 MiB"):
        list(file_rows(path, task))
