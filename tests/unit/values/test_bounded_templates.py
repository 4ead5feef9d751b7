"""Templates that would not end, or make texts that fill the memory, are stopped."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import jinja2  # noqa: TID253 - what is tested
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2.sandbox import (  # noqa: TID253 - what is tested
    ImmutableSandboxedEnvironment,
)

from pytest_llmlat.values.bounded_templates import bounded, bounded_class
from pytest_llmlat.values.template_budget import TemplateLimit

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "2 + 2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "And <b>3</b> + 3?"},
]


def environment(kind: type = ImmutableSandboxedEnvironment) -> Any:  # noqa: ANN401 - jinja2's
    """Return an environment as chat templates have it."""
    made = kind(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    made.globals["raise_exception"] = lambda text: (_ for _ in ()).throw(
        jinja2.TemplateError(text)
    )
    return made


def rendered(source: str, **given: object) -> str:
    """Return what a template makes within the limits."""
    kind = bounded(ImmutableSandboxedEnvironment)
    text: str = environment(kind).from_string(source).render(given)
    return text


DOUBLING = (
    "{% set ns = namespace(x=START) %}"
    "{% for i in range(60) %}{% set ns.x = STEP %}{% endfor %}"
)
HOSTILE = {
    "range in range": "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}"
    "{% endfor %}",
    "large range": "{% for a in range(10 ** 9) %}x{% endfor %}",
    "literals": "".join(f"{{% for a{n} in [1,2,3,4,5,6,7,8] %}}" for n in range(12))
    + "x"
    + "{% endfor %}" * 12,
    "empty tests": "{% for a in range(9999) %}{% for b in range(99999) if b < 0 %}"
    "{% endfor %}{% endfor %}",
    "times": "{{ 'x' * 3000000000 }}",
    "times in turn": "{% set ns = namespace(x='x') %}{% for i in range(99) %}"
    "{% set ns.x = ns.x * 9 %}{% endfor %}",
    "list times": "{{ ([0] * 3000000000) | length }}",
    "doubled by ~": DOUBLING.replace("START", "'x'").replace("STEP", "ns.x ~ ns.x"),
    "doubled by +": DOUBLING.replace("START", "'x'").replace("STEP", "ns.x + ns.x"),
    "doubled lists": DOUBLING.replace("START", "[1]").replace("STEP", "ns.x + ns.x"),
    "nested lists": DOUBLING.replace("START", "[1]").replace("STEP", "[ns.x, ns.x]"),
    "nested tuples": DOUBLING.replace("START", "1").replace("STEP", "(ns.x, ns.x)"),
    "nested dicts": DOUBLING.replace("START", "1").replace(
        "STEP", "{'a': ns.x, 'b': ns.x}"
    ),
    "dict()": DOUBLING.replace("START", "1").replace("STEP", "dict(a=ns.x, b=ns.x)"),
    "namespaces": "{% set a0 = namespace(x=1) %}"
    + "".join(
        f"{{% set a{n} = namespace(x=[a{n - 1}, a{n - 1}]) %}}" for n in range(1, 60)
    )
    + "{{ a59 }}",
    "joined": DOUBLING.replace("START", "'x'").replace(
        "STEP", "[ns.x, ns.x] | join('')"
    ),
    "join by method": DOUBLING.replace("START", "'x'").replace(
        "STEP", "''.join([ns.x, ns.x])"
    ),
    "mapped": "{{ (['x' * 9999999] * 99999) | map('upper') | join }}",
    "one text often": "{% set x = 'x' * 999999 %}"
    "{{ range(99999) | map('replace', '1', x) | join(x) }}",
    "replace": "{% set x = 'x' * 99999 %}{{ x | replace('x', x) }}",
    "replace nothing": "{% set x = 'x' * 99999 %}{{ x.replace('', x) }}",
    "centre": "{{ 'x' | center(3000000000) }}",
    "centre by method": "{{ 'x'.center(3000000000) }}",
    "zeros": "{{ 'x'.zfill(3000000000) }}",
    "bytes": "{{ (5).to_bytes(3000000000) }}",
    "format": "{{ '%3000000000d' | format(1) }}",
    "format star": "{{ '%*d' | format(3000000000, 1) }}",
    "% of a text": "{{ '%3000000000d' % 1 }}",
    "format by method": "{{ '{:3000000000}'.format(1) }}",
    "format by value": "{{ '{:{}}'.format(1, 3000000000) }}",
    "format nested": "{{ '{:{0[0]}}'.format([3000000000]) }}",
    "format map": "{{ '{a:3000000000}'.format_map({'a': 1}) }}",
    "format of much": "{% set x = 'x' * 999999 %}{{ ('{0}' * 9999).format(x) }}",
    "tabs": "{{ '\t'.expandtabs(3000000000) }}",
    "indent": "{{ ('x\n' * 99999) | indent(99999) }}",
    "indent by text": "{{ ('x\n' * 99999) | indent('y' * 99999) }}",
    "json": "{{ ([[[[1]]]] * 9999) | tojson(indent=3000000000) }}",
    "batch": "{{ [1] | batch(3000000000, 'x') | list | length }}",
    "slice": "{{ [1] | slice(3000000000) | list | length }}",
    "round": "{{ 1.5 | round(3000000000, 'ceil') }}",
    "power": "{{ 9 ** (9 ** 9) }}",
    "power in turn": "{% set ns = namespace(x=3) %}{% for i in range(99) %}"
    "{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "sum of lists": "{{ ([[1]] * 99999) | sum(start=[]) | length }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "branches": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}"
    "{% endmacro %}{{ f(60) }}",
    "recursive loop": "{% for a in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "deep loops": "{% for a in [[1]] recursive %}{% for b in range(99999) %}"
    "{% endfor %}{{ loop(range(9999)) if loop.depth < 4 }}{% endfor %}",
    "blocks": "{% block a %}{{ self.a() }}{% endblock %}",
    "static text": "{% for a in range(99999) %}" + "x" * 9999 + "{% endfor %}",
    "in a macro": "{% macro f() %}{% for a in range(99999) %}"
    + "x" * 9999
    + "{% endfor %}{% endmacro %}{{ f() | length }}",
    "in a set": "{% set y %}{% for a in range(99999) %}"
    + "x" * 9999
    + "{% endfor %}{% endset %}",
    "slices": "{% set x = 'x' * 999999 %}{% for a in range(99999) %}"
    "{% set y = x[1:] %}{% endfor %}",
    "comparisons": "{% set x = 'x' * 9999999 %}{% set y = 'x' * 9999999 %}"
    "{% for a in range(99999) %}{% if x == y %}{% endif %}{% endfor %}",
    "searches": "{% set x = 'x' * 9999999 %}{% for a in range(99999) %}"
    "{% if 'y' in x %}{% endif %}{% endfor %}",
    "upper": "{% set x = 'x' * 9999999 %}{% for a in range(99999) %}"
    "{% set y = x | upper %}{% endfor %}",
    "strip": "{% set x = 'x' * 9999999 %}{% for a in range(99999) %}"
    "{% set y = x.title() %}{% endfor %}",
    "sorted": "{% for a in range(9999) %}{% set y = range(9999) | sort %}{% endfor %}",
    "tests": "{% for a in range(9999) %}"
    "{% set y = range(99999) | select('none') | list %}{% endfor %}",
    "words": "{{ lipsum(n=1000000, min=1000, max=1000000) }}",
    "nested too deeply": "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "a number too long": "{{ " + "9" * 9999 + " }}",
    "a long template": "x" * 2_000_000,
}


REFUSALS = (TemplateLimit, OverflowError, RecursionError, ValueError)
"""Ours; the sandbox's for a long range; Python's for code and numbers."""


@pytest.mark.slow
@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_what_would_not_end_or_fit_is_refused(source: str) -> None:
    """Each ends as an error before it took the time and the memory that it asks for."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises((*REFUSALS, jinja2.UndefinedError)):
        rendered(source)

    if sys.platform == "linux":  # elsewhere it counts bytes
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA = (
    "{% if messages[0]['role'] == 'system' %}{% set s = messages[0]['content'] %}"
    "{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
    "{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('turns') }}{% endif %}{% if loop.first and s is defined %}"
    "{% set c = '<<SYS>>\n' + s + '\n<</SYS>>\n\n' + m['content'] %}{% else %}"
    "{% set c = m['content'] %}{% endif %}{% if m['role'] == 'user' %}"
    "{{ '<s>' + '[INST] ' + c.strip() + ' [/INST]' }}{% else %}"
    "{{ ' ' ~ c ~ ' </s>' }}{% endif %}{% endfor %}"
)
LOOPS = (
    "{%- set ns = namespace(last=-1, multi=false) -%}"
    "{%- for m in messages[::-1] %}"
    "{%- set index = (messages|length - 1) - loop.index0 %}"
    "{%- if ns.last < 0 and m.role == 'user' and not (m.content.startswith('<t>')) %}"
    "{%- set ns.last = index %}{%- endif %}{%- endfor %}"
    "{%- for m in messages %}{%- macro show(x, n=2) %}[{{ x | upper | trim }}:{{ n }}]"
    "{%- endmacro %}{{ show(m.content) }}{{ loop.length }}{{ loop.last }}"
    "{{ loop.revindex }}{% if not loop.last %}{{ loop.nextitem.role }}{% endif %}"
    "{% if loop.index0 == ns.last %}{% continue %}{% endif %}{{ m | tojson }}"
    "{% endfor %}"
)
VALUES = (
    "{{ messages | map(attribute='role') | unique | sort | join(',') }}"
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}"
    "{{ 'a,b'.split(',')[-1] }}{{ '%s-%03d' | format('x', 7) }}"
    "{{ '{:>5}'.format('y') }}{{ 'q' * 3 }}{{ 2 ** 10 }}{{ 7 // 2 }}{{ 'x' in 'xyz' }}"
    "{{ none }}{{ nowhere }}{{ messages[1].content | replace('2', 'two') | indent(2) }}"
    "{{ [1, [2, 3]] }}{{ {'a': 1}.items() | list }}"
    "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}"
    "{% for x in [] %}{% else %}none{% endfor %}"
)
BLOCKS = (
    "{% macro wrapped() %}<{{ caller('in') }}>{% endmacro %}"
    "{% call(x) wrapped() %}{{ x }}!{% endcall %}"
    "{% filter upper %}loud{% endfilter %}{% set y %}block {{ 1 }}{% endset %}{{ y }}"
    "{% for a in [1, [2, [3]]] recursive %}{% if a is iterable %}({{ loop(a) }})"
    "{% else %}{{ a }}{% endif %}{% endfor %}"
)


