"""Two models in turn and their gate, as a user meets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmlat.store import baselines
from tests.plugin.gated import (
    CELL,
    COUNT,
    FAILED,
    INTERRUPTED,
    OK,
    Gated,
    check_refused,
    model,
)
from tests.plugin.test_options import check_usage_error

# Two models in turn


def test_two_models_are_measured_in_turn(gated: Gated) -> None:
    """A B B A or B A A B on every sample, two rounds of each, and one verdict each."""
    result = gated.run("--llm-against=slug")

    result.assert_outcomes(passed=1)
    assert result.ret == OK
    records = gated.project.records()
    stamps = [record["timing"]["start_ns"] for record in records]
    assert stamps == sorted(stamps)
    fours = [records[place : place + 4] for place in range(0, len(records), 4)]
    assert len(fours) == COUNT
    orders = {"".join(record["model"][0] for record in four) for four in fours}
    assert orders == {"wssw", "swws"}
    for four in fours:
        assert len({record["sample"] for record in four}) == 1
        assert {(record["model"], record["round"]) for record in four} == {
            (name, number) for name in ("wise", "slug") for number in (0, 1)
        }
    assert {v["cell"] for v in gated.verdicts().values()} == {CELL}
    assert {v["against"] for v in gated.verdicts().values()} == {"slug"}
    assert gated.verdicts()["e2e"]["change"] < 0


def test_a_clear_result_ends_a_cell_early(gated: Gated) -> None:
    """All answers wrong: few pairs do, and all files say how many and why."""
    wrong = {"good": "negative", "bad": "positive"}
    gated.project.write("wrong.json", json.dumps(wrong))
    gated.project.write("more.toml", model("fool", "wrong"))
    files = ("--llm-models=models.toml", "--llm-models=more.toml")
    typed = (*files, "--llm=fool", "--llm-against=wise")

    result = gated.run(*typed, "--llm-until-decided")

    assert result.ret == FAILED
    assert gated.outcomes()["quality"] == "regression"
    cells = gated.project.summary()["cells"]
    stopping = cells[0]["stopping"]
    assert stopping["planned"] == COUNT
    assert 5 <= stopping["used"] < COUNT / 2
    assert stopping["why"].startswith("regression of quality")
    assert len(gated.project.records()) == 4 * stopping["used"]
    assert [cell["model"] for cell in cells] == ["fool", "wise"]
    for cell in cells:
        assert cell["stopping"] == stopping
        assert (cell["partial"], cell["planned"]) == (False, 2 * stopping["used"])
    how = f"*stopped after {stopping['used']} of {COUNT} pairs*"
    result.stdout.fnmatch_lines([how])


def test_what_is_not_clear_before_is_measured_whole(gated: Gated) -> None:
    """Equal answers of 24 pairs prove no quality by themselves; all of them pass."""
    result = gated.run("--llm-against=twin", "--llm-until-decided")

    assert result.ret == OK
    assert len(gated.project.records()) == 4 * COUNT
    assert gated.outcomes()["quality"] == "pass"
    (cell, _) = gated.project.summary()["cells"]
    assert cell["stopping"] == {"planned": COUNT, "used": COUNT, "why": None}


def test_what_is_tolerable_for_certain_ends_a_cell_early(gated: Gated) -> None:
    """With wide tolerances of both halves few pairs are enough for a pass."""
    gated.ini("llm_tolerance = e2e=99900% ttft=99900% balanced=1 quality=0.6")

    result = gated.run("--llm-against=twin", "--llm-until-decided")

    assert result.ret == OK
    assert set(gated.outcomes().values()) == {"pass"}
    assert len(gated.project.records()) < 4 * COUNT
    result.stdout.fnmatch_lines(["*of 24 pairs (no worse than is tolerated)*"])


def test_stopping_at_a_result_needs_pairs(gated: Gated) -> None:
    """Told before anything runs."""
    check_refused(
        gated.run("--llm-until-decided"),
        "--llm-until-decided: ends a cell when *--llm-against, or two prompts *",
    )
    check_refused(
        gated.run(
            "--llm-until-decided", "--llm-against=twin", "--llm-scenario=concurrent:2"
        ),
        "--llm-until-decided: concurrent:2: *",
    )
    assert not gated.project.runs


def test_the_hook_sees_both_models_in_their_order(gated: Gated) -> None:
    """Whoever follows a run sees what is on disk."""
    gated.project.pytester.makeconftest(
        """
        def pytest_llmlat_record(record):
            print("asked", record.cell.model, record.sample, record.round)
        """
    )

    result = gated.run("--llm-against=twin", "-s")

    seen = [line.split()[-3:] for line in result.outlines if "asked" in line]
    written = [
        [record["model"], record["sample"], str(record["round"])]
        for record in gated.project.records()
    ]
    assert seen == written
    assert len(seen) == 4 * COUNT


@pytest.mark.parametrize(
    ("candidate", "regressed"),
    [("dull", {"quality", "balanced"}), ("slug", {"e2e", "ttft", "balanced"})],
)
def test_a_candidate_that_is_worse_than_its_reference_fails(
    gated: Gated, candidate: str, regressed: set[str]
) -> None:
    """In its answers or in its time, as beside a stored run."""
    result = gated.run(f"--llm={candidate}", "--llm-against=wise")

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED
    found = {name for name, told in gated.outcomes().items() if told == "regression"}
    assert regressed - {"balanced"} <= found <= regressed


def test_both_models_are_freed(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference goes when its candidate goes, once each."""
    from pytest_llmlat.backends.scripted import Scripted  # noqa: PLC0415

    opened: list[object] = []
    closed: list[object] = []
    begin = Scripted.__init__

    def opening(self: Scripted, *args: Any, **named: Any) -> None:  # noqa: ANN401
        opened.append(self)
        begin(self, *args, **named)

    def closing(self: Scripted) -> None:
        closed.append(self)

    monkeypatch.setattr(Scripted, "__init__", opening)
    monkeypatch.setattr(Scripted, "close", closing)

    gated.run("--llm-against=twin")
    assert len(opened) == 2
    assert set(map(id, closed)) == set(map(id, opened))

    opened.clear()
    closed.clear()
    gated.run("--llm-yardstick=twin")
    assert len(opened) == 2
    assert set(map(id, closed)) == set(map(id, opened))

    opened.clear()
    closed.clear()
    gated.run("--llm-against=gone")
    # It is refused beforehand, or what was loaded until then is freed.
    assert len(opened) == len(closed) <= 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wise", "--llm-against=wise: is what --llm names too; *"),
        ("wiss", "--llm-against: unknown model 'wiss'; did you mean 'wise'*"),
    ],
)
def test_a_reference_that_cannot_be_one_is_told(
    gated: Gated, name: str, told: str
) -> None:
    """Before anything runs; from the ini file while the tests are collected."""
    check_refused(gated.run(f"--llm-against={name}"), told)
    gated.ini(f"llm_against = {name}")
    result = gated.run()
    assert result.ret == INTERRUPTED
    result.stdout.fnmatch_lines([told])
    assert not gated.project.runs


