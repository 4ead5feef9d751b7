"""Axes of a tuning: what each changes, what is today's already, and what is refused."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.session.tuned_entry import (
    check_space,
    differing,
    lines_to_paste,
    tuned_model,
    tuned_task,
)
from pytest_llmlat.tasks.task_catalogue import load_tasks
from pytest_llmlat.tuning.space_reading import read_space
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.search_space import Setting
from tests.unit.loras import write_lora
from tests.unit.tasks.bundled_tasks import BUNDLED

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec, Scalar

HERE = "--llm-tune"
POLARITY = BUNDLED.entries["sentiment/polarity"]
WORKED = BUNDLED.entries["reasoning/gsm8k_published"]
MODELS = """
[models.base]
backend = "transformers"
weights = "org/base-7b"
devices = ["cpu"]

[models.served]
backend = "engine"
engine = "vllm"
weights = "org/base-7b"
devices = ["cuda"]

[models.parrot]
backend = "scripted"
devices = ["cpu"]
"""


@pytest.fixture
def models(tmp_path: Path) -> dict[str, ModelSpec]:
    """Give a model of this process, an engine, and a script."""
    path = tmp_path / "models.toml"
    path.write_text(MODELS, "utf-8")
    return dict(load_models([path]).entries)


def a_setting(**values: Scalar) -> Setting:
    """Return a setting of these values."""
    return Setting(tuple(values.items()))


def test_a_stop_string_is_added_to_those_of_the_task() -> None:
    r"""In both forms; what cannot be typed on a line is written ``\n``."""
    found = tuned_task(POLARITY, a_setting(stop=r"\n\nText:"), where=HERE)

    assert found.chat_stop == ("\n\nText:",)
    assert found.completion_stop == ("\n", "\n\nText:")
    again = tuned_task(found, a_setting(stop="\n\nText:"), where=HERE)
    assert again == found


def test_a_stop_string_has_a_name_of_one_line() -> None:
    """It is a part of a model's name, and of a cell's id."""
    assert a_setting(stop="\n|x").name == r"stop=\n\x7cx"
    assert a_setting(stop="é").name == "stop=é"


def test_shots_tokens_and_prompt_change_the_task() -> None:
    """Each the key of an entry of the same name."""
    asked = replace(WORKED, prompts=(("short", "Q: {{ question }}\nA:"),))
    setting = a_setting(shots=2, max_new_tokens=64, prompt="short")

    found = tuned_task(asked, setting, where=HERE)

    assert found.shots is not None
    assert (found.shots.count, found.max_new_tokens) == (2, 64)
    assert found.completion_prompt == "Q: {{ question }}\nA:"


def test_what_is_so_today_is_no_setting(models: dict[str, ModelSpec]) -> None:
    """The entry's own value, or the task's where the entry says nothing."""
    listed = [
        a_setting(max_new_tokens=POLARITY.max_new_tokens),
        a_setting(prompt="own", temperature=0.0, adapter="none"),
        a_setting(weights="org/base-7b"),
        a_setting(temperature=0.5, max_new_tokens=12),
    ]

    found = differing(models["base"], [POLARITY], listed)

    assert found == (a_setting(temperature=0.5),)


def test_the_budget_of_thought_of_the_task_is_todays(
    models: dict[str, ModelSpec],
) -> None:
    """Unless the entry has one of its own."""
    thinking = replace(POLARITY, thinking_tokens=128)
    own = replace(models["base"], options=(("thinking_tokens", 64),))
    listed = [a_setting(thinking_tokens=n) for n in (64, 128)]

    assert differing(models["base"], [thinking], listed) == (listed[0],)
    assert differing(own, [thinking], listed) == (listed[1],)


def test_an_adapter_is_an_axis(models: dict[str, ModelSpec], tmp_path: Path) -> None:
    """Beside options of its entry; relative to the file that the space stands in."""
    write_lora(tmp_path / "one")
    file = tmp_path / "space.toml"
    file.write_text(
        'adapter = ["none", "./one"]\n'
        'merge = { values = [true, false], when = { adapter = "./one" } }\n',
        "utf-8",
    )
    space = read_space(str(file), where=HERE)
    pinned = replace(models["base"], adapter_revision="0" * 40)

    check_space(pinned, [POLARITY], space, where=HERE)
    tuned = tuned_model(pinned, a_setting(adapter=str(tmp_path / "one"), merge=True))

    assert (tuned.adapter, tuned.adapter_revision) == (str(tmp_path / "one"), None)
    assert tuned.option("merge") is True
    values = dict(space.settings()[0].values)  # type: ignore[index] # it can be listed
    assert values["adapter"] == "none"


def test_an_adapter_that_is_not_there_is_told_beforehand(
    models: dict[str, ModelSpec],
) -> None:
    """So is one for a backend that puts none on."""
    space = read_space("adapter=./nowhere", where=HERE)

    with pytest.raises(UsageError, match=r"lacks adapter_config\.json"):
        check_space(models["base"], [POLARITY], space, where=HERE)
    with pytest.raises(UsageError, match="unknown key 'adapter'"):
        check_space(models["parrot"], [POLARITY], space, where=HERE)


def test_options_of_an_engine_are_axes(
    models: dict[str, ModelSpec], tmp_path: Path
) -> None:
    """Tables among them, as in its entry; a misspelt one is told."""
    file = tmp_path / "space.toml"
    file.write_text(
        "prefix_caching = [true, false]\n"
        "max_batch = { low = 8, high = 256, log = true }\n"
        'speculative = [{ method = "ngram", num_speculative_tokens = 4 }]\n',
        "utf-8",
    )
    space = read_space(str(file), where=HERE)

    check_space(models["served"], [POLARITY], space, where=HERE)

    values = {key.name: key.values for key in space.keys}
    assert values["speculative"] == (
        '{"method": "ngram", "num_speculative_tokens": 4}',
    )
    with pytest.raises(UsageError, match="did you mean 'prefix_caching'"):
        check_space(
            models["served"],
            [POLARITY],
            read_space("prefix_cacheing=true", where=HERE),
            where=HERE,
        )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shots=2", "shows no examples"),
        ("shots=-1", "must be a whole number from 0"),
        ("prompt=nowhere", "unknown prompt 'nowhere'"),
        ("max_new_tokens=1.5", "above 0: 1.5"),
        ("max_new_tokens=0..8", "above 0: 0"),
        ("stop=true", "stop must be a text"),
        ("stp=x", "did you mean 'stop'"),
        ("temperature=-1", "temperature"),
    ],
)
def test_a_value_that_cannot_be_is_told(
    models: dict[str, ModelSpec], text: str, told: str
) -> None:
    """Before anything is loaded, the ends of a range too."""
    with pytest.raises(UsageError, match=told):
        check_space(
            models["base"], [POLARITY], read_space(text, where=HERE), where=HERE
        )


def test_the_lines_to_paste_are_the_setting(
    models: dict[str, ModelSpec], tmp_path: Path
) -> None:
    """They can be read, and make the task that was raced."""
    setting = a_setting(threads=2, stop=r"\n\n", max_new_tokens=6)

    text = lines_to_paste(models["base"], [POLARITY], setting)

    assert tomllib.loads(text)["models"]["base"]["options"] == {"threads": 2}
    path = tmp_path / "pasted.toml"
    path.write_text(text, "utf-8")
    assert load_models([path]).entries["base"].option("threads") == 2
    read = load_tasks([path]).entries[POLARITY.name]
    assert read == tuned_task(POLARITY, setting, where=HERE)
