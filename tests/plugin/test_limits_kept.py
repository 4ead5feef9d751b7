"""Limits as a user meets them: where they are written, verdicts, and JUnit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.plugin.gated import (
    CELL,
    COUNT,
    FAILED,
    OK,
    Gated,
    check_refused,
    gate_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# Absolute limits


def test_limits_of_a_marker_that_are_kept_pass(gated: Gated) -> None:
    """Each has a verdict of its own, with the figure."""
    gated.limits(quality=">=0.8", ttft_p50="<= 5s", balanced=">=1%")

    result = gated.run()

    assert result.ret == OK
    assert gated.outcomes() == {
        "quality": "pass",
        "ttft_p50": "pass",
        "balanced": "pass",
    }
    assert gated.verdicts()["ttft_p50"]["against"] == "ttft_p50<=5s"


@pytest.mark.parametrize("place", ["marker", "ini file", "command line"])
def test_a_limit_that_is_missed_fails_its_item(gated: Gated, place: str) -> None:
    """The message shows the figure and the limit."""
    typed = []
    if place == "marker":
        gated.limits(quality=">=0.9")
    elif place == "ini file":
        gated.ini("llm_limit =", "    sentiment: quality>=0.9", "    e2e_p50<=1h")
    else:
        typed = ["--llm-limit=sentiment/tiny@dull: quality>=0.9"]

    result = gated.run("--llm=dull", *typed)

    result.assert_outcomes(failed=1)
    assert result.ret == FAILED
    result.stdout.fnmatch_lines(["FAILED *quality *quality>=0.9 *0.500*"])
    assert gated.outcomes()["quality"] == "failed"
    assert gate_line(result).endswith("FAILED")


def test_a_limit_is_for_its_scope(gated: Gated) -> None:
    """A model that is not meant passes beside one that misses it."""
    result = gated.run(
        "--llm=wise", "--llm=dull", "--llm-limit=@dull: quality>=0.9 e2e_p50<=1h"
    )

    result.assert_outcomes(passed=1, failed=1)
    assert {v["cell"] for v in gated.verdicts().values()} == {
        "sentiment/tiny|dull|cpu|single"
    }


def test_a_limit_that_nothing_was_held_to_is_told(gated: Gated) -> None:
    """A typing error in its scope is no success without a word."""
    result = gated.run("--llm-limit=sentimnt: quality>=0.9")

    assert gated.outcomes() == {"quality": "warned"}
    result.stdout.fnmatch_lines(["*no cell of sentimnt was measured*"])


def test_a_tail_of_few_answers_is_not_gated(gated: Gated) -> None:
    """A limit on one fails, and says how many answers it takes."""
    gated.limits(ttft_p95="<=10s")

    result = gated.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*24 answers; p95 is gated from 60 on*"])
    gated.samples(60)
    assert gated.run().ret == OK
    assert gated.outcomes() == {"ttft_p95": "pass"}


def test_a_limit_that_may_be_missed_is_undecided(gated: Gated) -> None:
    """Half right of 24 is somewhere about 0.5, so that 0.6 cannot be told."""
    gated.limits(quality=">=0.6")

    result = gated.run("--llm=dull")

    assert result.ret == OK
    assert gated.outcomes() == {"quality": "inconclusive"}
    assert "straddles" in gated.verdicts()["quality"]["note"]
    assert gate_line(result) == "gate: 1 inconclusive: passed, 1 undecided"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            "--llm-limit=quality>0.6",
            "*'quality>0.6' is not understood; write FIGURE>=*",
        ),
        ("--llm-limit=speed_p50<=1", "*is not understood; *figures: quality*"),
        ("--llm-limit=e2e_p50<=fast", "*'fast' is not understood; write 2, 2.5s*"),
        ("--llm-limit=sentiment:", "*is not understood; *"),
        ("--llm-limit=quality>=60", "*is more than there is; did you mean %*"),
        ("--llm-tolerance=e2e", "*'e2e' is not understood; write NAME=VALUE*"),
        ("--llm-tolerance=e2e=quick", "*write a share such as 5% or 0.05*"),
        ("--llm-tolerance=itl=5%", "*names: quality, balanced, e2e, ttft, tpot, *"),
        ("--llm-tolerance=e2e=5% e2e=6%", "*'e2e' stands there twice*"),
        ("--llm-new-cells=ignore", "*must be one of fail, warn, pass, not 'ignore'"),
        ("--llm-inconclusive=warn", "*must be one of pass, fail, not 'warn'"),
    ],
)
def test_a_bad_expression_shows_the_grammar(
    gated: Gated, option: str, told: str
) -> None:
    """Before anything runs, with the option or the ini file's line."""
    flag, _, value = option.partition("=")
    check_refused(gated.run(option), f"{flag}: {told}")
    key = flag.removeprefix("--").replace("-", "_")
    gated.ini(f"{key} = {value}")
    check_refused(gated.run(), f"*tox.ini: {key}: {told}")
    assert not gated.project.runs


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"quality": "0.6"}, "*is not understood; write FIGURE>=BOUND*"),
        ({"e2e": "<=1s"}, "*unknown argument 'e2e'; it takes*e2e_p50*"),
        ({"e2e_p50": "<=soon"}, "*'soon' is not understood; write*"),
    ],
)
def test_a_bad_limit_of_a_marker_fails_its_module(
    gated: Gated, limits: Mapping[str, str], told: str
) -> None:
    """Which test it is stands before the message."""
    gated.limits(**limits)

    result = gated.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"test_models.py::test_sentiment: @*mark.llm: {told}"])


# Reports, workers, power


def test_headline_figures_are_properties_in_junit(gated: Gated) -> None:
    """Of items that pass and of those that fail alike."""
    gated.limits(quality=">=0.9")

    gated.run("--llm=wise", "--llm=dull", "--junitxml=junit.xml")

    tree = ET.parse(gated.folder / "junit.xml")  # noqa: S314 - our own file
    found = {
        properties["llm_cell"]: properties
        for case in tree.iter("testcase")
        for properties in [
            {p.get("name"): p.get("value") for p in case.iter("property")}
        ]
    }
    assert float(found[CELL]["llm_quality"] or "") == 1.0
    dull = found["sentiment/tiny|dull|cpu|single"]
    assert float(dull["llm_quality"] or "") == 0.5
    assert float(dull["llm_e2e_p50_s"] or "") > 0
    assert dull["llm_samples"] == str(COUNT)


def suite_sentence(folder: Path) -> str | None:
    """Return the sentence that JUnit's file has of the whole run."""
    tree = ET.parse(folder / "junit.xml")  # noqa: S314 - our own file
    (suite,) = tree.iter("testsuite")
    told = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    return told.get("llm_sentence")


@pytest.mark.parametrize("arguments", [(), ("--llm-limit=quality>=0.9",)])
def test_the_sentence_of_a_run_is_a_property_of_the_suite_in_junit(
    gated: Gated, arguments: tuple[str, ...]
) -> None:
    """It is the one that the files and the terminal have, with a gate and without."""
    gated.run("--llm=wise", "--llm=dull", "--junitxml=junit.xml", *arguments)

    sentence = gated.project.summary()["sentence"]
    assert sentence
    assert suite_sentence(gated.folder) == sentence
