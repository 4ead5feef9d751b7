"""What is tolerated and what is a limit, as people type it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.gate.changes import BALANCED, QUALITY, QUANTITIES
from pytest_llmlat.gate.pairing import LATENCIES
from pytest_llmlat.gate.tolerances import (
    DEFAULT_TOLERANCE,
    LIMITED,
    NEW_CELLS,
    SIGNS,
    UNSURE,
    GateRules,
    Limit,
    Scope,
    Tolerance,
    parse_limit,
    parse_limits,
    parse_tolerances,
    scoped,
)
from pytest_llmlat.values.errors import UsageError
from pytest_llmlat.values.figure import Percentile
from tests.unit.builders import a_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

WHERE = "--llm-tolerance"
GPT2 = a_cell(model="gpt2", task="sentiment/polarity")
OTHER = a_cell(model="parrot", task="reasoning/sums")
MODELS = (
    "gpt2",
    "hf:org/name",
    "http://h:8000/v1#m",
    "gguf:/models/a.gguf",
    "http://[::1]:8000/v1#org/name:tag",
    "user@host",
)


def tolerance(text: str) -> Tolerance:
    """Return what one expression comes to."""
    (found,) = parse_tolerances([text], where=WHERE)
    return found


def tolerated(*texts: str) -> Mapping[str, float]:
    """Return what is tolerated of gpt2's sentiments."""
    return GateRules(tolerances=parse_tolerances(texts, where=WHERE)).tolerated(GPT2)


def limit(text: str) -> Limit:
    """Return the only limit of an expression."""
    (found,) = parse_limits([text], where="--llm-limit")
    return found


@pytest.mark.parametrize("task", ["", "sentiment", "sentiment/polarity"])
@pytest.mark.parametrize("model", ["", *MODELS])
@pytest.mark.parametrize("rest", ["e2e=5% quality=0.02", "ttft_p95<=0.5s"])
def test_scopes_are_split_off(task: str, model: str, rest: str) -> None:
    """A task, a model or both, before a colon and a blank; names may hold colons."""
    scope = Scope(task=task or None, model=model or None)
    typed = f"{task}@{model}" if model else task
    text = f"{typed}: {rest}" if typed else rest

    assert scoped(text) == (scope, rest)
    assert scoped(f"  {text.replace(': ', ':   ', 1)} ") == (scope, rest)


def test_a_scope_holds_for_a_task_a_family_and_a_model() -> None:
    """Both must agree where both are given; none given is all."""
    assert Scope().holds(GPT2)
    for task in ("sentiment", "sentiment/polarity"):
        assert Scope(task=task).holds(GPT2)
        assert Scope(task=task, model="gpt2").holds(GPT2)
        assert not Scope(task=task).holds(OTHER)
        assert not Scope(task=task, model="parrot").holds(GPT2)
    assert Scope(model="gpt2").holds(GPT2)
    assert not Scope(model="gpt2").holds(OTHER)
    assert not Scope(task="reasoning", model="gpt2").holds(GPT2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e2e=5%", {"e2e": 0.05}),
        ("e2e=0.05", {"e2e": 0.05}),
        ("e2e=.05", {"e2e": 0.05}),
        ("quality=0.02, ttft=12.5%", {QUALITY: 0.02, "ttft": 0.125}),
        ("balanced=0 tpot=0%", {BALANCED: 0.0, "tpot": 0.0}),
        ("quality=1 e2e=150%", {QUALITY: 1.0, "e2e": 1.5}),
        ("quality=2%", {QUALITY: 0.02}),
    ],
)
def test_shares_are_read(text: str, expected: dict[str, float]) -> None:
    """As per cent or as a plain share."""
    assert dict(tolerance(text).most) == pytest.approx(expected)


def test_by_default_four_quantities_are_gated() -> None:
    """What is not named, as the time per token, is not gated unless asked for."""
    assert tolerated() == DEFAULT_TOLERANCE
    assert set(DEFAULT_TOLERANCE) == {QUALITY, BALANCED, "e2e", "ttft"}
    assert tolerated("tpot=10%") == {**DEFAULT_TOLERANCE, "tpot": 0.1}
    costs = "joules_per_correct=10% cost_per_correct=5%"
    assert list(tolerated(f"{costs} tpot=10% e2e=1%")) == list(QUANTITIES)


