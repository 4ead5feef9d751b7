"""The rooms of the package and who may enter which, read from the syntax trees."""

from __future__ import annotations

import ast
import gc
import os
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_llmlat
from tests.architecture import (
    GUESTS,
    LINES_OF_A_FILE,
    LINES_OF_A_TEST_FILE,
    PAGE,
    ROOT,
    arrows,
    drawn,
    import_statements,
    long_files,
    long_functions,
    nameless,
    nodes,
    told_rooms,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PACKAGE = Path(pytest_llmlat.__file__).parent
NAME = "pytest_llmlat"
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
    and path.relative_to(PACKAGE).parts[0] not in GUESTS
]

KNOWN = frozenset(FILES)

ROOMS = (
    "values",
    "machine",
    "grading",
    "tasks",
    "backends",
    "training",
    "judges",
    "store",
    "measure",
    "analysis",
    "gate",
    "tuning",
    "report",
    "spread",
    "session",
    "plugin",
    "command",
)
"""The rooms, lowest first; each knows itself and those before it."""
RANK = {room: rank for rank, room in enumerate(ROOMS)}
STRANGERS = {("command", "plugin"), ("command", "session")}
"""Rooms of the border that do not know each other."""

POINTS = distribution("pytest-llmlat").entry_points
"""What the package brings by the doors that others use."""

BORDER = {"pytest", "_pytest", "pluggy", "xdist"}
MODEL_LIBRARIES = {
    "accelerate",
    "gguf",
    "huggingface_hub",
    "llama_cpp",
    "mlx",
    "mlx_lm",
    "peft",
    "safetensors",
    "tokenizers",
    "torch",
    "torchao",
    "transformers",
}
HEAVY = MODEL_LIBRARIES | {
    "datasets",
    "httptools",
    "jinja2",
    "matplotlib",
    "nltk",
    "numpy",
    "optuna",
    "plotly",
    "pyarrow",
    "rouge_score",
    "sacrebleu",
    "tenacity",
    "uvloop",
}
BACKENDS = (
    "gguf",
    "huggingface",
    "mlx",
    "scripted",
    "http",
    "hub_inference",
    "completions",
    "engines",
    "cascade",
)
LIBRARY_OF = {
    "http": {"completions"},
    "hub_inference": {"completions"},
    "engines": {"completions"},
}
"""What both kinds of servers have in common is a room of its own."""


@pytest.fixture(scope="module", autouse=True)
def of_all_files() -> Iterator[None]:
    """Keep the syntax trees of all files for these tests, and for no longer.

    They are millions of values: while they are made there is nothing to collect, and
    later every collection would go through them.
    """
    gc.disable()
    yield
    gc.enable()
    nodes.cache_clear()
    import_statements.cache_clear()


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that one statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    home = node.module or ""
    if home == NAME:
        return [f"{home}.{alias.name}" for alias in node.names]
    return [home]


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every module that a file imports, at any depth."""
    return frozenset(
        name for node in import_statements(path) for name in imported(node)
    )


def run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements that run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from run_on_import(child)


def room(path: Path) -> str:
    """Return the room that a file stands in."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def tree(path: Path) -> ast.AST:
    """Return the syntax tree of a file of the package."""
    return nodes(path)[0]


def roots(names: Iterable[str]) -> set[str]:
    """Return the top packages of module names."""
    return {name.partition(".")[0] for name in names}


def rooms(path: Path) -> set[str]:
    """Return the other rooms that a file imports from."""
    names = [name.split(".") for name in imports(path)]
    found = {parts[1] for parts in names if parts[0] == NAME and len(parts) > 1}
    return found - {room(path)}


def offences(look: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """Return for each file of the package what it should not import."""
    found = {path.relative_to(PACKAGE).as_posix(): look(path) for path in FILES}
    return {name: sorted(names) for name, names in found.items() if names}


def modules(path: Path) -> set[Path]:
    """Return the files of the package that a file imports, types included."""
    return {found for node in import_statements(path) for found in _files(node)} - {
        path
    }


def _files(node: ast.Import | ast.ImportFrom) -> set[Path]:
    """Return the files that one statement takes something from."""
    if isinstance(node, ast.ImportFrom) and node.module:
        inside = [f"{node.module}.{alias.name}" for alias in node.names]
        found = [_file(name) or _file(node.module) for name in inside]
    else:
        found = [_file(name) for name in imported(node)]
    return {path for path in found if path is not None}


@cache
def _file(name: str) -> Path | None:
    """Return the file of a module of the package; ``None`` if it is none."""
    place = PACKAGE.parent.joinpath(*name.split("."))
    paths = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in paths if path in KNOWN), None)


def circles(arrows: dict[Path, set[Path]]) -> list[list[str]]:
    """Return each group of files of which every one leads back to itself."""
    reached = {path: _reachable(path, arrows) for path in arrows}
    groups = {
        frozenset(other for other in reached[path] if path in reached[other])
        for path in arrows
        if path in reached[path]
    }
    return sorted(
        sorted(path.relative_to(PACKAGE).as_posix() for path in group)
        for group in groups
    )


