"""Which sandbox holds on this machine: each is tried before it is used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.program import CHOICES
from pytest_llmlat.values.errors import SandboxUnavailable, UnknownName

if TYPE_CHECKING:
    from pytest_llmlat.grading.sandbox.program import Sandbox
    from pytest_llmlat.grading.sandbox.split import SplitSandbox

LINUX_CHAIN = ("landlock+seccomp", "seccomp", "bwrap")
MACOS_CHAIN = ("seatbelt",)
REMEDY = (
    "generated code is run in a sandbox or not at all; run on Linux 5.13 or newer with"
    " Landlock, install bubblewrap, or, if you trust the code, ask for"
    " --llm-sandbox none"
)


def open_chain(choice: str) -> Sandbox:
    """Open the sandbox ``choice``, or for ``auto`` the first that holds.

    Raises:
        UnknownName: there is no such sandbox.
        SandboxUnavailable: none holds; says why for each.
    """
    if choice not in CHOICES:
        remedy = "'auto' takes the first that holds."
        kind, where = "sandbox", "--llm-sandbox"
        raise UnknownName(kind, choice, CHOICES, where=where, remedy=remedy)
    if choice == "none":
        return _open_bare()
    if choice == "docker":
        from pytest_llmlat.grading.sandbox.docker import open_docker  # noqa: PLC0415 - on use

        return open_docker()
    reasons = []
    for name in _chain() if choice == "auto" else (choice,):
        sandbox, reason = _try(name)
        if sandbox is not None:
            return sandbox
        reasons.append(f"{name}: {reason}")
    raise SandboxUnavailable(
        f"no sandbox holds on this machine ({'; '.join(reasons)}); {REMEDY}"
    )


def _chain() -> tuple[str, ...]:
    return MACOS_CHAIN if sys.platform == "darwin" else LINUX_CHAIN


def _try(name: str) -> tuple[SplitSandbox | None, str]:
    """Return a sandbox that has passed its self-test, or why there is none."""
    from pytest_llmlat.grading.sandbox.selftest import breaches  # noqa: PLC0415 - on use
    from pytest_llmlat.grading.sandbox.zygote import ZygoteDied  # noqa: PLC0415 - on use

    sandbox: SplitSandbox | None = None
    try:
        sandbox = _build(name)
        found = breaches(sandbox)
    except (SandboxUnavailable, ZygoteDied, OSError) as wrong:
        found = [str(wrong)]
    else:
        if not found:
            return sandbox, ""
        found = [f"a program could {', '.join(found)}"]
    if sandbox is not None:
        sandbox.close()
    return None, found[0]


def _build(name: str) -> SplitSandbox:
    from pytest_llmlat.grading.sandbox.split import SplitSandbox  # noqa: PLC0415 - on use

    if (name == "seatbelt") != (sys.platform == "darwin"):
        raise SandboxUnavailable(f"not on {sys.platform}")
    prefix: tuple[str, ...] = ()
    if name == "bwrap":
        module = import_module("pytest_llmlat.grading.sandbox.bubblewrap")
        prefix = module.command()
    return SplitSandbox(name, isolated=True, prefix=prefix)


def _open_bare() -> SplitSandbox:
    from pytest_llmlat.grading.sandbox.split import SplitSandbox  # noqa: PLC0415 - on use
    from pytest_llmlat.grading.sandbox.zygote import ZygoteDied  # noqa: PLC0415 - on use

    sandbox = SplitSandbox("none", isolated=False)
    try:
        sandbox.start()
    except ZygoteDied as died:
        raise SandboxUnavailable(
            f"--llm-sandbox none: Python does not start ({died})"
        ) from died
    return sandbox
