"""Tasks as data: what they may say, and that the bundled ones say it rightly."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.tasks.data import load_samples
from pytest_llmlat.tasks.prompts import request_for
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.values.entities import DIFFICULTIES, PublicSet
from pytest_llmlat.values.errors import UnknownName, UsageError
from pytest_llmlat.values.families import FAMILIES
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.values.entities import Sample, Task

EACH = pytest.mark.parametrize(
    "task",
    [task for task in BUNDLED.entries.values() if not task.by_name_only],
    ids=lambda task: task.name,
)
KEYS = {
    "source": '"data.jsonl"',
    "chat_prompt": '"Q: {{ question }}"',
    "completion_prompt": '"Q: {{ question }} A:"',
    "extractor": '"number"',
    "metric": '"accuracy"',
    "max_new_tokens": "8",
    "budget_s": "1.5",
}


def a_catalogue(
    folder: Path, keys: Mapping[str, str | None], name: str = "reasoning/mine"
) -> Path:
    """Write a catalogue of one task; a key that is ``None`` is left out."""
    path = folder / "tasks.toml"
    lines = [f"{key} = {text}" for key, text in keys.items() if text is not None]
    path.write_text("\n".join([f'[tasks."{name}"]', *lines, ""]), "utf-8")
    return path


def complaint(path: Path) -> str:
    """Return what is said of a catalogue, without its folder."""
    with pytest.raises(UsageError) as caught:
        load_tasks([path])
    return str(caught.value).replace(str(path), "FILE")


@cache
def samples(task: Task) -> tuple[Sample, ...]:
    """Return all samples of a task."""
    return load_samples(task)


def test_a_task_of_the_least_keys(tmp_path: Path) -> None:
    """The rest has defaults; the data file lies beside the catalogue."""
    path = a_catalogue(tmp_path, KEYS)

    (task,) = load_tasks([path]).find("reasoning/mine", where="")

    assert (task.family, task.title) == ("reasoning", "mine")
    assert task.source == str(tmp_path / "data.jsonl")
    assert (task.max_new_tokens, task.budget_s, task.chance) == (8, 1.5, None)
    assert (task.reference, task.labels, task.mapping) == ("reference", (), ())
    assert task.thinking_tokens is None


def test_a_task_of_all_keys(tmp_path: Path) -> None:
    """Each key has its place."""
    more = {
        "title": '"A title"',
        "source": '"/elsewhere/x.jsonl"',
        "extractor": '"label"',
        "labels": '["yes", "no"]',
        "chance": "0.5",
        "chat_stop": '["</s>"]',
        "completion_stop": '["\\n"]',
        "reference": '"gold"',
        "mapping": '{ gold = "label", id = "idx" }',
        "options": '{ language = "de" }',
    }

    task = load_tasks([a_catalogue(tmp_path, KEYS | more)]).entries["reasoning/mine"]

    assert (task.title, task.source) == ("A title", "/elsewhere/x.jsonl")
    assert (task.labels, task.chance) == (("yes", "no"), 0.5)
    assert (task.chat_stop, task.completion_stop) == (("</s>",), ("\n",))
    assert task.reference == "gold"
    assert task.mapping == (("gold", "label"), ("id", "idx"))
    assert (task.option("language"), task.option("k", 2)) == ("de", 2)


@pytest.mark.slow
def test_a_user_s_task_overrides(tmp_path: Path) -> None:
    """An entry of the same name takes the place of the built-in one."""
    path = a_catalogue(tmp_path, KEYS, "reasoning/arithmetic")

    found = load_tasks([path])

    assert found.entries["reasoning/arithmetic"].budget_s == 1.5
    assert set(found.entries) == set(BUNDLED.entries)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("source", None, "source: is needed and missing or empty"),
        ("chat_prompt", '""', "chat_prompt: is needed and missing or empty"),
        ("completion_prompt", '""', "completion_prompt: is needed and missing or em"),
        ("max_new_tokens", None, "max_new_tokens: is needed and missing"),
        ("max_new_tokens", "0", "max_new_tokens: must be a whole number above 0: 0"),
        ("max_new_tokens", "1.5", "max_new_tokens: must be a whole number above 0"),
        ("max_new_tokens", "true", "max_new_tokens: must be a whole number above 0"),
        ("thinking_tokens", "-1", "thinking_tokens: must be a whole number of 0 or"),
        ("thinking_tokens", '"no"', "thinking_tokens: must be a whole number of 0 or"),
        ("budget_s", None, "budget_s: is needed and missing"),
        ("temperature", "-0.1", "temperature: must be 0 or more: -0.1"),
        ("temperature", '"warm"', "temperature: must be a number, not a string"),
        ("top_p", "0", "top_p: must be above 0, at most 1: 0"),
        ("top_p", "1.1", "top_p: must be above 0, at most 1: 1.1"),
        ("repeats", "0", "repeats: must be a whole number above 0: 0"),
        ("budget_s", "0", "budget_s: must be finite and above 0: 0"),
        ("budget_s", "inf", "budget_s: must be finite and above 0: inf"),
        ("budget_s", "nan", "budget_s: must be finite and above 0: nan"),
        ("budget_s", '"1"', "budget_s: must be a number, not a string"),
        ("chance", "1", "chance: must be from 0 to below 1: 1"),
        ("chance", "-0.1", "chance: must be from 0 to below 1: -0.1"),
        ("labels", '"yes"', "labels: must be a list of strings"),
        ("extractor", '"label"', "labels: the extractor 'label' needs a list"),
        ("metrik", '"x"', "metrik: unknown key; did you mean 'metric'?"),
        ("title", "1", "title: must be a string, not an integer"),
        ("mapping", "{ a = 1 }", "mapping.a: must be a text, not an integer"),
        ("mapping", '{ a = "b[" }', "mapping.a: 'b[' is no expression: "),
        ("where", '"a ="', "where: 'a =' is no expression: "),
        ("where", "true", "where: must be a string, not a truth value"),
        ("hub", '"org/set"', "hub: there is 'source' too; leave one of them out"),
        ("split", '"test"', "split: belongs to a public set, which needs 'hub' too"),
        ("source", '"generated:xyz"', "source: unknown generator 'xyz'; known: "),
        (
            "options",
            "{ a = {} }",
            "options.a: must be a text, a number, true",
        ),
        ("chat_prompt", '"{{ x"', "chat_prompt: template, line 1: "),
        (
            "completion_prompt",
            '"a\\n{% if %}"',
            "completion_prompt: template, line 2: ",
        ),
    ],
)
def test_a_bad_task_is_told_with_its_key(
    tmp_path: Path, key: str, text: str | None, expected: str
) -> None:
    """The reader finds the place at once, and what was meant."""
    path = a_catalogue(tmp_path, {**KEYS, key: text})

    assert complaint(path).startswith(f"FILE: tasks.reasoning/mine.{expected}")


@pytest.mark.parametrize(
    ("key", "text", "nearest"),
    [("metric", "acuracy", "accuracy"), ("extractor", "numbers", "number")],
)
def test_an_unknown_judge_is_answered_with_the_nearest(
    tmp_path: Path, key: str, text: str, nearest: str
) -> None:
    """With the file and the task."""
    path = a_catalogue(tmp_path, {**KEYS, key: f'"{text}"'})

    assert complaint(path).startswith(
        f"FILE: tasks.reasoning/mine: unknown {key} '{text}'; did you mean '{nearest}'"
    )


@pytest.mark.parametrize(
    ("left_out", "kept"),
    [("completion_prompt", "chat_prompt"), ("chat_prompt", "completion_prompt")],
)
def test_a_task_needs_one_prompt(tmp_path: Path, left_out: str, kept: str) -> None:
    """The other is needed only where a model asks for it."""
    path = a_catalogue(tmp_path, {**KEYS, left_out: None})
    task = load_tasks([path]).entries["reasoning/mine"]
    assert (task.chat_prompt is None) is (left_out == "chat_prompt")

    chat = "true" if left_out == "chat_prompt" else "false"
    path = a_catalogue(tmp_path, {**KEYS, left_out: None, "chat": chat})
    assert f".{left_out}: is needed and missing, since chat = {chat}" in complaint(path)

    path = a_catalogue(tmp_path, {**KEYS, left_out: None, kept: None})
    assert ".chat_prompt: is needed and missing" in complaint(path)


@pytest.mark.parametrize("name", ["mine", "reasoning/", "/mine"])
def test_a_task_is_named_by_family(tmp_path: Path, name: str) -> None:
    """The families are listed."""
    path = a_catalogue(tmp_path, KEYS, name)

    assert re.match(rf"FILE: tasks\.{name}.*: a task is named FAMILY/", complaint(path))


def test_a_family_that_looks_like_a_typo_is_told(tmp_path: Path) -> None:
    """A typo in it would else begin a family of its own."""
    path = a_catalogue(tmp_path, KEYS, "resoning/mine")

    assert complaint(path).startswith(
        "FILE: tasks.resoning/mine: unknown family 'resoning'; did you mean"
        " 'reasoning'? If it is one of its own, say so by a line [families.resoning]"
    )


def test_a_name_is_a_task_or_a_family() -> None:
    """A family is all of its tasks, in the catalogue's order."""
    found = BUNDLED.find("sentiment", where="--llm-task")

    assert [task.name for task in found] == ["sentiment/polarity", "sentiment/emotion"]
    assert BUNDLED.find("sentiment/emotion", where="--llm-task") == found[1:]


