"""The sandboxes that the project brings, by what confines a program in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_llmlat.grading.sandbox.program import SandboxKind
from pytest_llmlat.values.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.grading.sandbox.program import Sandbox
    from pytest_llmlat.grading.sandbox.split import SplitSandbox


def open_tested(
    name: str, prefix: Callable[[], tuple[str, ...]] = tuple
) -> SplitSandbox:
    """Open a sandbox that has passed its self-test.

    Args:
        name: of the confinement, which the servers put on.
        prefix: returns the command that starts an interpreter inside it.

    Raises:
        SandboxUnavailable: it does not start, or a program could break out.
    """
    from pytest_llmlat.grading.sandbox.selftest import breaches  # noqa: PLC0415 - on use
    from pytest_llmlat.grading.sandbox.split import SplitSandbox  # noqa: PLC0415 - on use
    from pytest_llmlat.grading.sandbox.zygote import ZygoteDied  # noqa: PLC0415 - on use

    sandbox = SplitSandbox(name, isolated=True, prefix=prefix())
    try:
        found = breaches(sandbox)
    except (ZygoteDied, OSError) as wrong:
        sandbox.close()
        raise SandboxUnavailable(str(wrong)) from wrong
    except BaseException:
        sandbox.close()
        raise
    if found:
        sandbox.close()
        raise SandboxUnavailable(f"a program could {', '.join(found)}")
    return sandbox


def _bubblewrap() -> Sandbox:
    from pytest_llmlat.grading.sandbox.bubblewrap import command  # noqa: PLC0415 - on use

    return open_tested("bwrap", command)


def _docker() -> Sandbox:
    from pytest_llmlat.grading.sandbox.docker import open_docker  # noqa: PLC0415 - on use

    return open_docker()


def _bare() -> Sandbox:
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


LANDLOCK = SandboxKind(
    open=partial(open_tested, "landlock+seccomp"), systems=("linux",), automatic=10
)
SECCOMP = SandboxKind(
    open=partial(open_tested, "seccomp"), systems=("linux",), automatic=20
)
BUBBLEWRAP = SandboxKind(open=_bubblewrap, systems=("linux",), automatic=30)
SEATBELT = SandboxKind(
    open=partial(open_tested, "seatbelt"), systems=("darwin",), automatic=10
)
DOCKER = SandboxKind(open=_docker)
NONE = SandboxKind(open=_bare, isolated=False)
