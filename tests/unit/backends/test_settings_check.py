"""Options of a model's entry: declared by its backend, or refused in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.backend_kind import BACKENDS, BackendKind, check_options
from pytest_llmlat.backends.completions.constraint_fields import WAYS
from pytest_llmlat.backends.completions.entry_options import (
    COLD_BY,
    OPTIONS,
    STRUCTURED_BY,
)
from pytest_llmlat.backends.completions.prompt_cache import HEAD, MEANS
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.settings_check import (
    check_declared,
    flag_option,
    number_option,
    text_option,
    whole_option,
)
from pytest_llmlat.values.entities import ModelSpec
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import BadCatalogue, UnknownName

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Scalar

COUNT = EntryOption(name="n", kind="integer", meaning="m", least=1, most=9)
SHARE = EntryOption(name="share", kind="float", meaning="m", above=0)
FAST = EntryOption(name="fast", kind="boolean", meaning="m")
WORD = EntryOption(name="word", kind="string", meaning="m", choices=("a", "b"))
KEYED = {
    "gguf": 'weights = "./f.gguf"',
    "transformers": 'weights = "org/name"',
    "mlx": 'weights = "org/name"',
    "scripted": "",
    "http": 'url = "http://localhost:1/v1"',
    "hub": 'weights = "org/name"',
}
"""What an entry of each backend needs besides."""


def with_options(**options: Scalar) -> ModelSpec:
    """Return an entry with options of its backend."""
    return ModelSpec(
        name="mine",
        backend="scripted",
        devices=("cpu",),
        options=tuple(options.items()),
    )


def entry(folder: Path, backend: str, options: str) -> ModelSpec:
    """Return an entry as a user's catalogue has it."""
    file = folder / "models.toml"
    file.write_text(
        f'[models.mine]\nbackend = "{backend}"\n{KEYED[backend]}\n'
        f"options = {{ {options} }}\n",
        "utf-8",
    )
    return load_models([file]).entries["mine"]


def test_an_option_that_nobody_heeds_is_refused() -> None:
    """It names the nearest, and all that there are."""
    with pytest.raises(
        UnknownName,
        match=r"model 'mine': unknown option 'm'; .*'scripted' knows: fast, n\.",
    ):
        check_declared(with_options(m=3), [COUNT, FAST])


def test_options_that_are_declared_are_left_alone() -> None:
    """With values that fit."""
    model = with_options(n=3, fast=True)

    check_declared(model, [COUNT, FAST])

    assert model.option("n") == 3


@pytest.mark.parametrize(
    "value", ["3", 3.0, True, 0, -1, 10, pytest.param(1 << 20_000, id="huge")]
)
def test_a_number_is_whole_and_within_its_bounds(value: Scalar) -> None:
    """TOML's true would else be 1, and a huge number would break what it is told to."""
    with pytest.raises(BadCatalogue, match=r"option n = .*: must be a whole number"):
        whole_option(with_options(n=value), COUNT, 7)


@pytest.mark.parametrize(
    "value", ["3", True, 0, -0.1, float("nan"), float("inf"), float("-inf")]
)
def test_a_number_is_finite(value: Scalar) -> None:
    """And above what it must be above."""
    with pytest.raises(
        BadCatalogue, match=r"option share = .*: must be a number above"
    ):
        number_option(with_options(share=value), SHARE, 7.0)


def test_what_is_not_given_has_a_default() -> None:
    """And what is given stands."""
    assert whole_option(with_options(), COUNT, 7) == 7
    assert whole_option(with_options(n=3), COUNT, 7) == 3
    assert number_option(with_options(share=3), SHARE, 7.0) == 3.0
    assert flag_option(with_options(), FAST, default=True) is True
    assert flag_option(with_options(fast=False), FAST, default=True) is False
    assert text_option(with_options(), WORD) is None
    assert text_option(with_options(word="b"), WORD) == "b"


@pytest.mark.parametrize("value", ["true", 1, 0, 1.0])
def test_a_flag_is_true_or_false(value: Scalar) -> None:
    """No number or word stands for it."""
    with pytest.raises(BadCatalogue, match="must be true or false"):
        flag_option(with_options(fast=value), FAST, default=False)


def test_a_word_is_one_of_those_there_are() -> None:
    """They are told."""
    with pytest.raises(BadCatalogue, match=r"option word = 'c': must be one of a, b"):
        text_option(with_options(word="c"), WORD)