@pytest.mark.parametrize(
    ("name", "nearest"), [("sentimnt", "sentiment"), ("reasoning/logik", "logic")]
)
def test_an_unknown_task_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    """Of tasks and families both."""
    with pytest.raises(UnknownName, match=rf"^--llm-task: unknown task.*{nearest}"):
        BUNDLED.find(name, where="--llm-task")


PUBLIC_KEYS = {
    **KEYS,
    "source": None,
    "hub": '"org/set"',
    "split": '"test"',
    "file": '"reasoning/set.jsonl"',
}
PIN = "0123456789abcdef0123456789abcdef01234567"


def test_a_public_set_of_all_keys(tmp_path: Path) -> None:
    """It takes the place of a source; nothing is resolved beside the catalogue."""
    more = {
        "config": '"main"',
        "revision": f'"{PIN}"',
        "local_only": '"it is a picture"',
        "where": '"label is defined"',
    }

    path = a_catalogue(tmp_path, PUBLIC_KEYS | more)
    (task,) = load_tasks([path]).find("reasoning/mine", where="")

    assert task.public is not None
    assert task.public == PublicSet(
        hub="org/set",
        config="main",
        split="test",
        revision=PIN,
        file="reasoning/set.jsonl",
        local_only="it is a picture",
    )
    assert (task.source, task.where) == ("", "label is defined")
    assert task.by_name_only


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("split", None, "split: is needed and missing or empty"),
        ("file", None, "file: is needed and missing or empty"),
        ("file", '"/etc/set.jsonl"', "file: must lie below the folder of data: "),
        ("file", '"../set.jsonl"', "file: must lie below the folder of data: "),
        ("file", '"set.xlsx"', "file: must end with one of .jsonl, .jsonl.gz, .json"),
        ("revision", '"main"', "revision: must be a commit of 40 hexadecimal digits"),
        ("revision", '""', "revision: is needed and missing or empty"),
    ],
)
def test_a_bad_public_set_is_told_with_its_key(
    tmp_path: Path, key: str, text: str | None, expected: str
) -> None:
    """A branch is no pin, and a file may not lie anywhere."""
    path = a_catalogue(tmp_path, {**PUBLIC_KEYS, key: text})

    assert complaint(path).startswith(f"FILE: tasks.reasoning/mine.{expected}")


