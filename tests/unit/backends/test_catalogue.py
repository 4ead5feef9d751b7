"""Names and addresses of models; every complaint names the file and the key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.model_catalogue import DEFAULT, load_models
from pytest_llmlat.machine.device_table import usual_devices
from pytest_llmlat.values.confidential import WebAddress
from pytest_llmlat.values.errors import BadCatalogue, UnknownName, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec

BUNDLED = load_models()
HUB = [
    model
    for model in BUNDLED.entries.values()
    if model.package is None and model.backend != "scripted"
]


def a_catalogue(folder: Path, text: str, name: str = "models.toml") -> Path:
    """Write a catalogue."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def an_entry(folder: Path, body: str, name: str = "mine") -> ModelSpec:
    """Return the one entry of a catalogue."""
    path = a_catalogue(folder, f"[models.{name}]\n{body}\n")
    return load_models([path]).entries[name]


def complaint(path: Path) -> str:
    """Return what is said of a catalogue, without its folder."""
    with pytest.raises(UsageError) as caught:
        load_models([path])
    return str(caught.value).replace(str(path), "FILE")


def test_an_entry_says_all_there_is_to_say(tmp_path: Path) -> None:
    """Each key has its place."""
    model = an_entry(
        tmp_path,
        """
        backend = "transformers"
        devices = ["mps", "cpu"]
        weights = "org/name"
        revision = "abc"
        adapter = "org/adapter"
        adapter_revision = "def"
        dtype = { mps = "float16", cpu = "float32" }
        chat = false
        extra = "demo"
        package = "a_package"
        options = { context = 512, ratio = 0.5, fast = true, word = "x" }
        """,
    )

    assert (model.name, model.backend) == ("mine", "transformers")
    assert model.devices == ("mps", "cpu")
    assert (model.weights, model.revision) == ("org/name", "abc")
    assert (model.adapter, model.adapter_revision) == ("org/adapter", "def")
    assert (model.dtype_on("mps"), model.dtype_on("cuda")) == ("float16", None)
    assert (model.chat, model.extra, model.package) == (False, "demo", "a_package")
    assert (model.option("context"), model.option("fast")) == (512, True)


def test_an_entry_may_leave_most_out(tmp_path: Path) -> None:
    """The weights decide what is not said."""
    model = an_entry(tmp_path, 'backend = "gguf"\nweights = "w.gguf"')

    assert model.devices == usual_devices()
    assert (model.chat, model.revision, model.options) == (None, None, ())


def test_a_scripted_model_has_no_weights(tmp_path: Path) -> None:
    """It answers by script."""
    assert an_entry(tmp_path, 'backend = "scripted"').weights is None


@pytest.mark.parametrize("key", ["weights", "adapter"])
def test_a_relative_path_starts_at_its_catalogue(tmp_path: Path, key: str) -> None:
    """``./`` and ``../`` are files beside the catalogue; all else is as it is."""
    folder = tmp_path / "models"
    folder.mkdir()

    def place(text: str) -> str | None:
        body = f'backend = "gguf"\nweights = "w"\n{key} = "{text}"'
        if key == "weights":
            body = f'backend = "gguf"\nweights = "{text}"'
        found: str | None = getattr(an_entry(folder, body), key)
        return found

    assert place("./x.gguf") == str(folder / "x.gguf")
    assert place("../x.gguf") == str(tmp_path / "x.gguf")
    assert place("org/name") == "org/name"
    assert place("/x.gguf") == "/x.gguf"


def test_one_dtype_is_for_all_devices(tmp_path: Path) -> None:
    """Who writes a string means each device that the entry runs on."""
    body = 'backend = "transformers"\nweights = "w"\ndtype = "bfloat16"\n'
    model = an_entry(tmp_path, body + 'devices = ["mps", "cpu"]')

    assert model.dtype == (("cpu", "bfloat16"), ("mps", "bfloat16"))
    assert model.dtype_on("mps") == "bfloat16"


