"""A file of another tool: its bytes, its digest, and the JSON that is in it."""

from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmlat.values.errors import BadPeerFile, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ZIP = b"PK\x03\x04"
_ZSTANDARD = 93
"""How newer inspect packs what is in an archive (APPNOTE 6.3.7)."""
_MOST_BYTES = 2 * 1024**3
"""Largest size of a file, and of all that is in an archive: more is no log but a trap,
or should be split."""
_BROKEN = (ValueError, RecursionError)
_BROKEN_ZIP = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError),
    *(RuntimeError, OSError, ValueError, KeyError, zlib.error),
)


class PeerFile:
    """A file that was named: read once, parsed when somebody asks."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadPeerFile: it is not there, empty, or cannot be read.
        """
        self.path = path
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise BadPeerFile(f"{path}: has more than 2 GiB; read a part of it")
            self._bytes = path.read_bytes()
        except OSError as error:
            raise BadPeerFile(
                f"{path}: cannot be read: {error.strerror or error}"
            ) from error
        if not self._bytes.strip():
            raise BadPeerFile(f"{path}: is empty; run the tool again")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return sha256(self._bytes).hexdigest()

    @property
    def is_archive(self) -> bool:
        """Whether it is a ZIP archive."""
        return self._bytes.startswith(_ZIP)

    @cached_property
    def head(self) -> Mapping[str, Any]:
        """Its JSON object, or that of its first line; empty where there is none.

        By its keys a reader knows its files.
        """
        if self.is_archive:
            return {}
        for text in (self._bytes, self._bytes.lstrip().split(b"\n", 1)[0]):
            try:
                content = json.loads(text)
            except _BROKEN:
                continue
            return content if isinstance(content, dict) else {}
        return {}

    def whole(self) -> dict[str, Any]:
        """Return the JSON object that the file holds.

        Raises:
            BadPeerFile: it holds none.
        """
        try:
            content = json.loads(self._bytes)
        except _BROKEN as error:
            raise self.bad(f"is cut off or no JSON: {error!s:.120}") from error
        if not isinstance(content, dict):
            raise self.bad("holds no JSON object")
        return content

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield the JSON object of each line; empty lines are none.

        Raises:
            BadPeerFile: a line holds none; says which.
        """
        # Only a line feed ends a line: JSON may hold other separators as they are.
        for number, line in enumerate(self._bytes.split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                content = json.loads(line)
            except _BROKEN as error:
                raise self.bad(
                    f"line {number} is cut off or no JSON: {error!s:.120}"
                ) from error
            if not isinstance(content, dict):
                raise self.bad(f"line {number} holds no JSON object")
            yield content

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names of what is in the archive; empty where it is none or a broken one."""
        try:
            with zipfile.ZipFile(io.BytesIO(self._bytes)) as archive:
                return tuple(archive.namelist())
        except _BROKEN_ZIP:
            return ()

    def member(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the JSON value of a member of the archive.

        Raises:
            BadPeerFile: there is none, or it cannot be read.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(self._bytes)) as archive:
                if archive.getinfo(name).file_size > _MOST_BYTES:
                    raise self.bad(f"{name} in it unpacks to more than 2 GiB")
                packed = archive.getinfo(name).compress_type == _ZSTANDARD
                if not packed or sys.version_info >= (3, 14):
                    return json.loads(archive.read(name))
            return json.loads(self._unpacked(name))
        except (*_BROKEN_ZIP, RecursionError) as error:
            raise self.bad(f"{name} in it cannot be read: {error!s:.120}") from error

    def _unpacked(self, name: str) -> bytes:
        """Return a member that Python's own library cannot unpack before 3.14.

        Raises:
            MissingExtra: nor can another.
        """
        try:
            from backports.zstd import ZstdError
            from backports.zstd import zipfile as newer
        except ImportError as error:
            raise MissingExtra(
                "inspect", "backports.zstd", wanted_by=str(self.path)
            ) from error
        try:
            with newer.ZipFile(io.BytesIO(self._bytes)) as archive:
                content: bytes = archive.read(name)
        except ZstdError as error:
            raise ValueError(str(error)) from error
        return content

    def bad(self, what: str) -> BadPeerFile:
        """Return the error that says what is wrong with the file, to be raised."""
        return BadPeerFile(f"{self.path}: {what}; copy it again, or run the tool again")
