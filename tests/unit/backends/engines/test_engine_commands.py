"""What an entry says of its engine, and the command line that comes of it."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.backends.engines.engine_command import command_of
from pytest_llmlat.backends.engines.engine_entry import read_entry
from pytest_llmlat.backends.engines.engine_table import ENGINES
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.session.entry_check import check_entry
from pytest_llmlat.session.vary import Variant, entry_text
from pytest_llmlat.values.confidential import shown_words
from pytest_llmlat.values.errors import (
    BadCatalogue,
    ServerUnavailable,
    UnknownName,
    UsageError,
)
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.backends.engines.engine_command import EngineCommand
    from pytest_llmlat.values.entities import ModelSpec


def an_entry(folder: Path, body: str) -> ModelSpec:
    """Return the one entry of a catalogue."""
    path = folder / "models.toml"
    path.write_text(f'[models.mine]\nbackend = "engine"\n{body}\n', "utf-8")
    return load_models([path]).entries["mine"]


def command(
    folder: Path,
    body: str,
    *,
    device: str = "cpu",
    cards: tuple[str, ...] | None = None,
    environ: Mapping[str, str] | None = None,
) -> EngineCommand:
    """Return the command of an entry at port 8123."""
    entry = read_entry(an_entry(folder, body))
    return command_of(entry, device, cards=cards).at(8123, environ or {})


GOLDEN = {
    "vllm": (
        (
            'engine = "vllm"\nweights = "meta-llama/Llama-2-7b-chat-hf"\n'
            'revision = "f5db02d"\ndtype = "float16"\n'
            'options = { tensor_parallel = 3, quantization = "awq", prefix_caching ='
            " false,"
            ' speculative = { method = "ngram", tokens = 4, prompt_lookup_max = 3 },'
            " context = 4096, max_batch = 64, memory_share = 0.8 }"
        ),
        (
            "vllm serve meta-llama/Llama-2-7b-chat-hf --host 127.0.0.1 --port 8123"
            " --served-model-name mine --max-model-len 4096 --max-num-seqs 64"
            " --gpu-memory-utilization 0.8 --no-enable-prefix-caching --quantization"
            " awq"
            ' --speculative-config \'{"method": "ngram", "prompt_lookup_max": 3,'
            ' "num_speculative_tokens": 4}\' --tensor-parallel-size 3'
            " --dtype float16 --revision f5db02d"
        ),
    ),
    "sglang": (
        (
            'engine = "sglang"\nweights = "org/m"\ntrust_remote_code = true\n'
            "options = { tensor_parallel = 2, prefix_caching = false, batch_tokens ="
            " 2048,"
            ' speculative = { method = "EAGLE3", model = "org/d", steps = 3, topk = 4,'
            " tokens = 16 } }"
        ),
        (
            f"{sys.executable} -m sglang.launch_server --model-path org/m --host"
            f" 127.0.0.1"
            " --port 8123 --served-model-name mine --enable-metrics"
            " --chunked-prefill-size 2048 --disable-radix-cache"
            " --speculative-algorithm EAGLE3 --speculative-draft-model-path org/d"
            " --speculative-num-steps 3 --speculative-num-draft-tokens 16"
            " --speculative-eagle-topk 4 --tp-size 2 --trust-remote-code"
        ),
    ),
    "tgi": (
        (
            'engine = "tgi"\nweights = "org/m"\n'
            'options = { tensor_parallel = 2, quantization = "gptq", speculative = {'
            " tokens"
            " = 3 } }"
        ),
        (
            "text-generation-launcher --model-id org/m --hostname 127.0.0.1 --port 8123"
            " --shard-uds-path /tmp/llmlat-tgi-8123 --quantize gptq --speculate 3"
            " --num-shard 2"
        ),
    ),
    "ollama": ('engine = "ollama"\nweights = "llama2:7b"', "ollama serve"),
    "mlx-lm": (
        (
            'engine = "mlx-lm"\nweights = "mlx-community/m"\nadapter = "org/a"\n'
            'options = { speculative = { model = "org/d", tokens = 3 }, max_batch = 4 }'
        ),
        (
            f"{sys.executable} -m mlx_lm server --model mlx-community/m --host"
            f" 127.0.0.1"
            " --port 8123 --decode-concurrency 4 --draft-model org/d"
            " --num-draft-tokens 3"
            " --adapter-path org/a"
        ),
    ),
    "transformers": (
        (
            'engine = "transformers"\nweights = "org/m"\ndtype = { cpu = "float32" }\n'
            'options = { attention = "sdpa", continuous_batching = true }'
        ),
        (
            "transformers serve org/m --host 127.0.0.1 --port 8123"
            " --device cpu --attn-implementation"
            " sdpa --continuous-batching --dtype float32"
        ),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_an_engine_is_told_in_its_own_words(tmp_path: Path, name: str) -> None:
    """Each option as the engine spells it, and none besides."""
    body, expected = GOLDEN[name]

    assert command(tmp_path, body).words == tuple(shlex.split(expected))


def test_weights_that_are_a_file_are_named_by_their_path(tmp_path: Path) -> None:
    """llama.cpp's engines want one GGUF file."""
    weights = tmp_path / "a b.gguf"
    weights.touch()
    body = f'weights = "{weights}"\noptions = {{ context = 512, gpu_layers = 0 }}'

    server = command(tmp_path, f'engine = "llama-server"\n{body}')
    python = command(tmp_path, f'engine = "llama-cpp-python"\n{body}')

    assert server.words[:3] == ("llama-server", "--model", str(weights))
    assert server.words[-4:] == ("--ctx-size", "512", "--n-gpu-layers", "0")
    assert python.words[-4:] == ("--n_ctx", "512", "--n_gpu_layers", "0")
    assert f"'{weights}'" in server.shown


