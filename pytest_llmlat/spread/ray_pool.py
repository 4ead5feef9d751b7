"""Workers that are actors of a Ray cluster, each with the card that it needs."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmlat.spread.nodes_here import VISIBLE
from pytest_llmlat.spread.ray_nodes import look_at_nodes, on_node
from pytest_llmlat.spread.ray_processes import ray_places
from pytest_llmlat.spread.ray_worker import RayWorker
from pytest_llmlat.spread.spread_kinds import SpreadKind
from pytest_llmlat.spread.worker_pool import Report
from pytest_llmlat.values.errors import LLMLatError, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlat.spread.ray_nodes import RayNode
    from pytest_llmlat.spread.worker_pool import Launch, Node, Seat

_LOG = logging.getLogger(__name__)
_HEAD = "node:__internal_head__"
_BEAT_S, _MISSED = 2.0, 5
_DEATH_S, _LOOK_S = 3.0, 0.2
_CLOSE_S, _LEAVE_S = 10.0, 3.0


class RayPool:
    """A pool of actors."""

    def __init__(self, told: str) -> None:
        """Join a cluster, or start one on this machine, and look at its nodes.

        Args:
            told: ``ray``, or the address of a cluster.

        Raises:
            MissingExtra: Ray is not installed.
            LLMLatError: there is no cluster, or no node of it can measure.
        """
        try:
            import ray
            import ray.util.queue
            import ray.util.scheduling_strategies
        except ImportError as error:
            where = f"--llm-spread={told}"
            raise MissingExtra("ray", "ray", wanted_by=where) from error
        self._ray: Any = ray
        self._joined = _join(ray, told)
        self._head = _address_of(ray, told)
        self._missed, self._beat = 0, time.monotonic()
        self._numbers: dict[int, Seat] = {}
        self._actors: dict[Seat, Any] = {}
        self._refs: dict[Any, Seat] = {}
        found, refused = look_at_nodes(ray)
        self._nodes: dict[str, RayNode] = {each.node.name: each for each in found}
        self.left_out = tuple(refused)
        if not found:
            self.close()
            raise LLMLatError(
                f"--llm-spread={told}: no node of the cluster can measure:"
                f" {'; '.join(refused) or 'there is none'}"
            )
        self._mail = ray.util.queue.Queue(actor_options=self._beside_head())

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that can measure."""
        return tuple(each.node for each in self._nodes.values())

    def start(self, seat: Seat, launch: Launch) -> None:
        """Start an actor, with what Ray has of the node to give."""
        node = self._nodes[seat.node]
        claimed = {
            name: float(max(1, launch.cards))
            for name in (launch.device,)
            if node.resources.get(name, 0) >= max(1, launch.cards)
        }
        gpus = launch.cards if node.resources.get("GPU", 0) >= launch.cards else 0
        if gpus:
            # Ray says which ones, and others of its jobs have the rest.
            own = {k: v for k, v in launch.environ.items() if k != VISIBLE}
            launch = replace(launch, environ=own)
        number = len(self._numbers)
        self._numbers[number] = seat
        made = self._ray.remote(RayWorker).options(
            num_cpus=0,
            num_gpus=gpus,
            resources=claimed,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=on_node(self._ray, node.id),
        )
        self._actors[seat] = made.remote(number, launch, self._mail)

    def give(self, seat: Seat, order: bytes) -> None:
        """Give an actor a job."""
        self._refs[self._actors[seat].measure.remote(order)] = seat

    def end(self, seat: Seat) -> None:
        """End an actor."""
        actor = self._actors.pop(seat, None)
        if actor is not None:
            with contextlib.suppress(Exception):
                self._ray.get(actor.close.remote(), timeout=_CLOSE_S)
            with contextlib.suppress(Exception):
                self._ray.kill(actor)

    def reports(self, wait_s: float) -> list[Report]:
        """Return what was told since.

        Raises:
            LLMLatError: the cluster has gone.
        """
        self._listen_for_head()
        if not self._refs:
            time.sleep(wait_s)
            return []
        try:
            ready, _ = self._ray.wait(list(self._refs), timeout=wait_s)
            # What a job told is in the queue before it ends.
            found = self._told()
        # Ray's client gives up by itself, with this and nothing else.
        except ConnectionError as error:
            raise LLMLatError(self._gone(error)) from error
        return found + [self._ended(ref, self._refs.pop(ref)) for ref in ready]

    def close(self) -> None:
        """End all actors, and leave the cluster; one that we started ends too."""

        def leave() -> None:
            actors = [*self._actors.values()]
            with contextlib.suppress(Exception):
                # Those that do nothing leave in order.
                closed = [actor.close.remote() for actor in actors]
                self._ray.wait(closed, num_returns=len(closed), timeout=_LEAVE_S)
            for actor in actors:
                with contextlib.suppress(Exception):
                    self._ray.kill(actor)
            with contextlib.suppress(Exception):
                self._mail.shutdown(force=True)
            if not self._joined:
                with contextlib.suppress(Exception):
                    self._ray.shutdown()

        # A cluster that has gone answers nothing, and must not keep a run from ending.
        thread = threading.Thread(target=leave, daemon=True)
        thread.start()
        thread.join(_CLOSE_S)

    def _told(self) -> list[Report]:
        """Take what is in the queue."""
        waiting = self._mail.qsize()
        if not waiting:
            return []
        return [
            Report(seat=self._numbers[number], kind="told", content=content)
            for number, content in self._mail.get_nowait_batch(waiting)
        ]

    def _ended(self, ref: Any, seat: Seat) -> Report:  # noqa: ANN401 - Ray's reference
        """Return the report on a job that has come to an end."""
        errors = self._ray.exceptions
        try:
            return Report(seat=seat, kind="ended", content=self._ray.get(ref))
        except errors.RayTaskError as error:
            cause = error.cause if error.cause is not None else error
            return Report(
                seat=seat, kind="failed", why=f"{type(cause).__name__}: {cause}"
            )
        except errors.RayError as error:
            self._end_lost(seat)
            silent = isinstance(error, errors.ActorUnavailableError)
            gone = silent or self._is_gone(seat.node)
            lines = str(error).strip().split("\n")
            # Of an actor that could not be made, the last line says why.
            told = lines[-1 if "creation task" in lines[0] else 0]
            why = f"the node has gone: {told:.200}" if gone else f"{told:.200}"
            return Report(seat=seat, kind="lost", why=why, node_lost=gone)

    def _end_lost(self, seat: Seat) -> None:
        """End an actor of which nothing is known, so that it measures no more."""
        actor = self._actors.pop(seat, None)
        with contextlib.suppress(Exception):
            self._ray.kill(actor)

    def _is_gone(self, name: str) -> bool:
        """Whether a node has gone; the cluster may take a moment to know it."""
        node, until = self._nodes[name].id, time.monotonic() + _DEATH_S
        while time.monotonic() < until:
            if not any(n["NodeID"] == node and n["Alive"] for n in self._ray.nodes()):
                return True
            time.sleep(_LOOK_S)
        return False

    def _listen_for_head(self) -> None:
        """Notice that the head has gone, before Ray ends this process for it.

        Raises:
            LLMLatError: it has.
        """
        now = time.monotonic()
        if self._head is None or now - self._beat < _BEAT_S:
            return
        self._beat = now
        try:
            socket.create_connection(self._head, _BEAT_S).close()
        except OSError as error:
            self._missed += 1
            if self._missed >= _MISSED:
                raise LLMLatError(self._gone(error)) from error
        else:
            self._missed = 0

    def _gone(self, error: OSError) -> str:
        """Say that the head has gone, and what to do."""
        head = "" if self._head is None else f" ({self._head[0]}:{self._head[1]})"
        return (
            f"the head of the cluster{head} has gone ({error}); what was measured is"
            " written, and --llm-resume goes on with it"
        )

    def _beside_head(self) -> dict[str, Any]:
        """Return the options that keep what all need on the head of the cluster."""
        heads = [each["NodeID"] for each in self._ray.nodes() if each["Alive"]]
        head = next(
            (
                each["NodeID"]
                for each in self._ray.nodes()
                if each["Alive"] and _HEAD in each["Resources"]
            ),
            heads[0],
        )
        return {"num_cpus": 0, "scheduling_strategy": on_node(self._ray, head)}


