"""Put benchmarks/ and fixtures/ inside the package of a wheel.

An editable install finds both beside the package; copies of them in site-packages
would go stale.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildHook(BuildHookInterface[Any]):
    """Hatchling's hook for the wheel target."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the two folders to a wheel that is installed for real."""
        if version == "standard":
            build_data["force_include"] |= {
                name: f"pytest_llmlat/{name}" for name in ("benchmarks", "fixtures")
            }
