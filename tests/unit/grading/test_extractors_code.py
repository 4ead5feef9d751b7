"""Programs are found in an answer, completed, and freed of what should not run."""

from __future__ import annotations

import ast
import json
from textwrap import indent

import pytest

from pytest_llmlat.grading.extractors import EXTRACTORS
from pytest_llmlat.values.entities import Sample, Task

TASK = Task(
    name="code_completion/functions",
    family="code_completion",
    title="",
    source="",
    chat_prompt="",
    completion_prompt="",
    extractor="code",
    metric="tests_pass",
    max_new_tokens=256,
    budget_s=1.0,
)
PROMPT = '''from math import gcd

LIMIT = 10


def halved(n):
    return n // 2


def total(numbers):
    """Return the sum.

    >>> total([1, 2])
    3
    """
'''
BARE_PROMPT = "def total(numbers):\n"
WHOLE = "def total(numbers):\n    return sum(numbers)\n"
BROKEN = "def total(numbers):\n    return sum(numbers[1:])\n"
BODY = "    result = 0\n    for n in numbers:\n        result += n\n    return result\n"


def code(text: str, **fields: object) -> str | None:
    """Return the program that is read out of a text, for a row with some columns."""
    columns = {"entry_point": "total", **fields}
    sample = Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=tuple(columns.items()),
        reference="",
    )
    return EXTRACTORS["code"](text, TASK, sample).value


def result(source: str | None, argument: object = (1, 2, 3)) -> object:
    """Run a program that a test wrote and call its ``total``."""
    assert source is not None
    space: dict[str, object] = {}
    exec(compile(source, "<test>", "exec"), space)  # noqa: S102 - the test's own text
    function = space["total"]
    assert callable(function)
    return function(argument)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"```python\n{WHOLE}```",
        f"```py\n{WHOLE}```",
        f"```Python3\n{WHOLE}```",
        f"```\n{WHOLE}```",
        f"~~~python\n{WHOLE}~~~",
        f"````python\n{WHOLE}````",
        f"```{{.python}}\n{WHOLE}```",
        f"```python\n{WHOLE}",
        f"Sure! Here it is:\n\n```python\n{WHOLE}```\n\nIt adds them up.",
        f"Here it is:\n\n{WHOLE}\nThis function adds up all numbers.",
        f"Here it is:\n\n{WHOLE}\nExplanation:\nIt doesn't loop.",
        f"{WHOLE}```\nThat closes the fence of the prompt.",
        f"```python\nx = total([1])\n```\nwith\n```python\n{WHOLE}```",
        f"```bash\npip install numpy\n```\n```python\n{WHOLE}```",
        f"```json\n[1]\n```\n```\n{WHOLE}```",
        f"1. Do this:\n   ```python\n{indent(WHOLE, '   ')}   ```",
        f"```python\r\n{WHOLE.replace(chr(10), chr(13) + chr(10))}```",
        f"```python\n{WHOLE}\nprint(total([1, 2]))\n```",
        f"```python\n{WHOLE}\nassert total([1]) == 1\n```",
        f'```python\n{WHOLE}\nif __name__ == "__main__":\n    total(input())\n```',
        f"```python\n{WHOLE}\nfor n in range(9):\n    print(n)\n```",
        f"```python\n{WHOLE}\nanswer = total([1])\n```",
        f"```python\nnumbers = list(map(int, input().split()))\n{WHOLE}```",
        f"```python\n{WHOLE}total([1]); print(2)\n```",
        f"<think>def total(numbers): ...</think>\n{WHOLE}",
        f"```\n>>> {WHOLE.replace(chr(10), chr(10) + '... ', 1)}>>> total([1])\n1\n```",
        f"{WHOLE}\nResult",
        f"{WHOLE}\nExplanation: good",
        f"```python\nNote: good\n\n{WHOLE}```",
        f"import whatever it takes.\n\n{WHOLE}",
        f"{WHOLE}\n" + "That is all.\n" * 60,
        f'```python\nif __name__ == "__main__":\n    import missing\n{WHOLE}```',
        f"{WHOLE}\n\nclass TestTotal(TestCase):\n    pass\n",
        f"{WHOLE}\n\nfrom total import total\nimport pytest\n",
        f"{WHOLE}\n\n@unknown\ndef other():\n    return 1\n",
    ],
)
def test_the_function_alone_is_left(text: str) -> None:
    """Fences, prose, examples and whatever else would run or wait are gone."""
    source = code(text)

    assert source is not None
    assert ast.unparse(ast.parse(source)) == WHOLE.strip()