def _reachable(path: Path, arrows: dict[Path, set[Path]]) -> set[Path]:
    seen: set[Path] = set()
    ahead = [*arrows[path]]
    while ahead:
        found = ahead.pop()
        if found not in seen:
            seen.add(found)
            ahead += arrows[found]
    return seen


@pytest.mark.skipif(
    os.environ.get("LLMLAT_TESTED") != "wheel", reason="tox says what is tested"
)
def test_what_is_tested_is_what_was_installed() -> None:
    """Where tox tests the wheel no checkout stands before it, nor in a worker."""
    assert Path(sysconfig.get_path("purelib")) in PACKAGE.parents


def test_the_rooms_are_these() -> None:
    """A new room takes its place among the layers; none is listed that is gone.

    Each has its folder of unit tests.
    """
    tests = {path.parent for path in (ROOT / "tests" / "unit").glob("*/*.py")}

    assert {room(path) for path in FILES} == {*ROOMS}
    assert {folder.name for folder in tests} == {*ROOMS}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_a_page_names_all_rooms_lowest_first(page: str) -> None:
    """Whoever looks for a room's purpose finds a row of it, in the order of layers."""
    path = ROOT / page
    if not path.is_file():
        pytest.skip("the docs are not beside these tests")

    assert told_rooms(path.read_text("utf-8")) == [*ROOMS]


def test_rooms_import_from_lower_rooms_only() -> None:
    """A module imports from its own room and from lower ones, types included.

    The package's own public names are above all rooms: they are for users.
    """
    top = len(ROOMS)
    upwards = offences(
        lambda path: {
            other
            for other in rooms(path)
            if RANK.get(other, top) >= RANK[room(path)]
            or (room(path), other) in STRANGERS
        }
    )

    assert upwards == {}


def test_the_picture_of_the_rooms_is_that_of_today() -> None:
    """Whoever reads the page on the architecture sees the imports that there are."""
    if not PAGE.is_file():
        pytest.skip("the docs are not beside these tests")
    text = PAGE.read_text("utf-8")

    assert drawn(text, arrows(PACKAGE)) == text, "run: python tests/architecture.py"


def test_files_import_in_no_circle() -> None:
    """Inside a room too, arrows point one way, those for types alone included.

    The file of a folder stands for its door: what lies inside does not import it.
    """
    assert circles({path: modules(path) for path in FILES}) == []


def test_imports_name_what_is_there() -> None:
    """Whoever moves a file finds all that name it, also where it is imported on use."""
    lost = offences(
        lambda path: {
            node.module or ""
            for node in import_statements(path)
            if isinstance(node, ast.ImportFrom)
            if (node.module or "").startswith(f"{NAME}.")
            if _file(node.module or "") is None
        }
    )

    assert lost == {}


def test_imports_are_absolute() -> None:
    """A relative import would hide from the test of the layers."""
    relative = offences(
        lambda path: {
            ast.unparse(node)
            for node in import_statements(path)
            if isinstance(node, ast.ImportFrom) and node.level
            if "inside" not in path.parts  # that folder runs without the package
        }
    )

    assert relative == {}


def _named_type(node: ast.AST) -> str | None:
    """Return the name of a class or of a type alias, where it is defined."""
    if isinstance(node, ast.ClassDef):
        return node.name
    if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
        return None
    return node.target.id if ast.unparse(node.annotation) == "TypeAlias" else None


