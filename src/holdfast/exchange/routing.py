"""When an order goes to the market, when it trades there, and when it ends by itself. Source: Alpaca's order rules.

Moments are timezone-aware UTC; the trading days are arguments.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holdfast.exchange.hours import Hours, Phase
from holdfast.exchange.order import Order, OrderRequest, TimeInForce
from holdfast.exchange.refusal import unprocessable

_NEW_YORK = ZoneInfo("America/New_York")
_GTC_LIFETIME, _GTC_ENDS = timedelta(days=90), time(16)
_AGED_ORDERS_JOB = timedelta(minutes=15)
_OPG_CUTOFF, _CLS_CUTOFF = timedelta(minutes=2), timedelta(minutes=10)
_AUCTION_REOPENS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Route:
    """What the clock means for a new order: it goes to the market at `routes_at`, at once if that is past."""

    routes_at: datetime
    expires_at: datetime
    is_trading: bool


def route(request: OrderRequest, hours: Hours, at: datetime, *, is_crypto: bool) -> Route:
    """Return the route of a new order.

    Raises:
        Refusal: 422 if the auction that it wants takes no more orders today.
    """
    if is_crypto:
        return Route(at, _good_till(at), is_trading=True)
    _check_auction(request.time_in_force, hours, at)
    works_late = request.extended_hours and at < hours.day.post_close
    day = hours.day if works_late else hours.regular_day(at)
    ends = day.post_close if request.extended_hours else day.close
    if request.time_in_force is TimeInForce.GTC:
        ends = _good_till(day.open)
    phase = hours.phase(at)
    trades = phase is Phase.REGULAR or (request.extended_hours and phase.is_extended)
    return Route(day.pre_open, ends, trades and not request.time_in_force.is_auction)


def trades_in(order: Order, phase: Phase) -> bool:
    """Whether an order at the market trades in this part of the day, auctions aside."""
    if order.is_crypto:
        return True
    if order.request.time_in_force.is_auction:
        return False
    return phase is Phase.REGULAR or (phase.is_extended and order.request.extended_hours)


def is_aged(order: Order, at: datetime) -> bool:
    """Whether an order that no session ends has reached the day on which the exchange cancels it."""
    is_lasting = order.is_crypto or order.request.time_in_force is TimeInForce.GTC
    return is_lasting and at >= order.expires_at + _AGED_ORDERS_JOB


def is_expired(order: Order, at: datetime) -> bool:
    """Whether the order's day is over."""
    return order.request.time_in_force is not TimeInForce.GTC and not order.is_crypto and at >= order.expires_at


def _good_till(begins: datetime) -> datetime:
    """Return when a good-till-canceled order ends: 16:00 in New York, in summer time as in winter."""
    day = (begins.astimezone(_NEW_YORK) + _GTC_LIFETIME).date()
    return datetime.combine(day, _GTC_ENDS, _NEW_YORK).astimezone(UTC)


def _check_auction(lasts: TimeInForce, hours: Hours, at: datetime) -> None:
    day, reopens = hours.day, hours.day.post_close - _AUCTION_REOPENS
    if lasts is TimeInForce.OPG and day.open - _OPG_CUTOFF <= at < reopens:
        raise unprocessable("opg orders are not accepted between 2 minutes before the open and 19:00")
    if lasts is TimeInForce.CLS and day.close - _CLS_CUTOFF <= at < reopens:
        raise unprocessable("cls orders are not accepted between 10 minutes before the close and 19:00")
