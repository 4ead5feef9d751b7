"""A model that is always right scores 1.000 on every bundled task, however it talks."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.grading.grade import grade
from pytest_llmlat.grading.metrics import METRICS
from pytest_llmlat.tasks.data import load_samples
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.entities import Sample, Task

pytestmark = pytest.mark.slow

TASKS = BUNDLED.entries
OF_FILES = [name for name, task in TASKS.items() if task.source.endswith(".jsonl")]
PROGRAMS = [name for name in OF_FILES if METRICS[TASKS[name].metric].run is not None]
TEXTS = [name for name in OF_FILES if TASKS[name].extractor == "text"]
SHORT = [name for name in OF_FILES if name not in {*PROGRAMS, *TEXTS}]
SHORT.append("long_context/needles")
WAY = "1. I go through what is given.\n2. I leave out what does not fit."
STEPS = f"Let's think step by step.\n\n{WAY}\n\n"
BULLETS = "- First, what is given.\n- Then, what is asked.\n\n"
REMARK = (
    "At first {other} looks possible as well, but it does not fit what is given."
    " I hope this helps!"
)
FENCED = "```python\n{right}```"
GIVEN = "You gave me this:\n\n```python\n{given}```"
USE = "```python\nprint({name}.__name__)\n```"
HELPER = "```python\ndef is_even(n):\n    return n % 2 == 0\n```"
SHORT_STYLES = {
    "bare": "{right}",
    "one sentence": "The answer is {right}.",
    "steps, then a statement": STEPS + "**Answer:** {right}",
    "bullets, then bold": BULLETS + "**{right}**",
    "quoted": '"{right}"',
    "fenced": "```\n{right}\n```",
    "JSON": '```json\n{{"reasoning": "It is not {other}.", "answer": "{right}"}}\n```',
    "chatty": "Sure! The answer is {right}.\n\n" + REMARK,
    "thought": "<think>\nIs it {other}? No, wait.\n</think>\n\n{right}",
    "base model": " {right}\n\nQuestion: And in the other case?\nAnswer: {other}",
    "Llama": "## Step 1: What is given\n{other} is named.\n\n## Step 2: The rest\nIt"
    " does not fit.\n\nThe final answer is: $\\boxed{{{right}}}$",
    "Qwen": STEPS + "Therefore, the correct answer is:\n\n\\[\n\\boxed{{{right}}}\n\\]",
    "Gemma": "Here's how to solve it:\n\n* **Given:** what is said.\n* **Asked:** one"
    " thing.\n\n**Final Answer:** {right}\n",
    "Phi": "Answer: {right}\n\nExplanation: {other} is named as well, but it does not"
    " fit.",
    "Mistral": " The answer is {right}. It cannot be {other}, as this does not fit.",
    "DeepSeek": "<think>\nHmm, {other}? No.\n</think>\n\n**Solution**\n\n"
    + WAY
    + "\n\n**Answer:** \\(\\boxed{{{right}}}\\)",
    "GPT": "**Answer: {right}**\n\n**Why:** what is given leaves nothing else.",
}
TEXT_STYLES = {
    "bare": "{right}",
    "quoted": '"{right}"',
    "fenced": "```\n{right}\n```",
    "lead-in": "Here is the {product}:\n\n{right}",
    "title": "**{Product}:** {right}",
    "heading": "## {Product}\n\n{right}",
    "chatty": "Sure! Here's the {product}:\n\n{right}\n\nLet me know if it suits you!",
    "note": "{right}\n\n*Note: I kept the tone of the original.*",
    "thought": "<think>\nI should be brief.\n</think>\n\n{right}",
}
PROGRAM_STYLES = {
    "bare": "{right}",
    "fenced": FENCED,
    "chatty": f"Sure! Here is the function:\n\n{FENCED}\n\nIt uses one `return`. Bye!",
    "the question's code first": f"{GIVEN}\n\nThe whole function:\n\n{FENCED}",
    "a helper's block first": f"A helper:\n\n{HELPER}\n\nThe function:\n\n{FENCED}",
    "a use of it after it": f"{FENCED}\n\nExample:\n\n{USE}",
    "thought": f"<think>\nA loop will do.\n</think>\n\n{FENCED}",
}


@cache
def samples(name: str) -> tuple[Sample, ...]:
    """Return every bundled sample of a task that is graded."""
    return tuple(sample for sample in load_samples(TASKS[name]) if sample.graded)


def missed(name: str, say: Callable[[Task, Sample], str]) -> list[str]:
    """Return the samples of a task whose right answer does not score 1."""
    task = TASKS[name]
    return [
        sample.id
        for sample in samples(name)
        if grade(say(task, sample), task, sample, None)[1].value < 1 - 1e-9
    ]


def another(task: Task, sample: Sample) -> str:
    """Return an answer of the same kind that is wrong."""
    options = dict(sample.fields).get("options") or task.labels
    listed = list(options) if isinstance(options, list | tuple) else []
    wrong = [option for option in listed if option != sample.reference]
    return wrong[0] if wrong else f"{float(sample.reference) + 1:g}"


@pytest.mark.parametrize("style", SHORT_STYLES)
@pytest.mark.parametrize("name", SHORT)
def test_a_right_answer_is_right_in_every_style(name: str, style: str) -> None:
    """With remarks on another answer before or after it."""

    def say(task: Task, sample: Sample) -> str:
        other = another(task, sample)
        return SHORT_STYLES[style].format(right=sample.reference, other=other)

    assert missed(name, say) == []


@pytest.mark.parametrize("style", TEXT_STYLES)
@pytest.mark.parametrize("name", TEXTS)
def test_a_right_text_is_right_in_every_style(name: str, style: str) -> None:
    """With what a model that chats puts round it."""
    metric = TASKS[name].metric
    pytest.importorskip("rouge_score" if metric == "rouge" else "sacrebleu")
    product = "summary" if name.startswith("summarization") else "translation"

    def say(task: Task, sample: Sample) -> str:
        del task
        return TEXT_STYLES[style].format(
            right=sample.reference, product=product, Product=product.title()
        )

    assert missed(name, say) == []


@pytest.mark.parametrize("style", PROGRAM_STYLES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_read_in_every_style(name: str, style: str) -> None:
    """The same program as from the bare one, which passes (``tests/sandbox``)."""
    task, extract = TASKS[name], EXTRACTORS[TASKS[name].extractor]
    for sample in samples(name):
        fields = {key: str(value) for key, value in sample.fields}
        whole = fields.get("fixed") or fields["prompt"] + fields["solution"]
        said = PROGRAM_STYLES[style].format(
            right=whole,
            given=fields.get("buggy") or fields["prompt"] + "    pass\n",
            name=fields["entry_point"],
        )

        found = extract(said, task, sample).value
        bare = extract(whole, task, sample).value

        assert bare is not None
        assert found is not None
        defined = {getattr(node, "name", ""): node for node in ast.parse(found).body}
        right = {getattr(node, "name", ""): node for node in ast.parse(bare).body}
        entry = fields["entry_point"]
        assert ast.dump(defined[entry]) == ast.dump(right[entry]), sample.id
