"""Scenarios, requests, objectives and limits, from what is typed to what is stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CODE = """
[tasks."code_completion/tiny"]
source = "code.jsonl"
reference = "solution"
extractor = "code"
metric = "tests_pass"
max_new_tokens = 64
budget_s = 1.0
chat_prompt = "{{ prompt }}"
completion_prompt = "{{ prompt }}"
"""
CODE_TEST = """
import pytest

@pytest.mark.llm("code_completion/tiny", "sentiment/tiny")
def test_it(llm, llmlat):
    llmlat.run(llm)
"""


def refused(result: pytest.RunResult) -> str:
    """Expect pytest's exit status 4, and return its one message."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.no_fnmatch_line("*Traceback*")
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    return line.removeprefix("ERROR: ")


def in_the_ini(project: Project, *lines: str) -> None:
    """Add lines to the project's ini file."""
    ini = project.pytester.path / "tox.ini"
    ini.write_text("\n".join([ini.read_text("utf-8"), *lines, ""]), "utf-8")


def cells(project: Project) -> dict[str, dict[str, Any]]:
    """Return the cells of the latest run by their scenario."""
    return {cell["scenario"]: cell for cell in project.summary()["cells"]}


def items(project: Project, *args: str) -> list[str]:
    """Return the names of the items that pytest would run."""
    result = project.run("--collect-only", "-q", *args)
    return [line.partition("[")[2] for line in result.outlines if "::" in line]


def test_each_scenario_is_an_item_of_its_own(project: Project) -> None:
    """The id of the item holds it, so that ``-k`` can choose it."""
    found = items(project, "--llm-scenario=concurrent:1,2", "-k", "sentiment")

    assert found == [
        "parrot|cpu-sentiment/tiny|concurrent:1]",
        "parrot|cpu-sentiment/tiny|concurrent:2]",
    ]


def test_scenarios_may_be_repeated_and_count_once(project: Project) -> None:
    """However often one is named there is one cell of it."""
    found = items(
        project,
        "--llm-scenario=offline",
        "--llm-scenario=server:2.5,10",
        "--llm-scenario=server:10.0",
        "--llm-scenario=single",
        "-k",
        "sentiment",
    )

    assert [name.rpartition("|")[2] for name in found] == [
        "offline]",
        "server:2.5]",
        "server:10]",
        "single]",
    ]


def test_a_load_has_facts_in_the_summary(project: Project) -> None:
    """Each level is a cell with its window, what ended in it and the rate."""
    result = project.run("--llm-scenario=concurrent:1,2", "-k", "sentiment")

    result.assert_outcomes(passed=2)
    found = cells(project)
    assert list(found) == ["concurrent:1", "concurrent:2"]
    for level, cell in enumerate(found.values(), start=1):
        assert cell["id"] == f"sentiment/tiny|parrot|cpu|concurrent:{level}"
        load = cell["load"]
        assert (load["ended"], load["failed"], load["before"]) == (6, 0, level)
        assert load["in_flight"] == level
        assert cell["requests_per_s"] == pytest.approx(6 / load["window_s"])
        assert cell["queue_s"]["p50"] >= 0
        assert cell["samples"] == cell["planned"] == 6
        assert cell["quality"]["value"] == pytest.approx(4 / 6)
    assert [r["timing"]["sent_ns"] is None for r in project.records()] == [False] * 12


def test_one_after_the_other_has_no_load(project: Project) -> None:
    """What is the default has no facts of a load, and no queue."""
    project.run("-k", "sentiment")

    (cell,) = project.summary()["cells"]
    assert (cell["scenario"], cell["load"]) == ("single", None)
    assert cell["queue_s"]["p50"] is None
    assert cell["instrument"] is None


def test_a_load_curve_is_shown(project: Project) -> None:
    """The terminal has a table of its points, in the order of the load."""
    result = project.run(
        "--llm-scenario=concurrent:2", "--llm-scenario=concurrent:1", "-k", "sentiment"
    )

    result.stdout.fnmatch_lines(
        [
            "sentiment/tiny, parrot on cpu *req/s *tok/s *queue p50 *notes",
            "concurrent:1 *6 *",
            "concurrent:2 *6 *",
        ]
    )