def test_a_revision_alone_pins_a_set_that_is_known(tmp_path: Path) -> None:
    """Nobody has to copy the prompts to pin a set; all else stays."""
    name = "summarization/dialogsum"
    path = a_catalogue(tmp_path, {"revision": f'"{PIN}"'}, name)

    (task,) = load_tasks([path]).find(name, where="")

    (unpinned,) = BUNDLED.find(name, where="")
    assert unpinned.public is not None
    assert unpinned.public.revision is None
    assert task == replace(unpinned, public=replace(unpinned.public, revision=PIN))


def test_a_revision_alone_pins_no_bundled_task(tmp_path: Path) -> None:
    """A bundled task is replaced as a whole, and then all keys are needed."""
    path = a_catalogue(tmp_path, {"revision": f'"{PIN}"'}, "reasoning/arithmetic")

    assert "arithmetic.metric: is needed and missing" in complaint(path)


def test_an_entry_changes_a_part_of_another(tmp_path: Path) -> None:
    """The bundled task stays where its data are; all else stays as it is."""
    path = a_catalogue(
        tmp_path,
        {"extends": '"translation/en-de"', "max_new_tokens": "7"},
        "translation/mine",
    )

    (task,) = load_tasks([path]).find("translation/mine", where="")

    (base,) = BUNDLED.find("translation/en-de", where="")
    assert task == replace(base, name="translation/mine", max_new_tokens=7)