WRONG_NUMBERS = ("-1", '"5"', "true", "nan", "inf", "1e300", "4611686018427387904")
WRONG_WHOLE = (*WRONG_NUMBERS, "2.5", "1.0", "-9223372036854775807")
WRONG_FLAGS = ('"false"', '"no"', "0", "1", "0.0")
WRONG_WORDS = ('"Fast"', '""', "1", "true", "1.5")
WRONG_JSON = ("'[1]'", "'{'", "'x'", "'null'", "1", "true")
WRONG = {
    "gguf": {
        "context": WRONG_WHOLE,
        "threads": (*WRONG_WHOLE, "0", "513"),
        "batch": WRONG_WHOLE,
        "gpu_layers": WRONG_WHOLE,
        "flash_attention": WRONG_FLAGS,
        "kv_type": WRONG_WORDS,
        "repack": WRONG_FLAGS,
        "cache_prompt": WRONG_FLAGS,
        "draft": WRONG_WORDS,
        "draft_tokens": (*WRONG_WHOLE, "0", "65"),
        "sha256": ('"abc"', "1", "true", f'"{"g" * 64}"'),
        "slower": (*WRONG_NUMBERS, "0"),
        "temperature": WRONG_NUMBERS,
        "top_p": (*WRONG_NUMBERS, "0", "1.1"),
    },
    "transformers": {
        "threads": WRONG_WHOLE,
        "context": WRONG_WHOLE,
        "attention": WRONG_WORDS,
        "cache": (*WRONG_WORDS, '"cold"'),
        "compile": WRONG_FLAGS,
        "device_map": WRONG_WORDS,
        "quantization": (*WRONG_WORDS, '"int2"', "8"),
        "merge": WRONG_FLAGS,
        "draft": (*WRONG_WORDS, '"eagle"'),
        "assistant": ("1", "true"),
        "draft_tokens": (*WRONG_WHOLE, "0", "65"),
        "adapter_base": ("1", "true"),
        "batch_size": (*WRONG_WHOLE, "0"),
        "batching": (*WRONG_WORDS, '"paged"'),
    },
    "mlx": {
        "thinking_tokens": WRONG_WHOLE,
        "thinking": ("3", '"a b c"', '"open"', "1.5"),
        "structured": WRONG_FLAGS,
        "system_as": (*WRONG_WORDS, '"tool"'),
        "slower": WRONG_NUMBERS,
    },
    "scripted": {
        "answer": ("4", "true", "1.5"),
        "script": ("4", "true"),
        "ttft_s": WRONG_NUMBERS,
        "tpot_s": WRONG_NUMBERS,
        "context": WRONG_WHOLE,
    },
    "http": {
        "stream": WRONG_FLAGS,
        "timeout_s": (*WRONG_NUMBERS, "0"),
        "retries": WRONG_WHOLE,
        "backoff_s": WRONG_NUMBERS,
        "check": WRONG_FLAGS,
        "probe": WRONG_FLAGS,
        "awake": WRONG_FLAGS,
        "extra_body": WRONG_JSON,
        "thinking_body": (*WRONG_JSON, "'{\"a\": 1}'"),
        "structured_by": WRONG_WORDS,
        "cache": (*WRONG_WORDS, '"static"'),
        "cold_by": WRONG_WORDS,
        "max_head_bytes": (*WRONG_WHOLE, "0"),
        "max_body_bytes": (*WRONG_WHOLE, "0"),
    },
    "hub": {
        "stream": WRONG_FLAGS,
        "provider": ("1", "true"),
        "endpoint": ("1", '"host:80"', '"ftp://host"'),
        "router": ("true", '"host"'),
    },
}
"""Of each backend and option values that do not fit, as TOML writes them."""
CASES = [
    pytest.param(backend, key, value, id=f"{backend}-{key}-{value:.20}")
    for backend, options in WRONG.items()
    for key, values in options.items()
    for value in values
]


@pytest.mark.parametrize(("backend", "key", "value"), CASES)
def test_a_value_that_does_not_fit_is_refused_in_one_sentence(
    tmp_path: Path, backend: str, key: str, value: str
) -> None:
    """It names file, entry, option, what came and what fits, whatever was written."""
    with pytest.raises(BadCatalogue) as caught:
        check_options(entry(tmp_path, backend, f"{key} = {value}"))

    told = str(caught.value)
    place = f"{tmp_path / 'models.toml'}: model 'mine': option {key} = "
    assert told.startswith(place)
    came, _, fits = told.removeprefix(place).partition(": must be ")
    assert 0 < len(came) < 70
    assert fits
    assert "\n" not in told


def test_there_are_more_than_a_hundred_of_them() -> None:
    """Over all backends, and each option of each backend's own is among them."""
    own = {
        (name, option.name)
        for name in KEYED
        for option in BACKENDS[name].options
        if name != "hub" or option not in OPTIONS
    }
    tried = {(name, key) for name, options in WRONG.items() for key in options}

    assert len(CASES) > 250
    assert own - tried == {("transformers", "sha256"), ("mlx", "sha256")}


@pytest.mark.parametrize(
    "value",
    ["{ a = 1 }", "[1]", "[]", "{}", "2026-01-01", "12:00:00", "2026-01-01T00:00:00Z"],
)
@pytest.mark.parametrize(
    ("backend", "key"), [("http", "extra_body"), ("gguf", "threads")]
)
def test_what_is_no_single_value_is_refused(
    tmp_path: Path, backend: str, key: str, value: str
) -> None:
    """Tables, arrays and dates, with what fits."""
    with pytest.raises(BadCatalogue) as caught:
        entry(tmp_path, backend, f"{key} = {value}")

    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'models.toml'}: models.mine.options.{key}: ")
    assert ": must be a " in told