@pytest.mark.parametrize("scenario", ["single", "offline", "concurrent:2"])
def test_requests_go_round_the_samples(project: Project, scenario: str) -> None:
    """Records tell their round, and the cell is whole when all have come."""
    project.run(
        f"--llm-scenario={scenario}",
        "--llm-requests=5",
        "--llm-samples=2",
        "-k",
        "sentiment",
    )

    records = project.records()
    assert [r["round"] for r in records] == [0, 0, 1, 1, 2]
    names = [r["sample"] for r in records]
    assert names[:2] == names[2:4]
    assert names[4] == names[0]
    (cell,) = project.summary()["cells"]
    assert (cell["planned"], cell["samples"], cell["partial"]) == (5, 5, False)


def test_fewer_requests_than_samples_are_a_part_of_them(project: Project) -> None:
    """No sample is asked twice before each was asked once."""
    project.run("--llm-requests=4", "-k", "sentiment")

    assert [(r["sample"], r["round"]) for r in project.records()] == [
        ("t1", 0),
        ("t2", 0),
        ("t3", 0),
        ("t4", 0),
    ]


@pytest.mark.parametrize(("slo", "share"), [("e2e<1h", 1.0), ("ttft<1us", 0.0)])
def test_objectives_give_goodput(project: Project, slo: str, share: float) -> None:
    """How many were good, a second and of all, and how many of these were right."""
    result = project.run(
        f"--llm-slo={slo}", "--llm-scenario=offline", "-k", "sentiment"
    )

    (cell,) = project.summary()["cells"]
    assert cell["good_share"] == share
    assert cell["goodput_per_s"] == pytest.approx(share * cell["requests_per_s"])
    assert cell["good_and_correct_per_s"] == pytest.approx(
        cell["goodput_per_s"] * 4 / 6
    )
    bound = "e2e<3600s" if share else "ttft<1e-06s"
    assert cell["slo"] == bound
    result.stdout.fnmatch_lines(["*goodput/s*good+correct/s*", f"good: {bound}"])


def test_without_objectives_goodput_is_null(project: Project) -> None:
    """Nothing was asked for, so nothing was met or missed."""
    project.run("--llm-scenario=offline", "-k", "sentiment")

    (cell,) = project.summary()["cells"]
    for name in ("slo", "good_share", "goodput_per_s", "good_and_correct_per_s"):
        assert cell[name] is None, name


def test_a_test_sees_the_load_of_its_cell(project: Project) -> None:
    """A limit on a rate or on goodput is a plain assertion."""
    project.write(
        "test_models.py",
        """
import pytest

@pytest.mark.llm("sentiment/tiny")
def test_it(llm, llmlat):
    result = llmlat.run(llm)
    assert result.load.in_flight == 6
    assert result.good_share == 1
    assert result.requests_per_s > 0
""",
    )

    result = project.run("--llm-scenario=offline", "--llm-slo=e2e<1h")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--llm-scenario=concurent:2", "'concurent:2' is no scenario; write single,"),
        ("--llm-scenario=concurrent", "'concurrent' is no scenario; write single,"),
        ("--llm-scenario=", "'' is no scenario; write single,"),
        ("--llm-scenario=single:3", "'single:3' is no scenario; write single,"),
        ("--llm-scenario=concurrent:1,,2", "concurrent: is not a whole number above 0"),
        ("--llm-scenario=server:nan", "server:nan is not a rate above 0"),
        ("--llm-slo=tfft<1", "'tfft<1' is not understood; write NAME<VALUE"),
        ("--llm-slo=ttft<fast", "ttft: 'fast' is not understood; write 2, 2.5s"),
        ("--llm-slo=e2e<1 e2e<2", "'e2e' stands there twice; write NAME<VALUE"),
        ("--llm-code-limits=tiem=1s", "'tiem=1s' is not understood; write NAME=VALUE"),
        ("--llm-code-limits=time", "'time' is not understood; write NAME=VALUE"),
        ("--llm-code-limits=time=1GB", "'1GB' is not understood; write 2, 2.5s"),
        ("--llm-code-limits=memory=1s", "'1s' is not understood; write 1000, 512MB"),
        ("--llm-code-limits=time=0", "'0' must be above 0 and finite"),
        ("--llm-timeout=soon", "'soon' is not understood; write 2, 2.5s"),
        ("--llm-timeout=0", "'0' must be above 0 and finite"),
        ("--llm-timeout=-1", "'-1' is not understood; write 2, 2.5s"),
        ("--llm-requests=0", "must be a whole number of at least 1, not '0'"),
        ("--llm-requests=many", "must be a whole number of at least 1, not 'many'"),
        ("--llm-requests=2.5", "must be a whole number of at least 1, not '2.5'"),
    ],
)
def test_a_typo_names_the_option_and_shows_what_it_takes(
    project: Project, option: str, message: str
) -> None:
    """It is told before anything is collected, without a traceback."""
    name = option.partition("=")[0]

    assert refused(project.run(option)).startswith(f"{name}: {message}")
    assert project.runs == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("llm_scenario = single offine", "llm_scenario: 'offine' is no scenario;"),
        ("llm_slo = ttft=1", "llm_slo: 'ttft=1' is not understood;"),
        ("llm_code_limits = time=long", "llm_code_limits: 'long' is not understood;"),
        ("llm_timeout = long", "llm_timeout: 'long' is not understood;"),
        ("llm_requests = 0", "llm_requests: must be a whole number of at least 1"),
    ],
)
def test_a_typo_in_the_ini_file_names_the_file(
    project: Project, line: str, message: str
) -> None:
    """Where it stands is part of the message."""
    in_the_ini(project, line)

    told = refused(project.run())
    assert f"tox.ini: {message}" in told