def test_ollama_is_told_by_variables(tmp_path: Path) -> None:
    """What has no flag has a variable; all of them are shown."""
    body = (
        'engine = "ollama"\nweights = "m"\noptions = { context = 512, max_batch = 2 }'
    )

    found = command(tmp_path, body, environ={"HOME": "/home/me"})

    assert found.variables["OLLAMA_HOST"] == "127.0.0.1:8123"
    assert found.variables["OLLAMA_CONTEXT_LENGTH"] == "512"
    assert found.variables["HOME"] == "/home/me"
    assert found.shown == (
        "OLLAMA_HOST=127.0.0.1:{port} OLLAMA_KEEP_ALIVE=-1 OLLAMA_CONTEXT_LENGTH=512"
        " OLLAMA_NUM_PARALLEL=2 ollama serve"
    )


def test_a_command_of_ones_own_says_all_itself(tmp_path: Path) -> None:
    """With the port, a variable that is not shown, and words of the options."""
    body = (
        "command = 'serve {args} --listen :{port} --key ${MY_KEY} --api-key=sk-1234'\n"
        "options = { args = ['--fast', 'two words'], env = { MODE = 'x y', MY_TOKEN ="
        " 'tk-1' } }"
    )

    found = command(tmp_path, body, environ={"MY_KEY": "very secret"})

    assert found.words == (
        *("serve", "--fast", "two words", "--listen", ":8123"),
        *("--key", "very secret", "--api-key=sk-1234"),
    )
    assert found.variables["MY_TOKEN"] == "tk-1"  # noqa: S105 - no secret
    assert found.shown == (
        "MODE='x y' MY_TOKEN=*** serve --fast 'two words' --listen :{port}"
        " --key ${MY_KEY} --api-key=***"
    )
    said = found.secrets.line("key very secret, sk-1234 and tk-1")
    assert said == "key ***, *** and ***"


def test_a_known_engine_may_have_a_command_of_its_own(tmp_path: Path) -> None:
    """Such as in a container: its options go behind it, in the engine's words."""
    body = (
        "engine = 'vllm'\nweights = 'org/m'\n"
        "command = 'docker run image --port {port} --model {weights}'\n"
        "options = { max_batch = 8 }"
    )

    assert command(tmp_path, body).words == tuple(
        shlex.split("docker run image --port 8123 --model org/m --max-num-seqs 8")
    )


def test_cards_are_hidden_and_shown_by_a_variable(tmp_path: Path) -> None:
    """None for a processor; those that were chosen for a GPU."""
    body = "engine = 'vllm'\nweights = 'org/m'"

    assert command(tmp_path, body, cards=()).variables["CUDA_VISIBLE_DEVICES"] == ""
    found = command(tmp_path, body, cards=("2", "0"))
    assert found.variables["CUDA_VISIBLE_DEVICES"] == "2,0"
    assert "CUDA_VISIBLE_DEVICES" not in command(tmp_path, body).variables


