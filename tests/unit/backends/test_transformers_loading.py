"""How weights are read, with no library at hand."""

from __future__ import annotations

import pytest

from pytest_llmlat.backends.huggingface.loading import on_one_thread
from pytest_llmlat.values.errors import WeightsUnavailable

NAME = "HF_DEACTIVATE_ASYNC_LOAD"


@pytest.mark.parametrize(
    ("before", "inside"), [({}, "1"), ({NAME: "0"}, "0"), ({NAME: "1"}, "1")]
)
def test_weights_are_read_on_one_thread_unless_the_user_says_otherwise(
    before: dict[str, str], inside: str
) -> None:
    """Afterwards the environment is as it was, after an error too."""
    environ = dict(before)

    def fail() -> None:
        with on_one_thread(environ):
            assert environ[NAME] == inside
            raise WeightsUnavailable("no such folder")

    with pytest.raises(WeightsUnavailable, match="no such folder"):
        fail()

    assert environ == before
