"""How the exchange's values stand on Alpaca's wire. Trading: money as strings. Data: numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.domain.order import Side
from holdfast.exchange.ids import named_uuid
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.matching import quote_of
from holdfast.exchange.order import Fill, Order, OrderEvent
from holdfast.simulator.calendar import NEW_YORK

Body = dict[str, Any]

_DECIMALS_MAX = 12
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


def stamp(moment: datetime | None) -> str | None:
    """Write a UTC time with a Z."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def asset_id(symbol: str) -> str:
    """Return the id of the asset: the same in every account."""
    return named_uuid(f"asset:{symbol}")


def order_body(order: Order) -> Body:
    """Write an order as REST answers it."""
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
        "failed_at": None,
        "replaced_at": None,
        "replaced_by": None,
        "replaces": None,
        "asset_id": asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": text_or_none(request.notional),
        "qty": text_or_none(request.quantity),
        "filled_qty": text(order.filled_quantity),
        "filled_avg_price": text_or_none(order.filled_average_price),
        "order_class": "",
        "order_type": request.type.value,
        "type": request.type.value,
        "side": order.side.value,
        "position_intent": "buy_to_open" if order.side is Side.BUY else "sell_to_close",
        "time_in_force": request.time_in_force.value,
        "limit_price": text_or_none(request.limit_price),
        "stop_price": None,
        "status": order.status.value,
        "extended_hours": request.extended_hours,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "subtag": None,
        "source": None,
    }


def trade_update(event: OrderEvent) -> Body:
    """Write an order event as the trading stream sends it; the order there has slightly other fields."""
    order = {**order_body(event.order), "cancel_requested_at": None}
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


def activity_id(fill: Fill) -> str:
    """Return the sortable id of a fill's activity: New York time to the millisecond, and a UUID."""
    local = fill.time.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::{fill.id}"


def activity_body(fill: Fill) -> Body:
    """Write one execution as an account activity."""
    return {
        "id": activity_id(fill),
        "activity_type": "FILL",
        "type": "fill" if fill.leaves_quantity == 0 else "partial_fill",
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


def asset_body(instrument: Instrument) -> Body:
    """Write what is known of one listed stock."""
    return {
        "id": asset_id(instrument.symbol),
        "class": "us_equity",
        "exchange": instrument.exchange,
        "symbol": instrument.symbol,
        "name": instrument.name,
        "status": "active",
        "tradable": instrument.is_tradable,
        "marginable": True,
        "maintenance_margin_requirement": 30,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "shortable": False,
        "easy_to_borrow": False,
        "borrow_status": "not_shortable",
        "fractionable": instrument.is_fractionable,
        "attributes": [],
    }


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