def test_a_reference_that_cannot_be_loaded_fails(gated: Gated) -> None:
    """It says what to do instead."""
    result = gated.run("--llm-against=gone")

    assert result.ret == FAILED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["--llm-against=gone: cannot be loaded *"])


def test_a_reference_without_a_device_here_ends_the_run(gated: Gated) -> None:
    """It is told before anything is loaded."""
    told = "--llm-against=away: device 'mps' is not here*"
    check_usage_error(gated.run("--llm-against=away"), f"ERROR: {told}")


def test_a_load_is_measured_in_blocks_in_turn(gated: Gated) -> None:
    """Each block A B B A with the same samples; times are judged by blocks."""
    result = gated.run("--llm-against=slug", "--llm-scenario=concurrent:2")

    result.assert_outcomes(passed=1)
    assert result.ret == OK
    records = gated.project.records()
    assert len(records) == 4 * COUNT
    letters = "".join(record["model"][0] for record in records)
    blocks = [letters[place : place + 4] for place in range(0, len(letters), 4)]
    assert {block for own in blocks for block in own} == {"w", "s"}
    assert all(len(set(block)) == 1 for block in blocks)
    cells = gated.project.summary()["cells"]
    assert [cell["load"]["in_flight"] for cell in cells] == [2, 2]
    verdicts = gated.verdicts()
    assert verdicts["e2e"]["change"] < 0
    assert verdicts["e2e"]["samples"] == verdicts["quality"]["samples"] == COUNT
    assert "6 pairs of blocks of 4 requests or more" in verdicts["e2e"]["note"]


