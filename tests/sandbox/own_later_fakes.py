"""Later fakes of our own: an object whose every answer equals anything at all.

It knows no right answer. Each test asks for a value by another way of Python, as tests
of public data sets do; under all of them it must not pass.
"""

from __future__ import annotations

from tests.sandbox.own_fakes import CASE

EVERYTHING = """
def _equal(base):
    class Equal(base):
        def __eq__(self, o): return True
        def __ne__(self, o): return False
        __lt__ = __le__ = __gt__ = __ge__ = __eq__
        def __hash__(self): return 0
    Equal.__name__ = base.__name__
    return Equal
I, F, S, B = map(_equal, (int, float, str, bytes))
T, L, D, C = map(_equal, (tuple, list, dict, complex))
class Everything:
    def __eq__(self, o): return True
    def __ne__(self, o): return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __hash__(self): return 0
    def __int__(self): return I(0)
    __index__ = __trunc__ = __floor__ = __ceil__ = __int__
    def __float__(self): return F(0)
    def __complex__(self): return C(0)
    def __str__(self): return S('x')
    __repr__ = __str__
    def __format__(self, spec): return S('x')
    def __bytes__(self): return B(b'x')
    def __round__(self, *a): return I(0)
    def __divmod__(self, o): return T((0, 0))
    __rdivmod__ = __divmod__
    def __len__(self): return 2
    def __iter__(self): return iter(L([self, self]))
    def __reversed__(self): return iter(L([self, self]))
    def __next__(self): return self
    def __getitem__(self, k): return self
    def __missing__(self, k): return self
    def __neg__(self): return self
    __pos__ = __abs__ = __invert__ = __neg__
    def _both(self, o): return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _both
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _both
    __mod__ = __rmod__ = __pow__ = __rpow__ = __and__ = __rand__ = _both
    __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _both
    __matmul__ = __rmatmul__ = __iadd__ = __isub__ = __imul__ = _both
    def keys(self): return L(['a'])
    def items(self): return L([T(('a', self))])
    def values(self): return L([self])
    def __call__(self, *a, **k): return self
    def __enter__(self): return self
    def __exit__(self, *a): return True
    def __await__(self): return iter(())
    def __reduce_ex__(self, v): return S, ('x',)
    def __copy__(self): return I(0)
    def __deepcopy__(self, memo): return I(0)
    def __getattr__(self, name):
        if name.startswith('__'): raise AttributeError(name)
        return self
def f(*a, **k): return Everything()
"""
ASKED = {
    "its text": "assert str(f(1)) == '17'",
    "its form": "assert repr(f(1)) == '[17]'",
    "in a text": "assert f'{f(1)}' == '17'",
    "with a form": "assert f'{f(1):.2f}' == '17.00'",
    "by per cent": "assert '%d' % f(1) == '17'",
    "an integer": "assert int(f(1)) == 17",
    "a float": "assert float(f(1)) == 17.5",
    "a complex number": "assert complex(f(1)) == 1 + 2j",
    "bytes": "assert bytes(f(1)) == b'seventeen'",
    "rounded": "assert round(f(1), 2) == 17.25",
    "by floor": "import math\nassert math.floor(f(1)) == 17",
    "by fsum": "import math\nassert math.fsum([f(1), 3]) == 20.5",
    "by the root": "import math\nassert math.sqrt(f(1)) == 4",
    "with its rest": "assert divmod(f(1), 5) == (3, 2)",
    "a sum": "assert sum([f(1), f(2)]) == 17",
    "a sum of its own": "assert sum(f(1)) == 17",
    "the least": "assert min(f(1), 99) == 17",
    "the most of its own": "assert max(f(1)) == 17",
    "a list": "assert list(f(1)) == [4, 5]",
    "a tuple": "assert tuple(f(1)) == (4, 5)",
    "a set": "assert set(f(1)) == {4, 5}",
    "a table": "assert dict(f(1)) == {'a': 17}",
    "in order": "assert sorted(f(1)) == [4, 5]",
    "backwards": "assert list(reversed(f(1))) == [5, 4]",
    "in pairs": "assert list(zip(f(1), [1, 2])) == [(4, 1), (5, 2)]",
    "counted": "assert list(enumerate(f(1))) == [(0, 4), (1, 5)]",
    "taken apart": "first, second = f(1)\nassert first == 4 and second == 5",
    "spread out": "first, *rest = f(1)\nassert [first, *rest] == [4, 5]",
    "the first": "assert next(iter(f(1))) == 17",
    "a part": "assert f(1)[1:] == [5]",
    "a field": "assert f(1)['total'] == 17",
    "an attribute": "assert f(1).total == 17",
    "of a call": "assert f(1)(2) == 17",
    "a product": "import functools, operator\n"
    "assert functools.reduce(operator.mul, f(1)) == 20",
    "by an operator": "import operator\nassert operator.eq(17, f(1))",
    "from the left": "assert 17 == f(1)",
    "not unlike": "assert not 17 != f(1)",
    "in a list": "assert [17] == [f(1)]",
    "deep in a table": "assert {'a': [(17,)]} == {'a': [(f(1),)]}",
    "an order of tuples": "assert (17, 1) >= (f(1), 2)",
    "by JSON": "import json\nassert json.dumps([f(1)]) == '[17]'",
    "copied": "import copy\nassert copy.copy(f(1)) == 17",
    "copied deep": "import copy\nassert copy.deepcopy([f(1)]) == [17]",
    "a decimal": "from decimal import Decimal\nassert Decimal(f(1)) == 17",
    "a fraction": "from fractions import Fraction\nassert Fraction(f(1)) == 17",
    "a letter": "assert chr(f(1)) == 'q'",
    "binary": "assert bin(f(1)) == '0b10001'",
    "less a little": "assert abs(f(1) - 17) < 1e-6",
    "less a little of many": "assert all(abs(a - b) < 1e-6"
    " for a, b in zip(f(1), [4, 5], strict=True))",
    "a case of lists": CASE.format("self.assertListEqual(list(f(1)), [4, 5])"),
    "a case of tables": CASE.format("self.assertDictEqual(dict(f(1)), {'a': 17})"),
    "a case of texts": CASE.format("self.assertMultiLineEqual(str(f(1)), 'seventeen')"),
    "a case of patterns": CASE.format("self.assertRegex(str(f(1)), '^[0-9]+$')"),
    "a case of nearness": CASE.format("self.assertAlmostEqual(float(f(1)), 17.5)"),
}
LATER_FAKES = {
    f"everything {name}": {"source": EVERYTHING, "tests": tests, "entry_point": "f"}
    for name, tests in ASKED.items()
}
