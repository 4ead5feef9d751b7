"""The base branch as files: a folder, an ini file in it, or a reference of git."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.session.base_branch import counterpart, counterparts, open_base
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ("-c", "user.name=somebody", "-c", "user.email=some@body.example")
    subprocess.run(  # noqa: S603 - our own words
        ("git", "-C", str(folder), *who, *words),  # noqa: S607
        check=True,
        capture_output=True,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project in a folder of a repository, changed since its first commit."""
    root = tmp_path / "repository" / "part"
    root.mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\nllm_tolerance = e2e=5%\n")
    (root.parent / "shared.toml").write_text("a = 1\n")
    git(root.parent, "init", "-q", "-b", "main")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-q", "-m", "first")
    git(root.parent, "checkout", "-q", "-b", "change")
    (root / "pytest.ini").write_text("[pytest]\nllm_tolerance = e2e=50%\n")
    (root / "new.toml").write_text("")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-q", "-m", "second")
    return root


@pytest.mark.slow
def test_a_reference_of_git_is_taken_out_whole(project: Path) -> None:
    """Files stand there as the reference has them, above the project's folder too."""
    base = open_base("main", project, start=project, where="--it")

    ini = base.file(project / "pytest.ini")
    above = base.file(project.parent / "shared.toml")

    assert ini is not None
    assert ini.read_text() == "[pytest]\nllm_tolerance = e2e=5%\n"
    assert above is not None
    assert above.read_text() == "a = 1\n"
    assert base.file(project / "new.toml") is None
    assert base.scratch is not None
    base.scratch.cleanup()
    assert not ini.exists()


def test_a_folder_is_the_top_of_the_repository(project: Path, tmp_path: Path) -> None:
    """A project in a part of it is in the same part there."""
    git(project.parent, "worktree", "add", "-q", str(tmp_path / "base"), "main")

    base = open_base("base", project, start=tmp_path, where="--it")

    assert base.folder == tmp_path / "base" / "part"
    ini = base.file(project / "pytest.ini")
    assert ini is not None
    assert "50%" not in ini.read_text()


def test_a_folder_in_the_project_is_not_looked_up_in_itself(tmp_path: Path) -> None:
    """What lies in the checkout of the base is of the base already."""
    own = tmp_path / "base" / "models.toml"

    assert counterpart(own, tmp_path, tmp_path / "base") == own
    assert counterpart(tmp_path / "models.toml", tmp_path, tmp_path / "base") == own


def test_what_no_branch_has_is_where_it_is(tmp_path: Path) -> None:
    """A catalogue beside the project is the same for both."""
    (tmp_path / "mine.toml").write_text("")
    root, base = tmp_path / "project", tmp_path / "project" / "base"

    found = counterparts([tmp_path / "mine.toml", root / "new.toml"], root, base)

    assert found == (tmp_path / "mine.toml",)


def test_an_ini_file_names_its_folder(tmp_path: Path) -> None:
    """It need not have the name that pytest looks for."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "gate.ini").write_text("[pytest]\n")

    base = open_base("kept/gate.ini", tmp_path, start=tmp_path, where="--it")

    assert (base.folder, base.ini) == (
        tmp_path / "kept",
        tmp_path / "kept" / "gate.ini",
    )


@pytest.mark.parametrize("name", ["nowhere", "--output=x", "main:pytest.ini"])
def test_what_is_nothing_is_refused(project: Path, name: str) -> None:
    """A gate without its rules must not fall back on those of the change."""
    with pytest.raises(UsageError, match="no such folder or file, and no such commit"):
        open_base(name, project, start=project, where="--it")


def test_the_project_is_not_its_own_base(project: Path) -> None:
    """Its rules would be those of the change."""
    with pytest.raises(UsageError, match="this project itself"):
        open_base(".", project, start=project, where="--it")


@pytest.mark.parametrize("text", ["~nobody-here/x", "x" * 5000, "a\0b"])
def test_a_name_that_cannot_be_is_no_base(tmp_path: Path, text: str) -> None:
    """As one that is not there."""
    with pytest.raises(UsageError, match="no such folder or file"):
        open_base(text, tmp_path, start=tmp_path, where="--llm-gate-from")
