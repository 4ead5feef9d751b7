"""The facts of a run that no latency depends on."""

from __future__ import annotations

UNTIMED_FACTS = frozenset(
    {"pytest", "pytest-llmlat", "sacrebleu", "rouge_score", "keeps_prompts", "slower"}
)
"""Facts that no latency depends on; what a server keeps of prompts is seen by the share
that it had kept, and by what was done about it."""