def test_a_load_that_is_slower_fails(gated: Gated) -> None:
    """The slow model beside the fast one, the other way about."""
    result = gated.run(
        "--llm=slug",
        "--llm-against=wise",
        "--llm-scenario=concurrent:2",
        # Where other processes hold the cores, it is only some times as slow.
        "--llm-tolerance=e2e=50% ttft=50%",
    )

    assert result.ret == FAILED
    assert gated.outcomes()["e2e"] == "regression"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            ("--llm-scenario=concurrent:4",),
            "*concurrent:4: *make 3; ask 48 samples (--llm-samples)*--llm-requests 96",
        ),
        (
            ("--llm-scenario=server:50", "--llm-requests=40"),
            "*server:50: *make 1; ask 96 samples (--llm-samples)*--llm-requests 192",
        ),
        (("--llm-scenario=offline",), "*offline: its requests arrive all at once*"),
        (
            ("--llm-scenario=concurrent:2", "--llm-clients=2"),
            "*concurrent:2: *leave --llm-clients out",
        ),
        (
            ("--llm-scenario=server:50", "--llm-save-baseline=kept.json"),
            "*server:50: *leave --llm-save-baseline out",
        ),
    ],
)
def test_a_load_that_has_no_blocks_is_refused(
    gated: Gated, typed: tuple[str, ...], told: str
) -> None:
    """It says what is needed, before anything is loaded."""
    result = gated.run("--llm-against=twin", *typed)

    check_usage_error(result, f"ERROR: --llm-against: {told.lstrip('*')}")


def test_requests_of_a_load_in_turn_go_round_the_samples(gated: Gated) -> None:
    """Of single requests they have no place there; of a load they have."""
    check_refused(
        gated.run("--llm-against=twin", "--llm-requests=96"),
        "--llm-against=twin: *--llm-requests has no place there, --llm-samples has*",
    )
    result = gated.run(
        "--llm-against=twin", "--llm-scenario=concurrent:4", "--llm-requests=96"
    )

    result.assert_outcomes(passed=1)
    assert len(gated.project.records()) == 2 * 96


def test_a_reference_that_breaks_is_no_pass(gated: Gated) -> None:
    """Beside a model that answers less, whatever is measured would look good."""
    result = gated.run("--llm-against=faulty")

    assert result.ret == FAILED
    assert gated.verdicts()["records"]["outcome"] == "failed"
    result.stdout.fnmatch_lines(["*faulty broke on 2 of 48*out of memory*"])


def test_a_reference_and_a_baseline_are_both_compared(gated: Gated) -> None:
    """Each quantity has a verdict beside each; the reference is not stored."""
    gated.save()

    gated.compare("--llm-against=twin", "--llm-save-baseline=both.json")

    # On a machine that stutters one may be a regression; then nothing is stored.
    sides = [
        v["against"].rpartition("/")[2]
        for v in gated.project.summary()["verdicts"]
        if v["cell"] != "-"
    ]
    assert sorted(sides) == ["baseline.json"] * 4 + ["twin"] * 4
    if (gated.folder / "both.json").exists():
        stored = baselines.load(gated.folder / "both.json")
        assert [cell.cell.model for cell in stored.cells] == ["wise"]
