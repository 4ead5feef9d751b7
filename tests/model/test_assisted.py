"""Drafts of small transformers models: what is guessed, kept and the same without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends import open_model
from pytest_llmlat.backends.base_cache import BaseCache
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import BadCatalogue, Unsupported
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.token_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmlat.backends.huggingface.model import HuggingFace
    from pytest_llmlat.values.entities import Scalar
    from pytest_llmlat.values.records import Generation
    from pytest_llmlat.values.timing import Timing

pytest.importorskip("torch")
pytest.importorskip("transformers")
ASKED = Request(
    prompt="one two three one two three one two", chat=False, max_new_tokens=12
)
REQUESTS = (
    ASKED,
    replace(ASKED, prompt="seven six", max_new_tokens=9),
    replace(ASKED, prompt="four", max_new_tokens=1),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model and a smaller one of the same tokens, both random."""
    from tests.model.tiny import written_llama  # noqa: PLC0415 - needs torch

    place = tmp_path_factory.mktemp("drafts")
    written_llama(place / "model", width=64)
    written_llama(place / "small")
    return place


def opened(folder: Path, **options: Scalar) -> HuggingFace:
    """Load the model with options of its entry."""
    from pytest_llmlat.backends.huggingface.model import HuggingFace  # noqa: PLC0415 - as above

    spec = ModelSpec(
        name="tiny",
        backend="transformers",
        devices=("cpu",),
        weights=str(folder / "model"),
        options=tuple(options.items()),
    )
    found = open_model(Deployment(model=spec, device="cpu"), SystemClock(), BaseCache())
    assert isinstance(found.backend, HuggingFace)
    return found.backend


def ask(backend: HuggingFace, request: Request) -> tuple[Generation, Timing]:
    """Make one request."""
    meter = Meter(SystemClock(), request.stop)
    meter.start()
    found = backend.generate(request, meter)
    return found, meter.timing()


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[HuggingFace]:
    """Load it without a draft."""
    backend = opened(folder)
    yield backend
    backend.close()


@pytest.mark.parametrize("who", ["lookup", "small", "itself"])
def test_a_draft_says_the_same_in_fewer_steps(
    folder: Path, plain: HuggingFace, who: str
) -> None:
    """Whoever guesses: tokens are those of the steps and of the kept guesses."""
    own = {"small": folder / "small", "itself": folder / "model"}
    options: dict[str, Scalar] = {"draft_tokens": 3}
    if who == "lookup":
        options["draft"] = "prompt-lookup"
    else:
        options["assistant"] = str(own[who])
    backend = opened(folder, **options)
    try:
        for request in REQUESTS:
            expected, _ = ask(plain, request)
            found, timing = ask(backend, request)
            with backend.undrafted():
                again, _ = ask(backend, request)
            assert found.text == expected.text == again.text
            assert expected.draft is again.draft is None
            draft = found.draft
            assert draft is not None
            assert draft.steps + draft.accepted == found.output_tokens
            assert 0 <= draft.accepted <= draft.drafted <= 3 * draft.steps
            assert len(timing.stamps_ns) <= draft.steps
            assert len(set(timing.stamps_ns)) == len(timing.stamps_ns)
            if who == "itself":
                # It guesses what it says: a step gives all guesses and one token.
                assert draft.accepted == draft.drafted
                assert draft.steps == -(-(found.output_tokens or 0) // 4)
    finally:
        backend.close()


def test_the_facts_name_who_guesses(folder: Path) -> None:
    """A model with a draft is another one to a stored run."""
    backend = opened(folder, assistant=str(folder / "small"))
    facts = dict(backend.facts)
    backend.close()

    assert facts["draft"] == "assistant"
    assert facts["assistant"] == str(folder / "small")
    assert facts["draft_tokens"] == 5
    assert facts["assistant_dtype"] == "float32"


def test_one_request_at_a_time_has_a_draft(folder: Path) -> None:
    """The library guesses for no batch."""
    backend = opened(folder, draft="prompt-lookup")
    with pytest.raises(Unsupported, match="one request at a time"):
        backend.batches(REQUESTS, None)
    backend.close()


def test_an_assistant_of_other_tokens_is_refused(folder: Path, tmp_path: Path) -> None:
    """Its guesses would be of other words."""
    import tokenizers  # noqa: PLC0415 - as above
    import transformers

    from tests.model.tiny import written_llama  # noqa: PLC0415 - as above

    other = written_llama(tmp_path / "other")
    words = {"one": 0, "two": 1}
    model = tokenizers.models.WordLevel(words, unk_token="one")  # noqa: S106 - no secret
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(model)
    )
    fast.save_pretrained(other)

    with pytest.raises(BadCatalogue, match="has other tokens than the model"):
        opened(folder, assistant=str(other))
