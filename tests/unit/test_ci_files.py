"""The examples for GitHub and GitLab: least rights, real options, no hidden failure.

And our own CI: it runs all that there is.
"""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlat.plugin.option_table import OPTIONS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "ci"
FILES = ("github.yml", "gitlab.yml")
ACTION = re.compile(r"uses: (\S+?)@(\S+)(.*)")


def text_of(name: str) -> str:
    """Return a file as a user copies it."""
    return (FOLDER / name).read_text("utf-8")


def parsed(name: str) -> dict[Any, Any]:
    """Return a file as the service reads it."""
    content: dict[Any, Any] = pytest.importorskip("yaml").safe_load(text_of(name))
    return content


def runs_tests(job: dict[str, Any]) -> bool:
    """Whether a job runs what a pull request brings."""
    return "pytest benchmarks" in str(job)


def steps(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """Return the steps of a job that use an action."""
    return [s for s in job["steps"] if s.get("uses", "").startswith(f"{action}@")]


def environments(name: str) -> set[str]:
    """Return the environments of tox that one of our own CI's files runs."""
    path = ROOT / name
    if not path.is_file():
        pytest.skip("a checkout has it")
    found = re.findall(r"(?:-e |env: \"?)(\w+(?:,\w+)*)", path.read_text("utf-8"))
    return {each for group in found for each in group.split(",")}


def test_our_own_ci_runs_all_that_tox_has() -> None:
    """An environment that is added to ``tox`` is left out of neither.

    ``.ci/run`` has half an hour: there ``oldest`` stands for two Pythons.
    """
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", "utf-8")
    listed = set(re.split(r"[,\s]+", tox["tox"]["env_list"]))

    assert environments(".github/workflows/ci.yml") == {*listed, "quick"}
    assert environments(".ci/run") == {"oldest", *listed} - {"py311", "py312"}


@pytest.mark.parametrize("name", FILES)
def test_options_are_ones_that_there_are(name: str) -> None:
    """Whoever copies the file gets no usage error."""
    known = {option.flag for option in OPTIONS.values()}

    used = set(re.findall(r"--llm[\w-]*", text_of(name)))

    assert used <= known
    assert {"--llm-against", "--llm-baseline", "--llm-save-baseline"} <= used


@pytest.mark.parametrize("name", FILES)
def test_nothing_hides_a_failure(name: str) -> None:
    """A gate whose exit status is thrown away is none."""
    lines = [line.partition("#")[0] for line in text_of(name).splitlines()]
    text = "\n".join(lines)

    assert "continue-on-error" not in text
    assert "allow_failure" not in text
    assert not re.search(r"\|\|\s*(true|:)", text)
    assert not re.search(r"--llm-report=\S+\s*[|;&]", text)


@pytest.mark.parametrize("name", FILES)
def test_both_ways_of_comparing_are_shown(name: str) -> None:
    """Each of the three runs is one command with its own option."""
    commands = re.findall(r"pytest benchmarks\n(?:\s+--llm.*\n)+", text_of(name))
    judged = [c for c in commands if "save-baseline" not in c]

    own = [re.findall(r"--llm-(against|baseline|save-baseline)=", c) for c in commands]
    assert own == [["against"], ["baseline"], ["save-baseline"]]
    assert all("--llm-report=" in command for command in commands)
    # What a change is held to is not the change's to say.
    assert all("--llm-gate-from=base\n" in command for command in judged)
    assert not any(re.search("--llm-(tolerance|limit)", c) for c in commands)


def test_head_and_base_are_measured_in_turn_by_default() -> None:
    """The same entry of both; a stored run only where somebody asks for it."""
    github, gitlab = parsed("github.yml")["jobs"], parsed("gitlab.yml")

    for text in map(text_of, FILES):
        assert '--llm="$ENTRY"' in text
        assert '--llm-against="$ENTRY"' in text
    assert "LLMLAT_STORED" not in github["against"]["if"]
    assert github["baseline"]["if"] == "vars.LLMLAT_STORED == 'true'"
    assert github["against"]["strategy"]["matrix"]["entry"]
    assert gitlab["against"]["parallel"]["matrix"]
    for name in ("baseline", "new-baseline", "refresh", "comment-baseline"):
        assert all("LLMLAT_STORED" in rule["if"] for rule in gitlab[name]["rules"])


@pytest.mark.parametrize(
    "path",
    [
        FOLDER / "github.yml",
        FOLDER / "github-gpu.yml",
        FOLDER.parents[1] / ".github" / "workflows" / "ci.yml",
    ],
    ids=lambda path: path.name,
)
def test_actions_are_pinned_to_commits_of_one_release(path: Path) -> None:
    """A tag can be moved; the release that a commit is stands behind it."""
    found = ACTION.findall(path.read_text("utf-8"))

    assert found
    for _, commit, tag in found:
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", tag)
    pins = {(action, commit, tag) for action, commit, tag in found}
    assert len({action for action, _, _ in pins}) == len(pins)
    text = path.read_text("utf-8")
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_a_runner_of_ones_own_runs_no_fork() -> None:
    """Whoever can open a pull request could run a program on it."""
    content = parsed("github-gpu.yml")
    (job,) = content["jobs"].values()

    assert "head.repo.full_name == github.repository" in job["if"]
    assert job["runs-on"][0] == "self-hosted"
    assert job["permissions"] == {"contents": "read"}
    assert content["concurrency"] == {
        "group": "llmlat-gpu",
        "cancel-in-progress": False,
    }


def test_github_jobs_have_the_least_rights() -> None:
    """What runs code of a pull request may read; what may write runs none of it."""
    content = parsed("github.yml")
    jobs = content["jobs"]

    assert content["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "against": {"contents": "read"},
        "baseline": {"contents": "read"},
        "comment": {"pull-requests": "write"},
        "refresh": {"contents": "write"},
    }
    for name, job in jobs.items():
        assert runs_tests(job) == (name in ("against", "baseline"))
        if runs_tests(job):
            checkouts = steps(job, "actions/checkout")
            assert checkouts
            assert all(s["with"]["persist-credentials"] is False for s in checkouts)


def test_github_runs_on_pull_requests_and_on_main() -> None:
    """Never with the rights of the base on the code of a fork."""
    content = parsed("github.yml")

    # YAML 1.1 reads the key ``on`` as true.
    events = content[True]
    assert set(events) == {"pull_request", "push"}
    assert events["push"]["branches"] == ["main"]
    # Its own commit of a baseline starts nothing, and what is measured does.
    assert "baseline.json" in events["push"]["paths-ignore"]
    assert {"benchmarks/**", "models.toml"} <= set(events["pull_request"]["paths"])
    assert "pull_request_target" not in text_of("github.yml")
    assert "github.ref" in content["concurrency"]["group"]
    assert "pull_request" in content["concurrency"]["cancel-in-progress"]


def test_github_comments_on_pull_requests_of_the_repository_only() -> None:
    """The token of a fork cannot write, and a failure to comment would look bad."""
    comment = parsed("github.yml")["jobs"]["comment"]

    assert "head.repo.full_name == github.repository" in comment["if"]
    assert not steps(comment, "actions/checkout")


def test_github_puts_nothing_typed_by_others_into_a_shell() -> None:
    """An expression inside a script would be run; a variable is only read."""
    jobs = parsed("github.yml")["jobs"].values()
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]

    assert scripts
    assert not any("${{" in script for script in scripts)


