"""Open tables of extensions: metrics, extractors, families, sandboxes and their kind.

An extension has a name and a value, and comes into its table by one of two doors:

- an entry point of the group ``pytest_llmlat.KIND`` in an installed distribution. Ours
  stand in this project's own ``pyproject.toml`` and nowhere else in the code;
- a hook of pytest, ``pytest_llmlat_KIND`` in a ``conftest.py``. The table keeps those
  for as long as that pytest session lasts.

A table reads the entry points when it is first used, and imports a value when it is
first asked for. A distribution whose extension is broken, or takes a name that is
taken, therefore harms only whoever asks for that name; what is known to be wrong is
told in ``problems``.
"""

from __future__ import annotations

import contextlib
import os
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pytest_llmlat.values.errors import BadExtension, LLMLatError, UnknownName

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

OURS = "pytest-llmlat"
"""The distribution whose names nobody else can take."""

_OUR_CODE = (str(Path(__file__).parents[1]) + os.sep, contextlib.__file__)
"""Beginnings of the files that call extensions for us: our own, and those of
``with``."""

T = TypeVar("T")
Check: TypeAlias = Callable[[str, object], T]
"""(name, value) to the extension; ``TypeError`` or ``ValueError`` says what is
wrong."""


def installed(group: str) -> Iterable[EntryPoint]:
    """Return the entry points of a group; to look takes some ten milliseconds."""
    # It loads the standard library's parsers of mail and of archives.
    from importlib.metadata import entry_points  # noqa: PLC0415 - on use

    return entry_points(group=group)


