"""The training of a LoRA adapter on a base, batch by batch; peft is loaded on use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.huggingface.entry_settings import settings_of
from pytest_llmlat.backends.huggingface.loading import load_base
from pytest_llmlat.backends.huggingface.origin import context_of
from pytest_llmlat.backends.huggingface.torch_devices import torch_device
from pytest_llmlat.backends.tokenizer_prompts import TokenizerPrompts
from pytest_llmlat.backends.weights import package_version
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import LLMLatError, MissingExtra, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmlat.values.entities import ModelSpec
    from pytest_llmlat.values.records import Request

EXTRA = "transformers"
_KEPT_OPTIONS = ("sha256", "attention")
"""Options of an entry with which its base is trained on too; others change how it
computes, or are of an adapter."""
_MOST_CONTEXT = 4096
"""Tokens of an example at most, whatever the base can hold: memory grows with them."""
IGNORED = -100
"""Label of a token that the loss leaves out."""


def check_libraries(*, wanted_by: str) -> None:
    """See that what trains is installed.

    Raises:
        MissingExtra: gives the pip line.
    """
    try:
        import peft  # noqa: F401 - whether it is there
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtra(EXTRA, error.name or EXTRA, wanted_by=wanted_by) from error


class LoraTrainer:
    """A base that is loaded, and an adapter on it that learns."""

    def __init__(self, model: ModelSpec, device: str, *, dtype: str) -> None:
        """Load the base of an entry; :func:`check_libraries` comes before.

        Raises:
            DeviceAbsent: this torch cannot use the device.
            Unsupported: the base brings code of its own.
            WeightsUnavailable: neither on disk nor to be fetched.
        """
        import torch
        import transformers

        transformers.utils.logging.disable_progress_bar()
        self._torch = torch
        options = tuple(pair for pair in model.options if pair[0] in _KEPT_OPTIONS)
        own = replace(
            model, options=options, dtype=((device, dtype),), devices=(device,)
        )
        deployment = Deployment(model=own, device=device)
        self._device = torch_device(torch, device)
        self._base = load_base(
            transformers, deployment, settings_of(deployment), self._device
        )
        self._prompts = TokenizerPrompts(self._base.tokenizer, own)
        self._adapted: Any = None
        self.chat = self._prompts.chat
        self.context = min(_MOST_CONTEXT, context_of(self._base.model))

    @property
    def end(self) -> int:
        """Token that ends an answer, and fills short rows up."""
        found = self._base.tokenizer.eos_token_id
        if found is None:
            raise Unsupported(
                f"model {self._base.owner!r}: its tokenizer has no token that ends a"
                " text, so that no answer can be learnt to its end: take another base"
            )
        return int(found)

    @property
    def threads(self) -> int:
        """Threads of the processor that compute."""
        return int(self._torch.get_num_threads())

    @property
    def libraries(self) -> Mapping[str, str | None]:
        """Versions of what decides which adapter comes out."""
        names = ("peft", "torch", "transformers")
        return {name: package_version(name) for name in names}

    def asked(self, request: Request) -> Sequence[int]:
        """Return the tokens of a prompt, as a benchmark's are."""
        return self._prompts.ids(request, self._prompts.rendered(request))

    def said(self, text: str) -> Sequence[int]:
        """Return the tokens of a text that follows another."""
        return self._prompts.tokens_of(text)

    def begin(
        self, *, rank: int, alpha: int, targets: Sequence[str], seed: int, base: str
    ) -> tuple[str, ...]:
        """Put a new adapter on, which changes nothing yet; return what it changes.

        Args:
            rank: of its matrices.
            alpha: scale of their product, by ``alpha / rank``.
            targets: last names of layers; empty for peft's choice.
            seed: of its first weights.
            base: name of the base, as the adapter's settings are to say it.

        Raises:
            Unsupported: peft knows no layers of this architecture, or there are none
                of these names.
        """
        import peft

        self._torch.manual_seed(seed)
        config = peft.LoraConfig(
            r=rank,
            lora_alpha=alpha,
            task_type="CAUSAL_LM",
            target_modules=list(targets) or None,
        )
        try:
            self._adapted = peft.get_peft_model(self._base.model, config)
        except ValueError as error:
            reason = " ".join(str(error).split())
            raise Unsupported(
                f"model {self._base.owner!r}: {reason:.200}; say with --targets which"
                " layers are to be changed, by the last part of their names"
            ) from error
        own = self._adapted.peft_config["default"]
        own.base_model_name_or_path = base
        for weight in self._adapted.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
        return tuple(sorted(own.target_modules))

    def train(
        self,
        batches: Iterable[Mapping[str, list[list[int]]]],
        rates: Iterable[float],
        *,
        tell: Callable[[int, float], None],
    ) -> list[float]:
        """Adjust the adapter's weights, a batch a step; return the loss of each.

        Args:
            batches: rows of token numbers; the labels are of their last columns.
            rates: learning rate of each step.
            tell: called after each step, with its number from 1 and its loss.

        Raises:
            LLMLatError: the loss is no number any more.
        """
        torch = self._torch
        weights = [one for one in self._adapted.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(weights, weight_decay=0.0)
        losses: list[float] = []
        self._adapted.train()
        for rows, rate in zip(batches, rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = self._loss(rows)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            if not losses[-1] < float("inf"):
                raise LLMLatError(
                    f"step {len(losses)}: the loss is {losses[-1]}; train with a lower"
                    " rate (--lr)"
                )
            tell(len(losses), losses[-1])
        return losses

    def _loss(self, rows: Mapping[str, list[list[int]]]) -> Any:  # noqa: ANN401 - a tensor
        torch = self._torch
        place = self._device.name
        batch = {k: torch.tensor(each, device=place) for k, each in rows.items()}
        labels = batch.pop("labels")
        # A token is foretold by the one before it. The vocabulary is large: only the
        # last places are multiplied out to it.
        scores = self._adapted(**batch, logits_to_keep=labels.shape[1] + 1).logits
        return torch.nn.functional.cross_entropy(
            scores[:, :-1].flatten(0, 1).float(),
            labels.flatten(),
            ignore_index=IGNORED,
        )

    def save(self, folder: Path) -> None:
        """Write the adapter's settings and weights into a folder."""
        # Told, or peft asks the hub whether the vocabulary was resized.
        self._adapted.save_pretrained(folder, save_embedding_layers=False)

    def close(self) -> None:
        """Free the base and the adapter."""
        self._adapted = None
        self._base.free()
