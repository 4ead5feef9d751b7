"""What requests cost, by the hour and by the token, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlat.values.cell_facts import LoadFacts
from pytest_llmlat.values.price import Price, TokenRate
from pytest_llmlat.values.records import Transport
from pytest_llmlat.values.request_cost import cost_of
from tests.unit.builders import a_record, a_timing, an_error

HOUR = Price(currency="USD", source="entry", per_hour="1.20")
TOKENS = Price(
    currency="USD",
    source="entry",
    input=TokenRate(per_million="0.15"),
    output=TokenRate(per_million="0.60"),
    cached_input=TokenRate(per_million="0.075"),
)
REFUSED = Transport(
    request_id=None,
    status=429,
    retries=0,
    reused=True,
    dns_s=None,
    connect_s=None,
    tls_s=None,
)


def test_tokens_cost_what_the_provider_bills() -> None:
    """1,000 of a prompt, 400 of them kept, and 50 of an answer."""
    record = replace(
        a_record(), prompt_tokens=1000, cached_tokens=400, output_tokens=50
    )

    assert cost_of(record, TOKENS, None) == Decimal("0.00015")


def test_what_was_kept_costs_as_the_rest_where_no_rate_is_told() -> None:
    """Then nothing is known to be cheaper."""
    record = replace(
        a_record(), prompt_tokens=1000, cached_tokens=400, output_tokens=50
    )

    found = cost_of(record, replace(TOKENS, cached_input=None), None)

    assert found == Decimal("0.00018")


def test_a_long_prompt_has_the_rate_of_its_tier_for_all_its_tokens() -> None:
    """Crossing a tier changes the rate of the whole request, as providers bill."""
    rate = TokenRate(per_million="1", tiers=((200, "2"), (400, "3")))

    costs = [rate.cost(tokens, tokens) * 1_000_000 for tokens in (200, 201, 401)]

    assert costs == [200, 402, 1203]


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_sums_of_many_answers_are_exact(prompt: int, output: int) -> None:
    """A thousand times one answer's cost is what a thousand answers cost."""
    one = TOKENS.of_tokens(prompt, 0, output)

    assert sum([one] * 1000, Decimal(0)) == TOKENS.of_tokens(
        1000 * prompt, 0, 1000 * output
    )


def test_an_hour_is_paid_for_the_time_that_a_request_took() -> None:
    """Three seconds of 1.20 an hour are a tenth of a cent."""
    assert cost_of(a_record(timing=a_timing(1.0, 3.0)), HOUR, None) == Decimal("0.001")


def test_a_failed_request_is_paid_for_until_it_failed() -> None:
    """The machine was as busy."""
    assert cost_of(an_error(seconds=3.0), HOUR, None) == Decimal("0.001")


def test_requests_of_a_load_share_the_time_that_passes() -> None:
    """Six seconds in which four ended, however long each took."""
    load = LoadFacts(
        window_s=6.0,
        ended=4,
        failed=0,
        before=0,
        after=0,
        in_flight=4,
        send_lag_p99_s=None,
        loop_lag_p99_s=None,
        cpu_share=None,
        client_limited=None,
    )

    found = cost_of(a_record(timing=a_timing(5.0)), HOUR, load)

    assert found == Decimal("0.0005")


def test_a_refused_request_is_not_billed() -> None:
    """A status of 429 is no answer, and has no tokens."""
    refused = replace(an_error(), transport=REFUSED)

    assert cost_of(refused, TOKENS, None) == 0


def test_what_broke_off_may_be_billed_and_nobody_knows_how_much() -> None:
    """A cost of 0 would flatter who breaks off."""
    assert cost_of(an_error(), TOKENS, None) is None


@pytest.mark.parametrize(
    "edited",
    [
        replace(HOUR, per_hour="-1"),
        replace(HOUR, per_hour="1e9"),
        replace(HOUR, per_hour="NaN"),
        replace(TOKENS, output=None),
        replace(TOKENS, input=TokenRate(per_million="1", tiers=((5, "x"),))),
    ],
)
def test_an_edited_price_is_not_sound(edited: Price) -> None:
    """A file may have been changed by hand."""
    assert not edited.sound
    assert HOUR.sound
    assert TOKENS.sound


def test_a_price_is_told_in_a_few_words() -> None:
    """With its source and its day."""
    told = replace(HOUR, date="2026-11-01").told

    assert told == "1.20 USD an hour (entry, 2026-11-01)"
    assert TOKENS.told == "in 0.15, kept 0.075, out 0.60 USD per million tokens (entry)"