@pytest.mark.parametrize("source", [CHATML, LLAMA, LOOPS, VALUES, BLOCKS])
def test_a_template_makes_the_same_text_with_limits(source: str) -> None:
    """Whatever templates of models use; a prompt that differs is another question."""
    given = {"messages": MESSAGES, "add_generation_prompt": True}

    expected = environment().from_string(source).render(given)

    assert rendered(source, **given) == expected


@pytest.mark.slow
def test_long_chats_have_room() -> None:
    """A prompt of a million letters, looked at often, is no attack."""
    talk = [{"role": "user", "content": "word " * 200_000}] * 20
    source = (
        "{% set ns = namespace(t='') %}{% for m in messages %}"
        "{% set ns.t = ns.t ~ (m.content | trim).split('</think>')[-1] %}"
        "{% if 'x' in m.content %}{% endif %}{% endfor %}{{ ns.t }}"
    )

    assert len(rendered(source, messages=talk)) == 20 * 999_999


@pytest.mark.slow
def test_each_rendering_has_a_budget_of_its_own() -> None:
    """A thousand prompts may take a thousand times what one takes."""
    kind = bounded(ImmutableSandboxedEnvironment)
    template = environment(kind).from_string(
        "{% for i in range(90000) %}{% for j in 'abcdefgh' %}{% endfor %}{% endfor %}x"
    )

    assert [template.render() for _ in range(3)] == ["x"] * 3


