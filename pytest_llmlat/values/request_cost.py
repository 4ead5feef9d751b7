"""What one request cost in money, by the price of its model."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_llmlat.values.timing import NS_PER_S

if TYPE_CHECKING:
    from pytest_llmlat.values.cell_facts import LoadFacts
    from pytest_llmlat.values.price import Price
    from pytest_llmlat.values.records import Record

_REFUSED = 400


def cost_of(record: Record, price: Price, load: LoadFacts | None) -> Decimal | None:
    """Return what one request cost; ``None`` where that is not known.

    By the hour it is the time that it took, waiting in no queue of ours; under a load,
    requests share the time that passes. By tokens it is the provider's arithmetic. A
    request that the provider refused (a status of 400 or more) is not billed; one that
    broke off otherwise may be, and nobody knows for how many tokens.

    Args:
        record: of the request.
        price: of its model.
        load: what was measured of the load that it was a part of.
    """
    if not price.by_token:
        return _time_cost(record, price, load)
    if record.prompt_tokens is None or record.output_tokens is None:
        status = record.transport.status if record.transport else None
        refused = not record.answered and status is not None and status >= _REFUSED
        return Decimal(0) if refused else None
    cached = min(record.cached_tokens or 0, record.prompt_tokens)
    return price.of_tokens(record.prompt_tokens, cached, record.output_tokens)


def _time_cost(record: Record, price: Price, load: LoadFacts | None) -> Decimal | None:
    if load is not None:
        if not load.ended:
            return None
        share = Decimal(repr(load.window_s)) * NS_PER_S / load.ended
        return price.of_time(share)
    timing = record.timing
    if timing is None:
        return None
    return price.of_time(timing.end_ns - timing.start_ns)
