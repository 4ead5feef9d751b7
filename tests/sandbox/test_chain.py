"""Which sandbox is opened, and what is said where none can be."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pytest_llmlat.grading.sandbox import (
    Program,
    ProgramLimits,
    SandboxKind,
    bubblewrap,
    choices,
    docker,
    open_sandbox,
)
from pytest_llmlat.grading.sandbox.chain import first_that_holds, on_system
from pytest_llmlat.grading.sandbox.confinements import (
    BUBBLEWRAP,
    SECCOMP,
    open_tested,
)
from pytest_llmlat.grading.sandbox.inside.darwin import profile
from pytest_llmlat.grading.sandbox.inside.landlock import PACKAGES, standard_library
from pytest_llmlat.grading.sandbox.selftest import breaches
from pytest_llmlat.grading.sandbox.split import SplitSandbox
from pytest_llmlat.values.errors import SandboxUnavailable, UnknownName

linux = pytest.mark.skipif(sys.platform != "linux", reason="a part of Linux")


@linux
def test_the_first_link_that_holds_is_taken() -> None:
    """On a Linux that has it, that is Landlock with the filter, or the filter."""
    sandbox = open_sandbox("auto")
    sandbox.close()

    assert sandbox.isolated
    assert sandbox.name in {"landlock+seccomp", "seccomp"}


NOTHING = SandboxKind(open=partial(open_tested, "nothing"), automatic=5)


@linux
def test_a_link_that_does_not_start_is_passed_over() -> None:
    """Where the kernel has no Landlock, the filter alone is the next to be tried."""
    sandbox = first_that_holds({"nothing": NOTHING, "seccomp": SECCOMP})
    sandbox.close()

    assert sandbox.name == "seccomp"


@linux
def test_where_none_holds_each_link_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing falls through to an open door: reasons, and what can be done."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxUnavailable) as caught:
        first_that_holds({"nothing": NOTHING, "bwrap": BUBBLEWRAP})

    text = str(caught.value)
    assert "nothing: KeyError: 'nothing'" in text
    assert "bwrap: bwrap is not installed" in text
    assert "--llm-sandbox none" in text


@linux
def test_the_self_test_sees_what_a_bare_process_can_do() -> None:
    """Every canary sings where nothing confines, so silence means something."""
    bare = SplitSandbox("none", isolated=False)
    try:
        found = breaches(bare)
    finally:
        bare.close()

    assert {
        "write a file",
        "read a file",
        "list a folder",
        "connect over TCP",
        "send over UDP",
        "connect to a local socket",
        "send a datagram to a local socket",
        "send a message to a local socket",
        "start a process",
        "signal another process",
        "signal another process through a descriptor",
        "leave a file behind",
        "reach a tcp socket",
        "reach a udp socket",
        "reach a unix_stream socket",
        "reach a unix_datagram socket",
        "run another program",
    } <= set(found)


@linux
def test_a_link_that_leaks_is_not_used() -> None:
    """A confinement that is there but does not confine is refused, with the breach."""
    with pytest.raises(SandboxUnavailable, match="a program could write a file, read"):
        first_that_holds({"bare": SandboxKind(open=partial(open_tested, "none"))})


@linux
def test_the_self_test_wants_an_honest_program_to_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sandbox in which nothing works is no sandbox either."""
    broken = Program(source="", tests="double([])", entry_point="double")
    monkeypatch.setattr("pytest_llmlat.grading.sandbox.selftest.HONEST", broken)

    with pytest.raises(SandboxUnavailable, match="an honest program from passing"):
        open_sandbox("seccomp")


def test_an_unknown_name_is_a_usage_error() -> None:
    """A typing error names its neighbour, and opens nothing."""
    with pytest.raises(UnknownName, match="did you mean 'seccomp'"):
        open_sandbox("secomp")


def test_every_choice_is_known() -> None:
    """The names that a user may type."""
    assert sorted(choices()) == [
        "auto",
        "bwrap",
        "docker",
        "landlock+seccomp",
        "none",
        "seatbelt",
        "seccomp",
    ]


@pytest.mark.parametrize(
    ("platform", "automatic"),
    [
        ("linux", ["landlock+seccomp", "seccomp", "bwrap"]),
        ("darwin", ["seatbelt"]),
        ("win32", []),
    ],
)
def test_each_system_has_its_chain(platform: str, automatic: list[str]) -> None:
    """The most trusted is tried first; a container only where it is named."""
    assert list(on_system(platform, automatic=True)) == automatic
    assert list(on_system(platform)) == [*automatic, "docker"]


