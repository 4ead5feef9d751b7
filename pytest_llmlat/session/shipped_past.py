"""Earlier sittings of a run, for a worker that cannot read its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import compress, decompress

from pytest_llmlat.store.journal import CELLS, RECORDS, RUN

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.session.cell_orders import WorkerSetup
    from pytest_llmlat.values.settings import Settings

_FILES = (RUN, CELLS, RECORDS)


def past_of(settings: Settings) -> tuple[tuple[str, bytes], ...]:
    """Return the files of a run that is gone on with, by name, compressed."""
    paths = [settings.folder / name for name in _FILES]
    return tuple((p.name, compress(p.read_bytes())) for p in paths if p.is_file())


def put_past(folder: Path, setup: WorkerSetup) -> None:
    """Write what earlier sittings measured on a machine like this one.

    Cells of other machines are left out, so that they are measured anew.

    Args:
        folder: the worker's own.
        setup: has the files.
    """
    if not setup.past:
        return
    folder.mkdir(parents=True, exist_ok=True)
    own = dict(setup.node.environment)
    for name, content in setup.past:
        text = decompress(content)
        if name == RUN:
            told = json.loads(text)
            # The run is the orderer's; what is held against it is this machine.
            text = json.dumps({**told, "environment": own}).encode()
        elif name == CELLS:
            lines = [line for line in text.splitlines() if _of(line) == own]
            text = b"".join(line + b"\n" for line in lines)
        (folder / name).write_bytes(text)


def _of(line: bytes) -> dict[str, Any] | None:
    """Return the fingerprint of the node of a cell; ``None`` where there is none."""
    try:
        node = json.loads(line)["node"]
        return dict(node["environment"])
    except (ValueError, KeyError, TypeError):
        return None