@pytest.mark.parametrize(("line", "trusted"), [("", False), ("true", True)])
def test_code_that_comes_with_weights_is_trusted_only_where_an_entry_says_so(
    tmp_path: Path, line: str, *, trusted: bool
) -> None:
    """Nobody runs it by not knowing of it."""
    body = 'backend = "transformers"\nweights = "w"\n'
    body += f"trust_remote_code = {line}\n" if line else ""

    assert an_entry(tmp_path, body).trust_remote_code is trusted


def test_an_entry_changes_a_part_of_another(tmp_path: Path) -> None:
    """A path of the base starts at the base's file, that of the entry at its own."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    base = a_catalogue(
        tmp_path / "a",
        '[models.base]\nbackend = "transformers"\nweights = "./w"\n'
        'dtype = { cpu = "float32", cuda = "float16" }\n',
    )
    mine = a_catalogue(
        tmp_path / "b",
        '[models.mine]\nextends = "base"\nadapter = "./lora"\n'
        'dtype.cuda = "bfloat16"\n',
    )

    found = load_models([base, mine]).find("mine", where="")

    assert (found.weights, found.adapter) == (
        str(tmp_path / "a" / "w"),
        str(tmp_path / "b" / "lora"),
    )
    assert dict(found.dtype) == {"cpu": "float32", "cuda": "bfloat16"}


def test_a_bundled_model_is_extended_with_weights_of_ones_own(tmp_path: Path) -> None:
    """The package and the version of the bundled weights do not go with them."""
    path = a_catalogue(
        tmp_path, f'[models.mine]\nextends = "{DEFAULT}"\nweights = "./x.gguf"\n'
    )

    found = load_models([path]).find("mine", where="")

    assert (found.package, found.revision) == (None, None)
    assert found.weights == str(tmp_path / "x.gguf")


def test_a_user_s_entry_overrides(tmp_path: Path) -> None:
    """A later file wins; the other entries stay, and so does the default."""
    name = BUNDLED.default
    text = '[models."{}"]\nbackend = "scripted"\ndevices = ["{}"]\n'
    first = a_catalogue(tmp_path, text.format(name, "mps"), "1.toml")
    second = a_catalogue(tmp_path, text.format(name, "cpu"), "2.toml")

    found = load_models([first, second])

    assert found.entries[name].devices == ("cpu",)
    assert set(found.entries) == set(BUNDLED.entries)
    assert found.default == name


def test_a_pyproject_holds_a_catalogue(tmp_path: Path) -> None:
    """Under ``[tool.pytest-llmlat]``, whatever else the file holds."""
    text = '[project]\nname = "x"\n[tool.pytest-llmlat.models.mine]\nbackend = "{}"\n'
    path = a_catalogue(tmp_path, text.format("scripted"), "pyproject.toml")

    assert "mine" in load_models([path]).entries
    a_catalogue(tmp_path, text.format("none"), "pyproject.toml")
    assert complaint(path).startswith("FILE: tool.pytest-llmlat.models.mine.backend: ")


@pytest.mark.parametrize(
    "text", ["", "[project]\n", "[tool.other]\nx = 1\n", "[tool.pytest-llmlat]\n"]
)
def test_a_pyproject_need_not_hold_one(tmp_path: Path, text: str) -> None:
    """Any project has the built-in models."""
    path = a_catalogue(tmp_path, text, "pyproject.toml")

    assert load_models([path]).entries == BUNDLED.entries


@pytest.mark.parametrize(
    "text",
    [
        "tool = 1\n",
        "[tool]\npytest-llmlat = 1\n",
        "[tool.pytest-llmlat]\nmodels = 1\n",
        "[tool.pytest-llmlat.models]\nx = 1\n",
        "[tool.pytest-llmlat.modles.x]\nbackend = 'gguf'\n",
    ],
)
def test_a_pyproject_of_wrong_types_is_told(tmp_path: Path, text: str) -> None:
    """The message names the file, as for any other catalogue."""
    path = a_catalogue(tmp_path, text, "pyproject.toml")

    assert complaint(path).startswith("FILE: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[models.x\n", "FILE: not valid TOML: .*line 1"),
        ("modles = 1\n", "FILE: modles: unknown key; did you mean 'models'?"),
        ("models = 1\n", "FILE: 'models' must be a table of tables"),
        ("[models]\nx = 1\n", "FILE: models.x must be a table, not an integer"),
        ("[models.x]\n", "FILE: models.x.backend: is needed and missing"),
        (
            '[models.x]\nbackend = "vllm"\n',
            "FILE: models.x.backend: unknown backend 'vllm'; known: cascade, engine",
        ),
        (
            '[models.x]\nbackend = "gguf"\n',
            "FILE: models.x.weights: is needed and missing",
        ),
        (
            '[models.x]\nbackend = "gguf"\nwieghts = "w"\n',
            "FILE: models.x.wieghts: unknown key; did you mean 'weights'?",
        ),
        (
            '[models.x]\nbackend = "gguf"\nqqq = "w"\n',
            "FILE: models.x.qqq: unknown key; known keys: adapter",
        ),
    ],
)
def test_a_bad_catalogue_is_told_with_its_key(
    tmp_path: Path, text: str, expected: str
) -> None:
    """The reader finds the place at once, and what was meant."""
    pattern = ".*".join(map(re.escape, expected.split(".*")))

    assert re.match(pattern, complaint(a_catalogue(tmp_path, text)))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("backend = 3", "backend: must be a string, not an integer"),
        ("weights = []", "weights: must be a string, not an array"),
        ('chat = "yes"', "chat: must be true or false, not a string"),
        ('devices = "cpu"', "devices: must be a list of strings"),
        ("devices = [1]", "devices: must be a list of strings"),
        ('devices = ["gpu"]', "devices: unknown device 'gpu'; known: cpu"),
        ("dtype = 16", "dtype: must be a table, not an integer"),
        ('trust_remote_code = "y"', "trust_remote_code: must be true or false, not"),
        (
            'dtype = { cpuu = "float32" }',
            "dtype: unknown device 'cpuu'; known: cpu",
        ),
        ("dtype = { cpu = 16 }", "dtype.cpu: must be a text, not an integer"),
        ("options = 1.5", "options: must be a table, not a float"),
        (
            "chat_template_kwargs = { x = [1] }",
            "chat_template_kwargs.x: must be a text, a number, true or",
        ),
    ],
)
def test_a_wrong_type_is_told_with_its_key(
    tmp_path: Path, line: str, expected: str
) -> None:
    """What TOML calls it, and what it should be."""
    given = {"backend": 'backend = "gguf"', "weights": 'weights = "w"'}
    given[line.partition(" ")[0]] = line
    path = a_catalogue(tmp_path, "[models.x]\n" + "\n".join(given.values()))

    assert complaint(path).startswith(f"FILE: models.x.{expected}")


def test_a_catalogue_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    assert complaint(tmp_path / "none.toml").startswith("FILE: cannot be read: No such")


def test_a_catalogue_in_another_encoding_is_told(tmp_path: Path) -> None:
    """The message names the file, the byte and the remedy."""
    path = tmp_path / "models.toml"
    path.write_bytes(b"# \xe9\n")

    assert complaint(path) == "FILE: not UTF-8 at byte 2; save the file as UTF-8"


@pytest.mark.parametrize(
    ("address", "backend", "weights"),
    [
        ("hf:org/name", "transformers", "org/name"),
        ("hf:./folder", "transformers", "./folder"),
        ("gguf:a/b c.gguf", "gguf", "a/b c.gguf"),
        ("gguf:C:\\x.gguf", "gguf", "C:\\x.gguf"),
    ],
)
def test_an_address_needs_no_entry(address: str, backend: str, weights: str) -> None:
    """The kind names the backend, the rest the weights; the name is as typed."""
    model = BUNDLED.find(address, where="--llm")

    assert (model.name, model.backend, model.weights) == (address, backend, weights)
    assert model.devices == usual_devices()


@pytest.mark.parametrize(
    ("address", "url", "weights"),
    [
        ("http://h:8000/v1#org/name", "http://h:8000/v1", "org/name"),
        ("https://h/api/v1/#m", "https://h/api/v1", "m"),
        ("http://h:8000", "http://h:8000/v1", None),
    ],
)
def test_a_url_is_a_server(address: str, url: str, weights: str | None) -> None:
    """What follows the number sign is the model's name there; a bare host has /v1."""
    model = BUNDLED.find(address, where="--llm")

    assert (model.name, model.backend) == (address, "http")
    assert (str(model.url), model.weights) == (url, weights)
    assert model.devices == ("endpoint",)


