"""A stand-in for MLX and mlx-lm that keeps to their rules, for tests of our backend."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends import tokenizer_prompts
from pytest_llmlat.backends.mlx.model import MLX, open_model
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

END = 0
TEXTS = {2: "Hel", 3: "lo", 4: "", 5: "é", 6: "\n"}
"""What becomes readable with each token; 4 is half a character."""


class Watched(ManualClock):
    """A clock that notes when it is read."""

    def __init__(self, calls: list[object]) -> None:
        """Write into the list that the library writes into."""
        super().__init__()
        self.calls = calls

    def now_ns(self) -> int:
        """Read the clock."""
        self.calls.append("clock")
        return super().now_ns()


class Library:
    """Stand-ins for all that the backend imports, and what they were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Take the libraries' places, with weights in a folder."""
        self.calls: list[object] = []
        self.says: tuple[int, ...] = (2, 3, END)
        self.metal = False
        self.template: str | None = "a template"
        self.load_error: Exception | None = None
        self.adapter_error: Exception | None = None
        self.step_error: Exception | None = None
        self.args = SimpleNamespace(rope_theta=10000.0)
        self.folder = folder / "weights"
        self.folder.mkdir()
        (self.folder / "model.safetensors").write_bytes(b"weights")
        self.config(eos_token_id=[END, 9])
        core = ModuleType("mlx.core")
        core.__dict__.update(
            cpu="the processor",
            gpu="the GPU",
            floating="floating",
            float16="16 bit",
            metal=SimpleNamespace(is_available=lambda: self.metal),
            random=SimpleNamespace(seed=lambda seed: self.calls.append(("seed", seed))),
            array=list,
            issubdtype=lambda dtype, kind: kind == "floating" and "float" in dtype,
            new_thread_local_stream=lambda device: f"stream of {device}",
            stream=self._stream,
            eval=lambda weights: self.calls.append(("eval", weights)),
            synchronize=lambda stream: self.calls.append(("synchronize", stream)),
            get_peak_memory=lambda: 77,
            reset_peak_memory=lambda: self.calls.append("reset peak"),
            clear_cache=lambda: self.calls.append("clear cache"),
            device_info=lambda: {"max_recommended_working_set_size": 5},
            set_wired_limit=lambda most: self.calls.append(("wired", most)),
        )
        modules = {
            "mlx": ModuleType("mlx"),
            "mlx.core": core,
            "mlx.utils": SimpleNamespace(tree_flatten=lambda weights: weights),
            "mlx_lm": ModuleType("mlx_lm"),
            "mlx_lm.generate": SimpleNamespace(generate_step=self._steps),
            "mlx_lm.models": ModuleType("mlx_lm.models"),
            "mlx_lm.models.cache": SimpleNamespace(make_prompt_cache=lambda _: []),
            "mlx_lm.sample_utils": SimpleNamespace(make_sampler=self._sampler),
            "mlx_lm.utils": SimpleNamespace(
                load_model=self._load, load_adapters=self._adapt
            ),
            "transformers": SimpleNamespace(AutoTokenizer=self),
        }
        modules["mlx"].core = core  # type: ignore[attr-defined]
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr(
            tokenizer_prompts, "decoder", lambda _: lambda token: TEXTS[token]
        )
        monkeypatch.setattr(sys, "platform", "linux")

    def config(self, **settings: object) -> None:
        """Write what the weights say of themselves."""
        text = json.dumps(
            {"model_type": "llama", "max_position_embeddings": 64, **settings}
        )
        (self.folder / "config.json").write_text(text, "utf-8")

    def from_pretrained(self, source: str, **given: object) -> Library:
        """Stand in for a tokenizer too."""
        self.calls.append(("tokenizer", source, given))
        return self

    eos_token_id = None

    @property
    def chat_template(self) -> str | None:
        """Return how a message is put."""
        return self.template

    def apply_chat_template(
        self,
        messages: list[dict[str, str]],
        *,
        add_generation_prompt: bool,
        tokenize: bool,
        **switches: object,
    ) -> str:
        """Put messages."""
        assert not tokenize
        told = [f"<{m['role']}>{m['content']}</{m['role']}>" for m in messages]
        more = [f"<{name}={value}>" for name, value in switches.items()]
        return "".join([*more, *told, *(["<assistant>"] * add_generation_prompt)])

    def __call__(self, text: str, **given: object) -> dict[str, list[int]]:
        """Make a token of each word."""
        self.calls.append((text, given))
        return {"input_ids": [2] * len(text.split())}

    def open(self, device: str = "cpu", **changes: Any) -> MLX:  # noqa: ANN401 - fields of an entry
        """Open an entry that names the folder."""
        model = replace(
            a_model("tiny", backend="mlx"), **{"weights": str(self.folder), **changes}
        )
        return open_model(a_deployment(model, device), ManualClock())

    @contextmanager
    def _stream(self, stream: str) -> Iterator[None]:
        self.calls.append(("on", stream))
        yield
        self.calls.append(("off", stream))

    def _load(self, folder: Path, **given: object) -> tuple[Any, dict[str, Any]]:
        self.calls.append(("load", folder.name, given))
        if self.load_error is not None:
            raise self.load_error
        return self, json.loads((folder / "config.json").read_text("utf-8"))

    def _adapt(self, model: object, folder: str) -> object:
        self.calls.append(("adapt", folder))
        if self.adapter_error is not None:
            raise self.adapter_error
        return model

    def _sampler(self, **given: float) -> tuple[str, dict[str, float]]:
        return ("a sampler", given)

    def _steps(
        self,
        prompt: list[int],
        model: object,
        stream: str,
        *,
        max_tokens: int,
        sampler: object = None,
        prompt_cache: list[int] | None = None,
    ) -> Iterator[tuple[int, None]]:
        assert model is self
        if prompt_cache is not None:
            prompt_cache += prompt
        if sampler is not None:
            self.calls.append(("sampler", sampler))
        self.calls.append(("prefill", len(prompt), stream))
        if self.step_error is not None:
            raise self.step_error
        try:
            for token in self.says[:max_tokens]:
                self.calls.append(("value", token))
                yield token, None
        finally:
            self.calls.append("steps closed")

    def set_dtype(self, dtype: str) -> None:
        """Stand in for a model too."""
        self.calls.append(("dtype", dtype))

    def eval(self) -> None:
        """Turn dropout off."""
        self.calls.append("model eval")

    def parameters(self) -> list[tuple[str, Any]]:
        """Return weights, packed and plain."""
        return [
            ("packed", SimpleNamespace(dtype="mlx.core.uint32")),
            ("scales", SimpleNamespace(dtype="mlx.core.float16")),
        ]


def answer(backend: MLX, most: int = 8, *stop: str) -> tuple[Generation, Meter]:
    """Ask a question of two words."""
    meter = Meter(ManualClock(), stop)
    request = Request(
        prompt="two words", chat=backend.chat, max_new_tokens=most, stop=stop
    )
    return backend.generate(request, meter), meter
