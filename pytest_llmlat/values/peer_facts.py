"""Facts of a cell that another tool measured: which tool, by which files, and how."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFacts:
    """Facts of a cell that another tool measured, and this project only read."""

    tool: str
    """Name of the tool, such as ``aiperf``."""
    version: str | None
    """Version of the tool; ``None`` where its files do not tell."""
    files: tuple[tuple[str, str], ...]
    """(name, SHA-256) of each file that the figures come from."""
    metric: str | None
    """What the tool calls the quality of an answer; ``None`` where it has none."""
    ungraded: str | None = None
    """Reason why there is no quality; ``None`` where there is one."""
    untimed: str | None = None
    """Reason why there is no figure of speed; ``None`` where there is one."""
    notes: tuple[str, ...] = ()
    """What must be known to read its figures: how it takes times, what it lacks."""

    @property
    def measurer(self) -> str:
        """The tool with its version, as tables name it."""
        return self.tool if self.version is None else f"{self.tool} {self.version}"

    @property
    def told(self) -> str:
        """Whose figures they are, in words, for notes."""
        quality = (
            f"quality is its {self.metric}"
            if self.ungraded is None
            else f"no quality: {self.ungraded}"
        )
        speed = () if self.untimed is None else (f"no speed: {self.untimed}",)
        digests = ", ".join(f"{name} (sha256 {key[:12]})" for name, key in self.files)
        whose = f"measured by {self.measurer}, not by this project"
        read = (f"read from {digests}",) if digests else ()
        return "; ".join((whose, quality, *speed, *self.notes, *read))
