"""Texts, tasks and samples on which metrics are tried."""

from __future__ import annotations

from hypothesis import strategies as st

from pytest_llmlat.values.entities import Sample, Task

EXACT = 1e-9
WORDS = (
    *("the", "cat", "cats", "sat", "sitting", "on", "mats", "mat.", "running", "runs"),
    *("(well)", "Haus", "H\u00e4user", "42", "don't", "caf\u00e9", "\u2014", "a", "I."),
)
EDGES = (
    "",
    " ",
    ".",
    "a",
    "ab",
    "the cat",
    "The cat sat on the mat.",
    "the the the the the",
    "\u732b\u306f\u5bdd\u308b",
    "\U0001f600 \U0001f600",
    "line\nbreak and\ttab",
    "&quot;quoted&quot; <skipped>",
    "1,234.5 - 3-4",
)
TEXTS = st.one_of(
    st.sampled_from(EDGES),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.text(max_size=30),
)


def a_task(**options: str) -> Task:
    """Return a task with some settings of its metric."""
    return Task(
        name="translation/en-de",
        family="translation",
        title="",
        source="",
        chat_prompt="",
        completion_prompt="",
        extractor="text",
        metric="chrf++",
        max_new_tokens=8,
        budget_s=1.0,
        options=tuple(options.items()),
    )


def a_sample(reference: str, **fields: object) -> Sample:
    """Return a sample of one reference and some columns."""
    return Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(fields.items()),
        reference=reference,
    )