@pytest.mark.parametrize(
    "kept",
    [
        "import math\nfrom typing import List",
        "try:\n    import numpy\nexcept ImportError:\n    numpy = None",
        "SCALE = 3",
        "scale: int = 3",
        "class Pair:\n    left = 0",
        "@staticmethod\ndef helper():\n    return 1",
        "async def helper():\n    return 1",
        "# a remark that stays where it is",
    ],
)
def test_what_a_function_may_need_stays(kept: str) -> None:
    """Imports, definitions, assignments and comments are kept as they are written."""
    source = code(f"```python\n{kept}\n\n{WHOLE}\nprint(total([1]))\n```")

    assert source == f"{kept}\n\n{WHOLE}"


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (BODY, PROMPT),
        (BODY, BARE_PROMPT),
        (BODY, BARE_PROMPT + "    "),
        (BODY.lstrip(), PROMPT),
        (BODY.lstrip(), BARE_PROMPT),
        (BODY.lstrip(), BARE_PROMPT + "    "),
        (BODY.replace("\n    ", "\n").lstrip(), PROMPT),
        (BODY.replace("    ", "  "), PROMPT),
        (BODY.replace("    ", "\t"), PROMPT),
        (f"```python\n{BODY}```", PROMPT),
        (f"Here is the rest:\n\n```python\n{BODY}```\nDone.", PROMPT),
        (f"Here is the rest:\n\n{BODY}", PROMPT),
        (f"{BODY}\nThis adds them up.", PROMPT),
        (f"{BODY}\n\nprint(total([1]))", PROMPT),
        (f"{BODY}\n\ndef other():\n    return total([1])\n", PROMPT),
        (f"{BODY}```\n", PROMPT),
        ('    """Return the sum."""\n' + BODY, PROMPT),
        (f"Sure\n{BODY}", PROMPT),
        ("    return sum(numbers)", PROMPT),
        ("return sum(numbers)", PROMPT),
        ("return sum(numbers)\n\nThe function adds them up.", PROMPT),
        (
            "for n in numbers:\n    if n < 0:\n        raise E\nreturn sum(numbers)",
            PROMPT,
        ),
        ("if not numbers:\n        return 0\n    return sum(numbers)", PROMPT),
    ],
)
def test_a_body_alone_is_put_under_its_prompt(text: str, prompt: str) -> None:
    """A completion is judged as if prompt and answer had been one text."""
    source = code(text, prompt=prompt)

    assert result(source) == 6
    assert result(source, ()) == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def total(numbers):\n    return gcd(*numbers)\n", {"gcd", "total"}),
        (
            "def total(numbers):\n    return halved(LIMIT)\n",
            {"halved", "LIMIT", "total"},
        ),
        ("LIMIT = 2\ndef total(numbers):\n    return LIMIT\n", {"LIMIT", "total"}),
        (WHOLE, {"total"}),
    ],
)
def test_a_whole_function_takes_what_it_uses_from_the_prompt(
    text: str, names: set[str]
) -> None:
    """Imports and helpers of the prompt come along where the answer leans on them."""
    source = code(text, prompt=PROMPT)

    assert source is not None
    space: dict[str, object] = {}
    exec(compile(source, "<test>", "exec"), space)  # noqa: S102 - the test's own text
    assert space.keys() - {"__builtins__"} == names
    assert source.count("LIMIT =") == ("LIMIT" in names)


