"""Runs into Weights & Biases: each row a run of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.published_run import Publisher
from pytest_llmlat.values.confidential import shown_text
from pytest_llmlat.values.errors import LLMLatError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.report.published_run import Publication


def publish(publication: Publication) -> Sequence[str]:
    """Log each row as a run; ``WANDB_MODE=offline`` keeps it on this machine.

    Raises:
        MissingExtra: wandb is not installed.
        LLMLatError: it refused; says why.
    """
    try:
        import wandb
        from wandb.errors import Error
    except ImportError as error:
        raise MissingExtra("wandb", "wandb", wanted_by="publish wandb") from error
    told = []
    settings = wandb.Settings(console="off", silent=True)
    if publication.address is not None:
        settings.base_url = publication.address
    try:
        for row in publication.rows:
            with wandb.init(
                project=publication.project,
                name=row.name,
                config=dict(row.facts),
                settings=settings,
            ) as started:
                started.summary.update(dict(row.numbers))
                for path in publication.files:
                    started.save(str(path), base_path=str(path.parent), policy="now")
                where = started.dir if started.offline else started.url
            told.append(f"{row.name}: {where}")
    except (Error, OSError) as error:
        raise LLMLatError(
            f"publish wandb: refused: {shown_text(str(error)):.300}; run: wandb login,"
            " or set WANDB_MODE=offline"
        ) from error
    return told


PUBLISHER = Publisher(meaning="Weights & Biases: a project's runs", publish=publish)
