"""Written-down answers of servers, read by what is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlat.values.raw_answers import RawAnswer
    from pytest_llmlat.values.records import Request, Response


def read_raw_answer(raw: RawAnswer, request: Request, place: str) -> Response:
    """Read an answer that was written down as it came; raises what ``read_raw`` does.

    Args:
        raw: as it was written.
        request: what was asked.
        place: the server's address, for complaints.
    """
    from pytest_llmlat.backends.completions.raw_requests import read_raw  # noqa: PLC0415 - on use

    return read_raw(raw, request, place)