def test_helpers_behind_the_function_stay_if_it_uses_them() -> None:
    """The order of definitions is the model's; only what is not used is left out."""
    text = (
        "def total(numbers):\n    return up(sum(numbers)) + TABLE['x']\n\n"
        "def up(n):\n    return n * FACTOR\n\n"
        "FACTOR = 2\nTABLE = {}\nTABLE['x'] = 1\nOTHER = missing()\n"
    )

    assert result(code(text)) == 13


def test_helpers_bring_their_own_helpers() -> None:
    """A helper of the prompt that uses another is of no use without it."""
    prompt = f"import math\n\ndef up(x):\n    return math.ceil(x)\n\n{BARE_PROMPT}"

    source = code("def total(numbers):\n    return up(sum(numbers))\n", prompt=prompt)

    assert result(source, (0.5, 1)) == 2


def test_future_imports_stay_in_front() -> None:
    """They are a syntax error anywhere else."""
    prompt = f"import math\n\n{BARE_PROMPT}"
    text = (
        "from __future__ import annotations\n"
        "def total(numbers: list[X]):\n    return math.ceil(sum(numbers))\n"
    )

    assert result(code(text, prompt=prompt)) == 6


def test_imports_after_prose_are_part_of_the_program() -> None:
    """Unfenced code starts with its first import, not with the function."""
    text = "Like so:\n\nimport math\n\ndef total(n):\n    return math.fsum(n)\n"

    assert result(code(text)) == 6


def test_nothing_waits_for_input() -> None:
    """Whoever loads the program has no keyboard."""
    text = f"import sys\ndata = sys.stdin.read()\nline = input()\n{WHOLE}"

    assert code(text) == f"import sys\n{WHOLE}"


def test_statements_on_one_line_are_told_apart() -> None:
    """An assignment stays though the line it is on ends in an example."""
    text = "N = 2; print(N)\ndef total(numbers):\n    return N * sum(numbers)\n"

    assert result(code(text)) == 12


@pytest.mark.parametrize("fence", ["~~~", "````"])
def test_a_fence_is_closed_by_its_own_kind(fence: str) -> None:
    """Shorter fences and those of another sign inside belong to the code."""
    text = 'def total(numbers):\n    """\n```\n"""\n    return sum(numbers)\n'

    assert code(f"{fence}python\n{text}{fence}\nDone.") == text


def test_a_fence_with_a_language_closes_nothing() -> None:
    """A closing fence is bare, as in CommonMark."""
    text = 'def total(numbers):\n    """\n```python\n"""\n    return sum(numbers)\n'

    assert code(f"```python\n{text}```") == text


def test_an_answer_that_was_cut_off_is_trimmed_to_what_is_whole() -> None:
    """A truncated answer is judged by the part that is Python."""
    source = code(f"```python\n{WHOLE}\n\ndef other(a,\n          b=[1, 2")

    assert source == WHOLE


def test_the_last_block_that_defines_the_function_is_taken() -> None:
    """What is stated last counts; usage before and after it does not matter."""
    usage = "```\ntotal([1])\n```\n"
    first = WHOLE.replace("sum", "max")
    text = f"{usage}```py\n{first}```\nBetter:\n```py\n{WHOLE}```\n{usage}"

    assert code(text) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        f"This is wrong:\n```py\n{BROKEN}```\nMended:\n```py\n{WHOLE}```",
        f"```py\n{WHOLE}```\nBefore, it was:\n```py\n# given\n{BROKEN}```",
        f'```py\n{BARE_PROMPT}    """Add."""\n```\nAll of it:\n```py\n{WHOLE}```',
    ],
    ids=["quoted first", "quoted last", "stub first"],
)
def test_code_of_the_question_is_no_answer(text: str) -> None:
    """A program that is quoted from the question is not what the model wrote."""
    assert code(text, buggy=BROKEN, prompt=BARE_PROMPT) == WHOLE


