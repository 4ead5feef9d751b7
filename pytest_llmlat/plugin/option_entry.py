"""The entry of an option: its names on the command line and in the ini file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from pytest_llmlat.plugin.given_option import Read

IniKind: TypeAlias = Literal["string", "args", "linelist", "paths"]


class Option(NamedTuple):
    """One option, on the command line and in the ini file.

    Not a dataclass: pytest's start would wait ten times as long for that.
    """

    flag: str
    metavar: str
    """Placeholder of its value; empty for an option without one."""
    help: str
    read: Read
    """Returns the setting, from what was given."""
    kind: IniKind = "string"
    """Kind in the ini file; any but ``string`` is a list, and repeatable when typed."""
    alone: str | None = None
    """Value that it has without one; ``None`` where it must have one."""
    looked_up: bool = False
    """Whether it names what a run needs, so that a typo is told at the start."""

    @property
    def ini(self) -> str:
        """The name in the ini file: what is typed, with underscores."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def unset(self) -> str | list[str]:
        """The value in an ini file that does not say it."""
        return "" if self.kind == "string" else []
