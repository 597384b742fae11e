"""Builders: each row of a test's table is one line. Everything happens on 2026-11-20, a Friday, from 15:00 UTC on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.domain.broker_facts import Account, Activity, BrokerPosition, FillActivity, HoldingMoved, Rows, Snapshot
from holdfast.domain.decide import Moment, Rules
from holdfast.domain.order import Intent, OrderRecord, OrderStatus, OrderView, Role, Side
from holdfast.domain.order_id import bar_decision, order_id
from holdfast.domain.position import FLAT, Position
from holdfast.domain.reconcile import SymbolFacts
from holdfast.domain.session import Session
from holdfast.domain.state import SymbolState
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.window import BarWindow
from holdfast.strategies.bars import Bars

MINUTE = TIMEFRAMES["1Min"]
NOON = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SESSION = Session(NOON - timedelta(minutes=30), NOON + timedelta(hours=6))
ACCOUNT = Account("account-1", "nt-1", Decimal(100_000), Decimal(100_000), is_tradable=True)
Number = int | str | Decimal


def at(minute: float = 0, second: float = 0) -> datetime:
    """Return a moment so many minutes and seconds after 15:00 UTC."""
    return NOON + timedelta(minutes=minute, seconds=second)


def an_id(minute: int = 0, side: Side = Side.BUY, symbol: str = "AAPL", step: int = 0) -> str:
    """Return the id of the order decided on the bar of this minute."""
    return order_id("main", symbol, bar_decision(MINUTE, at(minute)), side, step)


def an_intent(
    minute: int = 0, side: Side = Side.BUY, quantity: Number = 10, *, role: Role = Role.ENTRY, symbol: str = "AAPL"
) -> Intent:
    """Return the intent of the bar of this minute."""
    return Intent(an_id(minute, side, symbol), symbol, side, Decimal(quantity), role)


def an_order_view(
    status: str = "filled",
    filled: Number | None = None,
    *,
    minute: int = 0,
    side: Side = Side.BUY,
    quantity: Number | None = 10,
    price: Number = 100,
    symbol: str = "AAPL",
    name: str | None = None,
    broker_id: str | None = None,
) -> OrderView:
    """Return the broker's view of the order decided on the bar of this minute; `filled` follows from the status."""
    name = an_id(minute, side, symbol) if name is None else name
    amount = Decimal(filled if filled is not None else (quantity or 0) if status == "filled" else 0)
    return OrderView(
        broker_order_id=broker_id or f"broker-{name}",
        client_order_id=name,
        symbol=symbol,
        side=side,
        quantity=None if quantity is None else Decimal(quantity),
        status=OrderStatus(status),
        filled_quantity=amount,
        filled_average_price=Decimal(price) if amount else None,
        submitted_at=at(minute, 61),
    )


def a_record(
    status: str = "filled",
    filled: Number | None = None,
    *,
    minute: int = 0,
    side: Side = Side.BUY,
    quantity: Number = 10,
    price: Number = 100,
    role: Role = Role.ENTRY,
    symbol: str = "AAPL",
    reason: str | None = None,
) -> OrderRecord:
    """Return the same order as the state file remembers it; ours alone (intent, refused, absent) has no broker id."""
    view = an_order_view(status, filled, minute=minute, side=side, quantity=quantity, price=price, symbol=symbol)
    is_known = status not in ("intent", "refused", "absent")
    return OrderRecord(
        client_order_id=view.client_order_id,
        role=role,
        side=side,
        quantity=Decimal(quantity),
        status=view.status,
        filled_quantity=view.filled_quantity,
        filled_average_price=view.filled_average_price,
        broker_order_id=view.broker_order_id if is_known else None,
        submitted_at=view.submitted_at if is_known else None,
        reason=reason,
    )


def a_position(held: Number = 0, price: Number = 100, unmanaged: Number = 0, realized: Number = 0) -> Position:
    """Return a position; a flat one has no price."""
    average = Decimal(price) if Decimal(held) else None
    return Position(Decimal(held), average, Decimal(unmanaged), Decimal(realized))


def a_state(
    held: Number = 0,
    *orders: OrderRecord,
    price: Number = 100,
    unmanaged: Number = 0,
    **rest: Any,  # noqa: ANN401 - any field of the state
) -> SymbolState:
    """Return a symbol's state, of this account, reconciled at 15:00 unless said otherwise."""
    fields: dict[str, Any] = {
        "symbol": "AAPL",
        "target": Decimal(held),
        "strategy": "scripted",
        "reconciled_at": NOON,
        "account_id": ACCOUNT.id,
        **rest,
    }
    position = a_position(held, price, unmanaged) if held or unmanaged else FLAT
    return SymbolState(position=position, orders=orders, **fields)


def a_bar(minute: int = 0, close: Number = 100, symbol: str = "AAPL") -> Bar:
    """Return the bar that opened at this minute."""
    price = Decimal(close)
    return Bar(symbol, at(minute), price, price, price, price, Decimal(1000))


def a_holding(quantity: Number, price: Number = 100, symbol: str = "AAPL") -> BrokerPosition:
    """Return a row of the broker's positions."""
    return BrokerPosition(symbol, Decimal(quantity), Decimal(price), None)


def a_fill(
    quantity: Number, *, minute: float = 1, side: Side = Side.SELL, price: Number = 100, symbol: str = "AAPL",
    order: str = "somebody-else",
) -> FillActivity:  # fmt: skip
    """Return an execution in the account; somebody else's unless `order` says otherwise."""
    name = f"fill-{order}-{minute}-{quantity}-{side}"
    return FillActivity(name, order, symbol, side, Decimal(quantity), Decimal(price), at(minute))


def a_move(change: Number, *, kind: str = "SPLIT", minute: float = 1, symbol: str = "AAPL") -> HoldingMoved:
    """Return a change of a holding that no order made."""
    return HoldingMoved(f"{kind}-{minute}", kind, symbol, Decimal(change), at(minute))


def some_facts(
    holds: Number = 0, *views: OrderView, fills: Sequence[Activity] = (), price: Number = 100,
    unreadable: str | None = None, unlisted: Number | None = None,
) -> SymbolFacts:  # fmt: skip
    """Return the broker's truth about AAPL: it holds this much, these are our orders, these other people's fills."""
    position = a_holding(holds, price) if Decimal(holds) else None
    value = None if unlisted is None else Decimal(unlisted)
    return SymbolFacts(views, position, tuple(fills), unreadable, value)


def a_snapshot(
    *views: OrderView,
    holdings: Sequence[BrokerPosition] = (),
    fills: Sequence[Activity] = (),
    taken_at: datetime = NOON,
) -> Snapshot:
    """Return a snapshot of the whole account."""
    return Snapshot(taken_at, ACCOUNT, Rows(views), Rows(tuple(holdings)), Rows(tuple(fills)), 5)


def some_rules(quantity: Number = 10, *, lot: Number = 1, may_short: bool = False) -> Rules:
    """Return what config says of a symbol."""
    return Rules("main", Decimal(quantity), MINUTE, may_short=may_short, lot=Decimal(lot))


def a_moment(minute: int = 0, close: Number = 100, *, age_s: float = 61, is_open: bool = True) -> Moment:
    """Return the moment `age_s` seconds after the open of the bar of this minute."""
    return Moment(at(minute, age_s), at(minute), Decimal(close), is_session_open=is_open)


def bars_of(bars: Sequence[Bar]) -> Bars:
    """Turn exact bars, oldest first, into the arrays that a strategy sees."""
    window = BarWindow(max(1, len(bars)))
    for bar in bars:
        window.append(bar)
    return window.bars()