def test_every_option_has_an_ini_form(project: Project) -> None:
    """An ini file says what the command line would."""
    in_the_ini(
        project,
        "llm_scenario = single concurrent:1,2",
        "llm_slo = e2e<1h",
        "llm_requests = 3",
        "llm_code_limits = time=10s memory=2GiB",
        "llm_timeout = 5min",
    )

    project.run("-k", "sentiment").assert_outcomes(passed=3)

    found = cells(project)
    assert list(found) == ["single", "concurrent:1", "concurrent:2"]
    assert {(c["samples"], c["good_share"]) for c in found.values()} == {(3, 1.0)}
    settings = project.summary()["run"]["settings"]
    assert (settings["requests"], settings["slo"]) == (3, "e2e<1h")


def test_what_is_typed_comes_before_the_ini_file(project: Project) -> None:
    """The ini file's scenarios are a default."""
    in_the_ini(project, "llm_scenario = concurrent:1,2", "llm_requests = 3")

    project.run("--llm-scenario=offline", "--llm-requests=2", "-k", "sentiment")

    assert list(cells(project)) == ["offline"]
    assert len(project.records()) == 2


@pytest.mark.parametrize("option", ["llm_slo", "llm_code_limits", "llm_timeout"])
def test_nothing_in_the_ini_file_is_the_default(project: Project, option: str) -> None:
    """An option that was left blank was not set."""
    in_the_ini(project, f"{option} =")

    project.run("-k", "sentiment").assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--llm-slo", "--llm-code-limits", "--llm-timeout"])
def test_a_blank_is_the_default(project: Project, option: str) -> None:
    """A script may hand over an empty variable."""
    for value in ("", " "):
        project.run(f"{option}={value}", "-k", "sentiment").assert_outcomes(passed=1)


def scenario_test(argument: str) -> str:
    """Return a test whose marker has an argument."""
    return (
        "import pytest\n\n"
        f"@pytest.mark.llm('sentiment/tiny', scenario={argument})\n"
        "def test_it(llm, llmlat):\n    llmlat.run(llm)\n"
    )


def test_a_marker_may_name_scenarios(project: Project) -> None:
    """A test of a load says so itself."""
    project.write("test_models.py", scenario_test("'concurrent:1,3'"))

    project.run().assert_outcomes(passed=2)

    assert list(cells(project)) == ["concurrent:1", "concurrent:3"]


def test_the_command_line_comes_before_a_marker(project: Project) -> None:
    """Who types a scenario wants all tests in it."""
    project.write("test_models.py", scenario_test("'concurrent:1,3'"))

    project.run("--llm-scenario=offline").assert_outcomes(passed=1)

    assert list(cells(project)) == ["offline"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("'concurent:2'", "'concurent:2' is no scenario; write single, offline*"),
        ("'server:0'", "server:0 is not a rate above 0; write single, offline*"),
        ("3", "scenario must be a string, not 3"),
        ("['offline']", "scenario must be a string, not *offline*"),
        ("''", "'' is no scenario; write single, offline*"),
    ],
)
def test_a_bad_scenario_of_a_marker_says_which_test(
    project: Project, argument: str, message: str
) -> None:
    """The message stands in place of a traceback."""
    project.write("test_models.py", scenario_test(argument))

    result = project.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["test_models.py::test_it: @pytest.mark.llm: " + message]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


