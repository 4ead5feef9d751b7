"""Models and tasks as data: the catalogues in TOML, and addresses typed directly."""

from __future__ import annotations

from pytest_llmlat.catalogue.models import ModelCatalogue, load_models
from pytest_llmlat.catalogue.tasks import TaskCatalogue, load_tasks

__all__ = ["ModelCatalogue", "TaskCatalogue", "load_models", "load_tasks"]
