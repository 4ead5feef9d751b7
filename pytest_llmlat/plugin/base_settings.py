"""The gate's settings as the base branch's ini file has them."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import iniconfig
import pytest

from pytest_llmlat.plugin.given_option import Given
from pytest_llmlat.plugin.option_table import OPTIONS
from pytest_llmlat.session.base_branch import open_base
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.settings import JudgingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmlat.session.base_branch import BaseBranch

NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Files that are pytest's own, whatever they hold."""
JUDGING = tuple(field.name for field in fields(JudgingSettings))
"""The settings that say what a change is held to."""
SHARED = ("pyproject.toml", "tox.ini", "setup.cfg")
"""Files that have a table for pytest among others, in the order in which it looks."""


def judged_by_base(config: pytest.Config, said: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that a change is held to, as its base has them.

    Raises:
        pytest.UsageError: there is no such base, or one of the settings is typed: a
            change could type it in ``addopts``.
    """
    flag, invoked = OPTIONS["gate_from"].flag, config.invocation_params.dir
    for name in JUDGING:
        if config.getoption(f"llmlat_{name}") is not None:
            raise pytest.UsageError(
                f"{OPTIONS[name].flag}: {flag} takes it from the base branch, so it is"
                f" not typed (nor in addopts); write {OPTIONS[name].ini} into the ini"
                " file there"
            )
    try:
        base = open_base(said["gate_from"], config.rootpath, start=invoked, where=flag)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    if base.scratch is not None:
        config.add_cleanup(base.scratch.cleanup)
    theirs = given_by_base(ini_of_base(config, base), invoked)
    return {
        **asdict(JudgingSettings()),
        **{name: OPTIONS[name].read(given) for name, given in theirs.items()},
        "base": base.folder,
        "proposed": JudgingSettings(
            **{name: said[name] for name in JUDGING if name in said}
        ),
    }


def ini_of_base(config: pytest.Config, base: BaseBranch) -> Path | None:
    """Return the ini file of the base branch; ``None`` where it has none.

    It is the one that was named, or stands where ``-c`` says, or that pytest would
    find: one that the change adds does not come before it.
    """
    if base.ini is not None:
        return base.ini
    if config.option.inifilename:
        return None if config.inipath is None else base.file(config.inipath)
    found = (base.folder / name for name in (*NAMES, *SHARED))
    return next((each for each in found if table_of(each) is not None), None)


def given_by_base(path: Path | None, invoked: Path) -> dict[str, Given]:
    """Return what an ini file says of the settings that judge.

    Args:
        path: of the file; ``None`` where there is none.
        invoked: the folder in which pytest was called.

    Raises:
        pytest.UsageError: the file cannot be read.
    """
    table = {} if path is None else table_of(path) or {}
    return {
        name: Given(
            texts=_texts(table[OPTIONS[name].ini], OPTIONS[name].kind),
            where=f"{path}: {OPTIONS[name].ini}",
            here=invoked,
            start=invoked if path is None else path.parent,
        )
        for name in JUDGING
        if OPTIONS[name].ini in table
    }


def table_of(path: Path) -> Mapping[str, Any] | None:
    """Return what a file has for pytest; ``None`` where it has nothing for it.

    Raises:
        pytest.UsageError: the file cannot be read.
    """
    if not path.is_file():
        return None
    try:
        if path.suffix == ".toml":
            return _toml(path)
        sections = iniconfig.IniConfig(str(path))
    except (OSError, ValueError, iniconfig.ParseError) as error:
        raise pytest.UsageError(f"{path}: cannot be read: {error}") from error
    name = "tool:pytest" if path.suffix == ".cfg" else "pytest"
    if name in sections:
        return dict(sections[name].items())
    return {} if path.name in NAMES else None


def _toml(path: Path) -> Mapping[str, Any] | None:
    """Return the table for pytest of a TOML file.

    Raises:
        ValueError: the file is no TOML, or something else stands where a table belongs.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if path.name in NAMES:
        return _table(content, "pytest") or {}
    own = _table(_table(content, "tool") or {}, "pytest")
    if own is None:
        return None
    return _table(own, "ini_options") if "ini_options" in own else own


def _table(content: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """Return a table inside of another; ``None`` where there is none.

    Raises:
        ValueError: it is no table.
    """
    found = content.get(key)
    if found is not None and not isinstance(found, dict):
        raise ValueError(f"{key!r} must be a table")
    return found


def _texts(value: object, kind: str) -> tuple[str, ...]:
    """Return a value as pytest reads it: lists are written one a line."""
    if isinstance(value, list):
        return tuple(map(str, value))
    if kind == "linelist":
        return tuple(line.strip() for line in str(value).splitlines() if line.strip())
    return (str(value),)
