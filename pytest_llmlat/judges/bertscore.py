"""BERTScore: how near a text is to a reference by what its words mean in it.

An encoder in a local folder reads both texts; each token is matched with the most
similar one on the other side. Nothing is fetched: a hub at the time of a test would
make the figure depend on the network.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlat.grading.metrics import Metric, guess_texts
from pytest_llmlat.values.entry_option import EntryOption
from pytest_llmlat.values.errors import MissingExtra, Unsupported
from pytest_llmlat.values.records import Grade

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.values.entities import Sample, Task

EXTRA = "transformers"
"""The extra of this project that installs torch and transformers."""
FIGURES = ("bertscore_precision", "bertscore_recall", "bertscore")
RESCALED = "bertscore_rescaled"
"""Name of F1 on the scale where unrelated texts have 0, where a baseline is told."""
_KEPT = 256
"""Number of texts whose embeddings are kept: references come again."""
_LONGEST = 512
"""Number of a text's tokens that the encoder sees; the rest are left out."""

MODEL = EntryOption(
    name="model",
    kind="string",
    meaning="folder of the encoder, as save_pretrained writes it (safetensors); needed",
)
LAYER = EntryOption(
    name="layer",
    kind="integer",
    least=1,
    most=1000,
    meaning="whose hidden states are compared, 17 of roberta-large; needed",
)
BASELINE = EntryOption(
    name="baseline",
    kind="float",
    least=0,
    most=0.999,
    meaning="F1 of unrelated texts, 0.8312 of roberta-large's layer 17: it gives the"
    " figure bertscore_rescaled; none without it",
)


def grade_bertscore(value: str | None, task: Task, sample: Sample) -> Grade:
    """Give BERTScore's F1, with precision and recall in the details.

    Precision is the mean over the tokens of the answer of the highest cosine that each
    has with one of the reference; recall the same the other way round. Weights are all
    equal (no idf), and special tokens are only matched, not counted. Of several
    references each figure is the best. An empty answer has 0, and so has what would be
    negative. With the option ``baseline`` b the details have (F1 - b) / (1 - b) too,
    which is below 0 for what is less alike than unrelated texts. The value itself is
    never rescaled: a figure that is cut at 0 would flatter the mean. Source: Zhang et
    al. (2020), as the package bert-score computes it.
    """
    wanted_by = f"task {task.name!r}, metric 'bertscore'"
    best = [0.0] * len(FIGURES)
    if value and value.strip():
        folder, layer = str(task.option("model")), int(task.option("layer") or 0)
        score = _scorer(folder, layer, wanted_by)
        each = [score(value, reference) for reference in sample.references]
        best = [max(0.0, *column) for column in zip(*each, strict=True)]
    details = tuple(zip(FIGURES, best, strict=True))
    baseline = task.option("baseline")
    if baseline is not None:
        base = float(baseline)
        details = (*details, (RESCALED, (best[-1] - base) / (1 - base)))
    return Grade(value=best[-1], details=details)


def unready(answer: str, task: Task) -> str | None:
    """Say what a task lacks for this judge; ``None`` if nothing."""
    del answer
    folder, layer = task.option("model"), task.option("layer")
    if folder is None or layer is None:
        return (
            "the metric 'bertscore' needs the folder of an encoder and the layer that"
            ' is compared: options = { model = "/models/roberta-large", layer = 17 };'
            " which layer agrees best with people is told for each model by the"
            " package bert-score"
        )
    if not (Path(str(folder)).expanduser() / "config.json").is_file():
        return f"option model = {folder!r}: no folder of a model (no config.json in it)"
    return None


@cache
def _loaded(folder: str) -> tuple[Any, Any]:
    """Load a tokenizer and an encoder, which all tasks and layers share."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    path = Path(folder).expanduser()
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = transformers.AutoTokenizer.from_pretrained(path, **local)
    encoder = transformers.AutoModel.from_pretrained(
        path, **local, use_safetensors=True, dtype=torch.float32
    )
    return tokenizer, encoder.eval()


@cache
def _scorer(
    folder: str, layer: int, wanted_by: str
) -> Callable[[str, str], tuple[float, float, float]]:
    """Return (answer, reference) to precision, recall and F1 of a layer."""
    try:
        import torch
        import transformers  # noqa: F401 - is it installed?
    except ImportError as error:
        raise MissingExtra(EXTRA, "transformers", wanted_by=wanted_by) from error
    tokenizer, encoder = _loaded(folder)
    layers = encoder.config.num_hidden_layers
    if layer > layers:
        raise Unsupported(f"{wanted_by}: layer = {layer}: {folder} has {layers} layers")
    # A tokenizer that knows no limit says 10**30.
    longest = min(int(tokenizer.model_max_length), _LONGEST)

    @lru_cache(maxsize=_KEPT)
    def embedded(text: str) -> tuple[Any, Any]:
        """Return unit vectors of a text's tokens, and which of them are words."""
        # With the blank that words have before them inside a text.
        encoded = tokenizer(
            f" {text.strip()}",
            return_tensors="pt",
            return_special_tokens_mask=True,
            truncation=True,
            max_length=longest,
        )
        words = encoded.pop("special_tokens_mask")[0] == 0
        with torch.inference_mode():
            states = encoder(**encoded, output_hidden_states=True).hidden_states
        return torch.nn.functional.normalize(states[layer][0], dim=-1), words

    def score(answer: str, reference: str) -> tuple[float, float, float]:
        (given, said), (right, meant) = embedded(answer), embedded(reference)
        if not (said.any() and meant.any()):
            return 0.0, 0.0, 0.0
        cosines = given @ right.T
        precision = float(cosines.max(dim=1).values[said].mean())
        recall = float(cosines.max(dim=0).values[meant].mean())
        both = precision + recall
        return precision, recall, 2 * precision * recall / both if both > 0 else 0.0

    return score


METRIC = Metric(
    grade=grade_bertscore,
    binary=False,
    several=True,
    guess=guess_texts,
    illegible=unready,
    options=(MODEL, LAYER, BASELINE),
    extra=EXTRA,
)