def test_an_assigned_function_is_not_taken_for_the_question() -> None:
    """A lambda before the quoted bug is the answer, though no definition is in it."""
    text = f"```py\ntotal = lambda n: sum(n)\n```\nIt was:\n```py\n{BROKEN}```"

    assert code(text, buggy=BROKEN) == "total = lambda n: sum(n)\n"


def test_the_given_program_given_back_is_the_answer() -> None:
    """Who repeats the program with its fault has answered, and wrongly."""
    assert code(f"It is right:\n```py\n{BROKEN}```", buggy=BROKEN) == BROKEN


def test_a_block_takes_imports_and_helpers_of_its_neighbours() -> None:
    """An answer in several blocks is one program; what it does not use stays away."""
    helper = "def doubled(n):\n    return n * 2\n"
    whole = "def total(numbers):\n    return fsum(map(doubled, numbers))\n"
    text = (
        "```py\nfrom math import fsum\nimport socket\n```\nA helper:\n"
        f"```py\n{helper}```\nAnd then:\n```py\n{whole}```"
    )

    source = code(text)

    assert result(source) == 12
    assert "socket" not in str(source)


@pytest.mark.parametrize(
    "text",
    [
        "```py\ndef total(numbers):\n    return sum(numbers)```",
        "```py\ndef total(numbers):\n    return sum(numbers)```\nThat is all.",
        f"{WHOLE.rstrip()}<|im_end|>",
        f"{WHOLE.rstrip()}</s>def other(): pass",
        "def total(numbers):\n\u00a0\u00a0\u00a0\u00a0return sum(numbers)\n",
        "def total(numbers):\n    return\u00a0sum(numbers)\n",
    ],
    ids=["fence", "fence and prose", "token", "token and more", "margin", "blank"],
)
def test_what_is_glued_to_code_or_odd_in_it_is_taken_away(text: str) -> None:
    """A fence or an end token behind the last line, and blanks that are none."""
    assert result(code(text)) == 6


def test_a_token_inside_quotes_ends_nothing() -> None:
    """A program may look for the very token that ends answers elsewhere."""
    source = 'def total(numbers):\n    return len("<|im_end|>") + numbers[0]\n'

    assert result(code(source)) == 11


def test_backticks_at_the_end_of_a_docstring_close_nothing() -> None:
    """Where fences pair up by themselves, a glued one is text of the program."""
    source = 'def total(numbers):\n    """As ```\n    """\n    return sum(numbers)\n'

    assert result(code(f"```py\n{source}```")) == 6


def test_code_between_single_backticks_is_read() -> None:
    """A one-liner in a sentence is a program."""
    assert result(code("Use `total = lambda numbers: sum(numbers)` for it.")) == 6


@pytest.mark.parametrize(
    "lines",
    [
        "KNOWN = {}\nKNOWN.update({1: 1, 2: 2, 3: 3})\n",
        "KNOWN = {}\nfor n in range(9):\n    KNOWN[n] = n\n",
        "KNOWN = {}\ndef fill():\n    KNOWN.update({1: 1, 2: 2, 3: 3})\nfill()\n",
    ],
    ids=["call", "loop", "function"],
)
@pytest.mark.parametrize("below", [False, True], ids=["above", "below"])
def test_statements_that_fill_a_table_stay(lines: str, below: bool) -> None:  # noqa: FBT001 - a parameter
    """What the function reads is there when it is called, wherever it was filled."""
    function = "def total(numbers):\n    return sum(KNOWN[n] for n in numbers)\n"
    source = function + lines if below else lines + function

    assert result(code(source)) == 6


def test_statements_that_work_or_wait_do_not_stay() -> None:
    """Loops over the function itself, prints and questions are examples."""
    lines = (
        "KNOWN = [1, 2, 3]\n"
        "for n in KNOWN:\n    print(n)\n"
        "for n in KNOWN:\n    KNOWN[0] = total([n])\n"
        "while KNOWN:\n    KNOWN.append(input())\n"
        "def main():\n    KNOWN.append(total(KNOWN))\n"
        "main()\n"
    )
    source = code("def total(numbers):\n    return len(KNOWN)\n" + lines)

    assert "for" not in str(source)
    assert result(source) == 3


