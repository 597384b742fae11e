"""Bars as the market data API and its stream write them, parsed one by one. Pure functions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgpack

from holdfast.adapters.alpaca.rows import decimal, moment
from holdfast.domain.bar import Bar


def bar(symbol: str, raw: object) -> Bar:
    """Parse one bar: numbers o, h, l, c, v and the open time t (a text, or the stream's own timestamp).

    Raises:
        ValueError: naming the field that is missing or strange, and for prices that are not positive.
    """
    if not isinstance(raw, Mapping):
        raise ValueError(f"{type(raw).__name__} where a bar belongs")  # noqa: TRY004 - one kind of bad row
    volume = decimal(raw, "v")
    if volume < 0:
        raise ValueError(f"v: {volume} is negative")
    return Bar(
        symbol=symbol,
        time=_time(raw),
        open=_price(raw, "o"),
        high=_price(raw, "h"),
        low=_price(raw, "l"),
        close=_price(raw, "c"),
        volume=volume,
    )


def _price(raw: Mapping[str, Any], name: str) -> Decimal:
    price = decimal(raw, name)
    if price <= 0:
        raise ValueError(f"{name}: {price} is not a price")
    return price


def _time(raw: Mapping[str, Any]) -> datetime:
    stamp = raw.get("t")
    if isinstance(stamp, msgpack.Timestamp):
        opened: datetime = stamp.to_datetime()
        return opened.astimezone(UTC)
    return moment(raw, "t")
