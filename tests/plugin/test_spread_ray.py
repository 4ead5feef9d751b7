"""``--llm-spread=ray``: nodes of a real cluster measure, and one of them is killed."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.plugin import ray_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugin.conftest import Project
    from tests.plugin.ray_cluster import Nodes

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    # What Ray leaves open is not ours to close.
    pytest.mark.filterwarnings("default"),
]
SEVERAL = """
import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat, number):
    assert llmlat.run(llm).samples == 6
"""
SLOW = """
[models.slow]
backend = "scripted"
devices = ["cuda", "a6000"]
options = { answer = "positive", ttft_s = 0.3 }
"""
STOPS = """
seen = []

def pytest_llmlat_record(record):
    seen.append(record)
    if len(seen) > 8:
        raise KeyboardInterrupt
"""
RAY = ("--llm-spread=ray", "-m", "a6000")


@pytest.fixture
def nodes(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Nodes]:
    """Give a cluster with a head without cards, which the project's runs join."""
    import ray

    made = ray_cluster.opened(tmp_path)
    try:
        made.add("head")
        monkeypatch.setenv("RAY_ADDRESS", made.cluster.address)
        project.pytester.makeconftest(ray_cluster.CONFTEST)
        project.write("test_models.py", SEVERAL)
        yield made
    finally:
        ray_cluster.ON_RECORD.clear()
        ray.shutdown()
        made.cluster.shutdown()


def test_nodes_measure_and_one_is_killed(project: Project, nodes: Nodes) -> None:
    """Records come back as they are measured; the cell that is lost begins again."""
    for name in ("alpha", "beta", "gamma"):
        nodes.add(name, cards=1)
    project.write("slow.toml", SLOW)
    seen: list[str] = []

    def kill(record: object) -> None:
        seen.append(str(record))
        if len(seen) > 1:
            return
        # The nodes' facts come first: whoever measures the first record dies.
        (node,) = {
            row["node"]["name"]
            for row in project.rows("cells.jsonl")
            if row["cell"] == record.cell.id  # type: ignore[attr-defined]
        }
        nodes.kill(node)

    ray_cluster.ON_RECORD.append(kill)

    result = project.run(*RAY, "--llm=slow", "--llm-models=slow.toml")

    result.assert_outcomes(passed=6)
    cells = project.summary()["cells"]
    assert [cell["samples"] for cell in cells] == [6] * 6
    used = {cell["node"]["name"] for cell in cells}
    assert len(used) == 2
    assert used < {"alpha", "beta", "gamma"}
    (again,) = [cell["anew"] for cell in cells if cell["anew"]]
    assert "was lost (the node has gone" in again
    assert dict(cells[0]["node"]["environment"])["gpus"] == "NVIDIA RTX A6000"
    result.stdout.fnmatch_lines(["resumed: *lost*", "node *, GPU-0: * cells: *"])


def test_a_node_that_would_measure_otherwise_is_refused(
    project: Project, nodes: Nodes, tmp_path: Path
) -> None:
    """Before any work is lost: it has another version, and no other has the card."""
    info = tmp_path / "other" / "pytest_llmlat-0.0.1.dist-info"
    info.mkdir(parents=True)
    text = "Metadata-Version: 2.1\nName: pytest-llmlat\nVersion: 0.0.1\n"
    (info / "METADATA").write_text(text, "utf-8")
    nodes.add("old", cards=1, path=tmp_path / "other")

    result = project.run(*RAY, "-rs")

    result.assert_outcomes(skipped=6)
    told = result.stdout.str()
    assert "head: device 'a6000' is not here: looked for" in told
    assert "node old: has version 0.0.1 of pytest-llmlat, and here is" in told


def test_a_run_on_a_cluster_is_gone_on_with(project: Project, nodes: Nodes) -> None:
    """Whole cells are kept where they were measured, on a machine like that."""
    nodes.add("alpha", cards=1)

    project.pytester.makeconftest(STOPS)
    first = project.run_apart(*RAY)
    assert first.ret == pytest.ExitCode.INTERRUPTED
    project.pytester.makeconftest("")
    before = len(project.records())

    result = project.run(*RAY, "--llm-resume")

    result.assert_outcomes(passed=6)
    assert len(project.runs) == 1
    cells = project.summary()["cells"]
    assert [cell["samples"] for cell in cells] == [6] * 6
    assert len(project.records()) < before + 36


def a_free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


@pytest.fixture
def far_away(project: Project, tmp_path: Path) -> Iterator[tuple[Nodes, str]]:
    """Give a cluster that is reached through its head by a client of Ray's."""
    import ray

    pytest.importorskip("grpc")
    port = a_free_port()
    made = ray_cluster.opened(tmp_path)
    try:
        made.add("head", client_port=port)
        made.add("alpha", cards=1)
        project.pytester.makeconftest(ray_cluster.CONFTEST)
        project.write("test_models.py", SEVERAL)
        yield made, f"--llm-spread=ray://127.0.0.1:{port}"
    finally:
        ray_cluster.ON_RECORD.clear()
        ray.shutdown()
        with suppress(Exception):  # of a head that was killed there is little to end
            made.cluster.shutdown()


def test_a_cluster_elsewhere(
    project: Project, far_away: tuple[Nodes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the address of its head, this process being no node of it."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    result = project.run(far_away[1], "-m", "a6000")

    result.assert_outcomes(passed=6)
    assert {cell["node"]["name"] for cell in project.summary()["cells"]} == {"alpha"}


def test_a_head_that_is_lost(
    project: Project, far_away: tuple[Nodes, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured is there, and the run says how to go on with it."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    nodes, where = far_away
    project.write("slow.toml", SLOW)

    def kill(_: object) -> None:
        if "head" in nodes.found:
            nodes.kill_head()

    ray_cluster.ON_RECORD.append(kill)

    result = project.run(where, "-m", "a6000", "--llm=slow", "--llm-models=slow.toml")

    result.assert_outcomes(failed=6)
    assert "the head of the cluster" in result.stdout.str()
    assert "--llm-resume goes on with it" in result.stdout.str()
    assert project.records()
