"""The base branch, into which a change is to be merged, as files that can be read."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmlat.backends.model_catalogue import DEFAULT
from pytest_llmlat.session.vary import name_in_settings
from pytest_llmlat.values.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmlat.values.settings import Settings

_GIT_LIMIT_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBranch:
    """The base branch's state of a project."""

    name: str
    """Base as it was typed: a folder, a file or a reference of git."""
    root: Path
    """Folder of the project, as the change has it."""
    folder: Path
    """Folder of the project on the base branch."""
    ini: Path | None = None
    """Ini file, where one was named."""
    scratch: tempfile.TemporaryDirectory[str] | None = None
    """Folder of the files that were taken out of git, until it is cleaned up."""

    def file(self, path: Path) -> Path | None:
        """Return the base's version of a project's file; ``None`` if it has none."""
        found = counterpart(path, self.root, self.folder)
        return found if found.exists() else None


def counterpart(path: Path, root: Path, base: Path) -> Path:
    """Return the base's path for a path; one outside of the project stays.

    Args:
        path: absolute.
        root: of the project.
        base: what stands for ``root`` there.
    """
    top = top_of(root)
    if not path.is_relative_to(top) or path.is_relative_to(base):
        return path
    ups = len(root.relative_to(top).parts)
    top_there = base.parents[ups - 1] if ups else base
    return top_there / path.relative_to(top)


def counterparts(paths: Iterable[Path], root: Path, base: Path) -> tuple[Path, ...]:
    """Return the base's versions of files, those that it has."""
    found = (counterpart(path, root, base) for path in paths)
    return tuple(path for path in found if path.exists())


def open_base(text: str, root: Path, *, start: Path, where: str) -> BaseBranch:
    """Return the base branch that a text names.

    Args:
        text: a folder in which it is checked out, an ini file in such a folder, or a
            reference of git such as ``origin/main``, whose files are taken out into a
            folder of their own.
        root: the project's folder.
        start: where a relative path begins.
        where: it was typed, for the complaint.

    Raises:
        UsageError: it is none of these; says what to do.
    """
    path = _path(text, start)
    if path is not None and path.is_file():
        return BaseBranch(name=text, root=root, folder=path.parent, ini=path)
    if path is not None and path.is_dir():
        below = path / root.relative_to(top_of(root))
        folder = below if below.is_dir() else path
        if folder == root:
            raise UsageError(
                f"{where}={text}: is this project itself; name where its base branch is"
                " checked out, or a reference of git such as origin/main. Write"
                f" {where}={text} with the '=': behind a blank, pytest takes a folder"
                " for the project"
            )
        return BaseBranch(name=text, root=root, folder=folder)
    return _taken_out(text, root, where=where)


def _path(text: str, start: Path) -> Path | None:
    """Return a text as a path, ``None`` where there can be none of this name."""
    try:
        path = (start / Path(text).expanduser()).resolve()
        path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    return path


def top_of(root: Path) -> Path:
    """Return the top of the work tree that a folder is in, or else the folder."""
    tops = (each for each in (root, *root.parents) if (each / ".git").exists())
    return next(tops, root)


def _taken_out(ref: str, root: Path, *, where: str) -> BaseBranch:
    """Write the files of a commit into a folder of their own."""
    top = top_of(root)
    wanted = f"{ref}^{{commit}}"
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
    commit = _git(top, *verify)
    if commit is None:
        raise UsageError(
            f"{where}={ref}: there is no such folder or file, and no such commit in"
            f" {top}; fetch it first (git fetch --depth=1 origin BRANCH, or"
            " fetch-depth: 0 in a workflow), or name a folder with the base branch"
        )
    scratch = tempfile.TemporaryDirectory(prefix="llmlat-base-")
    # Links in it may lead elsewhere under /tmp on some systems; paths are compared.
    folder = Path(scratch.name).resolve()
    packed = folder / ".llmlat-base.tar"
    try:
        done = _git(top, "archive", f"--output={packed}", commit.strip())
        if done is None:
            raise UsageError(f"{where}={ref}: git archive could not read the commit")
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
        packed.unlink()
    except (OSError, tarfile.TarError) as error:
        scratch.cleanup()
        raise UsageError(
            f"{where}={ref}: its files cannot be written out ({error}); name a folder"
            " in which the base branch is checked out"
        ) from error
    return BaseBranch(
        name=ref,
        root=root,
        folder=folder / root.relative_to(top),
        scratch=scratch,
    )


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says; ``None`` if it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - words of our own, and a commit's digest
            ("git", "-C", str(folder), *words),  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=_GIT_LIMIT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def of_base(name: str) -> str:
    """Return the name of the base's model beside the change's model of that name."""
    return f"{name}@base"


def reference_name(settings: Settings) -> str | None:
    """Return the name that the model of ``against`` has in reports.

    The base's entry of a model that is itself measured has a name of its own.
    """
    if settings.against is None:
        return None
    name = name_in_settings(settings.against)
    chosen = map(name_in_settings, settings.models or (DEFAULT,))
    return of_base(name) if settings.base is not None and name in chosen else name