def test_no_two_classes_or_aliases_have_one_name() -> None:
    """Whoever reads a name, or searches for it, meets one thing."""
    homes: dict[str, list[str]] = {}
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        for name in filter(None, map(_named_type, nodes(path))):
            homes.setdefault(name, []).append(place)

    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def _defined(node: ast.AST) -> str:
    """Return the name that a statement of a module defines, ``""`` if none."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    target = node.target if isinstance(node, ast.AnnAssign) else target
    return target.id if isinstance(target, ast.Name) else ""


def test_nothing_is_there_for_tests_alone() -> None:
    """What a module defines is named a second time in the package.

    Not what pytest calls, and not what an entry point names.
    """
    texts = [path.read_text("utf-8") for path in (*FILES, PACKAGE / "__init__.py")]
    words = Counter(word for text in texts for word in re.findall(r"\w+", text))
    called = {point.attr for point in POINTS}
    unused = offences(
        lambda path: {
            name
            for name in map(_defined, ast.iter_child_nodes(tree(path)))
            if words[name] == 1 and not name.startswith(("pytest_", "__"))
            if name not in called
        }
    )

    assert unused == {}


def test_pytest_stays_at_the_border() -> None:
    """All but the plugin works without pytest, and is tested without it."""
    inside = offences(
        lambda path: set() if room(path) == "plugin" else roots(imports(path)) & BORDER
    )

    assert inside == {}


def test_model_libraries_stay_with_models() -> None:
    """A library that is not installed breaks nothing but its own backend or judge."""
    outside = offences(
        lambda path: (
            set()
            if room(path) in {"backends", "judges"}
            else roots(imports(path)) & MODEL_LIBRARIES
        )
    )

    assert outside == {}


def test_heavy_libraries_load_on_use() -> None:
    """Importing a module costs no library but the standard one and pytest."""
    early = offences(
        lambda path: (
            roots(
                name
                for node in run_on_import(tree(path))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for name in imported(node)
            )
            & HEAVY
        )
    )

    assert early == {}


@pytest.mark.parametrize("name", BACKENDS)
def test_backends_do_not_know_each_other(name: str) -> None:
    """Backends share functions; none is built upon another."""
    home = PACKAGE / "backends"
    files = [*(home / name).glob("*.py"), *home.glob(f"{name}.py")]
    others = {*BACKENDS} - {name} - LIBRARY_OF.get(name, set())
    known = {
        parts[2]
        for path in files
        for parts in (found.split(".") for found in imports(path))
        if parts[:2] == [NAME, "backends"] and len(parts) > 2
    }

    assert files
    assert not known & others


def test_no_file_name_occurs_twice() -> None:
    """A name leads to one file, but for the same thing of two backends."""
    places: dict[str, set[str]] = {}
    for path in FILES:
        room = path.relative_to(PACKAGE).parts
        of_backend = room[0] == "backends" and room[1] in BACKENDS
        place = "backends" if of_backend else "/".join(room[:-1])
        places.setdefault(path.name, set()).add(place)
    twice = {
        name: found
        for name, found in places.items()
        if len(found) > 1 and not name.startswith("__")
    }

    assert len(places) > 200
    assert not twice


LONG_TEST_FILES = 6
"""How many files of tests may be longer than others. The number only falls."""


def test_functions_and_files_stay_short() -> None:
    """What is longer is cut where its parts have names, before it grows further."""
    tests = long_files(Path(__file__).parent, LINES_OF_A_TEST_FILE)

    assert long_functions(PACKAGE) == {}
    assert long_files(PACKAGE, LINES_OF_A_FILE) == {}
    assert len(tests) <= LONG_TEST_FILES, tests


def test_docstrings_name_their_object_first() -> None:
    """Whoever reads "Of the other side" has to look elsewhere for what it is."""
    found, every = nameless(PACKAGE)

    assert len(found) <= every / 30, found


def test_what_backends_share_knows_none_of_them() -> None:
    """The files beside their rooms are the floor that these stand on."""
    home = PACKAGE / "backends"
    shared = [
        path
        for path in home.glob("*.py")
        if path.stem not in BACKENDS and path.stem != "__init__"
    ]
    known = {
        path.stem: [
            name
            for name in imports(path)
            if any(name.startswith(f"{NAME}.backends.{other}") for other in BACKENDS)
        ]
        for path in shared
    }

    assert len(known) > 5
    assert not any(known.values())


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    """A pytest run that measures nothing pays for no library."""
    code = (
        "import sys, pytest_llmlat.plugin\n"
        f"print([name for name in {sorted(HEAVY)!r} if name in sys.modules])"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


OPEN = sorted(
    {p.group.partition(".")[2] for p in POINTS if p.group.startswith(f"{NAME}.")}
)
"""The kinds of extensions: each is a group of entry points."""

TORCH_KINDS = {"cpu", "cuda", "mps", "xpu"}
"""Devices whose names are torch's own words for what it runs on."""
OF_ITSELF = {
    "backends/mlx/model.py",  # libraries
    "grading/sandbox/inside/confine.py",  # how each of our confinements is put on
    "report/page/samples.py",  # columns of a table
    "grading/extractors/any_answer.py",  # what kinds of answers a puzzle may have
    "grading/sandbox/relay.py",  # what there is in a container, which has no metadata
}
"""Files that list such words and mean something of their own."""


@pytest.mark.parametrize("kind", OPEN)
def test_nothing_lists_the_names_of_extensions(kind: str) -> None:
    """A new one is one file and one line of pyproject.toml: no code has a list of them.

    Two names of a kind in one tuple, list, set or table are such a list.
    """
    points = POINTS.select(group=f"{NAME}.{kind}")
    names = {point.name for point in points} - TORCH_KINDS
    lists = offences(
        lambda path: {
            word
            for words in word_lists(path)
            for word in words & names
            if len(words & names) > 1
        }
    )

    assert len(names) > 1
    assert {path: found for path, found in lists.items() if path not in OF_ITSELF} == {}


@cache
def word_lists(path: Path) -> tuple[frozenset[str], ...]:
    """Return the strings of each tuple, list, set and table that has two or more."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts: list[ast.expr] = list(node.elts)
        elif isinstance(node, ast.Dict):
            parts = [key for key in node.keys if key is not None]
        else:
            continue
        words = (part.value for part in parts if isinstance(part, ast.Constant))
        found.append(frozenset(word for word in words if isinstance(word, str)))
    return tuple(words for words in found if len(words) > 1)


def test_the_page_on_extending_has_a_row_for_each_kind() -> None:
    """Whoever looks for a door finds what it takes and what it is good for."""
    page = ROOT / "docs" / "extending.md"
    if not page.is_file():
        pytest.skip("the docs are not beside these tests")
    text = page.read_text("utf-8")

    assert sorted(re.findall(r"\n\| `(\w+)` \| `pytest_llmlat\.", text)) == OPEN