def test_rows_of_another_set_leave_behind_what_belonged_to_the_old(
    tmp_path: Path,
) -> None:
    """A pinned revision, and the chance of its answers."""
    own = {"extends": '"reasoning/aqua"', "source": '"mine.jsonl"', "where": '""'}

    (task,) = load_tasks([a_catalogue(tmp_path, own)]).find("reasoning/mine", where="")

    (base,) = BUNDLED.find("reasoning/aqua", where="")
    assert (task.public, task.where) == (None, None)
    assert task.source == str(tmp_path / "mine.jsonl")
    assert task.chat_prompt == base.chat_prompt
    assert task.mapping == base.mapping


def test_an_option_that_no_longer_means_anything_says_whence_it_came(
    tmp_path: Path,
) -> None:
    """Who changes the source did not write the options of the old one."""
    own = {"extends": '"reasoning/mine"', "source": '"x.jsonl"'}
    drawn = {**KEYS, "source": '"generated:logic"', "options": "{ count = 3 }"}
    path = a_catalogue(tmp_path, drawn)
    base = path.read_text("utf-8")
    mine = a_catalogue(tmp_path, own, "reasoning/other").read_text("utf-8")
    path.write_text(base + mine, "utf-8")

    told = complaint(path)

    assert told.startswith("FILE: tasks.reasoning/other.options: unknown option 'count")
    assert told.endswith(
        ' taken from FILE: tasks.reasoning/mine; options.count = "" takes it away.'
    )
    path.write_text(base + mine + 'options.count = ""\n', "utf-8")
    assert load_tasks([path]).entries["reasoning/other"].options == ()


