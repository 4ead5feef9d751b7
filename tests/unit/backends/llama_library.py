"""A stand-in for llama-cpp-python that keeps to its rules, for tests."""

from __future__ import annotations

import ctypes
import sys
from array import array
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.gguf.model import GGUF, open_model
from pytest_llmlat.values.clock import ManualClock
from pytest_llmlat.values.records import Generation, Request
from pytest_llmlat.values.token_meter import Meter
from tests.unit.builders import a_deployment, a_model
from tests.unit.gguf_files import a_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest
END, BEGIN = 0, 1
TEXTS = {
    2: b"Hel",
    3: b"lo",
    4: b"\xc3",
    5: b"\xa9",
    6: b"\n",
    BEGIN: b"<s>",
    END: b"</s>",
}
TEMPLATE = {"tokenizer.chat_template": "a template", "general.file_type": "3"}


class Llama:
    """A stand-in for ``llama_cpp.Llama`` that says the same tokens every time."""

    model = "a model"
    draft_model = None
    ctx = "a context"

    def __init__(
        self, says: tuple[int, ...], metadata: dict[str, str], given: dict[str, Any]
    ) -> None:
        """Say these tokens to every prompt."""
        self.says = says
        self.metadata = metadata
        self.given = given
        self.calls: list[object] = []
        self.input_ids = array("i")
        self.n_tokens = 0

    def n_ctx(self) -> int:
        """Return the room for tokens."""
        return int(self.given["n_ctx"])

    def n_vocab(self) -> int:
        """Return how many tokens there are."""
        return len(TEXTS)

    def token_eos(self) -> int:
        """Return the end token."""
        return END

    def token_bos(self) -> int:
        """Return that there is no token to begin with."""
        return -1

    def tokenize(
        self, text: bytes, *, add_bos: bool = True, special: bool = False
    ) -> list[int]:
        """Make a token of each word."""
        self.calls.append((text, add_bos, special))
        return [2] * (len(text.split()) + add_bos)

    def detokenize(self, tokens: list[int], *, special: bool = False) -> bytes:
        """Return the bytes of tokens."""
        del special
        return b"".join(TEXTS[token] for token in tokens)

    def generate(self, tokens: list[int], **given: object) -> Iterator[int]:
        """Yield what is to be said."""
        self.calls.append(("generate", len(tokens), given))
        # As the library: all but the last token that came has been read.
        read = [*tokens, *self.says[:-1]]
        self.input_ids = array("i", read)
        self.n_tokens = len(read)
        yield from self.says

    def set_seed(self, seed: int) -> None:
        """Take the seed of the next draws."""
        self.calls.append(("seed", seed))

    def reset(self) -> None:
        """Forget the prompt before."""
        self.calls.append("reset")
        self.n_tokens = 0

    def close(self) -> None:
        """Free nothing."""
        self.calls.append("close")


