"""Runs into MLflow: each row a run of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlat.report.published_run import Publisher
from pytest_llmlat.values.confidential import shown_text
from pytest_llmlat.values.errors import LLMLatError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmlat.report.published_run import Publication


def publish(publication: Publication) -> Sequence[str]:
    """Log each row as a run of MLflow.

    Raises:
        MissingExtra: MLflow is not installed.
        LLMLatError: MLflow refused it; says why.
    """
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise MissingExtra("mlflow", "mlflow", wanted_by="publish mlflow") from error
    told = []
    try:
        if publication.address is not None:
            mlflow.set_tracking_uri(publication.address)
        mlflow.set_experiment(publication.project)
        for row in publication.rows:
            with mlflow.start_run(run_name=row.name) as started:
                mlflow.log_params(dict(row.facts))
                mlflow.log_metrics(dict(row.numbers))
                for path in publication.files:
                    mlflow.log_artifact(str(path))
            told.append(f"{row.name}: run {started.info.run_id}")
    except (MlflowException, OSError) as error:
        raise LLMLatError(
            f"publish mlflow: refused: {shown_text(str(error)):.300}; see --to and"
            " MLflow's settings"
        ) from error
    return told


PUBLISHER = Publisher(meaning="MLflow: an experiment's runs", publish=publish)