def test_later_tolerances_win() -> None:
    """Name by name, where their scopes hold."""
    found = tolerated(
        "e2e=50% ttft=40%",
        "sentiment@gpt2: e2e=20%",
        "reasoning: e2e=1%",
        "@x: ttft=1%",
    )

    assert found == {**DEFAULT_TOLERANCE, "e2e": 0.2, "ttft": 0.4}
    assert tolerated("sentiment: e2e=20%", "e2e=50%")["e2e"] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not understood; write NAME=VALUE"),
        ("e2e", "'e2e' is not understood"),
        ("e2e=", "'e2e=' is not understood"),
        ("=5%", "'=5%' is not understood"),
        ("speed=5%", "names: quality, balanced, e2e, ttft, tpot"),
        ("e2e_p95=5%", "is not understood"),
        ("e2e=5% e2e=6%", "'e2e' stands there twice"),
        ("e2e=five", "e2e=five: write a share such as 5% or 0.05"),
        ("e2e=-5%", "write a share"),
        ("e2e=5s", "write a share"),
        ("e2e=nan", "write a share"),
        ("e2e=inf", "write a share"),
        ("e2e=1e-2", "write a share"),
        ("e2e=5 %", "'%' is not understood"),
        ("e2e>=5%", "is not understood"),
        ("quality=2", "is more than there is; did you mean %?"),
        ("balanced=5", "is more than there is; did you mean %?"),
        ("quality=101%", "is more than there is"),
        (f"e2e={'9' * 400}", "is more than there is"),
        ("sentiment:", "is not understood"),
        ("sentiment:e2e=5%", "'sentiment:e2e=5%' is not understood"),
        ("sentiment@: e2e=5%", "is not understood"),
        (": e2e=5%", "is not understood"),
        ("@: e2e=5%", "is not understood"),
        ("a: b: e2e=5%", "'b:' is not understood"),
    ],
)
def test_what_is_no_tolerance_shows_the_grammar(text: str, message: str) -> None:
    """And the place where it was typed."""
    with pytest.raises(UsageError) as caught:
        parse_tolerances(["e2e=5%", text], where=WHERE)

    assert str(caught.value).startswith(WHERE)
    assert message in str(caught.value)


def test_limits_are_read() -> None:
    """Each with its own sign, and all of them with the scope before them."""
    scope = Scope(task="sentiment", model="hf:org/name")
    text = "sentiment@hf:org/name: quality>=0.6, ttft_p95<=0.5s e2e_mean<=2min"

    assert parse_limits([text, "speed>=10%"], where="") == (
        Limit(scope=scope, quantity=QUALITY, sign=">=", bound=0.6, text="quality>=0.6"),
        Limit(
            scope=scope,
            quantity="ttft_p95",
            sign="<=",
            bound=0.5,
            text="ttft_p95<=0.5s",
        ),
        Limit(
            scope=scope,
            quantity="e2e_mean",
            sign="<=",
            bound=120.0,
            text="e2e_mean<=2min",
        ),
        Limit(scope=Scope(), quantity="speed", sign=">=", bound=0.1, text="speed>=10%"),
    )


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("quantity", LIMITED)
def test_every_figure_can_be_limited(quantity: str, sign: str) -> None:
    """Latencies in units of time, shares in per cent, rates and amounts as they are."""
    unit = LIMITED[quantity][0].unit
    typed, bound = ("250ms", 0.25) if unit == "s" else ("25%", 0.25)
    if unit in ("1/s", "money", "J", "W", "g"):
        typed, bound = "2.5", 2.5

    found = limit(f"{quantity}{sign}{typed}")

    assert (found.quantity, found.sign) == (quantity, sign)
    assert found.bound == pytest.approx(bound)
    assert found.text == f"{quantity}{sign}{typed}"


def test_there_is_a_figure_for_each_latency() -> None:
    """Five of each distribution; of the others what they are."""
    assert LATENCIES == ("e2e", "ttft", "tpot")
    assert {
        f"{name}_{which}"
        for name in (*LATENCIES, "itl")
        for which in get_args(Percentile)
    } == {name for name, (_, which) in LIMITED.items() if which}
    assert [name for name, (_, which) in LIMITED.items() if not which] == [
        *(
            "quality",
            "balanced",
            "speed",
            "requests_per_s",
            "goodput_per_s",
            "cost_per_answer",
            "cost_per_1k_tokens",
            "cost_per_correct",
            "correct_within_budget",
            "timely_quality",
            "joules_per_answer",
            "joules_per_token",
            "joules_per_correct",
            "net_joules_per_answer",
            "net_joules_per_correct",
            "estimated_joules_per_answer",
            "estimated_joules_per_correct",
            "co2_grams_per_answer",
            "co2_grams_per_correct",
        )
    ]