@pytest.mark.parametrize("value", [f"1{'0' * 400}", f"0x{'f' * 5000}"])
def test_a_number_beyond_those_of_toml_is_refused(tmp_path: Path, value: str) -> None:
    """As the file is read, which is named with the option."""
    with pytest.raises(BadCatalogue, match=r"models\.toml: .*'threads'"):
        entry(tmp_path, "gguf", f"threads = {value}")


MISSPELT = {
    "gguf": (
        *("contxt", "context_size", "thread", "n_threads", "batchs", "gpu_layer"),
        *("flash_attn", "kv_typ", "repak", "cache_promt", "sha265"),
    ),
    "transformers": (
        *("atention", "cach", "compiled", "device_maps", "quantisation", "merged"),
        *("adaptor_base", "batch_sizes", "batchin"),
    ),
    "mlx": ("thinkin", "thinking_token", "system_a", "sloweer"),
    "scripted": ("anwser", "scrpt", "tftf_s", "tpot"),
    "http": (
        *("extra_boddy", "timout_s", "streem", "retrys", "backof_s", "chek", "prob"),
        *("thinking_boddy", "structured_bye", "awak", "max_body_byte", "temprature"),
    ),
    "hub": ("provder", "endpiont", "ruter"),
}


@pytest.mark.parametrize(
    ("backend", "key"),
    [(backend, key) for backend, keys in MISSPELT.items() for key in keys],
)
def test_a_misspelt_option_is_refused_with_the_nearest(
    tmp_path: Path, backend: str, key: str
) -> None:
    """It would be left out, and the default measured, without a word."""
    with pytest.raises(UnknownName) as caught:
        check_options(entry(tmp_path, backend, f"{key} = 1"))

    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'models.toml'}: model 'mine': unknown option")
    assert f"{key!r}; did you mean " in told


def test_an_option_that_only_another_backend_reads_is_refused(tmp_path: Path) -> None:
    """What nobody reads would make no difference."""
    for backend, key in (
        *(("http", "slower"), ("http", "batch_size"), ("http", "provider")),
        *(("http", "sha256"), ("gguf", "batch_size"), ("mlx", "threads")),
    ):
        with pytest.raises(UnknownName):
            check_options(entry(tmp_path, backend, f"{key} = 1"))


def test_of_a_key_nothing_is_shown(tmp_path: Path) -> None:
    """A further field, or an address, may hold one."""
    for backend, key in (("http", "extra_body"), ("hub", "endpoint")):
        with pytest.raises(BadCatalogue) as caught:
            check_options(entry(tmp_path, backend, f"{key} = 'sk-of-mine'"))
        assert "sk-of" not in str(caught.value)


def test_a_model_for_the_cloud_takes_the_options_of_both(tmp_path: Path) -> None:
    """Those of its own backend here, and of the cloud's there."""
    model = entry(tmp_path, "transformers", "threads = 2, timeout_s = 5")
    cloud = ModelSpec(
        name="mine",
        backend="transformers",
        devices=("cpu", "hf"),
        options=(*model.options, ("cache", "warm")),
    )

    check_options(cloud)
    with pytest.raises(UnknownName, match="timeout_s"):
        check_options(model)


def test_an_option_of_the_base_is_told_with_its_place(tmp_path: Path) -> None:
    """Where it was written, it is to be mended."""
    file = tmp_path / "models.toml"
    file.write_text(
        '[models.base]\nbackend = "scripted"\noptions = { ttft_s = -1 }\n'
        '[models.mine]\nextends = "base"\n',
        "utf-8",
    )

    with pytest.raises(
        BadCatalogue, match=r"'mine' \(taken from .*models\.base\): option ttft_s = -1"
    ):
        check_options(load_models([file]).entries["mine"])


def test_each_option_is_declared_once_with_a_meaning() -> None:
    """What is listed of it says what it is."""
    for name, kind in BACKENDS.working().items():
        names = [option.name for option in kind.all_options]
        assert len(names) == len(set(names)), name
        assert all(option.meaning and option.wanted for option in kind.all_options)


def test_words_that_are_declared_are_those_that_are_read() -> None:
    """The tables that carry them out are loaded only where a server is."""
    assert set(STRUCTURED_BY.choices) == set(WAYS)
    assert set(COLD_BY.choices) == {*MEANS, HEAD}


def test_the_bundled_entries_fit() -> None:
    """Each can be chosen."""
    for model in load_models().entries.values():
        check_options(model)


def test_a_backend_of_a_user_declares_its_options() -> None:
    """By the same door as ours; what it does not declare is refused."""
    kind = BackendKind(name="own", open=lambda *_: None, options=(COUNT,))  # type: ignore[arg-type]
    undo = BACKENDS.add([("a test", {"own": kind})])
    try:
        model = ModelSpec(name="m", backend="own", devices=("cpu",))
        check_options(model)
        for options in ((("n", 0),), (("k", 1),)):
            with pytest.raises((BadCatalogue, UnknownName)):
                check_options(
                    ModelSpec(
                        name="m", backend="own", devices=("cpu",), options=options
                    )
                )
    finally:
        undo()
