"""``--llm-shards``: nodes of a real cluster answer one offline set together."""

from __future__ import annotations

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
TEST = """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    assert llmlat.run(llm).samples == 5
"""
MODEL = """
[models.slow]
backend = "scripted"
devices = ["cuda", "a6000"]
options = { answer = "positive", ttft_s = SECONDS }
"""
STOPS = """
import os
import signal
import threading
from pathlib import Path

def interrupt():
    pause = threading.Event()
    while not any(
        '"shards": [{' in path.read_text("utf-8")
        for path in Path(".llmlat/runs").glob("*/cells.jsonl")
    ):
        pause.wait(0.02)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
"""
"""Ctrl-C as soon as one of two shards has ended."""
CELL = "sentiment/tiny|slow|a6000|offline"
SHARDS = (
    *("--llm-spread=ray", "-m", "a6000", "--llm=slow", "--llm-models=slow.toml"),
    *("--llm-scenario=offline", "--llm-shards=2", "--llm-samples=5"),
)


@pytest.fixture
def nodes(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Nodes]:
    """Give a cluster of a head and two nodes with a card each."""
    import ray

    made = ray_cluster.opened(tmp_path)
    try:
        made.add("head")
        for name in ("alpha", "beta"):
            made.add(name, cards=1)
        monkeypatch.setenv("RAY_ADDRESS", made.cluster.address)
        project.pytester.makeconftest(ray_cluster.CONFTEST)
        project.write("test_models.py", TEST)
        project.write("slow.toml", MODEL.replace("SECONDS", "0.5"))
        yield made
    finally:
        ray_cluster.ON_RECORD.clear()
        ray.shutdown()
        made.cluster.shutdown()


def test_two_nodes_answer_one_set(project: Project, nodes: Nodes) -> None:
    """One cell of all records; its shards are told, and who answered them."""
    del nodes
    result = project.run(*SHARDS)

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert cell["id"] == CELL
    assert (cell["samples"], cell["partial"]) == (5, False)
    shards = cell["load"]["shards"]
    assert [each["requests"] for each in shards] == [3, 2]
    assert {each["node"]["name"] for each in shards} == {"alpha", "beta"}
    assert cell["load"]["window_s"] >= max(each["window_s"] for each in shards)
    assert {row["cell"] for row in project.rows("cells.jsonl")} == {CELL}
    assert {row["cell"] for row in project.records()} == {CELL}
    result.stdout.fnmatch_lines(["shards: *one set in 2 shards*"])


def test_a_node_that_is_lost(project: Project, nodes: Nodes) -> None:
    """Its shard is measured once more on the other; nobody calls that one load."""

    def kill(_: object) -> None:
        # The shard of two samples ends first, on the second node.
        if "alpha" in nodes.found:
            nodes.kill("alpha")

    ray_cluster.ON_RECORD.append(kill)

    result = project.run(*SHARDS)

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert (cell["samples"], cell["partial"]) == (5, False)
    (again,) = [each["anew"] for each in cell["load"]["shards"] if each["anew"]]
    assert "was lost (the node has gone" in again
    assert "side by side" in cell["untimed"]
    assert cell["requests_per_s"] is None
    assert cell["quality"]["value"] is not None


def test_a_set_that_was_cut_off_goes_on_with_its_shards(
    project: Project, nodes: Nodes
) -> None:
    """A shard that was whole is kept; the cell's quality is of all, its speed null."""
    del nodes
    project.pytester.makeconftest(STOPS)
    project.write("slow.toml", MODEL.replace("SECONDS", "2.0"))
    first = project.run_apart(*SHARDS)
    assert first.ret == pytest.ExitCode.INTERRUPTED
    project.pytester.makeconftest("")

    result = project.run(*SHARDS, "--llm-resume")

    result.assert_outcomes(passed=1)
    (cell,) = project.summary()["cells"]
    assert (cell["samples"], cell["partial"]) == (5, False)
    assert cell["quality"]["value"] is not None
    assert "several sittings" in cell["untimed"]
    assert cell["requests_per_s"] is None
