"""Rendering: values in, lines or JSON objects out. Nothing here writes or computes."""

from __future__ import annotations