class Table(Mapping[str, T]):
    """All extensions of one kind by name; iterating over names imports nothing."""

    def __init__(
        self,
        kind: str,
        noun: str,
        check: Check[T],
        *,
        declared: Callable[[str], Iterable[EntryPoint]] = installed,
    ) -> None:
        """Describe a table; reads nothing yet.

        Args:
            kind: the last part of the entry points' group, such as ``metrics``.
            noun: what one of them is called in a message, such as ``metric``.
            check: turns what was found into an extension.
            declared: returns the entry points of a group.
        """
        self.kind = kind
        self.noun = noun
        self._check = check
        self._read = declared
        self._sessions: list[dict[str, T]] = []
        self._givers: dict[str, str] = {}
        # What was asked for already: readers ask once for each of a million records.
        self._ready: dict[str, T] = {}
        self._broken: dict[str, str] = {}

    @property
    def group(self) -> str:
        """The group of its entry points."""
        return f"pytest_llmlat.{self.kind}"

    @cached_property
    def _declared(self) -> Mapping[str, tuple[EntryPoint, ...]]:
        """The entry points by name, ours before others of the same name."""
        found: dict[str, list[EntryPoint]] = defaultdict(list)
        for point in sorted(self._read(self.group), key=_of_others):
            found[point.name].append(point)
        if not any(_is_ours(points[0]) for points in found.values()):
            raise LLMLatError(
                f"the installed {OURS} declares no entry point of the group"
                f" {self.group!r}: its metadata is older than its code; install it"
                " again (in a checkout: pip install -e .)"
            )
        return {name: tuple(points) for name, points in found.items()}

    def __getitem__(self, name: str) -> T:
        """Return an extension.

        Raises:
            KeyError: there is none of that name.
            BadExtension: there is, and it cannot be used; says whose it is and why.
        """
        if name in self._ready:
            return self._ready[name]
        for added in reversed(self._sessions):
            if name in added:
                break
        else:
            added = {name: self._imported(name)}
        self._ready[name] = added[name]
        return added[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names: those of entry points, then those of hooks."""
        added = (name for session in self._sessions for name in session)
        return iter(dict.fromkeys((*self._declared, *added)))

    def __len__(self) -> int:
        """Return how many names there are."""
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a name, be it broken or not."""
        return name in self._declared or any(name in each for each in self._sessions)

    def find(self, name: str, *, where: str) -> T:
        """Return the extension that somebody named.

        Args:
            name: as it was typed.
            where: where it was typed, for the message.

        Raises:
            UnknownName: there is none of that name; lists the nearest, and all.
            BadExtension: there is, and it cannot be used.
        """
        self.known(name, where=where)
        return self[name]

    def known(self, name: str, *, where: str) -> str:
        """Return a name that is in the table, without importing what it names.

        Raises:
            UnknownName: it is not; lists the nearest, and all.
        """
        if name in self:
            return name
        remedy = f"Others come by an entry point of {self.group!r} or a hook."
        raise UnknownName(
            self.noun, name, self, where=where, remedy=remedy, list_all=True
        )

    def working(self) -> dict[str, T]:
        """Import all, and return those that can be used; ``problems`` has the rest."""
        found = {}
        for name in self:
            try:
                found[name] = self[name]
            except BadExtension:
                continue
        return found

    def problems(self) -> tuple[str, ...]:
        """Return what is known to be wrong: names taken twice, failed imports.

        What nobody has asked for is not imported, and not known to be broken; call
        ``working`` before to try all. Metadata that are too old are a problem too: what
        was measured without this table is still told.
        """
        try:
            declared = self._declared
        except LLMLatError as error:
            return (str(error),)
        taken = (self._taken(points) for points in declared.values() if points[1:])
        return tuple(dict.fromkeys((*taken, *self._broken.values())))

    @property
    def added(self) -> frozenset[str]:
        """The names that hooks gave: another process does not have them."""
        return frozenset(name for session in self._sessions for name in session)

    def owner(self, name: str) -> str:
        """Say whose an extension is: a distribution's entry point, or a hook.

        Raises:
            KeyError: there is none of that name.
        """
        if name in self._declared:
            return _owner(self._declared[name][0])
        return self._givers[name]

    @contextlib.contextmanager
    def blamed(self, name: str) -> Iterator[None]:
        """Let an error that comes of using an extension say whose it is, and where.

        Raises:
            BadExtension: in place of what was raised; errors of other kinds of ours
                pass as they are.
        """
        try:
            yield
        except BadExtension as error:
            raise BadExtension(f"{error} ({self.owner(name)})") from error
        except LLMLatError:
            raise
        except Exception as error:  # foreign code may raise anything
            raise BadExtension(
                f"{self.noun} {name!r} of {self.owner(name)} failed:"
                f" {type(error).__name__}: {error}{raised_at(error)}"
            ) from error

    def add(
        self, given: Iterable[tuple[str, Mapping[str, object]]]
    ) -> Callable[[], None]:
        """Add what the hooks of one pytest session give, all or nothing.

        A table outlives a pytest session, and one session may run inside another, as
        those of pytest's own ``pytester`` do. So each session adds once and undoes it
        at its end, and meanwhile comes before the sessions round it.

        Args:
            given: (who gives it, extensions by name).

        Returns:
            What takes them out again.

        Raises:
            BadExtension: a name is taken, by an entry point or within the session, or
                a value is not what this table takes.
        """
        session: dict[str, T] = {}
        givers: dict[str, str] = {}
        for giver, extensions in given:
            for name, value in extensions.items():
                place = f"{self.noun} {name!r} of {giver}"
                if type(name) is not str or name != name.strip() or not name:
                    raise BadExtension(f"{place}: its name must be a word or some")
                if name in givers:
                    raise BadExtension(
                        f"{place}: the name is taken by {givers[name]}; choose another"
                    )
                if name in self._declared:
                    holder = _owner(self._declared[name][0])
                    raise BadExtension(
                        f"{place}: the name is taken by {holder}; choose another"
                    )
                session[name] = self._checked(partial(str, place), name, value)
                givers[name] = giver
        before, self._givers = self._givers, {**self._givers, **givers}
        self._sessions.append(session)
        self._ready.clear()

        def undo() -> None:
            self._sessions = [each for each in self._sessions if each is not session]
            self._givers = before
            self._ready.clear()

        return undo

    def _imported(self, name: str) -> T:
        """Import what an entry point names.

        Raises:
            KeyError: there is no such entry point.
            BadExtension: it cannot be used.
        """
        points = self._declared[name]
        if name in self._broken:
            raise BadExtension(self._broken[name])
        if points[1:] and not _is_ours(points[0]):
            raise BadExtension(self._taken(points))

        def place() -> str:
            return f"{self.noun} {name!r} of {_owner(points[0])}"

        try:
            return self._checked(place, name, _load(points[0], place))
        except BadExtension as error:
            self._broken[name] = str(error)
            raise

    def _checked(self, place: Callable[[], str], name: str, value: object) -> T:
        """Return an extension; whose it is, is looked up where it is broken."""
        try:
            return self._check(name, value)
        except (TypeError, ValueError) as error:
            raise BadExtension(f"{place()}: {error}") from error

    def _taken(self, points: tuple[EntryPoint, ...]) -> str:
        """Say who takes a name that is taken, and what becomes of it."""
        first, *others = map(_owner, points)
        ends = (
            "it stays with the first"
            if _is_ours(points[0])
            else "nobody can have it; uninstall all but one"
        )
        return (
            f"{self.noun} {points[0].name!r} is declared by {first} and by"
            f" {' and by '.join(others)}: {ends}"
        )


def raised_at(error: BaseException) -> str:
    """Say at which line of which file foreign code went wrong; empty if none did.

    Of the frames below ours the first is the extension's own; what fails in a library
    that it calls is told at the line that calls it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [frame for frame in frames if not frame.filename.startswith(_OUR_CODE)]
    if not foreign:
        return ""
    last = [frame for frame in foreign if frame.filename == foreign[0].filename][-1]
    return f" ({last.filename}, line {last.lineno})"


def _load(point: EntryPoint, place: Callable[[], str]) -> object:
    """Import what an entry point names.

    Raises:
        BadExtension: anything went wrong.
    """
    try:
        value: object = point.load()
    except (Exception, SystemExit) as error:  # foreign code may raise anything
        raise BadExtension(
            f"{place()}: cannot be imported: {type(error).__name__}: {error}; mend it,"
            f" or uninstall {_distribution(point)}"
        ) from error
    return value


def _distribution(point: EntryPoint) -> str:
    return "an unknown distribution" if point.dist is None else _name_of(point.dist)


@cache
def _name_of(distribution: Distribution) -> str:
    """Return a distribution's name; each time it is asked, it reads its metadata."""
    return distribution.name


def _is_ours(point: EntryPoint) -> bool:
    return _distribution(point).replace("_", "-").casefold() == OURS


def _of_others(point: EntryPoint) -> tuple[bool, str, str]:
    """Sort ours first, then by distribution and name: builders sort names as well."""
    return not _is_ours(point), _distribution(point), point.name


def _owner(point: EntryPoint) -> str:
    """Say which entry point of which distribution it is."""
    version = f" {point.dist.version}" if point.dist is not None else ""
    return (
        f"{_distribution(point)}{version} (entry point {point.name!r} ="
        f" {point.value!r} of {point.group!r})"
    )
