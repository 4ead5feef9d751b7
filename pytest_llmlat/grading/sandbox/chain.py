"""Which sandbox holds on this machine: each is tried before it is used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.program import SandboxKind, as_sandbox_kind
from pytest_llmlat.values.errors import (
    BadExtension,
    SandboxUnavailable,
    UnknownName,
)
from pytest_llmlat.values.extensions import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmlat.grading.sandbox.program import Sandbox

AUTO = "auto"
"""What is typed for the first sandbox that holds."""
REMEDY = (
    "generated code is run in a sandbox or not at all; run on Linux 5.13 or newer with"
    " Landlock, install bubblewrap, or, if you trust the code, ask for"
    " --llm-sandbox none"
)
_NEEDED = ("name", "isolated", "run", "close")

SANDBOXES: Table[SandboxKind] = Table("sandboxes", "sandbox", as_sandbox_kind)
"""The sandboxes by name."""


def choices() -> tuple[str, ...]:
    """Return what may be asked for."""
    return (AUTO, *SANDBOXES)


def open_chain(choice: str) -> Sandbox:
    """Open the sandbox ``choice``, or for ``auto`` the first that holds.

    Raises:
        UnknownName: there is no such sandbox.
        BadExtension: there is, and it is broken.
        SandboxUnavailable: none holds; says why for each.
    """
    if choice == AUTO:
        return first_that_holds(on_system(sys.platform, automatic=True))
    if choice not in SANDBOXES:
        remedy = f"{AUTO!r} takes the first that holds."
        noun, where = "sandbox", "--llm-sandbox"
        raise UnknownName(noun, choice, choices(), where=where, remedy=remedy)
    kind = SANDBOXES[choice]
    if kind.automatic is None and kind.holds_on(sys.platform):
        return _opened(choice, kind)
    return first_that_holds({choice: kind})


def on_system(platform: str, *, automatic: bool = False) -> dict[str, SandboxKind]:
    """Return what may confine a program on a system, what is tried first before.

    Args:
        platform: as in ``sys.platform``.
        automatic: leave out what is used only where it is named.
    """
    found = {
        name: one
        for name, one in SANDBOXES.working().items()
        if one.isolated and one.holds_on(platform)
    }
    named = {name: one for name, one in found.items() if one.automatic is None}
    tried = sorted(
        (one.automatic, name)
        for name, one in found.items()
        if one.automatic is not None
    )
    ordered = {name: found[name] for _, name in tried}
    return ordered if automatic else ordered | named


def first_that_holds(kinds: Mapping[str, SandboxKind]) -> Sandbox:
    """Open the first that holds.

    Raises:
        SandboxUnavailable: none does; says why for each.
    """
    reasons = []
    for name, kind in kinds.items():
        if not kind.holds_on(sys.platform):
            reasons.append(f"{name}: not on {sys.platform}")
            continue
        try:
            return _opened(name, kind)
        except (SandboxUnavailable, OSError) as wrong:
            reasons.append(f"{name}: {wrong}")
    told = "; ".join(reasons) or f"there is none for {sys.platform}"
    raise SandboxUnavailable(f"no sandbox holds on this machine ({told}); {REMEDY}")


def _opened(name: str, kind: SandboxKind) -> Sandbox:
    """Open a sandbox, which must be what it was registered as.

    Raises:
        BadExtension: it is not.
        SandboxUnavailable: it does not hold; says why.
    """
    sandbox = kind.open()
    lacking = [each for each in _NEEDED if not hasattr(sandbox, each)]
    if lacking:
        raise BadExtension(
            f"sandbox {name!r}: what it opens has no {', '.join(lacking)}"
        )
    if sandbox.isolated != kind.isolated:
        sandbox.close()
        raise BadExtension(
            f"sandbox {name!r}: is registered with isolated={kind.isolated} and"
            f" opens one with isolated={sandbox.isolated}"
        )
    return sandbox