@pytest.mark.parametrize(
    ("text", "seconds"), [("2", 2), ("2.5s", 2.5), ("500ms", 0.5), ("3us", 3e-6)]
)
def test_limits_of_latencies_have_units(text: str, seconds: float) -> None:
    """A bare number is seconds."""
    assert limit(f"e2e_p50<={text}").bound == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not understood; write FIGURE>=BOUND"),
        ("quality", "'quality' is not understood"),
        ("quality>=", "'quality>=' is not understood"),
        ("quality=0.6", "is not understood"),
        ("quality>0.6", "is not understood"),
        ("quality>=0.6,", "'' is not understood"),
        ("quality >= 0.6", "'quality' is not understood"),
        ("quality>=0.6<=0.7", "write a share"),
        ("quality>=60", "did you mean %?"),
        ("balanced>=2", "did you mean %?"),
        ("speed>=2", "did you mean %?"),
        ("quality>=0.5s", "write a share"),
        ("e2e<=2s", "figures: quality, balanced, speed, e2e_mean"),
        ("e2e_p75<=2s", "is not understood"),
        ("queue_p95<=2s", "is not understood"),
        ("ttft_p95<=0", "must be above 0"),
        ("ttft_p95<=5%", "is not understood"),
        ("ttft_p95<=fast", "is not understood"),
        ("requests_per_s>=5%", "is no rate"),
        ("requests_per_s>=-5", "is no rate"),
        (f"requests_per_s<={'9' * 400}", "is no rate"),
        ("sentiment:quality>=0.6", "is not understood"),
        ("sentiment:", "is not understood"),
    ],
)
def test_what_is_no_limit_shows_the_grammar(text: str, message: str) -> None:
    """And the place where it was typed."""
    with pytest.raises(UsageError) as caught:
        parse_limits(["quality>=0.5", text], where="--llm-limit")

    assert str(caught.value).startswith("--llm-limit")
    assert message in str(caught.value)


def test_a_marker_names_the_figure_itself() -> None:
    """Its bound stands in the text, with or without a blank."""
    for text in (">=0.6", " >= 0.6 ", ">= 0.6"):
        assert parse_limit(QUALITY, text, where="@llm") == limit("quality>=0.6")
    with pytest.raises(UsageError, match="is not understood"):
        parse_limit(QUALITY, "0.6", where="@llm")
    with pytest.raises(UsageError, match="figures: quality"):
        parse_limit("grace", ">=0.6", where="@llm")


def test_settings_have_their_choices() -> None:
    """What is unsure passes, and a new cell warns, unless told otherwise."""
    assert (GateRules().unsure, GateRules().new_cells) == ("pass", "warn")
    assert set(UNSURE) == {"pass", "fail"}
    assert set(NEW_CELLS) == {"fail", "warn", "pass"}


SIGNED = (">=", "<=", "=", ":", ": ", "@", " ", ",", "%", ".", "-", "\n", "\x00")
WORDS = ("5", "0.5", "s", "ms", "sentiment", "1" * 400, "٣", "é")
PIECES = st.sampled_from([*LIMITED, *QUANTITIES, *MODELS, *SIGNED, *WORDS])
TYPED = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=10).map("".join))


@given(TYPED)
def test_whatever_is_typed_is_a_tolerance_or_a_complaint(text: str) -> None:
    """Never another error, and never a number that is none."""
    try:
        found = tolerance(text)
    except UsageError as error:
        assert str(error).startswith(WHERE)  # noqa: PT017 - either is well
        return
    assert found.most
    for name, share in found.most:
        assert name in QUANTITIES
        assert 0 <= share < math.inf


@given(TYPED)
def test_whatever_is_typed_is_a_limit_or_a_complaint(text: str) -> None:
    """Never another error, and never a bound that is none."""
    try:
        found = parse_limits([text], where=WHERE)
    except UsageError as error:
        assert str(error).startswith(WHERE)  # noqa: PT017 - either is well
        return
    assert found
    for each in found:
        assert each.quantity in LIMITED
        assert each.sign in SIGNS
        assert 0 <= each.bound < math.inf
        assert each.text in text


@given(st.sampled_from(["", "sentiment"]), st.text(min_size=1, max_size=20))
def test_whatever_a_model_is_called_it_can_be_named(task: str, model: str) -> None:
    """As long as its name has no blank and does not end as the scope does."""
    name = "".join(model.split()).rstrip(":")
    if not name:
        return

    scope, rest = scoped(f"{task}@{name}: e2e=5%")

    assert scope == Scope(task=task or None, model=name)
    assert rest == "e2e=5%"
