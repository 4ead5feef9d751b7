"""What an entry may set of a model that runs through MLX.

MLX decides itself how many threads it uses, and the weights' files decide the rest.
"""

from __future__ import annotations

from pytest_llmlat.backends.shared_options import SHA256

DTYPES = ("float32", "float16", "bfloat16")
"""What MLX computes in."""
OPTIONS = (SHA256,)
"""All options, beside those of every backend."""
