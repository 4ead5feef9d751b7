"""What all unit tests need."""

from __future__ import annotations

from hypothesis import settings

# For `tox -e quick`: pytest --hypothesis-profile=quick
settings.register_profile("quick", max_examples=5, deadline=None)
