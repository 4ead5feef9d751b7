"""Answers of a load, written down as they end, and read where the load was cut off.

Under a load nobody has time to grade an answer or to write it as a record: that is done
when the load is over. Until then each answer lies, as raw as it came, in a file of its
own beside the run's records, ``spool/NAME.raw``::

    {"cell": ..., "backend": ..., "server": ..., "places": N}     the load
    {"record": {...}, "request": {...}}                           N times: what is asked
    {"place": 3, "sizes": [256, 128, 8000], ...}                  an answer, and behind
    (8,384 bytes)                                                 it what came

The event loop only puts a reference on a queue; a thread writes. When the records are
written the file is removed. A file that is left is of a process that was killed: its
answers are read as records that are not graded, for nothing but the process that was
killed knew how. They count as answers of a cell that is partial.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pytest_llmlat.backends.backend_kind import BACKENDS
from pytest_llmlat.store.json_lines import cell_of, json_object, parsed, response_of
from pytest_llmlat.store.record_lines import record_of
from pytest_llmlat.values.answered_record import with_response
from pytest_llmlat.values.raw_answers import RawAnswer
from pytest_llmlat.values.records import Request
from pytest_llmlat.values.thought_tags import ThoughtTags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader, FileIO
    from pathlib import Path
    from typing import Self

    from pytest_llmlat.values.records import Cell, Record, Response

FOLDER = "spool"
"""Of a run: what of its loads is not in its records yet."""
_ENDING = ".raw"
_AT_ONCE = 1 << 20
"""Up to so many bytes an answer is put together before it is written."""
_FORGET: tuple[int, Any] = (-1, None)
_OF_REQUEST = ("prompt", "chat", "max_new_tokens", "stop", "system", "turns")
_MALFORMED = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError),
    *(OverflowError, RecursionError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledLoad:
    """What a load is, before any of its answers is there."""

    cell: Cell
    backend: str | None
    """The name of the backend that its answers are as raw of; ``None`` where they are
    responses."""
    server: str
    """Its address, for complaints."""
    asked: Iterable[tuple[Record, Request]]
    """Of each place a record without an answer, and what is asked."""

    def dealt(self, place: int, among: int) -> SpooledLoad:
        """Return the part of a client that has every ``among``-th request."""
        return replace(self, asked=tuple(self.asked)[place::among])


class Spool:
    """The file of a load while it is under way; it is an :class:`AnswerSink`."""

    def __init__(
        self,
        folder: Path,
        load: SpooledLoad,
        raw: Callable[[Any], RawAnswer | None],
    ) -> None:
        """Name the file.

        Args:
            folder: of the run.
            load: what is asked.
            raw: makes of an answer what is written; it is called by another thread.
        """
        name = sha256(load.cell.id.encode()).hexdigest()[:16]
        self._path = folder / FOLDER / f"{name}-{os.getpid()}{_ENDING}"
        self._load, self._raw = load, raw
        self._queue: SimpleQueue[tuple[int, Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Write what is asked, and be ready; without room for it keep nothing."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("wb", buffering=0)
            if all(_written(file, line) for line in _head(self._load)):
                self._thread = threading.Thread(
                    target=self._write_all, args=(file,), name="llmlat-spool"
                )
                self._thread.start()
            else:
                file.close()
        return self

    def put(self, place: int, answer: Any) -> None:  # noqa: ANN401 - of any backend
        """Leave an answer to the thread."""
        self._queue.put((place, answer))

    def forget(self) -> None:
        """Say that all that was put is measured anew."""
        self._queue.put(_FORGET)

    def __exit__(self, kind: object, *_: object) -> None:
        """Remove the file, unless something went wrong before all was recorded."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        if kind is None:
            remove(self._path)

    def _write_all(self, file: FileIO) -> None:
        # An answer that cannot be written is none that the load may break on.
        with file, suppress(Exception):
            while (item := self._queue.get()) is not None:
                if not self._write(file, *item):
                    return

    def _write(self, file: FileIO, place: int, answer: Any) -> bool:  # noqa: ANN401 - of any backend
        """Write an answer; false if there is no room."""
        raw = RawAnswer(told={}) if answer is None else self._raw(answer)
        if raw is None:
            return True
        blobs = [memoryview(blob).cast("B") for blob in raw.blobs]
        sizes = [len(blob) for blob in blobs]
        told = json.dumps({"place": place, "sizes": sizes, **raw.told}, default=_plain)
        line = (told + "\n").encode("ascii")
        if sum(sizes) < _AT_ONCE:
            return _written(file, b"".join((line, *blobs)))
        return _written(file, line) and all(_written(file, blob) for blob in blobs)


