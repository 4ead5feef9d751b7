"""Entries that extend others: only what changes is said, and errors name the place."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.derived_entries import (
    EntryKind,
    bundled_entries,
    whole_entries,
)
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmlat.values.toml_tables import TomlTable

KIND = EntryKind(
    kind="models",
    noun="model",
    instead={"weights": ("revision", "options.sha256")},
)
BASE = """
[models.base]
backend = "gguf"
weights = "./base.gguf"
revision = "abc"
options = { context = 512, sha256 = "0f" }
devices = ["cpu"]
"""


def whole(folder: Path, *texts: str) -> dict[str, TomlTable]:
    """Return the entries of catalogues in folders of their own, the first lowest."""
    paths = []
    for number, text in enumerate(texts):
        place = folder / str(number)
        place.mkdir()
        (place / "models.toml").write_text(text, "utf-8")
        paths.append(place / "models.toml")
    return whole_entries(paths, KIND)


def values(folder: Path, *texts: str, name: str = "mine") -> dict[str, Any]:
    """Return what one entry says, put together."""
    return dict(whole(folder, *texts)[name].values)


def complaint(folder: Path, *texts: str) -> str:
    """Return what is said of catalogues, without their folder."""
    with pytest.raises(UsageError) as caught:
        whole(folder, *texts)
    return str(caught.value).replace(str(folder), "DIR")


def test_an_entry_says_only_what_changes(tmp_path: Path) -> None:
    """Tables are joined key by key; lists and texts are replaced."""
    mine = '[models.mine]\nextends = "base"\ndevices = ["cuda"]\noptions.context = 64\n'

    assert values(tmp_path, BASE + mine) == {
        "backend": "gguf",
        "weights": "./base.gguf",
        "revision": "abc",
        "options": {"context": 64, "sha256": "0f"},
        "devices": ["cuda"],
    }


def test_an_empty_text_takes_away_what_the_base_has(tmp_path: Path) -> None:
    """In a table too; else there would be no way to be without it."""
    mine = '[models.mine]\nextends = "base"\nrevision = ""\noptions.sha256 = ""\n'

    found = values(tmp_path, BASE + mine)

    assert "revision" not in found
    assert found["options"] == {"context": 512}


def test_what_belongs_to_a_replaced_value_goes_with_it(tmp_path: Path) -> None:
    """A revision pins the weights beside which it was written, and no others."""
    mine = '[models.mine]\nextends = "base"\nweights = "other.gguf"\n'

    found = values(tmp_path, BASE + mine)

    assert "revision" not in found
    assert found["options"] == {"context": 512}


def test_a_base_may_stand_in_any_file_and_extend_another(tmp_path: Path) -> None:
    """Before or after; the last file that has the base says what it is."""
    first = '[models.mine]\nextends = "middle"\n' + BASE
    second = '[models.middle]\nextends = "base"\nrevision = "def"\n'
    third = '[models.base]\nextends = "base"\ndevices = ["mps"]\n'

    found = values(tmp_path, first, second, third)

    assert (found["revision"], found["devices"]) == ("def", ["mps"])
    assert found["backend"] == "gguf"


def test_an_entry_may_extend_the_one_of_its_name_in_the_files_before(
    tmp_path: Path,
) -> None:
    """Twice over as well."""
    second = '[models.base]\nextends = "base"\nrevision = "def"\n'
    third = '[models.base]\nextends = "base"\noptions.context = 64\n'

    found = values(tmp_path, BASE, second, third, name="base")

    assert (found["revision"], found["options"]["context"]) == ("def", 64)


def test_a_key_knows_in_whose_file_it_stands(tmp_path: Path) -> None:
    """A relative path starts there, however many entries lie between."""
    second = '[models.middle]\nextends = "base"\noptions.draft = "./d.gguf"\n'
    third = '[models.mine]\nextends = "middle"\nrevision = "x"\n'

    mine = whole(tmp_path, BASE, second, third)["mine"]

    homes = {
        key: mine.home(key).folder.name
        for key in ("weights", "revision", "options.context", "options.draft")
    }
    assert homes == {
        "weights": "0",
        "revision": "2",
        "options.context": "0",
        "options.draft": "1",
    }
    assert str(mine.complain("weights", "is odd")).replace(str(tmp_path), "DIR") == (
        "DIR/2/models.toml: models.mine.weights: is odd (taken from"
        " DIR/0/models.toml: models.base)"
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            ('[models.a]\nextends = "b"\n[models.b]\nextends = "a"\n',),
            "DIR/0/models.toml: models.b.extends: goes round in a circle: a → b → a",
        ),
        (
            (BASE, '[models.b]\nextends = "base"\n[models.base]\nextends = "b"\n'),
            "DIR/1/models.toml: models.b.extends: goes round in a circle: base → b",
        ),
        (
            ('[models.a]\nextends = "a"\n',),
            "DIR/0/models.toml: models.a.extends: names itself, and no file before has",
        ),
        (
            (BASE, '[models.a]\nextends = "bas"\n'),
            "DIR/1/models.toml: models.a.extends: unknown model 'bas'; did you",
        ),
        (
            ("[models.a]\nextends = 3\n",),
            "DIR/0/models.toml: models.a.extends: must be a string, not an integer",
        ),
    ],
)
def test_what_cannot_be_extended_is_told(
    tmp_path: Path, texts: tuple[str, ...], expected: str
) -> None:
    """With the file and the key, and the nearest name."""
    assert complaint(tmp_path, *texts).startswith(expected)


def test_an_entry_that_lacks_a_key_is_told_how_to_extend(tmp_path: Path) -> None:
    """Who writes a known name with one key means to change one key."""
    mine = whole(tmp_path, BASE, "[models.base]\nrevision = 'x'\n")["base"]

    with pytest.raises(UsageError) as caught:
        mine.required("weights")

    told = str(caught.value).replace(str(tmp_path), "DIR")
    assert told == (
        "DIR/1/models.toml: models.base.weights: is needed and missing or empty; this"
        " takes the place of DIR/0/models.toml: models.base: to change only a part of"
        ' that, write extends = "base"'
    )


NAMES = st.sampled_from("abcd")
LAYERS = st.lists(
    st.dictionaries(NAMES, NAMES | st.none(), min_size=1), min_size=1, max_size=3
)


@given(layers=LAYERS)
def test_any_web_of_entries_ends_well_or_is_told(
    layers: list[dict[str, str | None]],
) -> None:
    """Each entry ends at one that extends none, or names the circle or the gap."""
    texts = [
        "".join(
            f"[models.{name}]\nown = '{number}{name}'\n"
            + (f"extends = '{base}'\n" if base else f"root = '{number}{name}'\n")
            for name, base in layer.items()
        )
        for number, layer in enumerate(layers)
    ]
    with TemporaryDirectory() as folder:
        try:
            found = whole(Path(folder), *texts)
        except UsageError as error:
            told = str(error)
            assert ".extends: " in told
            return
    for name, table in found.items():
        last = max(n for n, layer in enumerate(layers) if name in layer)
        assert table.values["own"] == f"{last}{name}"
        number, root = table.values["root"]
        assert layers[int(number)][root] is None


def test_our_own_entries_stay_what_they_are(tmp_path: Path) -> None:
    """They are read once, and what files change of them is of those files alone."""
    ours = bundled_entries("models.toml", "models")
    name = next(name for name, table in ours.items() if table.values.get("options"))
    before = deepcopy(dict(ours))
    file = tmp_path / "models.toml"
    for base in (f'[models."{name}"]\nextends', "[models.mine]\nextends"):
        file.write_text(f'{base} = "{name}"\noptions.context = 7\n', "utf-8")
        assert whole_entries([file], KIND, ours)[name]

    assert bundled_entries("models.toml", "models") == before
