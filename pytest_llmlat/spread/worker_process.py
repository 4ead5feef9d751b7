"""A worker process: reads jobs from its standard input, and tells on its output.

What libraries print goes elsewhere. When the input ends, whoever started the worker has
gone or wants it to end: it stops what it does, and leaves nothing behind.
"""

from __future__ import annotations

import _thread
import os
import pickle
import queue
import signal
import sys
import threading
from importlib import import_module
from typing import IO, TYPE_CHECKING

from pytest_llmlat.machine.message_pipe import own_output, read, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmlat.spread.worker_pool import Launch, Work

TOLD, ENDED, FAILED = b"t", b"e", b"f"
"""Kinds of messages of a worker."""
LAUNCH, ORDER = b"l", b"o"
"""Kinds of messages to a worker."""
_LAST_S = 20.0
"""Seconds after which a worker that was to end is ended."""


def work_of(launch: Launch, tell: Callable[[bytes], None]) -> Work:
    """Make what a worker does, in the environment that it is to have.

    Args:
        launch: how the worker is started.
        tell: takes what it tells while it works.
    """
    os.environ.update(launch.environ)
    if launch.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, launch.cores)
    module, _, name = launch.work.partition(":")
    made: Work = getattr(import_module(module), name)(launch.setup, tell)
    return made


def main() -> None:
    """Work until the input ends."""
    out = own_output()
    # Whoever started us may have been deaf to it, as what a shell runs beside it is.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    orders: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    busy = threading.Event()
    source = sys.stdin.buffer
    first = read(source)
    if first is None:
        return
    listen = threading.Thread(target=_listen, args=(source, orders, busy), daemon=True)
    listen.start()
    work = None
    try:
        work = work_of(pickle.loads(first[1]), lambda told: write(out, TOLD, told))  # noqa: S301 - of the process that started us
        while (order := orders.get()) is not None:
            busy.set()
            kind, content = _done(work, order)
            busy.clear()
            write(out, kind, content)
    except (KeyboardInterrupt, BrokenPipeError):
        busy.clear()
    finally:
        if work is not None:
            work.close()


def _done(work: Work, order: bytes) -> tuple[bytes, bytes]:
    """Do one job; whatever goes wrong is told."""
    try:
        return ENDED, work.measure(order)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the worker goes on
        return FAILED, f"{type(error).__name__}: {error}".encode()


def _listen(
    source: IO[bytes], orders: queue.SimpleQueue[bytes | None], busy: threading.Event
) -> None:
    """Pass orders on; where they end, end this process."""
    while (message := read(source)) is not None:
        orders.put(message[1])
    timer = threading.Timer(_LAST_S, os._exit, (1,))
    timer.daemon = True
    timer.start()
    orders.put(None)
    main_thread = threading.main_thread().ident
    if busy.is_set() and main_thread is not None:
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main_thread, signal.SIGINT)
        else:
            _thread.interrupt_main()