def raw_response(response: Response) -> RawAnswer:
    """Return what is written of a response: itself."""
    return RawAnswer(told={"response": response})


def remove(path: Path) -> None:
    """Remove a file, and its folder with the last one."""
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def copy_spool(folder: Path, to: Path) -> None:
    """Copy what a run has left of its loads into another folder, in place of others'.

    Args:
        folder: the run's folder.
        to: the other folder; nothing is done if it is the same.
    """
    if to.resolve() == folder.resolve():
        return
    shutil.rmtree(to / FOLDER, ignore_errors=True)
    if (folder / FOLDER).is_dir():
        shutil.copytree(folder / FOLDER, to / FOLDER)


def spooled(folder: Path) -> Iterator[tuple[Path, Cell]]:
    """Yield each file of answers that a run has left, and the cell that it is of."""
    for path in sorted((folder / FOLDER).glob(f"*{_ENDING}")):
        with suppress(OSError, *_MALFORMED), path.open("rb") as file:
            yield path, cell_of(parsed(file.readline()))


def spooled_records(path: Path, cell: Cell) -> list[Record]:
    """Return the answers of a load that was cut off, as records without grades.

    What the killed process wrote last may be cut off; it is left out.

    Args:
        path: the file.
        cell: of which they are.

    Raises:
        ValueError: it is none.
    """
    try:
        with path.open("rb") as file:
            return _records(file, cell)
    except _MALFORMED as error:
        raise ValueError(f"{path}: no answers of a load: {error!s:.200}") from error


def _records(file: BufferedReader, cell: Cell) -> list[Record]:
    head = parsed(file.readline())
    server = str(head["server"])
    # No more lines than there are, whatever number is said.
    asked = list(islice(file, int(head["places"])))
    kind = None if head["backend"] is None else BACKENDS.working()[head["backend"]]
    found: dict[int, Record] = {}
    for place, raw in _answers(file):
        if place < 0:
            found.clear()
            continue
        question = parsed(asked[place])
        if kind is None:
            response = response_of(raw.told["response"])
        elif kind.read_raw is not None:
            response = kind.read_raw(raw, _request_of(question["request"]), server)
        else:
            continue
        record = with_response(record_of(question["record"], cell), response)
        # As any record, it is looked at as something foreign.
        line = json.dumps(json_object(record), allow_nan=False)
        found[place] = record_of(parsed(line.encode()), cell)
    return list(found.values())


def _answers(file: BufferedReader) -> Iterator[tuple[int, RawAnswer]]:
    """Yield whole answers; the file ends at one that is cut off."""
    size_of_file = os.fstat(file.fileno()).st_size
    for line in file:
        if not line.endswith(b"\n"):
            return
        told = parsed(line)
        sizes = [int(size) for size in told["sizes"]]
        if min(sizes, default=0) < 0 or sum(sizes) > size_of_file - file.tell():
            return
        blobs = tuple(file.read(size) for size in sizes)
        yield int(told["place"]), RawAnswer(told=told, blobs=blobs)


def _head(load: SpooledLoad) -> Iterator[bytes]:
    """Yield the lines in front of the answers."""
    lines = [
        {
            "record": json_object(record),
            "request": {
                **{name: getattr(request, name) for name in _OF_REQUEST},
                "thought_tags": [asdict(tags) for tags in request.thought_tags],
            },
        }
        for record, request in load.asked
    ]
    first = {
        "cell": load.cell.id,
        **asdict(load.cell),
        "backend": load.backend,
        "server": load.server,
        "places": len(lines),
    }
    for content in (first, *lines):
        yield (json.dumps(content, allow_nan=False) + "\n").encode("ascii")


def _request_of(content: dict[str, Any]) -> Request:
    """Return as much of a request as its answer is read by."""
    told = {name: content[name] for name in _OF_REQUEST}
    return Request(
        **{
            **told,
            "stop": tuple(told["stop"]),
            "turns": tuple((str(asked), str(said)) for asked, said in told["turns"]),
            "thought_tags": tuple(ThoughtTags(**t) for t in content["thought_tags"]),
        }
    )


def _written(file: FileIO, content: bytes | memoryview) -> bool:
    return file.write(content) == len(content)


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - one of our values
    """Return a value as JSON has it, without copying what is in it."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