@linux
def test_seatbelt_is_refused_elsewhere() -> None:
    """What belongs to macOS is not looked for on Linux."""
    with pytest.raises(SandboxUnavailable, match="seatbelt: not on linux"):
        open_sandbox("seatbelt")


def test_docker_without_a_client_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback of a missing file."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(SandboxUnavailable, match="docker command is not installed"):
        open_sandbox("docker")


def test_docker_without_an_engine_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the client complains of is passed on, in one line, with a remedy."""
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\necho 'Cannot connect to\n the daemon' >&2\nexit 1\n")
    client.chmod(client.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SandboxUnavailable, match="Cannot connect to the daemon; start"):
        open_sandbox("docker")


def test_the_container_gets_nothing_to_write_and_no_network() -> None:
    """The words that matter are there, and the package is mounted for reading only."""
    words = docker.command("docker", "name")

    text = " ".join(words)
    for part in (
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--pids-limit 64",
        "--user 65534:65534",
        "/pytest_llmlat:ro",
    ):
        assert part in text


@linux
def test_the_relay_runs_programs_line_by_line() -> None:
    """What the container runs inside: a program in, an outcome out."""
    program = {
        "source": "def f(): return 1",
        "tests": "assert f() == 1",
        "entry_point": "f",
    }
    line = json.dumps({"program": program, "limits": {}})

    done = subprocess.run(
        [sys.executable, "-m", "pytest_llmlat.grading.sandbox.relay"],
        input=f"{line}\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )

    ready, outcome = done.stdout.splitlines()
    assert '"ready"' in ready
    assert '"kind": "pass"' in outcome


def test_bubblewrap_binds_for_reading_and_covers_packages(tmp_path: Path) -> None:
    """The interpreter is there without its site-packages; nothing is writable."""
    packages = tmp_path / "lib" / "python3.99" / "site-packages"
    packages.mkdir(parents=True)

    words = bubblewrap.arguments(tmp_path, tmp_path / "inside")

    text = " ".join(words)
    assert f"--ro-bind {tmp_path} {tmp_path}" in text
    assert f"--tmpfs {packages} --remount-ro {packages}" in text
    assert text.startswith("--unshare-all --die-with-parent")
    assert text.endswith("--remount-ro / --chdir / --")
    assert " --bind" not in text


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bwrap is not installed")
def test_bubblewrap_holds_where_it_works() -> None:
    """It passes the self-test and runs a program; some machines forbid namespaces."""
    try:
        sandbox = open_sandbox("bwrap")
    except SandboxUnavailable as forbidden:
        pytest.skip(str(forbidden))
    try:
        outcome = sandbox.run(
            Program(source="def f(): 0", tests="assert f() is None", entry_point="f"),
            ProgramLimits(),
        )
    finally:
        sandbox.close()

    assert (sandbox.name, outcome.kind) == ("bwrap", "pass")


def test_the_profile_of_macos_denies_by_default(tmp_path: Path) -> None:
    """Reading the library is granted, its site-packages are taken out again."""
    text = profile(tmp_path / "library", tmp_path)

    assert text.startswith("(version 1)\n(deny default)\n")
    assert f'(deny file-read* (subpath "{tmp_path}/library/site-packages"))' in text
    assert "network" not in text
    assert "process-fork" not in text


@linux
def test_the_library_is_granted_without_installed_packages() -> None:
    """Data sets with tests and solutions lie there; the folder above is not named."""
    granted = standard_library()

    library = Path(subprocess.__file__).parent
    assert library / "json" in granted
    assert not {path.name for path in granted} & PACKAGES
    assert library not in granted
    assert not {Path("/"), Path("/usr"), Path("/usr/lib"), Path("/etc")} & set(granted)


def test_importing_the_sandbox_loads_nothing_heavy() -> None:
    """The plugin names the choices in its options: that must cost nothing."""
    code = (
        "import sys; before = set(sys.modules); import pytest_llmlat.grading.sandbox;"
        " print(*(set(sys.modules) - before))"
    )

    told = subprocess.check_output(  # noqa: S603 - fixed words
        [sys.executable, "-c", code], text=True, cwd=Path(__file__).parents[2]
    )

    assert not {"subprocess", "ctypes", "socket", "tempfile"} & set(told.split())
    assert "pytest_llmlat.grading.sandbox.confinements" not in told.split()
