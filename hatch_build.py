"""Build hooks: data inside the package of a wheel, and a README that reads anywhere.

An editable install finds benchmarks/ and fixtures/ beside the package; copies of them
in site-packages would go stale. A README's links begin where it lies, which a package
index does not know: there they are whole addresses, made from ``project.urls`` of
pyproject.toml, the one place that says where the project lives.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?\[[^\]]*\])\((?!https?:|mailto:|#)([^)\s]+)\)")
_VERSION = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


def whole_links(text: str, source: str, version: str) -> str:
    """Return a Markdown text whose links into the project are whole addresses.

    Args:
        text: of a file at the project's top.
        source: address of the project's repository.
        version: of the release, whose files they lead to.
    """

    def whole(found: re.Match[str]) -> str:
        label, target = found.groups()
        kind = "raw" if label.startswith("!") else "blob"
        return f"{label}({source.rstrip('/')}/{kind}/v{version}/{target})"

    return _LINK.sub(whole, text)


class MetadataHook(MetadataHookInterface):
    """Hatchling's hook for the metadata: the description that an index shows."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the README, with whole links."""
        root = Path(self.root)
        init = (root / "pytest_llmlat" / "__init__.py").read_text("utf-8")
        version = _VERSION.search(init)
        if version is None:
            raise ValueError("pytest_llmlat/__init__.py: has no __version__")
        readme = (root / "README.md").read_text("utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": whole_links(readme, metadata["urls"]["Source"], version[1]),
        }


class BuildHook(BuildHookInterface[Any]):
    """Hatchling's hook for the wheel target."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the two folders to a wheel that is installed for real."""
        if version == "standard":
            build_data["force_include"] |= {
                name: f"pytest_llmlat/{name}" for name in ("benchmarks", "fixtures")
            }
