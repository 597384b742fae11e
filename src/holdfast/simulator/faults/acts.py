"""What happens by itself when its moment has come: the owner's hand, the broker's, and the wire's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from holdfast.domain.errors import Recoverable, UsageError
from holdfast.domain.order import Side
from holdfast.domain.symbols import is_pair
from holdfast.exchange.order import OrderEvent, OrderRequest, OrderType, TimeInForce
from holdfast.exchange.refusal import Refusal, not_found
from holdfast.simulator.door import Door
from holdfast.simulator.faults.bad_days import BadDays
from holdfast.simulator.faults.fault import Fault
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.under_way import UnderWay
from holdfast.simulator.faults.views import Views
from holdfast.simulator.market import Market


@dataclass(frozen=True, slots=True)
class World:
    """Everything that an act can reach."""

    market: Market
    door: Door
    faults: Faults
    under_way: UnderWay
    views: Views
    bad_days: BadDays
    cash: Decimal


def act(world: World) -> None:
    """Let every act happen whose moment has come; what the exchange refuses is written down as refused."""
    _order_resumptions(world)
    for fault in world.faults.due():
        # Struck first: what fails in a way that nobody foresaw must not be tried again at every instant.
        world.faults.use(fault)
        try:
            what = ACTS[fault.kind](world, fault)
        except (Refusal, Recoverable, UsageError) as error:
            what = f"nothing: {error}"
        world.faults.write_down(fault, what)


def _order_resumptions(world: World) -> None:
    """Order the end of each halt that is over. The account keeps when that is, so a restart cannot forget it."""
    ends = world.market.exchange.standing.halt_ends
    for symbol in sorted(symbol for symbol, end in ends.items() if end <= world.market.time):
        del ends[symbol]
        world.faults.order({"kind": "resume_symbol", "match": {"symbol": symbol}})


def _owner_trades(world: World, fault: Fault) -> str:
    request = OrderRequest(
        symbol=fault.symbol or "",
        side=Side(fault.options["side"]),
        type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC if is_pair(fault.symbol or "") else TimeInForce.DAY,
        quantity=Decimal(fault.options["qty"]),
    )
    order = world.market.submit(request)[0].order
    return f"{order.side.value} {request.quantity} {order.symbol}, order {order.id}"


def _owner_cancels(world: World, fault: Fault) -> str:
    exchange = world.market.exchange
    ids = [order.id for order in exchange.books.orders.working(fault.symbol)]
    world.market.step(lambda at: exchange.cancel_all(ids, at))
    return f"{len(ids)} orders"


def _owner_closes_all(world: World, fault: Fault) -> str:
    market = world.market
    _owner_cancels(world, fault)
    closed = list(market.exchange.books.ledger.open_holdings())
    for symbol in closed:
        market.step(partial(market.exchange.close_position, symbol, market.hours))
    return ",".join(closed) or "an empty account"


def _move_shares(world: World, fault: Fault) -> str:
    symbol, shares = _listed(world, fault), Decimal(fault.options["shares"])

    def move(at: datetime) -> list[OrderEvent]:
        world.market.exchange.transfer(symbol, shares, at)
        return []

    world.market.step(move)
    return f"{shares} shares of {symbol}"


def _liquidate(world: World, fault: Fault) -> str:
    market, symbol = world.market, _listed(world, fault)
    events = market.step(partial(market.exchange.liquidate, symbol, market.hours))
    return f"{symbol}, {len({event.order.id for event in events})} orders"


def _halt(world: World, fault: Fault) -> str:
    symbol, after_s = _listed(world, fault), fault.options["resume_after_s"]

    def halt(_at: datetime) -> list[OrderEvent]:
        until = None if after_s is None else world.market.time + timedelta(seconds=after_s)
        world.market.exchange.halt(symbol, until)
        return []

    world.market.step(halt)
    return symbol


def _resume(world: World, fault: Fault) -> str:
    market, symbol = world.market, _listed(world, fault)
    market.step(partial(market.exchange.resume, symbol, market.hours))
    return symbol


def _delist(world: World, fault: Fault) -> str:
    symbol = _listed(world, fault)

    def delist(_at: datetime) -> list[OrderEvent]:
        world.market.exchange.delist(symbol)
        return []

    world.market.step(delist)
    return symbol


def _split(world: World, fault: Fault) -> str:
    symbol, ratio = _listed(world, fault), Decimal(fault.options["ratio"])
    world.market.split(symbol, ratio)
    return f"{symbol}, {ratio} new shares for each old one from the next session on"


def _reset(world: World, _fault: Fault) -> str:
    # Not by their ids: those are drawn at random, and the journal of a seed is the same everywhere.
    world.market.reset(world.cash)
    world.views.forget()
    return "the account, with all that it held"


def _listed(world: World, fault: Fault) -> str:
    symbol = fault.symbol or ""
    if symbol not in world.market.exchange.instruments:
        raise not_found(f"asset not found for {symbol}")
    return symbol


def _shut_the_door(world: World, fault: Fault) -> str:
    world.door.shut()
    world.under_way.later(fault.options["for_s"], world.door.open)
    return f"the port, for {fault.options['for_s']} s"


def _cut_streams(world: World, fault: Fault) -> str:
    return f"{world.door.cut_streams(fault.path or '*')} websockets"


def _begin_bad_days(world: World, fault: Fault) -> str:
    world.bad_days.begin(fault.seed or 0, fault.options["symbols"], is_slow=fault.options["slow"])
    return f"{len(world.bad_days.plan)} faults ordered"


ACTS: Mapping[str, Callable[[World, Fault], str]] = {
    "owner_trade": _owner_trades,
    "owner_cancel": _owner_cancels,
    "owner_close_all": _owner_closes_all,
    "move_shares": _move_shares,
    "liquidate": _liquidate,
    "halt_symbol": _halt,
    "resume_symbol": _resume,
    "delist_symbol": _delist,
    "split_symbol": _split,
    "reset_account": _reset,
    "refuse_connections": _shut_the_door,
    "drop_streams": _cut_streams,
    "bad_day": _begin_bad_days,
}
