"""Optuna's TPE proposes settings, and learns of what it was told."""

from __future__ import annotations

import pytest

from pytest_llmlat.tuning.importance import FANOVA, MAIN_EFFECTS, weights
from pytest_llmlat.tuning.proposals import (
    DrawnSettings,
    ListedSettings,
    ParzenSettings,
    has_library,
    proposer_of,
)
from pytest_llmlat.tuning.space_reading import read_space
from pytest_llmlat.values.search_space import Setting

SPACE = read_space("x=0.0..1.0 n=1..1000:log", where="o")

needs_optuna = pytest.mark.skipif(not has_library(), reason="the extra tune")


@pytest.mark.slow
@needs_optuna
def test_proposals_move_to_what_is_better() -> None:
    """The last ones are nearer to the best than the first, on average."""
    proposer = ParzenSettings(SPACE, seed=1, first=48)
    found: list[Setting] = []
    while len(found) < 48:
        for setting in proposer.propose(48 - len(found)):
            found.append(setting)
            gain = -abs(float(dict(setting.values)["x"]) - 0.8)
            proposer.tell(setting, gain, gain)

    away = [abs(float(dict(setting.values)["x"]) - 0.8) for setting in found]
    assert sum(away[-16:]) < 0.6 * sum(away[:16])
    assert len(set(found)) == len(found)
    how, keys = weights(
        SPACE, dict(zip(found, (-a for a in away), strict=True)), proposer
    )
    assert how in (FANOVA, MAIN_EFFECTS)
    assert keys[0].key == "x"


@needs_optuna
def test_a_setting_that_cannot_be_measured_is_told_as_failed() -> None:
    """And is not proposed again."""
    proposer = ParzenSettings(read_space("a=1,2,3", where="o"), seed=1, first=3)
    seen: list[Setting] = []
    while found := proposer.propose(3):
        seen += found
        for setting in found:
            proposer.tell(setting, None, None)

    assert len(seen) == len(set(seen)) == 3


def test_the_proposer_fits_the_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are raced where they fit; else they are drawn where Optuna is absent."""
    listed = [Setting((("x", n),)) for n in range(4)]
    module = "pytest_llmlat.tuning.proposals.find_spec"
    monkeypatch.setattr(module, lambda _: None)

    assert isinstance(proposer_of(SPACE, listed, taken=4, seed=0), ListedSettings)
    assert isinstance(proposer_of(SPACE, listed, taken=3, seed=0), DrawnSettings)
    assert isinstance(proposer_of(SPACE, None, taken=3, seed=0), DrawnSettings)