def test_a_limit_of_pythons_own_stays() -> None:
    """A deep recursion needs the depth that the answer asks for."""
    lines = "import sys\nsys.setrecursionlimit(5000)\n"

    assert "setrecursionlimit(5000)" in str(code(lines + WHOLE))


def test_a_class_or_an_assigned_function_can_be_the_entry_point() -> None:
    """What is to be defined need not be a ``def``."""
    assert result(code("total = lambda numbers: sum(numbers)")) == 6
    assert code("class total:\n    size = 1\n") == "class total:\n    size = 1\n"
    assert code("async def total(n):\n    return n\n") is not None


def test_a_row_without_entry_point_takes_any_definition() -> None:
    """Whatever is defined is the answer."""
    assert code(f"```python\n{WHOLE}```", entry_point="") == WHOLE
    assert code("```python\nprint(1)\n```", entry_point="") is None


def test_escapes_in_a_models_code_warn_nobody(recwarn: pytest.WarningsRecorder) -> None:
    r"""A regular expression like "\d" is the model's affair, not pytest's."""
    text = 'def total(numbers):\n    return "\\d" is 1\n'

    assert code(text) is not None
    assert not recwarn.list


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("", PROMPT),
        ("   \n", PROMPT),
        ("You should use a loop.", PROMPT),
        ("Done", PROMPT),
        ("```python\n```", PROMPT),
        (">>> total([1, 2])\n3", PROMPT),
        ("```python\n>>> total([1, 2])\n3\n```", PROMPT),
        ("```python\ntotal([1, 2])\n```", ""),
        ("def other():\n    return 1\n", ""),
        ("def total(numbers:\n", ""),
        ("class Solution:\n    def total(self, numbers):\n        return 1\n", ""),
        (BODY, ""),
        (BODY, "Write a function that adds numbers up."),
        ('    """Return the sum, once more."""\n', PROMPT),
        ("```java\nint total() { return 1; }\n```", ""),
        ("def total(numbers):\n    return (\n", ""),
        ("def total(numbers):\n    \0\n", ""),
        ("I'm sorry, but I can't write that code.", PROMPT),
    ],
)
def test_what_defines_nothing_is_unparsed(text: str, prompt: str) -> None:
    """Prose, sessions and fragments are no program."""
    assert code(text, prompt=prompt) is None


def test_an_indented_block_between_prose_is_code() -> None:
    """Markdown takes indented lines for code, fences or not; a method is no such."""
    block = "    def area(a, b):\n        return a * b\n"

    found = code(f"Here it is:\n\n{block}\nIt multiplies.", entry_point="area")

    assert found == "def area(a, b):\n    return a * b\n"
    assert code(f"Use it so.\n\nclass Shape:\n{block}", entry_point="area") is None


def test_a_function_that_is_made_of_the_one_before_is_put_behind_it() -> None:
    """A second block that only wraps the function needs the first."""
    wrapped = "import functools\n\ntotal = functools.cache(total)\n"
    text = f"```python\n{WHOLE}```\nNow with a cache:\n```python\n{wrapped}```"

    source = code(text)

    assert source is not None
    assert "cache" in source
    assert result(source) == 6


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```"])
def test_code_in_a_field_of_json_is_the_answer(fence: str) -> None:
    """Where the whole answer is one object, and one of its fields defines it."""
    code = "def doubled(n):\n    return 2 * n"
    text = fence.format(json.dumps({"language": "python", "code": code}))
    row = Sample(
        id="s1",
        difficulty=None,
        stratum="",
        fields=(("entry_point", "doubled"),),
        reference="",
    )

    assert EXTRACTORS["code"](text, TASK, row).value == f"{code}\n"
    both = fence.format(json.dumps({"code": code, "other": code}))
    assert EXTRACTORS["code"](both, TASK, row).value is None