class Library:
    """A stand-in for the module ``llama_cpp``."""

    LLAMA_SPLIT_MODE_NONE = 0
    GGML_TYPE_F16 = 1
    GGML_TYPE_Q8_0 = 8

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        """Take the library's place."""
        self.says: tuple[int, ...] = (2, 3, END)
        self.metadata = dict(TEMPLATE)
        self.logits: tuple[float, ...] = (0.5,)
        self.gpu = False
        self.error: Exception | None = None
        self.logs: tuple[tuple[int, bytes], ...] = ()
        self.listeners: list[object] = []
        self.opened: list[Llama] = []
        self.path = folder / "tiny.gguf"
        self.path.write_bytes(a_file())
        self.llama_chat_format = SimpleNamespace(
            Jinja2ChatFormatter=self._formatter,
            ImmutableSandboxedEnvironment=type("Environment", (), {}),
        )
        self.built_for = b"CPU : AVX2 = 1 | REPACK = 1 | "
        self.llama_cpp = SimpleNamespace(llama_model_default_params=self._usual)
        self.repacked: list[bool] = []
        monkeypatch.setitem(sys.modules, "llama_cpp", self)
        monkeypatch.setitem(
            sys.modules, "llama_cpp.llama_chat_format", self.llama_chat_format
        )
        monkeypatch.setitem(
            sys.modules,
            "llama_cpp._logger",
            SimpleNamespace(llama_log_callback="the library's own"),
        )

    def llama_supports_gpu_offload(self) -> bool:
        """Whether the build has a GPU."""
        return self.gpu

    def llama_print_system_info(self) -> bytes:
        """Return what the build can use."""
        return self.built_for

    def _usual(self) -> SimpleNamespace:
        """Return the parameters that a model has if nobody says others."""
        return SimpleNamespace(use_extra_bufts=True)

    def llama_model_get_vocab(self, model: object) -> object:
        """Return something that stands for the vocabulary."""
        return model

    def llama_vocab_get_attr(self, vocabulary: object, token: int) -> int:
        """Return what kind of token it is: those of the special texts are control."""
        del vocabulary
        return 8 if TEXTS.get(token, b"").startswith(b"<") else 4

    def llama_vocab_get_text(self, vocabulary: object, token: int) -> bytes:
        """Return the text of a token."""
        del vocabulary
        return TEXTS[token]

    def llama_get_logits_ith(self, context: object, place: int) -> Any:  # noqa: ANN401 - of ctypes
        """Return the scores of the tokens that may come next."""
        del context, place
        return (ctypes.c_float * len(TEXTS))(*self.logits)

    def llama_vocab_is_eog(self, vocabulary: object, token: int) -> bool:
        """Whether a token ends the answer."""
        del vocabulary
        return token == END

    def Llama(self, **given: Any) -> Llama:  # noqa: ANN401, N802 - as the library has it
        """Load the model."""
        parameters = self.llama_cpp.llama_model_default_params()
        self.repacked.append(parameters.use_extra_bufts)
        for level, line in self.logs:
            listen: Any = self.listeners[-1]
            listen(level, line, None)
        if self.error is not None:
            raise self.error
        self.opened.append(Llama(self.says, self.metadata, given))
        return self.opened[-1]

    def llama_log_callback(self, listen: Callable[..., None]) -> Callable[..., None]:
        """Make a function callable from the library."""
        return listen

    def llama_log_set(self, listen: object, data: object) -> None:
        """Say who hears what the library logs."""
        del data
        self.listeners.append(listen)

    def _formatter(
        self, template: str, *, add_generation_prompt: bool, **special: str
    ) -> Any:  # noqa: ANN401 - any callable
        generation = add_generation_prompt
        assert (template, special) == (
            "a template",
            {"eos_token": "</s>", "bos_token": ""},
        )
        return lambda messages, **switches: SimpleNamespace(
            prompt=self.rendered(messages, generation=generation, **switches)
        )

    def rendered(
        self, messages: list[dict[str, str]], *, generation: bool, **switches: object
    ) -> str:
        """Put each message between tags, then the model's turn."""
        told = [f"<{m['role']}>{m['content']}</{m['role']}>" for m in messages]
        more = [f"<{name}={value}>" for name, value in switches.items()]
        return "".join([*more, *told, *(["<assistant>"] * generation)])

    def open(self, device: str = "cpu", **changes: Any) -> GGUF:  # noqa: ANN401 - fields of an entry
        """Open an entry that names the file."""
        model = replace(
            a_model("tiny", backend="gguf"), **{"weights": str(self.path), **changes}
        )
        return open_model(a_deployment(model, device), ManualClock())


def answer(backend: GGUF, most: int = 8, *stop: str) -> tuple[Generation, Meter]:
    """Ask a question of two words."""
    meter = Meter(ManualClock(), stop)
    request = Request(
        prompt="two words", chat=backend.chat, max_new_tokens=most, stop=stop
    )
    return backend.generate(request, meter), meter
