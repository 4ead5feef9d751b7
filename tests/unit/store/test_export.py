"""Records as tables that other programs read, hostile answers included."""

from __future__ import annotations

import builtins
import csv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmlat.store.export_files import columns, export
from pytest_llmlat.store.journal import Journal
from pytest_llmlat.store.run_reader import open_run
from pytest_llmlat.values.errors import MissingExtra, UsageError
from pytest_llmlat.values.records import Transport
from tests.unit.builders import (
    a_cell,
    a_record,
    a_timing,
    an_error,
    an_overflow,
    some_facts,
)
from tests.unit.example_counts import at_most

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llmlat.store.run_reader import Run
    from pytest_llmlat.values.records import Record

FULL = replace(
    a_record("s1", timing=replace(a_timing(0.5, 1.0, 1.5), sent_ns=250_000_000)),
    transport=Transport(
        request_id="x",
        status=200,
        reused=True,
        dns_s=None,
        connect_s=None,
        tls_s=None,
        retries=2,
    ),
)
HOSTILE = "=cmd|' /C calc'!A0,\"x\";\r\n+1\t@\x00\u2028\U0001f600,</script>"


def a_run(tmp_path: Path, records: Iterable[Record]) -> Run:
    """Write a run of one or more cells."""
    journal = Journal(tmp_path / ".llmlat" / "runs" / "r1")
    journal.open({"id": "r1"})
    for cell in dict.fromkeys(record.cell for record in records):
        journal.add(some_facts(cell))
    for record in records:
        journal.add(record)
    return open_run(journal.folder)


def as_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as any program would."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_a_row_of_csv_has_the_figures_by_name(tmp_path: Path) -> None:
    """With units in the names; what is not known is empty."""
    path = tmp_path / "x.csv"

    count = export(a_run(tmp_path, [FULL, an_overflow()]), path)

    full, none = as_csv(path)
    assert count == 2
    assert list(full) == list(columns())
    assert (full["cell"], full["sample"]) == (a_cell().id, "s1")
    assert (full["e2e_s"], full["ttft_s"], full["tpot_s"]) == ("1.5", "0.5", "0.5")
    assert (full["queue_s"], full["ttfr_s"]) == ("0.25", "")
    assert (full["correct"], full["truncated"]) == ("true", "false")
    assert (full["http_status"], full["retries"]) == ("200", "2")
    assert (none["e2e_s"], none["answer"], none["http_status"]) == ("", "", "")
    assert (none["output_tokens"], none["value"]) == ("0", "0.0")


def test_a_failure_has_no_latency(tmp_path: Path) -> None:
    """Its tokens came before it was given up: a mean of the column would flatter."""
    path = tmp_path / "x.csv"
    gave_up = replace(FULL, finish="timeout")

    export(a_run(tmp_path, [gave_up]), path)

    (row,) = as_csv(path)
    assert (row["finish"], row["e2e_s"], row["ttft_s"]) == ("timeout", "", "")


def test_an_empty_text_is_not_an_absent_one(tmp_path: Path) -> None:
    """Quotes tell them apart: a model that said nothing did answer."""
    records = [replace(a_record(), answer=""), replace(a_record("s2"), answer=None)]
    path = tmp_path / "x.csv"

    export(a_run(tmp_path, records), path)

    said, silent = path.read_text("utf-8").splitlines()[1:]
    assert ',"4","","4",' in said
    assert ',"4",,"4",' in silent


