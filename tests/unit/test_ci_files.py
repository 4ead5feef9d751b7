"""The examples for GitHub and GitLab: least rights, real options, no hidden failure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlat.plugin.option_table import OPTIONS

FOLDER = Path(__file__).parents[2] / "docs" / "ci"
FILES = ("github.yml", "gitlab.yml")


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
    assert not re.search(r"--llm-report=report\s*[|;&]", text)


@pytest.mark.parametrize("name", FILES)
def test_both_ways_of_comparing_are_shown(name: str) -> None:
    """Each of the three runs is one command with its own option."""
    commands = re.findall(r"pytest benchmarks\n(?:\s+--llm.*\n)+", text_of(name))

    own = [re.findall(r"--llm-(against|baseline|save-baseline)=", c) for c in commands]
    assert own == [["against"], ["baseline"], ["save-baseline"]]
    assert all("--llm-report=report\n" in command for command in commands)


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
    assert content[True] == {"pull_request": None, "push": {"branches": ["main"]}}
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


def test_gitlab_runs_on_merge_requests_and_on_the_default_branch() -> None:
    """The jobs that judge and the one that makes the baseline are apart."""
    content = parsed("gitlab.yml")

    for name in ("against", "baseline"):
        (rule,) = content[name]["rules"]
        assert rule == {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}
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

    assert naming == {".comment", "refresh"}
    assert not any(runs_tests(jobs[name]) for name in naming)
    (rule,) = jobs[".comment"]["rules"]
    assert "SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
    assert rule["when"] == "always"