def test_a_password_in_a_url_is_in_no_name() -> None:
    """Names are shown in every report; the address goes to the server alone."""
    model = BUNDLED.find("http://me:word@h/v1#m", where="--llm")

    assert model.name == "http://h/v1#m"
    assert model.url == WebAddress("http://me:word@h/v1")


def test_the_cloud_is_an_address_and_a_device() -> None:
    """A hub id is served by others; Llama 2 by others too, where that is asked for."""
    model = BUNDLED.find("hub:org/name", where="--llm")

    assert (model.backend, model.weights) == ("hub", "org/name")
    assert model.devices == ("hf",)
    for name in ("llama2-7b", "llama2-13b"):
        assert "hf" in BUNDLED.find(name, where="--llm").devices


@pytest.mark.parametrize("weights", ["org/name", "./folder"])
def test_mlx_runs_on_apple_silicon_and_on_processors(weights: str) -> None:
    """An address needs no entry; it is tried on no device that MLX lacks."""
    model = BUNDLED.find(f"mlx:{weights}", where="--llm")

    assert (model.backend, model.weights) == ("mlx", weights)
    assert model.devices == ("mps", "cpu")


@pytest.mark.parametrize("name", ["lama2-7b", "LLAMA2_7B"])
def test_an_unknown_model_is_answered_with_the_nearest(name: str) -> None:
    """And with where models come from."""
    with pytest.raises(UnknownName, match=r"llama2-7b.*--llm-models FILE"):
        BUNDLED.find(name, where="--llm")


