"""Fresh reasoning items from seeded templates, against contamination.

A model may have read any fixed list in training; nobody has read a list that is
drawn tonight. The same seed gives the same items on every Python version, and a
longer draw begins with the shorter one::

    from pytest_llmlat.generated import arithmetic_items, logic_items

    rows = [item.row() for item in logic_items(seed=7, count=30)]

========================  ======================================================
``draw``                  what an item is; chance that is stable over versions
``sums``, ``long_sums``   word problems with one to three, and with more steps
``puzzles``               clues: as many as leave one solution, and none to spare
``deduction``             who owns what, who belongs to whom, who did it
``ordering``              who comes first, second, last
``truth``                 statements, formulas, rules, knights and knaves
``items``                 the order in which templates take their turns
``haystack``              plain sentences without a number, as many as are wanted
``needles``               a fact in a long text, at a stated depth and length
``generators``            what a task's source may name, with its options
``orders``                messages and the JSON that is in them
========================  ======================================================
"""

from __future__ import annotations

from pytest_llmlat.tasks.templates.generators import GENERATORS
from pytest_llmlat.tasks.templates.items import arithmetic_items, logic_items
from pytest_llmlat.tasks.templates.needles import needle_items
from pytest_llmlat.tasks.templates.seeded_draw import Item

__all__ = ["GENERATORS", "Item", "arithmetic_items", "logic_items", "needle_items"]
