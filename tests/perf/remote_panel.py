"""How much of the rate that concurrency allows a remote panel is judged at.

    python -m tests.perf.remote_panel       # 400 answers, three judges, 8 in flight

Three servers on this machine take half a second for each verdict. At N in flight
the best that can be is N verdicts in that time; what is printed is the share of it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from pytest_llmlat.judges.rubric_reading import find_rubric
from pytest_llmlat.measure.judge_panel import Panel
from pytest_llmlat.measure.opened_judge import JudgingTools
from pytest_llmlat.measure.panel_grading import judged
from pytest_llmlat.values.entities import ModelSpec
from tests.http.asking import url_of
from tests.http.loopback import Loopback, ended, said, stream, used
from tests.unit.builders import a_record

TAKES_S = 0.5
JUDGES = ("qwen", "gemma", "phi")
VERDICT = stream(said('{"reason": "so so", "score": 3}'), ended(), used(12))


def main(answers: int = 400, in_flight: int = 8) -> None:
    """Print the share of the best rate."""
    servers = [Loopback() for _ in JUDGES]
    for server in servers:
        server.scripts = [[TAKES_S, VERDICT]]
    judges = tuple(
        ModelSpec(
            name=name,
            backend="http",
            weights="tiny",
            devices=("endpoint",),
            url=url_of(server),
            options=(("probe", False),),
        )
        for name, server in zip(JUDGES, servers, strict=True)
    )
    records = [
        replace(a_record(f"s{n:03}"), answer=f"answer {n}") for n in range(answers)
    ]
    rubric = find_rubric("helpfulness", where="perf")
    panel = Panel(judges=judges, rubric=rubric, in_flight=in_flight)
    begin = time.perf_counter()
    found = judged(records, panel, JudgingTools(cache=None))
    took = time.perf_counter() - begin
    for server in servers:
        server.stop()
    read = sum(vote.score is not None for record in found for vote in record.votes)
    best = answers * len(JUDGES) / in_flight * TAKES_S
    print(f"{read} verdicts in {took:.2f} s; {best / took:.1%} of the best rate")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
