"""One account's market: the exchange, its prices and its disk, moved by commands and by instants.

Every change is one step: compute, commit, and only then publish. No threads, no network, no real time here.
"""

import bisect
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable
from holdfast.domain.session import Session
from holdfast.exchange.exchange import Exchange, Phase
from holdfast.exchange.hours import Hours, TradingDay
from holdfast.exchange.hours import Phase as HoursPhase
from holdfast.exchange.ids import Ids
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.order import OrderEvent, OrderRequest
from holdfast.simulator.calendar import NEW_YORK, midnight
from holdfast.simulator.catalogue import is_pair, listing_of
from holdfast.simulator.prices import PriceSource, close_time
from holdfast.simulator.store import AccountStore, SavedAccount
from holdfast.simulator.tape import Tape
from holdfast.simulator.timetable import Stretch

_LOOK_BACK = timedelta(days=15)
_TICK = timedelta(microseconds=1)
Command = Callable[[datetime], list[OrderEvent]]


class Audience(Protocol):
    """Whoever is told what happened, after it is safely on disk."""

    def see_events(self, events: list[OrderEvent]) -> None:
        """Take the order events of one step."""
        ...

    def see_bars(self, bars: list[Bar]) -> None:
        """Take all bars of one instant."""
        ...


class Market:
    """The account at one instant of market time, and the way to the next one.

    `time` is the current instant; all that happens at it is stamped some microseconds later, in order.
    """

    def __init__(
        self,
        *,
        prices: PriceSource,
        store: AccountStore,
        account: SavedAccount,
        audience: Audience,
        sessions: int | None = None,
    ) -> None:
        self.prices = prices
        self.account_id = account.facts["account_id"]
        self.created_at = datetime.fromisoformat(account.facts["started"])
        self.time = datetime.fromisoformat(account.facts["time"])
        self.last_equity = Decimal(account.facts["last_equity"])
        self.last_bars: list[Bar] = []
        self._ticks = int(account.facts["ticks"])
        self._store = store
        self._audience = audience
        self._failure: Exception | None = None
        self.exchange = Exchange(
            instruments={**listing_of(account.holdings), **prices.instruments},
            ledger=Ledger(Decimal(account.facts["cash"]), account.holdings),
            ids=Ids(account.facts["id_seed"], int(account.facts["id_count"])),
            orders=account.orders,
            fills=account.fills,
        )
        self.latest_bars: dict[str, Bar] = {}
        self._hours: Hours | None = None
        self._tape = self._tape_after(self.time)
        self._end = self._find_end(sessions)
        self._recall_prices()

    # Where the market stands

    @property
    def hours(self) -> Hours:
        """The trading day that is running or comes next, and the one after it."""
        if self._hours is None or self.time >= self._hours.day.post_close:
            self._hours = Hours(*islice(self._days_ahead(), 2))
        return self._hours

    @property
    def session(self) -> Session:
        """The session that is open now, or else the next one."""
        day = self.hours.regular_day(self.time)
        return Session(day.open, day.close)

    @property
    def is_open(self) -> bool:
        """Whether the regular session is open now."""
        return self.hours.phase(self.time) is HoursPhase.REGULAR

    @property
    def phase(self) -> Phase:
        """Where the market is, for the exchange."""
        return Phase(is_open=self.is_open, day_close=self.session.close)

    def next_instant(self) -> datetime | None:
        """Return the instant that follows; None when nothing will ever follow."""
        if self._end is not None and self.time >= self._end:
            return None
        tape = self._running_tape()
        return tape.after(self.time) if tape else None

    @property
    def end_reason(self) -> str | None:
        """Why nothing follows; None while something does."""
        if self.next_instant() is not None:
            return None
        return "session over" if self.prices.next_stretch(self.time) else "bars used up"

    def seconds_to(self, instant: datetime) -> float:
        """Return the market time in seconds until `instant`; skipped hours cost none."""
        stretch = self.prices.next_stretch(self.time)
        if stretch is not None and instant < stretch.start:
            return 0.0
        return (instant - self.time).total_seconds()

    # Steps

    def advance(self, instant: datetime) -> None:
        """Move to `instant`: fill, expire, commit, and then publish its bars and its updates."""
        self._check()
        tape = self._running_tape()
        if tape is None:
            raise Recoverable("the bars are used up")
        bars = tape.advance(instant)
        session, before = self.session, self.time
        self.time, self._ticks = instant, 0
        self.latest_bars.update((bar.symbol, bar) for bar in bars)
        events = self.exchange.advance(bars, session, self._stamp())
        if before < session.close <= instant:
            self.last_equity = self.equity
        self._commit(events)
        self.last_bars = bars
        self._audience.see_events(events)
        self._audience.see_bars(bars)

    def submit(self, request: OrderRequest, *, frozen: bool = False) -> list[OrderEvent]:
        """Hand an order to the exchange; see `Exchange.submit` for what comes back."""
        return self.step(lambda at: self.exchange.submit(request, self.phase, at, frozen=frozen))

    def step(self, command: Command) -> list[OrderEvent]:
        """Carry out one command at the current instant: its events are on disk before anyone sees them.

        Raises:
            Refusal: the exchange said no; nothing has changed.
        """
        self._check()
        events = command(self._stamp())
        if events:
            self._commit(events)
            self._audience.see_events(events)
        return events

    # Worth

    def price(self, symbol: str) -> Decimal | None:
        """Return the newest known price of `symbol` in USD."""
        return self.exchange.last_prices.get(symbol)

    @property
    def market_value(self) -> Decimal:
        """What the holdings are worth in USD; one whose price is unknown counts at cost."""
        held = self.exchange.ledger.open_holdings()
        known = {symbol: self.price(symbol) for symbol in held}
        return sum(
            (each.cost if (price := known[symbol]) is None else each.quantity * price for symbol, each in held.items()),
            Decimal(0),
        )

    @property
    def equity(self) -> Decimal:
        """Cash and holdings together, in USD."""
        return self.exchange.ledger.cash + self.market_value

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close in USD of the day before the newest one with a bar; a pair's days begin at midnight UTC."""
        newest = self.latest_bars.get(symbol)
        if is_pair(symbol):
            moment = newest.time if newest else self.time
            day_start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        else:
            moment = self.session.open if newest is None or self.is_open else newest.time
            day_start = midnight(moment.astimezone(NEW_YORK).date())
        closes = (
            self._close_in(symbol, stretch, day_start)
            for stretch in reversed(self.prices.history(day_start - _LOOK_BACK, day_start))
        )
        return next((close for close in closes if close is not None), None)

    # Inside

    def _stamp(self) -> datetime:
        self._ticks += 1
        return self.time + self._ticks * _TICK

    def _commit(self, events: list[OrderEvent]) -> None:
        facts = {"time": self.time.isoformat(), "ticks": str(self._ticks), "last_equity": str(self.last_equity)}
        try:
            self._store.save(self.exchange, events, facts)
        except Exception as error:
            # Memory is ahead of the disk now: nothing may be shown or decided on it any more.
            self._failure = error
            raise

    def _check(self) -> None:
        if self._failure is not None:
            raise Recoverable(f"the simulator cannot save its account any more: {self._failure}")

    def _running_tape(self) -> Tape | None:
        """Return the tape that holds the next instant."""
        if self._tape is None or self._tape.after(self.time) is None:
            self._tape = self._tape_after(self.time)
        return self._tape

    def _tape_after(self, moment: datetime) -> Tape | None:
        stretch = self.prices.next_stretch(moment)
        return Tape(self.prices, stretch, moment) if stretch else None

    def _days_ahead(self) -> Iterator[TradingDay]:
        """Yield the trading days that are not over: those with prices, and then without end those of the calendar."""
        timetable, moment = self.prices.timetable, self.time
        while True:
            stretch = self.prices.next_stretch(moment) or timetable.ending_after(moment)
            if stretch.session is not None:
                day = timetable.trading_day(stretch.session)
                if day.post_close > self.time:
                    yield day
            moment = stretch.end

    def _find_end(self, sessions: int | None) -> datetime | None:
        if sessions is None:
            return None
        closes = (day.close for day in self._days_ahead() if day.close > self.time)
        return next(islice(closes, sessions - 1, None))

    def _close_in(self, symbol: str, stretch: Stretch, day_start: datetime) -> Decimal | None:
        """Return the last price of `stretch` before a new day: at a stock's session's close, at a pair's midnight."""
        if is_pair(symbol):
            end = day_start
        elif stretch.session is None:
            return None
        else:
            end = stretch.session.close
        bar = self._last_bar(symbol, stretch, end)
        return bar.close if bar else None

    def _last_bar(self, symbol: str, stretch: Stretch, moment: datetime) -> Bar | None:
        """Return the newest bar of `stretch` that is known at `moment`."""
        bars = self.prices.bars(symbol, stretch)
        count = bisect.bisect_right(bars, moment, key=lambda bar: close_time(bar, self.prices.period, stretch))
        return bars[count - 1] if count else None

    def _recall_prices(self) -> None:
        self.latest_bars.update((bar.symbol, bar) for bar in self._newest_bars())
        self.exchange.last_prices.update((symbol, bar.close) for symbol, bar in self.latest_bars.items())
        pairs = [bar for bar in self.latest_bars.values() if is_pair(bar.symbol)]
        today = self._tape.last_bars() if self._tape else []
        self.exchange.see([*pairs, *(bar for bar in today if self._is_quoted(bar))])

    def _newest_bars(self) -> Iterator[Bar]:
        """Yield the newest bar of each symbol, as far back as is worth looking."""
        missing = list(self.prices.instruments)
        for stretch in reversed(self.prices.history(self.time - _LOOK_BACK, self.time)):
            found = {symbol: self._last_bar(symbol, stretch, self.time) for symbol in missing}
            missing = [symbol for symbol, bar in found.items() if bar is None]
            yield from (bar for bar in found.values() if bar is not None)

    def _is_quoted(self, bar: Bar) -> bool:
        """Whether a stock's bar of the running tape still makes the quote: the closes of a day forget it."""
        stretch = self._tape.stretch if self._tape else None
        if stretch is None or stretch.session is None:
            return False
        day = self.prices.timetable.trading_day(stretch.session)
        known_at = close_time(bar, self.prices.period, stretch)
        return not any(known_at <= close <= self.time for close in (day.close, day.post_close))


def facts_of_new_account(prices: PriceSource, *, account_id: str, cash: Decimal) -> Mapping[str, str]:
    """Return what is written down when an account is opened: it starts before the first stretch of market time."""
    start = (prices.first_stretch.first_instant).astimezone(UTC).isoformat()
    return {
        "account_id": account_id,
        "id_seed": "|".join(prices.description.values()),
        "id_count": "0",
        "cash": str(cash),
        "last_equity": str(cash),
        "started": start,
        "time": start,
        "ticks": "0",
    }