def test_a_bundled_task_can_be_changed_under_its_own_name(tmp_path: Path) -> None:
    """By one key, in a file of the user's."""
    name = "reasoning/gsm8k"
    path = a_catalogue(tmp_path, {"extends": f'"{name}"', "budget_s": "99.0"}, name)

    (task,) = load_tasks([path]).find(name, where="")

    (base,) = BUNDLED.find(name, where="")
    assert task == replace(base, budget_s=99.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_does_not_include_its_public_sets(family: str) -> None:
    """They are large and not on this disk; who wants one names it."""
    found = BUNDLED.find(family, where="--llm-task")
    public = [
        task.name
        for task in BUNDLED.entries.values()
        if task.family == family and task.by_name_only
    ]

    assert found
    assert not any(task.public for task in found)
    # Drawn items are a family's only where it has no others.
    assert len({task.by_name_only for task in found}) == 1
    assert public
    asked = BUNDLED.find(family, where="--llm-task", asked=public[:1])
    wanted = [*(t.name for t in found), public[0]]
    assert [task.name for task in asked] == [*dict.fromkeys(wanted)]


def test_every_family_has_a_task() -> None:
    """None of those with entries of their own is without anything to run."""
    assert {task.family for task in BUNDLED.entries.values()} >= set(FAMILIES)


@pytest.mark.slow
@EACH
def test_a_bundled_task_has_enough_samples(task: Task) -> None:
    """At least twelve, each with an id of its own and of every difficulty."""
    found = samples(task)

    assert len(found) >= 12
    assert len({sample.id for sample in found}) == len(found)
    assert {sample.difficulty for sample in found} == set(DIFFICULTIES)


@EACH
@pytest.mark.parametrize("chat", [True, False])
def test_a_bundled_task_asks_every_sample(task: Task, *, chat: bool) -> None:
    """Both prompts render for every row, and each row has a prompt of its own."""
    prompts = [
        request_for(task, sample, chat=chat, seed=0).prompt for sample in samples(task)
    ]

    assert all(prompt.strip() for prompt in prompts)
    assert len(set(prompts)) == len(prompts)
    assert not any("{{" in prompt or "{%" in prompt for prompt in prompts)


@EACH
def test_a_completion_prompt_holds_no_stop_string_at_its_end(task: Task) -> None:
    """A base model's answer is not cut before it has begun by the prompt's own form."""
    for sample in samples(task):
        prompt = request_for(task, sample, chat=False, seed=0).prompt
        assert not prompt.endswith(task.completion_stop or ("\0",))


def told(task: Task, sample: Sample) -> bool:
    """Whether the chat prompt holds the reference as words of their own."""
    prompt = request_for(task, sample, chat=True, seed=0).prompt
    bare = re.escape(sample.reference.strip())
    return re.search(rf"(?<![\w.]){bare}(?!\w)", prompt) is not None


def offers(task: Task, sample: Sample) -> list[str]:
    """Return the answers that a prompt lists to choose from, if it does."""
    options = dict(sample.fields).get("options")
    return [*map(str, options)] if isinstance(options, list) else list(task.labels)


@EACH
def test_a_bundled_prompt_does_not_tell_the_answer(task: Task) -> None:
    """Where answers are offered, all are; a number may stand in a sum by chance."""
    telling = [
        sample.id
        for sample in samples(task)
        if not offers(task, sample) and told(task, sample)
    ]

    by_chance = len(samples(task)) // 20 if task.extractor == "number" else 0
    assert len(telling) <= by_chance, telling


@EACH
def test_a_bundled_prompt_offers_every_answer(task: Task) -> None:
    """The right answer is among the choices, and the prompt lists all alike."""
    for sample in samples(task):
        choices = offers(task, sample)
        if choices:
            prompt = request_for(task, sample, chat=True, seed=0).prompt
            assert sample.reference in choices
            assert len(set(choices)) == len(choices)
            assert all(choice in prompt for choice in choices), sample.id


@EACH
def test_bundled_labels_are_balanced(task: Task) -> None:
    """No label is worth guessing: each is right equally often, overall and by rank."""
    if not task.labels:
        return
    found = samples(task)
    for rank in DIFFICULTIES:
        counts = Counter(s.reference for s in found if s.difficulty == rank)
        assert max(counts.values()) - min(counts.values()) <= 1, (rank, counts)
    counts = Counter(sample.reference for sample in found)
    assert set(counts) == set(task.labels)
    assert len(set(counts.values())) == 1, counts


@pytest.mark.parametrize("metric", ["rouge", "chrf++"])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("language = 'Germna'", "unknown language 'Germna'; did you mean 'german'"),
        ("tokenizer = 'moses'", "option tokenizer = 'moses': must be one of "),
    ],
)
def test_options_of_a_metric_are_checked_when_a_task_is_read(
    tmp_path: Path, metric: str, options: str, told: str
) -> None:
    """A typo of the language would be a figure of wrongly split texts."""
    changed = {"metric": f'"{metric}"', "options": f"{{ {options} }}"}

    found = complaint(a_catalogue(tmp_path, {**KEYS, **changed}))

    assert found.startswith(f"FILE: tasks.reasoning/mine.options: {told}")


def test_a_test_of_drawn_items_alone_runs_where_they_are_asked_for() -> None:
    """Its family is known, and means none of them in a run about others."""
    asked = {"extraction/orders"}

    assert BUNDLED.find("extraction", where="mark", asked=()) == ()
    (found,) = BUNDLED.find("extraction", where="mark", asked=asked)
    assert found.name == "extraction/orders"
    with pytest.raises(UnknownName):
        BUNDLED.find("extractio", where="mark", asked=())