@pytest.mark.parametrize("name", ["hf:", "gguf:", "ftp:x", ""])
def test_an_address_of_nothing_is_unknown(name: str) -> None:
    """A kind without a place is no model."""
    with pytest.raises(UnknownName):
        BUNDLED.find(name, where="--llm")


def test_an_entry_comes_before_an_address(tmp_path: Path) -> None:
    """A user may give an address a meaning of its own."""
    path = a_catalogue(tmp_path, '[models."hf:a/b"]\nbackend = "scripted"\n')

    assert load_models([path]).find("hf:a/b", where="").backend == "scripted"


def test_the_default_model_is_embedded() -> None:
    """It runs on any machine without the hub: its weights are in a package."""
    default = BUNDLED.entries[BUNDLED.default]

    assert default.package is not None
    assert "cpu" in default.devices


@pytest.mark.parametrize("model", HUB, ids=lambda model: model.name)
def test_weights_of_the_hub_are_pinned(model: ModelSpec) -> None:
    """A commit of 40 digits, of the adapter too: what was measured stays the same."""
    assert re.fullmatch("[0-9a-f]{40}", model.revision or "")
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.weights or "")
    if model.adapter is not None:
        assert re.fullmatch("[0-9a-f]{40}", model.adapter_revision or "")


def test_models_that_users_know_are_there() -> None:
    """The catalogue knows the models that a user expects by name."""
    assert {"llama2-7b", "llama2-13b", "llama2-7b-lora", "gpt2"} <= set(BUNDLED.entries)


def test_a_bundled_dtype_is_for_a_device_of_its_entry() -> None:
    """A dtype for a device where the model does not run would be a typo."""
    for model in BUNDLED.entries.values():
        assert set(dict(model.dtype)) <= set(model.devices), model.name


def test_complaints_are_usage_errors() -> None:
    """They stop the session before a model is loaded."""
    assert issubclass(BadCatalogue, UsageError)