def _join(ray: Any, told: str) -> bool:  # noqa: ANN401 - a library
    """Join a cluster, or start one; returns whether this process was in one already.

    Raises:
        LLMLatError: there is none at the address.
    """
    if ray.is_initialized():
        return True
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if "://" in told:
            ray.init(told, **quiet)
            return False
        try:
            ray.init("auto", **quiet)
        except ConnectionError:
            ray.init(include_dashboard=False, **quiet)
    except Exception as error:
        first = str(error).strip().split("\n")[0]
        raise LLMLatError(
            f"--llm-spread={told}: no cluster there ({type(error).__name__}:"
            f" {first:.300}); start its head with: ray start --head"
        ) from error
    return False


def _address_of(ray: Any, told: str) -> tuple[str, int] | None:  # noqa: ANN401 - a library
    """Return where the head can be reached; ``None`` where that is not known."""
    text = told if "://" in told else f"//{ray.get_runtime_context().gcs_address}"
    parts = urlsplit(text)
    return (parts.hostname, parts.port) if parts.hostname and parts.port else None


RAY = SpreadKind(
    name="ray",
    meaning="actors of a Ray cluster, each with the card that it needs",
    open=RayPool,
    schemes=("ray://",),
    process_places=ray_places,
)
"""Nodes of a Ray cluster."""