@pytest.mark.slow
@given(st.lists(st.text(), min_size=1, max_size=4))
@settings(
    max_examples=at_most(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_texts_come_back_from_csv_as_they_were(
    tmp_path: Path, texts: list[str]
) -> None:
    """Line ends, quotes, commas and formulas: a program reads what the model said."""
    records = [
        replace(a_record(f"s{n}"), answer=text, prompt=text + HOSTILE)
        for n, text in enumerate(texts)
    ]
    run = replace(a_run(tmp_path, records))
    path = tmp_path / "x.csv"

    export(run, path)

    found = as_csv(path)
    assert [row["answer"] for row in found[: len(texts)]] == texts
    assert found[0]["prompt"] == texts[0] + HOSTILE
    for name in ("r1", "x.csv"):
        target = tmp_path / ".llmlat" / "runs" / name
        for each in target.glob("*.jsonl"):
            each.unlink()


@pytest.mark.parametrize(
    "begin",
    [
        *("=", "+", "-", "@", "\t", "\r", "\n"),
        # Spreadsheets look past blanks, and at full-width signs as at others.
        *("\u3164=", "\u2800=", "\u115f+", "\uffa0@", "\ufe0f=", "\u0300=", "\ufe66"),
        *("\uff1d", "\uff20", " =", "\u00a0=", "\u200b=", "\ufeff@", "\u3000\uff0b"),
    ],
)
def test_a_spreadsheet_gets_no_formula(tmp_path: Path, begin: str) -> None:
    """If told so: texts alone, in every column; numbers stay numbers."""
    told = replace(a_record(begin, timing=a_timing(1.0)), answer=f"{begin}1+1")
    path = tmp_path / "x.csv"
    run = a_run(tmp_path, [told])

    export(run, path, safe=True)
    (safe,) = as_csv(path)
    export(run, path)
    (exact,) = as_csv(path)

    assert (safe["answer"], safe["sample"]) == (f"'{begin}1+1", f"'{begin}")
    assert (exact["answer"], exact["sample"]) == (f"{begin}1+1", begin)
    assert safe["e2e_s"] == exact["e2e_s"] == "1.0"


def test_half_of_a_pair_becomes_a_replacement(tmp_path: Path) -> None:
    """No UTF-8 file can hold it."""
    path = tmp_path / "x.csv"

    export(a_run(tmp_path, [replace(a_record(), answer="a\ud83db")]), path)

    assert as_csv(path)[0]["answer"] == "a\ufffdb"


@pytest.mark.slow
def test_parquet_has_types_and_nulls(tmp_path: Path) -> None:
    """Texts, whole numbers, floats and truth values; what is not known is null."""
    parquet = pytest.importorskip("pyarrow.parquet")
    other = replace(an_error(cell=a_cell("x")), answer=HOSTILE + "\ud83d")
    path = tmp_path / "x.parquet"

    count = export(a_run(tmp_path, [FULL, an_overflow(), other]), path)

    table = parquet.read_table(path)
    full, none, broken = table.to_pylist()
    assert count == 3
    assert table.column_names == list(columns())
    assert (full["e2e_s"], full["correct"], full["output_tokens"]) == (1.5, True, 1)
    assert (none["e2e_s"], none["answer"], none["http_status"]) == (None, None, None)
    assert (broken["answer"], broken["finish"]) == (HOSTILE + "\ufffd", "error")
    kinds = {"text": "string", "int": "int64", "float": "double", "bool": "bool"}
    assert [str(field.type) for field in table.schema] == [
        kinds[kind] for kind, _ in columns().values()
    ]


def test_parquet_is_written_in_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many records there are, a few thousand are in memory."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("pytest_llmlat.store.export_files._BATCH", 2)
    path = tmp_path / "x.parquet"

    export(a_run(tmp_path, [a_record(f"s{n}") for n in range(5)]), path)

    assert parquet.ParquetFile(path).num_row_groups == 3
    assert parquet.read_table(path)["sample"].to_pylist() == [f"s{n}" for n in range(5)]


def test_a_run_without_records_is_a_table_without_rows(tmp_path: Path) -> None:
    """Its columns are there."""
    path = tmp_path / "x.csv"

    assert export(a_run(tmp_path, []), path) == 0
    assert path.read_text("utf-8").count("\n") == 1


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no file is left."""
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as import's
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    run = a_run(tmp_path, [a_record()])

    with pytest.raises(MissingExtra, match=r"pytest-llmlat\[export\]"):
        export(run, tmp_path / "x.parquet")
    assert [p.name for p in tmp_path.iterdir()] == [".llmlat"]


@pytest.mark.parametrize("name", ["x.xlsx", "x", "x.jsonl", "no/x.csv"])
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str) -> None:
    """Another ending, or a folder that is not there."""
    with pytest.raises(UsageError, match=r"export .*: (the ending|cannot be made)"):
        export(a_run(tmp_path, [a_record()]), tmp_path / name)


def test_what_was_there_stays_until_all_is_written(tmp_path: Path) -> None:
    """A record that breaks on the way loses no earlier file."""
    path = tmp_path / "x.csv"
    path.write_text("mine", "utf-8")
    run = a_run(tmp_path, [a_record()])
    (tmp_path / ".llmlat" / "runs" / "r1" / "records.jsonl").unlink()

    with pytest.raises(UsageError, match="cannot be made"):
        export(run, path)

    assert path.read_text("utf-8") == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == [".llmlat", "x.csv"]