def test_a_variable_that_is_not_set_is_told(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(ServerUnavailable, match=r"variable MY_KEY, which is not set"):
        command(tmp_path, "command = 'serve {port} ${MY_KEY}'", environ={})


WRONG = {
    "": "says no engine; write engine = NAME",
    "engine = 'vlm'\nweights = 'm'": r"unknown engine 'vlm'; did you mean 'vllm'",
    "engine = 'vllm'": "weights: is needed and missing",
    "command = 'serve'": r"\{port\} must stand in it",
    'command = "serve \'{port}"': "No closing quotation",
    "engine = 'vllm'\nweights = 'm'\noptions = { tensor_paralel = 2 }": (
        "'tensor_paralel'; did you mean 'tensor_parallel'"
    ),
    "engine = 'vllm'\nweights = 'm'\noptions = { prefix_caching = 'no' }": (
        "prefix_caching = 'no': must be true or false"
    ),
    "engine = 'vllm'\nweights = 'm'\noptions = { speculative = 'x' }": (
        r"speculative = \*\*\*: must be a table"
    ),
    "engine = 'tgi'\nweights = 'm'\noptions = { speculative = { model = 'x' } }": (
        "speculative: must be a table of tokens; not model"
    ),
    "engine = 'ollama'\nweights = 'm'\ndtype = 'float16'": (
        "dtype: engine 'ollama' is not told of it"
    ),
    "engine = 'vllm'\nweights = 'm'\napi_key_env = 'K'": "api_key_env: backend",
    "engine = 'vllm'\nweights = 'm'\noptions = { port = 70000 }": "at most 65535",
    "engine = 'vllm'\nweights = 'm'\noptions = { start_limit_s = -1 }": "start_limit_s",
    "engine = 'vllm'\nweights = 'm'\noptions = { stream = 'x' }": "stream",
    "engine = 'vllm'\nweights = 'm'\noptions = { health = 'x' }": "must be a path",
    "engine = 'vllm'\nweights = 'm'\noptions = { cards = true }": "option cards",
    "engine = 'vllm'\nweights = 'm'\noptions = { args = [1] }": "must be words",
    "command = 'x {port}'\noptions = { program = 'y' }": "has a command and option",
}


@pytest.mark.parametrize("body", WRONG)
def test_what_an_entry_cannot_say_is_told(tmp_path: Path, body: str) -> None:
    """Each complaint names the entry, what is wrong, and what can be."""
    with pytest.raises((BadCatalogue, UnknownName), match=f"mine.*{WRONG[body]}"):
        check_entry(an_entry(tmp_path, body))


def test_an_engine_means_nothing_to_another_backend(tmp_path: Path) -> None:
    """It would be passed over in silence."""
    path = tmp_path / "models.toml"
    path.write_text(
        "[models.x]\nbackend = 'http'\nurl = 'http://h/v1'\nengine = 'vllm'\n", "utf-8"
    )

    with pytest.raises(BadCatalogue, match=r"engine: backend 'http' does not heed it"):
        load_models([path])


def test_no_value_on_the_way_to_a_command_shows_its_keys(tmp_path: Path) -> None:
    """A traceback prints each of them with all local variables."""
    secret = "Zq7Wv9Kp3Tn8Bx"  # noqa: S105 - made up
    model = an_entry(
        tmp_path,
        f'command = "serve --port {{port}} --api-key {secret}"\n'
        f'options.args = "--token {secret}"\n'
        f'options.env = {{ A_TOKEN = "{secret}" }}\n',
    )
    entry = read_entry(model)
    template = command_of(entry, "cpu", cards=None)

    assert secret in template.at(1).words
    for value in (model, entry, template, template.at(1)):
        assert secret not in repr(value)
    text = entry_text(Variant(model=model, of=model.name, settings=()))
    assert "--api-key '***'" in text
    assert secret not in text


@given(st.lists(st.text(min_size=1), max_size=6))
def test_words_are_shown_one_for_one(words: list[str]) -> None:
    """Whatever they are, none is lost, and a key behind its flag is hidden."""
    assert len(shown_words(words)) == len(words)
    assert shown_words([*words, "--api-key", "sk"])[-1] == "***"


@given(st.text(max_size=40))
def test_any_command_is_read_or_told(text: str) -> None:
    """What a shell could not split is a complaint, and no traceback."""
    model = replace(a_model(backend="engine"), command=text)

    with suppress(UsageError):
        assert read_entry(model).engine.program


@pytest.mark.parametrize("name", list(ENGINES))
def test_each_engine_says_how_it_is_had_and_checked(name: str) -> None:
    """For whoever lacks it, and for whoever doubts it."""
    engine = ENGINES[name]

    assert engine.install
    assert engine.checked
