"""How the exchange's values stand on Alpaca's wire. Trading: money as strings. Data: numbers."""

import functools
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderStatus
from holdfast.exchange.activity import Activity
from holdfast.exchange.ids import named_uuid
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.matching import quote_of
from holdfast.exchange.order import Fill, Order, OrderEvent
from holdfast.exchange.trigger import stop_price
from holdfast.simulator.calendar import NEW_YORK

Body = dict[str, Any]

_DECIMALS_MAX = 12
_UUID_LENGTH = 36
# One order says the same few moments and one asset in each of its messages; both are dear to write.
_STAMPS_KEPT, _ASSETS_KEPT = 1024, 16_384
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def text(number: Decimal) -> str:
    """Write an amount the way Alpaca does: plain digits, no trailing zeros."""
    plain = f"{number:f}" if number.is_finite() else "0"
    if "." not in plain:
        return plain
    whole, _, decimals = plain.partition(".")
    if len(decimals) > _DECIMALS_MAX:
        return text(round(number, _DECIMALS_MAX))
    return f"{whole}.{decimals}".rstrip("0").rstrip(".")


def text_or_none(number: Decimal | None) -> str | None:
    """Write an amount that may be missing."""
    return None if number is None else text(number)


@functools.lru_cache(maxsize=_STAMPS_KEPT)
def stamp(moment: datetime | None) -> str | None:
    """Write a UTC time with a Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


@functools.lru_cache(maxsize=_ASSETS_KEPT)
def asset_id(symbol: str) -> str:
    """Return the id of the asset: the same in every account."""
    return named_uuid(f"asset:{symbol}")


def symbol_of_asset(given: str, instruments: Iterable[str]) -> str:
    """Return the symbol whose asset has the id `given`; anything else is returned as it came."""
    if len(given) != _UUID_LENGTH:
        return given
    return next((symbol for symbol in instruments if asset_id(symbol) == given), given)


def position_symbol(symbol: str) -> str:
    """Return how positions spell a symbol: a pair without its slash."""
    return symbol.replace("/", "")


def order_body(order: Order, legs: Iterable[Order] = ()) -> Body:
    """Write an order as REST answers it, with its legs if they are to be shown."""
    request = order.request
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": stamp(order.submitted_at),
        "updated_at": stamp(order.updated_at),
        "submitted_at": stamp(order.submitted_at),
        "filled_at": stamp(order.filled_at),
        "expired_at": stamp(order.expired_at),
        "expires_at": stamp(order.expires_at),
        "canceled_at": stamp(order.canceled_at),
        "failed_at": stamp(order.failed_at),
        "replaced_at": stamp(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": "crypto" if order.is_crypto else "us_equity",
        "notional": text_or_none(request.notional),
        "qty": text_or_none(request.quantity),
        "filled_qty": text(order.filled_quantity),
        "filled_avg_price": text_or_none(order.filled_average_price),
        "order_class": request.order_class.value if request.order_class.is_advanced else "",
        "order_type": request.type.value,
        "type": request.type.value,
        "side": order.side.value,
        "position_intent": order.intent.value,
        "time_in_force": request.time_in_force.value,
        "limit_price": text_or_none(request.limit_price),
        "stop_price": text_or_none(stop_price(order)),
        "status": order.status.value,
        "extended_hours": request.extended_hours,
        "legs": [order_body(leg) for leg in legs] or None,
        "trail_percent": text_or_none(request.trail_percent),
        "trail_price": text_or_none(request.trail_price),
        "hwm": text_or_none(order.trail_mark),
        "subtag": None,
        "source": None,
    }


def trade_update(event: OrderEvent) -> Body:
    """Write an order event as the trading stream sends it; the order there has slightly other fields."""
    order = {**order_body(event.order), "cancel_requested_at": stamp(event.order.cancel_requested_at)}
    del order["subtag"], order["source"]
    data: Body = {
        "at": stamp(event.time),
        "event_id": _ulid(event.time, event.sequence),
        "event": event.kind,
        "timestamp": stamp(event.time),
        "order": order,
    }
    if event.kind not in {"pending_new", "accepted"}:
        data["execution_id"] = event.id
    if event.fill is not None and event.position_quantity is not None:
        data["price"] = text(event.fill.price)
        data["qty"] = text(event.fill.quantity)
        data["position_qty"] = text(event.position_quantity)
    return {"stream": "trade_updates", "data": data}


def activity_id(time: datetime, name: str) -> str:
    """Return the sortable id of an activity: New York time to the millisecond, and a UUID."""
    local = time.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::{name}"


def fill_body(fill: Fill) -> Body:
    """Write one execution as an account activity."""
    return {
        "id": activity_id(fill.time, fill.id),
        "activity_type": "FILL",
        "type": "fill" if fill.order_status is OrderStatus.FILLED else "partial_fill",
        "transaction_time": stamp(fill.time),
        "price": text(fill.price),
        "qty": text(fill.quantity),
        "cum_qty": text(fill.cumulative_quantity),
        "leaves_qty": text(fill.leaves_quantity),
        "side": fill.side.value,
        "symbol": fill.symbol,
        "order_id": fill.order_id,
        "order_status": fill.order_status.value,
    }


def activity_body(activity: Activity) -> Body:
    """Write what happened to the account without a trade."""
    body: Body = {
        "id": activity_id(activity.time, activity.id),
        "activity_type": activity.type.value,
        "date": activity.time.astimezone(NEW_YORK).date().isoformat(),
        "net_amount": text(activity.net_amount),
        "symbol": position_symbol(activity.symbol),
        "qty": text(activity.quantity),
        "status": "executed",
        "description": activity.description,
        "created_at": stamp(activity.time),
        "group_id": "",
        "currency": "USD",
    }
    return body if activity.price is None else {**body, "price": text(activity.price)}


def asset_body(instrument: Instrument) -> Body:
    """Write what is known of one listed asset."""
    requirement = "30" if instrument.is_marginable else "100"
    body: Body = {
        "id": asset_id(instrument.symbol),
        "class": instrument.asset_class.value,
        "exchange": instrument.exchange,
        "symbol": instrument.symbol,
        "name": instrument.name,
        "status": "active" if instrument.is_active else "inactive",
        "tradable": instrument.is_tradable,
        "marginable": instrument.is_marginable,
        "maintenance_margin_requirement": int(requirement),
        "margin_requirement_long": requirement,
        "margin_requirement_short": requirement,
        "shortable": instrument.is_shortable,
        "easy_to_borrow": instrument.is_easy_to_borrow,
        "fractionable": instrument.is_fractionable,
        "attributes": ["fractional_eh_enabled"] if instrument.is_fractionable and not instrument.is_crypto else [],
    }
    if not instrument.is_crypto:
        return {**body, "borrow_status": _borrow_status(instrument)}
    steps = {"min_order_size": instrument.quantity_min, "min_trade_increment": instrument.quantity_step}
    return {
        **body,
        **{name: text(step) for name, step in steps.items()},
        "price_increment": text(instrument.price_step),
    }


def _borrow_status(instrument: Instrument) -> str:
    if not instrument.is_shortable:
        return "not_shortable"
    return "easy_to_borrow" if instrument.is_easy_to_borrow else "hard_to_borrow"


def bar_body(bar: Bar, time: datetime | None = None) -> Body:
    """Write a bar in numbers. The simulator knows no trades: their count and average price are estimates."""
    typical = round((bar.high + bar.low + bar.close) / 3, 4)
    return {
        "t": stamp(time or bar.time),
        "o": float(bar.open),
        "h": float(bar.high),
        "l": float(bar.low),
        "c": float(bar.close),
        "v": int(bar.volume) if bar.volume == bar.volume.to_integral_value() else float(bar.volume),
        "n": int(bar.volume) // 100 + 1,
        "vw": float(min(max(typical, bar.low), bar.high)),
    }


def quote_body(bar: Bar, time: datetime) -> Body:
    """Write the quote that a bar leaves behind, in numbers."""
    quote = quote_of(bar)
    sides = {"ap": float(quote.ask), "as": 100, "ax": "V", "bp": float(quote.bid), "bs": 100, "bx": "V"}
    return {"t": stamp(time), **sides, "c": ["R"], "z": "C"}


def trade_body(bar: Bar, time: datetime) -> Body:
    """Write the last trade of a bar, in numbers."""
    return {"t": stamp(time), "x": "V", "p": float(bar.close), "s": 100, "c": ["@"], "i": 1, "z": "C"}


def _ulid(moment: datetime, sequence: int) -> str:
    number = (int(moment.timestamp() * 1000) << 80) | (moment.microsecond % 1000 << 64) | sequence
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
