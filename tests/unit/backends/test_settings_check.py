"""Options of an entry: known and of the right kind, or refused with a remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmlat.backends.settings_check import (
    SHARED,
    choice_option,
    flag_option,
    known_options,
    whole_option,
)
from pytest_llmlat.values.errors import BadCatalogue, UnknownName
from tests.unit.builders import a_model

if TYPE_CHECKING:
    from pytest_llmlat.values.entities import ModelSpec, Scalar


def with_options(**options: Scalar) -> ModelSpec:
    """Return an entry with these options."""
    return replace(a_model("mine", backend="gguf"), options=tuple(options.items()))


def test_an_option_that_nobody_heeds_is_refused() -> None:
    """It names the nearest, and all that there are."""
    with pytest.raises(
        UnknownName,
        match=r"model 'mine': unknown option 'kontext'; did you mean 'context'\?"
        rf".*'gguf' knows: {', '.join(sorted({'context', *SHARED}))}\.",
    ):
        known_options(with_options(kontext=3), ["context"])


def test_options_that_are_known_are_left_alone() -> None:
    """Those of the backend, and those that are read elsewhere."""
    model = with_options(context=3, slower=0.1, sha256="x", batch_size=4)

    known_options(model, ["context"])

    assert model.option("context") == 3


@pytest.mark.parametrize("value", ["3", 3.0, True, 0, -1])
def test_a_number_is_whole_and_above_its_bound(value: Scalar) -> None:
    """TOML's true would else be 1."""
    with pytest.raises(BadCatalogue, match=r"option n = .*: must be a whole number"):
        whole_option(with_options(n=value), "n", 7)


def test_a_number_has_a_default() -> None:
    """And what is given stands."""
    assert whole_option(with_options(), "n", 7) == 7
    assert whole_option(with_options(n=3), "n", 7) == 3


@pytest.mark.parametrize("value", ["true", 1])
def test_a_flag_is_true_or_false(value: Scalar) -> None:
    """No number or word stands for it."""
    with pytest.raises(BadCatalogue, match="must be true or false"):
        flag_option(with_options(fast=value), "fast", default=False)


def test_a_flag_has_a_default() -> None:
    """And what is given stands."""
    assert flag_option(with_options(), "fast", default=True) is True
    assert flag_option(with_options(fast=False), "fast", default=True) is False


def test_a_word_is_one_of_those_there_are() -> None:
    """Nothing where it is left out."""
    assert choice_option(with_options(), "kind", ["a", "b"]) is None
    assert choice_option(with_options(kind="b"), "kind", ["a", "b"]) == "b"
    with pytest.raises(BadCatalogue, match=r"option kind = 'c': must be one of a, b"):
        choice_option(with_options(kind="c"), "kind", ["a", "b"])
