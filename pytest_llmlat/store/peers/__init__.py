"""Readers of other tools' results: their files become a run like any other.

Each tool is a file here, or a user's own, named in ``pyproject.toml``. Nothing of the
tools themselves is imported: it is their files that are read.
"""

from __future__ import annotations

from pytest_llmlat.store.peers.peer_run import PeerReader, as_reader
from pytest_llmlat.values.extensions import Table

__all__ = ["PEERS", "PeerReader"]

PEERS: Table[PeerReader] = Table("peers", "tool", as_reader)
"""The readers by the name of their tool."""
