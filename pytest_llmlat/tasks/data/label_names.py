"""Labels by their name, or by their number as data sets count them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0*)?")


class LabelNames(Mapping[Any, str]):
    """The labels under the name ``label_names`` of an expression.

    A label is found by itself, ``1``, ``"1"`` or ``1.0``. A truth value is the label
    that is spelled so, and no number: False is not the first of ``["true", "false"]``.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        """Number the labels from 0, in the task's order."""
        self._labels = labels

    def __getitem__(self, key: object) -> str:
        """Return a label.

        Raises:
            KeyError: there is none of that name or number.
            ValueError: the key is a label and the number of another one.
        """
        if isinstance(key, bool):
            return self._spelled(str(key).lower())
        if isinstance(key, str) and key in self._labels:
            return key
        number = whole_number(key)
        if number is None or number >= len(self._labels):
            raise KeyError(key)
        named, label = str(number), self._labels[number]
        if named in self._labels and named != label:
            raise ValueError(
                f"{key!r} is a label and the number of another, {label!r}; for the"
                " label itself write the column and | int, without label_names"
            )
        return label

    def __iter__(self) -> Iterator[str]:
        """Yield the labels."""
        return iter(self._labels)

    def __len__(self) -> int:
        """Return how many labels there are."""
        return len(self._labels)

    def _spelled(self, truth: str) -> str:
        found = [label for label in self._labels if label.casefold() == truth]
        if not found:
            raise KeyError(truth)
        return found[0]


def whole_number(value: object) -> int | None:
    """Return the whole number from 0 that a cell holds, as pandas may write it.

    Args:
        value: ``1``, ``1.0``, ``"1"`` or ``"1.0"``; of anything else there is none.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, float):
        whole = math.isfinite(value) and value >= 0 and value.is_integer()
        return int(value) if whole else None
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else None
