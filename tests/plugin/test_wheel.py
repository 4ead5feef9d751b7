"""The wheel alone, in a fresh environment and no checkout: a new user's walk."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 2_500_000
"""What may be downloaded by somebody who only wants to look."""
PARROT = """
[models.parrot]
backend = "scripted"
devices = ["cpu"]
options = { answer = "positive" }
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "hatch_build.py").is_file(), reason="a checkout is built"
    ),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built by what an installation builds it with."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with the wheel, and libraries from here.

    No network is asked: what the wheel needs is read where these tests have it, after
    the environment's own.
    """
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False, symlinks=True)
    programs = home / "bin"
    place = Path(
        sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    )
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place)
    here = sysconfig.get_path("purelib")
    (place / "zz_libraries.pth").write_text(
        f"import site; site.addsitedir({here!r})\n", "utf-8"
    )
    for name, call in (
        ("llmlat", "from pytest_llmlat.command import main"),
        ("pytest", "from pytest import main"),
    ):
        program = programs / name
        program.write_text(
            f"#!{programs / 'python'}\nimport sys\n{call}\nsys.exit(main())\n", "utf-8"
        )
        program.chmod(0o755)
    return programs


def typed(programs: Path, folder: Path, line: str, *, status: int = 0) -> list[str]:
    """Type a line in a shell of the environment, and return what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "TOX"))}
    kept.pop("PYTHONPATH", None)
    done = subprocess.run(  # noqa: S602 - a user types it so
        line,
        shell=True,
        cwd=folder,
        env={**kept, "PATH": f"{programs}{os.pathsep}{kept['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def test_it_is_small_and_brings_what_it_needs(wheel: Path) -> None:
    """Benchmarks, catalogues and templates lie in it; no tests and no pictures do."""
    assert wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(wheel) as packed:
        names = {*packed.namelist()}

    assert "pytest_llmlat/benchmarks/test_sentiment.py" in names
    assert "pytest_llmlat/fixtures/init/github.yml" in names
    assert "pytest_llmlat/report/page/templates/page.html" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    assert not [name for name in names if name.endswith((".png", ".pyc"))]


def test_its_description_has_no_link_that_begins_in_the_project(wheel: Path) -> None:
    """An index shows it elsewhere; whole addresses begin with the one that we say."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [n for n in packed.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(packed.read(name).decode("utf-8"))
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    source = told["project"]["urls"]["Source"]
    text = metadata.get_payload()

    assert isinstance(text, str)
    assert f"]({source}/blob/v{metadata['Version']}/docs/" in text
    assert f"]({source}/raw/v{metadata['Version']}/docs/screenshots/" in text
    assert "](docs/" not in text
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_a_new_user_gets_from_nothing_to_a_report(
    environment: Path, tmp_path: Path
) -> None:
    """Each command is the one that the one before named, in an empty folder."""
    code = "import pytest_llmlat; print(pytest_llmlat.__file__)"
    (where,) = typed(environment, tmp_path, f"python -c '{code}'")
    assert Path(where).is_relative_to(environment.parent)
    typed(environment, tmp_path, "llmlat --version")
    (tmp_path / "models.toml").write_text(PARROT, "utf-8")
    run = "pytest -p no:benchmark -q --pyargs pytest_llmlat.benchmarks"

    first = typed(
        environment,
        tmp_path,
        f"{run} --llm-models models.toml --llm parrot --llm-task sentiment"
        " --llm-samples 4",
    )

    (again,) = [line for line in first if line.startswith("as a page: ")]
    page = typed(environment, tmp_path, again.removeprefix("as a page: "))
    assert any(line.endswith("report.html") for line in page)
    assert (tmp_path / "report" / "report.html").is_file()
    told = typed(
        environment,
        tmp_path,
        "llmlat init --yes --model smollm2-135m --task sentiment --ci none",
    )
    assert told[-1] == "next: pytest benchmarks"
    entry = PARROT.replace("parrot", "smollm2-135m")
    with (tmp_path / "benchmarks" / "models.toml").open("a") as file:
        file.write(entry)
    last = typed(environment, tmp_path, "pytest -p no:benchmark -q benchmarks")
    assert any(line.startswith("page: ") for line in last)
