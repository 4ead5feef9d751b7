"""Quotas of control groups, read from folders as the kernel writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.machine.quotas import Quotas, quotas

if TYPE_CHECKING:
    from pathlib import Path

NONE = Quotas(cpu_cores=None, memory_bytes=None)


def system(root: Path, groups: str, **files: str) -> Path:
    """Write the system's own files; ``__`` in a name stands for a folder."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(groups, "ascii")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("-", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "ascii")
    return root


def test_version_two(tmp_path: Path) -> None:
    """A container sees its own group as the root of all."""
    files = {"cpu-max": "150000 100000\n", "memory-max": "2147483648\n"}

    found = quotas(system(tmp_path, "0::/\n", **files))

    assert found == Quotas(cpu_cores=1.5, memory_bytes=2**31)


def test_the_tightest_group_counts(tmp_path: Path) -> None:
    """A group has no more than those that it lies in."""
    files = {
        "pod__cpu-max": "50000 100000\n",
        "pod__app__cpu-max": "200000 100000\n",
        "pod__memory-max": "max\n",
        "pod__app__memory-max": "1048576\n",
    }

    found = quotas(system(tmp_path, "0::/pod/app\n", **files))

    assert found == Quotas(cpu_cores=0.5, memory_bytes=2**20)


def test_version_one(tmp_path: Path) -> None:
    """Its controllers have folders of their own, alone or two in one."""
    groups = "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n"
    files = {
        "memory__docker__abc__memory-limit_in_bytes": "1073741824\n",
        "cpu,cpuacct__docker__abc__cpu-cfs_quota_us": "25000\n",
        "cpu,cpuacct__docker__abc__cpu-cfs_period_us": "100000\n",
    }

    found = quotas(system(tmp_path, groups, **files))

    assert found == Quotas(cpu_cores=0.25, memory_bytes=2**30)


def test_a_path_of_the_host_inside_of_a_container(tmp_path: Path) -> None:
    """Only the mount is there, and its root is the container's own group."""
    groups = "4:cpu,cpuacct:/kubepods/pod7/abc\n"
    files = {"cpu__cpu-cfs_quota_us": "300000", "cpu__cpu-cfs_period_us": "100000"}

    assert quotas(system(tmp_path, groups, **files)).cpu_cores == 3


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu-max": "max 100000\n", "memory-max": "max\n"},
        {"cpu__cpu-cfs_quota_us": "-1\n", "cpu__cpu-cfs_period_us": "100000\n"},
        {"memory__memory-limit_in_bytes": "9223372036854771712\n"},
    ],
)
def test_without_a_quota(tmp_path: Path, files: dict[str, str]) -> None:
    """Nothing is bounded where the kernel says so, or says nothing."""
    groups = "4:cpu:/\n3:memory:/\n0::/\n"

    assert quotas(system(tmp_path, groups, **files)) == NONE


def test_elsewhere_there_are_none(tmp_path: Path) -> None:
    """A system without control groups has no such files."""
    assert quotas(tmp_path) == NONE


@pytest.mark.slow
@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_stands_there_is_read_or_passed_over(
    tmp_path_factory: pytest.TempPathFactory, groups: str, quota: str
) -> None:
    """No text of the kernel breaks a run."""
    root = tmp_path_factory.mktemp("system")
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(f"0::/\n{groups}", "utf-8")
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "sys/fs/cgroup/cpu.max").write_text(quota, "utf-8")

    cores = quotas(root).cpu_cores

    assert cores is None or cores > 0