def test_github_shows_reports_of_failed_runs() -> None:
    """That is when they are read."""
    jobs = parsed("github.yml")["jobs"]

    for name in ("against", "baseline"):
        (shown,) = (
            step
            for step in jobs[name]["steps"]
            if "GITHUB_STEP_SUMMARY" in step.get("run", "")
        )
        report = steps(jobs[name], "actions/upload-artifact")[0]
        assert shown["if"].startswith("always()")
        assert report["if"] == "always()"
        assert report["with"]["path"] == "report"


def test_github_takes_no_baseline_from_a_failed_run() -> None:
    """Half a run is nothing to be judged by."""
    jobs = parsed("github.yml")["jobs"]
    (saved,) = (
        step
        for step in steps(jobs["baseline"], "actions/upload-artifact")
        if step["with"]["name"] == "baseline"
    )

    assert saved["if"] == "github.event_name == 'push'"
    assert jobs["refresh"]["needs"] == "baseline"
    assert "always" not in jobs["refresh"]["if"]


def test_github_keeps_what_pip_downloads() -> None:
    """In each job that installs."""
    jobs = parsed("github.yml")["jobs"]

    for name in ("against", "baseline"):
        (python,) = steps(jobs[name], "actions/setup-python")
        assert python["with"]["cache"] == "pip"


@pytest.mark.parametrize("name", FILES)
def test_torch_is_the_build_for_processors(name: str) -> None:
    """A hosted runner has no card, and the other build is ten times as large."""
    assert "-c constraints.txt" in text_of(name)
    assert re.search(r"PIP_EXTRA_INDEX_URL: .*TORCH_CPU_INDEX", text_of(name))


def test_gitlab_runs_on_merge_requests_and_on_the_default_branch() -> None:
    """The jobs that judge and the one that makes the baseline are apart."""
    content = parsed("gitlab.yml")

    for name in ("against", "baseline"):
        (rule,) = content[name]["rules"]
        assert rule["if"].startswith('$CI_PIPELINE_SOURCE == "merge_request_event"')
        assert "benchmarks/**/*" in rule["changes"]
    for name in ("new-baseline", "refresh"):
        (rule,) = content[name]["rules"]
        assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"]
        assert content[name]["resource_group"] == "llmlat-baseline"
    assert content[".measure"]["artifacts"]["when"] == "always"
    assert ".cache/pip" in content[".measure"]["cache"]["paths"]


def test_gitlab_keeps_tokens_from_the_code_of_a_merge_request() -> None:
    """Only jobs that run none of it name one."""
    content = parsed("gitlab.yml")
    jobs = {k: v for k, v in content.items() if isinstance(v, dict)}

    naming = {name for name, job in jobs.items() if "_TOKEN" in str(job)}

    assert naming == {".comment", "comment-baseline", "refresh"}
    assert not any(runs_tests(jobs[name]) for name in naming)
    for name in (".comment", "comment-baseline"):
        (rule,) = jobs[name]["rules"]
        assert "SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
        assert rule["when"] == "always"