UNMARKED = "def test_it(llm, llmlat):\n    llmlat.run(llm, 'sentiment/tiny')\n"


def test_a_test_without_a_marker_runs_in_the_one_that_was_typed(
    project: Project,
) -> None:
    """It is one item, so it has one scenario."""
    project.write("test_models.py", UNMARKED)

    project.run("--llm-scenario=offline").assert_outcomes(passed=1)

    assert list(cells(project)) == ["offline"]


def test_a_test_without_a_marker_cannot_run_in_two(project: Project) -> None:
    """It would leave one of them out without a word."""
    project.write("test_models.py", UNMARKED)

    result = project.run("--llm-scenario=concurrent:1,2")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*::test_it*: --llm-scenario names 2 scenarios, and a test without*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_what_broke_under_a_load_fails_its_item(project: Project) -> None:
    """The others are measured all the same, and goodput counts what is missing."""
    script = {"bad": {"error": "out of memory"}, "": "positive"}
    project.write("owl.json", json.dumps(script))

    result = project.run(
        "--llm=owl", "--llm-scenario=offline", "--llm-slo=e2e<1h", "-k", "sentiment"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["sentiment/tiny|owl|cpu|offline: 2 of 6 samples failed; their records say:"]
    )
    (cell,) = project.summary()["cells"]
    assert (cell["errors"], cell["load"]["failed"]) == (2, 2)
    assert cell["good_share"] == pytest.approx(4 / 6)
    assert cell["requests_per_s"] == pytest.approx(4 / cell["load"]["window_s"])


def test_a_rate_of_many_digits_is_the_one_that_was_typed(project: Project) -> None:
    """Two rates that differ are two cells, whose ids tell them apart."""
    project.write("test_models.py", scenario_test("'server:5000.0001,5000.0002'"))

    project.run().assert_outcomes(passed=2)

    assert len(project.summary()["cells"]) == 2
    assert len(project.records()) == 12


def revisions(project: Project, *args: str) -> dict[str, str]:
    """Return the digests of the tasks as they were measured."""
    project.run("--llm=owl", "--llm-sandbox=none", *args).assert_outcomes(passed=2)
    return {cell["task"]: cell["task_revision"] for cell in project.rows("cells.jsonl")}


def test_limits_are_a_part_of_a_task_that_runs_code(project: Project) -> None:
    """A program that has more time passes more tests: that is another task."""
    path = project.pytester.path / "tasks.toml"
    project.write("tasks.toml", path.read_text("utf-8") + CODE)
    row = {
        "id": "c1",
        "prompt": "def f():",
        "solution": "return 1",
        "tests": "assert f() == 1",
        "entry_point": "f",
    }
    project.write("code.jsonl", json.dumps(row) + "\n")
    project.write("owl.json", json.dumps({"": ""}))
    project.write("test_models.py", CODE_TEST)

    plain = revisions(project)
    short = revisions(project, "--llm-code-limits=time=1s")
    shorter = revisions(project, "--llm-code-limits=time=500ms")
    small = revisions(project, "--llm-code-limits=memory=100MB output=1kB")

    code = [r["code_completion/tiny"] for r in (plain, short, shorter, small)]
    assert len(set(code)) == 4
    assert revisions(project, "--llm-code-limits=time=1000ms") == short
    other = {r["sentiment/tiny"] for r in (plain, short, shorter, small)}
    assert len(other) == 1


def test_limits_reach_the_program(project: Project) -> None:
    """A program that never ends is stopped when it was said, not after 5 seconds."""
    path = project.pytester.path / "tasks.toml"
    project.write("tasks.toml", path.read_text("utf-8") + CODE)
    row = {
        "id": "c1",
        "prompt": "def f():\n",
        "solution": "return 1",
        "tests": "assert f() == 1",
        "entry_point": "f",
    }
    project.write("code.jsonl", json.dumps(row) + "\n")
    answer = "```python\ndef f():\n    while True: pass\n```"
    project.write("owl.json", json.dumps({"def": answer, "": "positive"}))
    project.write("test_models.py", CODE_TEST)

    project.run(
        "--llm=owl", "--llm-code-limits=time=250ms", "--llm-task=code_completion/tiny"
    )

    (record,) = project.records()
    assert "0.25 s" in record["grade"]["note"]