def test_a_library_makes_environments_with_limits_inside_a_block() -> None:
    """And what it makes afterwards is its own again."""
    holder = SimpleNamespace(
        ImmutableSandboxedEnvironment=ImmutableSandboxedEnvironment
    )
    with bounded_class(holder):
        made = holder.ImmutableSandboxedEnvironment()
    made.filters["tojson"] = lambda value: "x" * value

    with pytest.raises(TemplateLimit):
        made.from_string(
            "{% for a in range(9999) %}{{ 99999 | tojson }}{% endfor %}"
        ).render()
    assert holder.ImmutableSandboxedEnvironment is ImmutableSandboxedEnvironment


ATOMS = st.sampled_from(
    ["'ab'", "3", "x", "[1, 2]", "(1, 'b')", "{'a': 1}", "1.5", "''"]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+*~%"), inner).map(
            lambda three: f"({three[0]} {three[1]} {three[2]})"
        ),
        st.tuples(inner, st.sampled_from(["==", "in", "<"]), inner).map(
            lambda three: f"({three[0]} {three[1]} {three[2]})"
        ),
        st.tuples(
            inner,
            st.sampled_from(
                [
                    *("upper", "list", "length", "join('-')", "string", "first"),
                    *("tojson", "center(9)", "replace('a', 'bb')", "sum", "sort"),
                ]
            ),
        ).map(lambda two: f"({two[0]} | {two[1]})"),
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_expressions_are_worth_the_same_with_limits(expression: str) -> None:
    """A value or an error as before, if it is not one of the limits."""
    source = "{% set x = 'xyz' %}{{ " + expression + " }}"
    try:
        expected = environment().from_string(source).render()
    except Exception as error:  # noqa: BLE001 - whatever a template raises
        with pytest.raises(type(error)):
            rendered(source)
    else:
        assert rendered(source) == expected
