"""A space of settings is read from a file or a line, and a typo is told."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.tuning.space_reading import read_space
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.search_space import Setting

if TYPE_CHECKING:
    from pathlib import Path

SPACE = """
[tune]
threads = [1, 2]
batch = { low = 32, high = 96, step = 32 }
kv_type = { values = ["f16", "q8_0"], when = { flash_attention = true } }
flash_attention = ["default", true]
"""


def test_a_file_holds_lists_ranges_and_conditions(tmp_path: Path) -> None:
    """A key under a condition is there only where that holds."""
    file = tmp_path / "space.toml"
    file.write_text(SPACE, "utf-8")

    settings = read_space(str(file), where="--llm-tune").settings()

    assert settings is not None
    assert len(settings) == 2 * 3 * 3  # without flash attention there is one kv_type
    assert len(set(settings)) == len(settings)
    bare = [s for s in settings if "flash_attention" not in dict(s.values)]
    assert not any("kv_type" in dict(setting.values) for setting in bare)
    assert {dict(s.values)["batch"] for s in settings} == {32, 64, 96}


def test_a_line_has_lists_and_ranges() -> None:
    """As --llm-vary has lists; a log range is drawn, and its numbers stay whole."""
    space = read_space("threads=1,2 batch=32..512:log dtype=default,x", where="o")

    assert space.settings() is None
    drawn = [space.drawn(random.Random(n)) for n in range(200)]  # noqa: S311 - a draw
    batches = [int(dict(one.values)["batch"]) for one in drawn]
    assert all(32 <= batch <= 512 for batch in batches)
    assert 80 < sum(batch < 128 for batch in batches) < 120
    assert all(type(dict(one.values)["batch"]) is int for one in drawn)


def test_a_range_of_whole_numbers_is_listed() -> None:
    """Where it has few, each is a setting of its own."""
    assert read_space("threads=1..3", where="o").settings() == tuple(
        Setting((("threads", n),)) for n in (1, 2, 3)
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("threads", "is no setting"),
        ("threads=", "empty value"),
        ("threads=1,,2", "empty value"),
        ("threads=1 threads=2", "twice"),
        ("threads=4..2", "must be below high"),
        ("x=0..2:log", "above 0 where log"),
        ("api_key=a,b", "holds a key"),
        ('extra_body={"api_key":"k"},b', "holds a key"),
        ('extra_body={"a":1,"api_key":"k"}', "holds a key"),
        ("none.toml", "cannot be read"),
    ],
)
def test_a_line_that_is_none_is_refused(text: str, told: str) -> None:
    """With the option, and what to write."""
    with pytest.raises(UsageError, match=told):
        read_space(text, where="--llm-tune")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there are no settings in it"),
        ("[models]\n", "there are no settings in it"),
        ("threads = []", "threads: is an empty list"),
        ("threads = [{}]", "must be a text, a number"),
        ("threads = { lo = 1 }", "unknown key; did you mean 'low'"),
        ("threads = { low = 1 }", "high: is needed"),
        ("x = { low = -1e308, high = 1e308, step = 1.0 }", "high: is too far from low"),
        ("x = { low = 1e-320, high = 1e9, log = true }", "high: is too far from low"),
        ("x = { low = 0.0, high = 1e9, step = 1e-9 }", "more than 100,000 values"),
        ("x = { low = 0.0, high = 1.0, step = 1e-320 }", "more than 100,000 values"),
        ("threads = { values = [1], step = 1 }", "belongs to a range"),
        ("threads = { low = 1, high = 3, step = 5 }", "step: must be above 0"),
        ("x = { values = [1], when = { thread = 1 } }\nthreads = [1]", "'threads'"),
        ("x = { values = [1], when = { t = 3 } }\nt = [1, 2]", "t is never 3"),
        ("x = { values = [1], when = 3 }", "must be a table"),
        (
            (
                "x = { values = [1], when = { y = 1 } }\n"
                "y = { values = [1], when = { x = 1 } }"
            ),
            "wait for each other",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """Naming the key and what is wrong with it."""
    file = tmp_path / "space.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(UsageError, match=told):
        read_space(str(file), where="--llm-tune")


@given(st.text(max_size=40))
def test_any_line_is_read_or_refused(text: str) -> None:
    """Nothing else comes of it, whatever was typed."""
    with suppress(UsageError):
        assert read_space(f"a=1 {text}", where="o").keys


@pytest.mark.parametrize("text", ["tool = 5", 'tool = { pytest-llmlat = "x" }'])
def test_a_project_s_file_without_a_table_is_told(tmp_path: Path, text: str) -> None:
    """Whatever stands where the table belongs."""
    path = tmp_path / "pyproject.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(UsageError, match="there are no settings in it"):
        read_space(str(path), where="--llm-tune")


def test_a_condition_on_no_key_is_told_with_the_file(tmp_path: Path) -> None:
    """Among several catalogues it says which."""
    path = tmp_path / "space.toml"
    path.write_text("x = { values = [1], when = { y = 2 } }", "utf-8")

    with pytest.raises(UsageError) as caught:
        read_space(str(path), where="--llm-tune")

    assert str(caught.value).startswith(f"--llm-tune: {path}: x.when: unknown key 'y'")
