"""The built-in catalogue of tasks, read once for all tests that look into it."""

from __future__ import annotations

from pytest_llmlat.tasks.task_catalogue import load_tasks

BUNDLED = load_tasks()
