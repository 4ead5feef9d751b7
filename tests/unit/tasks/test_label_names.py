"""From what a cell holds to the label it means; what means two things is told."""

from __future__ import annotations

import pytest

from pytest_llmlat.tasks.data.label_names import LabelNames


@pytest.mark.parametrize("key", [1, 1.0, "1", "1.0", "1.", "positive"], ids=repr)
def test_a_number_is_read_as_pandas_may_write_it(key: object) -> None:
    """A column of whole numbers with a gap becomes one of floats."""
    assert LabelNames(("negative", "positive"))[key] == "positive"


@pytest.mark.parametrize(
    "key", [2, -1, 0.5, "x", "1e0", "0x1", None, float("nan")], ids=repr
)
def test_what_is_no_label_has_no_name(key: object) -> None:
    """Nothing is rounded or guessed."""
    with pytest.raises(KeyError):
        LabelNames(("negative", "positive"))[key]


def test_a_truth_value_is_the_label_that_is_spelled_so() -> None:
    """As a number it would turn true and false round."""
    names = LabelNames(("true", "false"))

    assert (names[True], names[False], names[0]) == ("true", "false", "true")
    with pytest.raises(KeyError):
        LabelNames(("no", "yes"))[True]


def test_a_number_that_is_itself_a_label_is_told() -> None:
    """The rating 1 is the first of five stars, and the number of the second."""
    names = LabelNames(("1", "2", "3"))

    assert names["1"] == "1"
    with pytest.raises(ValueError, match="1 is a label and the number of another, '2'"):
        names[1]
    assert LabelNames(("0", "1"))[1] == "1"
