"""What an entry may set of a model that runs through MLX.

There are no options of its own: MLX decides itself how many threads it uses, and the
weights' files decide the rest.
"""

from __future__ import annotations

DTYPES = ("float32", "float16", "bfloat16")
"""What MLX computes in."""
