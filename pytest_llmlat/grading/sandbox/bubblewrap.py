"""The command that starts an interpreter inside bubblewrap's namespaces.

Inside, the children put the same system call filter on: namespaces alone leave
processes without number and most of the kernel in reach.

Source: bwrap(1). No ``--proc``, which default containers refuse.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from pytest_llmlat.values.errors import SandboxUnavailable

SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/localtime")
PACKAGES = ("site-packages", "dist-packages")
HOME = Path(__file__).parent


def command() -> tuple[str, ...]:
    """Return bwrap and its arguments, up to where the interpreter follows.

    Raises:
        SandboxUnavailable: bwrap is not installed.
    """
    binary = shutil.which("bwrap")
    if binary is None:
        raise SandboxUnavailable(
            "bwrap is not installed (the package is called bubblewrap)"
        )
    return (binary, *arguments(Path(sys.base_prefix), HOME / "inside"))


def arguments(prefix: Path, inside: Path) -> list[str]:
    """Return the arguments for an interpreter in ``prefix``.

    Args:
        prefix: the installation that holds interpreter and standard library; its
            site-packages are covered.
        inside: the folder of ours that the interpreter loads.
    """
    words = ["--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    for path in SYSTEM:
        words += ["--ro-bind-try", path, path]
    if not prefix.is_relative_to("/usr"):
        words += ["--ro-bind", str(prefix), str(prefix)]
    for folder in sorted(_installed_packages(prefix)):
        words += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    words += ["--dev", "/dev", "--remount-ro", "/dev"]
    words += ["--ro-bind", str(inside), str(inside)]
    return [*words, "--remount-ro", "/", "--chdir", "/", "--"]


def _installed_packages(prefix: Path) -> set[Path]:
    """Return every folder of packages under what is bound."""
    roots = {prefix, Path("/usr"), Path("/usr/local")}
    return {
        folder
        for root in roots
        for library in ("lib", "lib64")
        for name in PACKAGES
        for folder in root.glob(f"{library}/python3*/{name}")
        if not folder.is_symlink()
    }
