"""What an entry sets of its server: read once, each as it was declared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlat.backends.completions.entry_options import (
    AWAKE,
    BACKOFF_S,
    CHECK,
    EXTRA_BODY,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    PROBE,
    RETRIES,
    STREAM,
    TIMEOUT_S,
    USUAL_BACKOFF_S,
    USUAL_LIMITS,
    USUAL_RETRIES,
    USUAL_TIMEOUT_S,
)
from pytest_llmlat.backends.completions.fields import json_option
from pytest_llmlat.backends.settings_check import (
    flag_option,
    number_option,
    whole_option,
)
from pytest_llmlat.backends.transport.bodies import AnswerLimits
from pytest_llmlat.machine.environment import usable_cores
from pytest_llmlat.values.confidential import ConfidentialTable, shown_body

if TYPE_CHECKING:
    from pytest_llmlat.backends.transport.addresses import Address
    from pytest_llmlat.values.entities import ModelSpec

_CORES_TO_SPARE = 3
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a server is asked."""

    stream: bool
    timeout_s: float
    """Of a request with its retries."""
    retries: int
    backoff_s: float
    extra_body: ConfidentialTable
    """More fields of every request; one may be a key."""
    limits: AnswerLimits

    @property
    def shown_extra_body(self) -> str | None:
        """The further fields as they may be told; ``None`` for none."""
        if not self.extra_body:
            return None
        return json.dumps(shown_body(self.extra_body))


def server_settings(model: ModelSpec) -> ServerSettings:
    """Read what an entry sets.

    Raises:
        BadCatalogue: a value that is not of its kind or out of bounds.
    """
    return ServerSettings(
        stream=flag_option(model, STREAM, default=True),
        timeout_s=number_option(model, TIMEOUT_S, USUAL_TIMEOUT_S),
        retries=whole_option(model, RETRIES, USUAL_RETRIES),
        backoff_s=number_option(model, BACKOFF_S, USUAL_BACKOFF_S),
        extra_body=json_option(model, EXTRA_BODY) or ConfidentialTable(),
        limits=AnswerLimits(
            head=whole_option(model, MAX_HEAD_BYTES, USUAL_LIMITS.head),
            body=whole_option(model, MAX_BODY_BYTES, USUAL_LIMITS.body),
        ),
    )


def is_checked(model: ModelSpec) -> bool:
    """Whether a server is asked for its models before anything else."""
    return flag_option(model, CHECK, default=True)


def is_probed(model: ModelSpec, *, checked: bool) -> bool:
    """Whether it is found out if a server keeps prompts; where it is checked, yes."""
    return flag_option(model, PROBE, default=checked)


def stays_awake(model: ModelSpec, address: Address) -> bool:
    """Whether to take a whole core while a single request is waited for.

    By default where there is one to spare, and the server is on another machine: here
    it would be taken from the model. Of two cores none is: whoever never sleeps waits
    behind every other process for its turn, tens of milliseconds where sleepers wait
    for two.
    """
    spare = usable_cores() >= _CORES_TO_SPARE and address.host not in _HERE
    return flag_option(model, AWAKE, default=spare)
