"""What can be known beforehand is told before the first token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plugin.conftest import MODELS
from tests.plugin.test_options import check_usage_error

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ENTRIES = """
[models.lora]
backend = "transformers"
weights = "org/name"
adapter = "./adapters/none"
devices = ["cpu"]

[models.lora-file]
backend = "gguf"
weights = "./none.gguf"
adapter = "./none-lora.gguf"
devices = ["cpu"]

[models.lora-mlx]
backend = "mlx"
weights = "org/name"
adapter = "./adapters/none"
devices = ["cpu"]

[models.silent]
backend = "scripted"
devices = ["cpu"]
options = { script = "./none.json" }

[models.half]
backend = "transformers"
weights = "org/name"
dtype = { cpu = "float61" }
devices = ["cpu"]

[models.compiled]
backend = "transformers"
weights = "org/name"
options = { compile = true, cache = "dynamic" }
devices = ["cpu"]

[models.kept]
backend = "gguf"
weights = "./none.gguf"
options = { kv_type = "q8_0" }
devices = ["cpu"]

[models.gone]
backend = "gguf"
weights = "./none.gguf"
devices = ["cpu"]

[models.gone-folder]
backend = "transformers"
weights = "./none"
devices = ["cpu"]

[models.gone-mlx]
backend = "mlx"
weights = "./none"
devices = ["cpu"]
"""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone", "model 'gone': no weights file *none.gguf; check the path, or name*"),
        ("gone-folder", "model 'gone-folder': no folder *none; check the path, or *"),
        ("gone-mlx", "model 'gone-mlx': '*none' is no folder and no hub id; MLX *"),
        ("lora", "model 'lora': adapter '*adapters/none' lacks adapter_config.json*"),
        ("lora-file", "model 'lora-file': adapter '*none-lora.gguf' is no GGUF file*"),
        ("lora-mlx", "model 'lora-mlx': adapter '*adapters/none' lacks *"),
        ("silent", "model 'silent': script *none.json cannot be read: *"),
        ("half", "*models.toml: model 'half': dtype 'float61'*did you mean 'float64'*"),
        ("compiled", "model 'compiled': option compile = true: needs cache*"),
        ("kept", "model 'kept': option kv_type = 'q8_0': a quantised cache needs*"),
    ],
)
def test_a_model_that_cannot_be_is_told_before_another_is_measured(
    project: Project, name: str, told: str
) -> None:
    """Of every chosen model, not of the first alone."""
    project.write("models.toml", f"{MODELS}{ENTRIES}")

    check_usage_error(
        project.run("--llm=parrot", f"--llm={name}", "-k", "sentiment"),
        f"ERROR: {told}",
    )
    assert not project.runs


def test_what_the_ini_file_names_is_checked_too(project: Project) -> None:
    """Nobody typed it, and the run would fail after the first model all the same."""
    project.write("models.toml", f"{MODELS}{ENTRIES}")
    project.write(
        "pytest.ini",
        "[pytest]\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
        "llm = parrot silent\n",
    )

    result = project.run("-k", "sentiment")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*model 'silent': script *none.json cannot be read*"])
    assert not project.runs


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("cudaa", "there is no device 'cudaa'; did you mean 'cuda'[?]"),
        ("cpu or cudaa", "there is no device 'cudaa'; did you mean 'cuda'[?]"),
        ("hf", "no chosen model runs on 'hf': owl (for cpu); choose one that does*"),
        ("not cpu", "leaves no test of a chosen model on a device: owl (for cpu)*"),
    ],
)
def test_an_expression_that_runs_nothing_says_why(
    project: Project, expression: str, told: str
) -> None:
    """Not "1 deselected" alone."""
    result = project.run("--llm=owl", "-m", expression, "-k", "sentiment")

    result.stdout.fnmatch_lines([f"llmlat: -m {expression}: {told}"])


def test_other_markers_are_nobody_s_typo(project: Project) -> None:
    """A project may have a marker of its own that looks like a device."""
    project.write(
        "pytest.ini",
        "[pytest]\nllm_models = models.toml\nllm_tasks = tasks.toml\n"
        "markers =\n    cudas: of this project\n",
    )

    result = project.run("--llm=owl", "-m", "cpu and not cudas", "-k", "sentiment")

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("llmlat: -m *")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--llm-chat-template-kwargs=a", "'a' is not understood; write NAME=VALUE*"),
        ("--llm-tune-for=fastst", "'fastst' is no goal; write balance*"),
        ("--llm-tune-budget=reqs=1", "'reqs=1' is no budget; write requests=2000*"),
        ("--llm-tune-resume=nowhere", "goes on with a tuning; say what is tuned*"),
        ("--llm-scenario=concurrent:99999999", "*write at most 1,000,000"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    project: Project, option: str, told: str
) -> None:
    """Also one of a tuning where nothing is tuned: its typo would go unnoticed."""
    result = project.run("--llm=owl", option)

    check_usage_error(result, f"ERROR: {option.partition('=')[0]}: {told}")
