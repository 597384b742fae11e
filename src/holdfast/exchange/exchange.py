"""One simulated exchange for one account: commands go in, events come out. Time and ids are arguments.

It knows no clock, no network and no disk. Whoever drives it stores the changes before showing them to anyone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderStatus
from holdfast.exchange.books import Books
from holdfast.exchange.floor import Floor
from holdfast.exchange.hours import Hours
from holdfast.exchange.instrument import Instrument
from holdfast.exchange.intake import Intake
from holdfast.exchange.margin import AccountValue
from holdfast.exchange.matching import SHARE_STEP, Quote
from holdfast.exchange.order import ZERO, Fate, Order, OrderEvent, OrderRequest
from holdfast.exchange.prices import Prices
from holdfast.exchange.refusal import not_found, unprocessable
from holdfast.exchange.replacement import Amendment
from holdfast.exchange.router import Router
from holdfast.exchange.standing import Standing

# A bar's last second tells which part of the day it belongs to: the one that closes with the session is of it.
_INSIDE_BAR = timedelta(seconds=1)


class Exchange:
    """Orders, matching and books of one account.

    Every command returns the events it caused, in order, each carrying the order's new value. All else that is
    to be saved is in `books` (ask it for `take_changes()`) and in `standing`. `participation` is the part of a
    bar's volume that this account's orders may take, None without a bound.
    """

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        books: Books,
        standing: Standing | None = None,
        participation: Decimal | None = None,
    ) -> None:
        self.instruments = dict(instruments)
        self.books = books
        self.standing = standing or Standing()
        self.prices = Prices(participation)
        self._floor = Floor(books, self.prices, self.standing.halted)
        self._router = Router(books, self.prices, self._floor)
        self._intake = Intake(self.instruments, books, self.prices, self.standing)
        for symbol in self.standing.delisted:
            self.delist(symbol)

    # Orders

    def submit(
        self,
        request: OrderRequest,
        hours: Hours,
        at: datetime,
        *,
        fate: Fate = Fate.NORMAL,
        is_closing_all: bool = False,
    ) -> list[OrderEvent]:
        """Accept an order and fill it if the market is there.

        The first event carries the order as it stands in the answer: `pending_new` while it can trade, else
        `accepted`. `is_closing_all` lets crypto dust through.

        Raises:
            Refusal: and nothing has changed.
        """
        plan = self._intake.check(request, hours, at, fate=fate, is_closing_all=is_closing_all)
        order = self._intake.new_order(plan, at)
        return self._router.accept(order, self._intake.legs_of(order, at), hours, at)

    def replace(self, order_id: str, amendment: Amendment, hours: Hours, at: datetime) -> list[OrderEvent]:
        """Put a new order in the place of a working one; the first event carries the new order.

        Raises:
            Refusal: 404 for an unknown id, 422 if it cannot be replaced so, 403 if the account cannot afford it.
        """
        old = self.books.orders.get(order_id)
        plan = self._intake.check_replacement(old, amendment, hours, at)
        return self._router.supersede(old, self._intake.new_order(plan, at, replaces=old), hours, at)

    def cancel(self, order_id: str, at: datetime, *, is_stuck: bool = False) -> list[OrderEvent]:
        """End a working order and what hangs on it; canceling a canceled one changes nothing.

        `is_stuck` leaves it in `pending_cancel`, where it can still fill, until `release`.

        Raises:
            Refusal: 404 for an unknown id, 422 for an order that ended another way.
        """
        order = self.books.orders.get(order_id)
        if order.status in {OrderStatus.CANCELED, OrderStatus.PENDING_CANCEL}:
            return []
        if not order.is_working:
            raise unprocessable(f'order is already in "{order.status.value}" state')
        if is_stuck and order.is_at_market:
            return [self.books.become(replace(order, fate=Fate.STUCK), OrderStatus.PENDING_CANCEL, at)]
        return self._router.end(order, OrderStatus.CANCELED, at)

    def cancel_all(self, order_ids: Iterable[str], at: datetime) -> list[OrderEvent]:
        """End several orders; those that ended with another of their group are passed over."""
        events: list[OrderEvent] = []
        for order_id in order_ids:
            if self.books.orders.get(order_id).is_working:
                events += self.cancel(order_id, at)
        return events

    def close_position(
        self,
        symbol: str,
        hours: Hours,
        at: datetime,
        *,
        quantity: Decimal | None = None,
        percentage: Decimal | None = None,
    ) -> list[OrderEvent]:
        """Close `quantity` shares, a `percentage` (0 to 100) or all of a holding at the market.

        Raises:
            Refusal: 404 without a holding, 403 if other orders hold the shares, 422 for a bad amount.
        """
        held = self.books.ledger.quantity(symbol)
        if not held:
            raise not_found("position does not exist")
        if percentage is not None:
            quantity = (abs(held) * percentage / 100).quantize(SHARE_STEP, ROUND_DOWN)
        request = self._intake.closing_request(symbol, held, quantity)
        return self.submit(request, hours, at, is_closing_all=request.quantity == abs(held))

    def release(self, hours: Hours, at: datetime, order_id: str | None = None) -> list[OrderEvent]:
        """End every fate, or one order's: stuck cancels end, frozen orders fill at the quote or in the next bar."""
        events: list[OrderEvent] = []
        bound = [order for order in self.books.orders.working() if order.fate is not Fate.NORMAL]
        for order in [order for order in bound if order_id in (None, order.id)]:
            current = self.books.current(order)
            if not current.is_working:
                continue  # It ended with another order of its group.
            free = replace(current, fate=Fate.NORMAL)
            self.books.keep(free)
            if order.fate is Fate.STUCK:
                events += self._router.end(free, OrderStatus.CANCELED, at)
            else:
                events += self._floor.at_quote(free, hours.phase(at), at)
        return events

    # The market

    def advance(self, bars: Sequence[Bar], hours: Hours, at: datetime) -> list[OrderEvent]:
        """Let the market move to `at`: queued orders go out, `bars` fill, auctions are held, days end.

        `bars` are those that closed at `at`, one a symbol at most; `hours` those of the moment just before.
        """
        before = at - _INSIDE_BAR
        phase = hours.phase(before)
        events = self._router.open_queued(at)
        for bar in bars:
            self.prices.begin(bar)
            for order in self._met_by(bar):
                events += self._floor.in_bar(self.books.current(order), bar, phase, at)
        self.prices.see(bars)
        if before < hours.day.close <= at:
            events += self._router.hold_closing_auction(at)
        if before < hours.day.close <= at or before < hours.day.post_close <= at:
            self.prices.forget_day(symbol for symbol in self.prices.quoted() if not self._is_crypto(symbol))
        self.books.charge_fees(at)
        return [*events, *self._router.end_old_orders(at)]

    def see(self, bars: Iterable[Bar]) -> None:
        """Take the quotes that `bars` leave behind, without matching: also how they come back after a restart."""
        self.prices.see(bars)

    def quote(self, symbol: str) -> Quote | None:
        """Return the current quote; None before the symbol's first bar of the session, and outside one."""
        return self.prices.quote(symbol)

    # What the exchange, the broker or the owner does to the account

    def halt(self, symbol: str, until: datetime | None = None) -> None:
        """Stop all trading in a symbol; orders are accepted and wait. `until` is when somebody is to resume it."""
        self.standing.halted.add(symbol)
        self.standing.halt_ends.pop(symbol, None)
        if until is not None:
            self.standing.halt_ends[symbol] = until

    def resume(self, symbol: str, hours: Hours, at: datetime) -> list[OrderEvent]:
        """Let a halted symbol trade again; what waits fills at the current quote if it can."""
        self.standing.halted.discard(symbol)
        self.standing.halt_ends.pop(symbol, None)
        events: list[OrderEvent] = []
        for order in self.books.orders.working(symbol):
            events += self._floor.at_quote(self.books.current(order), hours.phase(at), at)
        return events

    def delist(self, symbol: str) -> None:
        """Take a symbol off the list: it stays visible, inactive and not tradable."""
        self.standing.delisted.add(symbol)
        if symbol in self.instruments:  # With other prices it may not be listed at all any more.
            self.instruments[symbol] = replace(self.instruments[symbol], is_active=False, is_tradable=False)

    def split(self, symbol: str, ratio: Decimal, at: datetime) -> None:
        """Give `ratio` new shares for each old one; working orders keep their prices and quantities."""
        self.prices.split(symbol, ratio)
        self.books.split(symbol, ratio, at)

    def transfer(self, symbol: str, quantity: Decimal, at: datetime) -> None:
        """Move shares into the account (or out: negative) without an order."""
        self.books.move_shares(symbol, quantity, self.prices.last.get(symbol, ZERO), at)

    def liquidate(self, symbol: str, hours: Hours, at: datetime) -> list[OrderEvent]:
        """End a symbol's orders and close its position at the market, as the broker does on a margin call.

        It asks neither the account nor its owner: nothing stands in its way.

        Raises:
            Refusal: 404 if there is neither a position nor an order.
        """
        working, events = self.books.orders.working(symbol), list[OrderEvent]()
        if not working and not self.books.ledger.quantity(symbol):
            raise not_found("position does not exist")
        for order in working:
            current = self.books.current(order)
            if current.is_working:
                events += self._router.end(current, OrderStatus.CANCELED, at)
        held = self.books.ledger.quantity(symbol)
        if not held:
            return events
        plan = self._intake.plan_liquidation(symbol, held, hours, at)
        return [*events, *self._router.accept(self._intake.new_order(plan, at), (), hours, at)]

    # What the account is worth

    @property
    def value(self) -> AccountValue:
        """The account at market."""
        return self._intake.value()

    def available_quantity(self, symbol: str) -> Decimal:
        """Return what of a position, counted positive, no working order holds."""
        return max(abs(self.books.ledger.quantity(symbol)) - self.books.orders.held_quantity(symbol), ZERO)

    def canonical(self, symbol: str) -> str:
        """Return the listed name of a symbol that may be a pair written without its slash."""
        return self._intake.canonical(symbol)

    def _met_by(self, bar: Bar) -> list[Order]:
        """Return the orders that a bar can fill: those at the market when it began, stops before limits.

        A leg that wakes in the bar waits for the next one; of two exits that the bar touches the stop comes first,
        which is the worse one.
        """
        working = [order for order in self.books.orders.working(bar.symbol) if order.is_at_market]
        return sorted(working, key=lambda order: not order.request.type.waits_for_trigger)

    def _is_crypto(self, symbol: str) -> bool:
        instrument = self.instruments.get(symbol)
        return instrument is not None and instrument.is_crypto
