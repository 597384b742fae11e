"""One account's market: the exchange, its prices and its disk, moved by commands and by instants.

Every change is one step: compute, commit, and only then publish. No threads, no network, no real time here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable
from holdfast.domain.session import Session
from holdfast.domain.symbols import is_pair
from holdfast.exchange.books import Books
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.hours import Hours, Phase
from holdfast.exchange.ids import Ids
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.order import Fate, OrderEvent, OrderRequest
from holdfast.exchange.refusal import Refusal
from holdfast.simulator.catalogue import listing_of
from holdfast.simulator.known_prices import closing_bar, is_quoted, newest_bars
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.splits import PlannedSplit, SplitPrices, arrange, splits_of
from holdfast.simulator.start_over import start_over
from holdfast.simulator.store import AccountStore, SavedAccount, reloaded
from holdfast.simulator.tape import Tape
from holdfast.simulator.trading_days import days_ahead, stretches_ahead

_TICK = timedelta(microseconds=1)
_STRETCHES_TO_VALUE = 7
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
        participation: Decimal | None = None,
    ) -> None:
        self.splits = splits_of(account.facts)
        self.prices = SplitPrices(prices, self.splits)
        self.account_id = account.facts["account_id"]
        self.created_at = datetime.fromisoformat(account.facts["started"])
        self.time = datetime.fromisoformat(account.facts["time"])
        self.last_equity = Decimal(account.facts["last_equity"])
        self.last_bars: list[Bar] = []
        self._ticks = int(account.facts["ticks"])
        self._store = store
        self._audience = audience
        self._failure: Exception | None = None
        self._participation = participation
        self.exchange = self._exchange_of(account)
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
            self._hours = Hours(*islice(days_ahead(self.prices, self.time), 2))
        return self._hours

    @property
    def session(self) -> Session:
        """The session that is open now, or else the next one."""
        day = self.hours.regular_day(self.time)
        return Session(day.open, day.close)

    @property
    def is_open(self) -> bool:
        """Whether the regular session is open now."""
        return self.hours.phase(self.time) is Phase.REGULAR

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
        with self._whole():
            events = self._move(instant, bars)
            self._commit()
        self.last_bars = bars
        self._audience.see_events(events)
        self._audience.see_bars(bars)

    def submit(self, request: OrderRequest, *, fate: Fate = Fate.NORMAL) -> list[OrderEvent]:
        """Hand an order to the exchange; see `Exchange.submit` for what comes back."""
        return self.step(lambda at: self.exchange.submit(request, self.hours, at, fate=fate))

    def step(self, command: Command) -> list[OrderEvent]:
        """Carry out one command at the current instant: its events are on disk before anyone sees them.

        Raises:
            Refusal: the exchange said no; nothing has changed.
        """
        self._check()
        with self._whole():
            events = command(self._stamp())
            self._commit()
        self._audience.see_events(events)
        return events

    def reset(self, cash: Decimal) -> None:
        """Go on at the same instant with an empty account of `cash` USD; the old one's files are set aside."""
        self._check()
        start_over(self._store, reloaded(self._store), cash=cash, time=self.time)
        account = reloaded(self._store)
        self.account_id, self.created_at, self.last_equity = account.facts["account_id"], self.time, cash
        self.exchange = self._exchange_of(account)
        self._recall_prices()

    def close(self) -> None:
        """Close the account; what was saved stays."""
        self._store.close()

    def split(self, symbol: str, ratio: Decimal, day: date | None = None) -> None:
        """Arrange a split: `ratio` new shares for each old one before the session of `day`, or else the next one.

        It is on disk when this returns. The same split arranged again changes nothing.

        Raises:
            UsageError: no such stock, no such session, or its day has begun for this account.
        """
        self._check()
        split = arrange(self.prices, PlannedSplit(symbol, ratio, day), self.splits, self.time)
        if split is None:
            return
        self._store.remember({"splits": self.splits.json_with(split)})
        self.splits.add(split)
        # The tape may hold the old prices of a session to come.
        self._tape = self._tape_after(self.time)

    def _move(self, instant: datetime, bars: list[Bar]) -> list[OrderEvent]:
        hours, session, before = self.hours, self.session, self.time
        self.time, self._ticks = instant, 0
        for split in self.splits.between(before, instant):
            self.exchange.split(split.symbol, split.ratio, self._stamp())
        self.latest_bars.update((bar.symbol, bar) for bar in bars)
        events = self.exchange.advance(bars, hours, self._stamp())
        if before < session.close <= instant:
            self.last_equity = self.equity
        return events

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Let a step happen as a whole, on disk too, or never show or decide anything again.

        A refusal has changed nothing; after any other error memory and disk may differ, and only a restart, which
        reads the disk, is safe.
        """
        try:
            yield
        except Refusal:
            raise
        except Exception as error:
            self._failure = error
            raise

    # Worth

    def price(self, symbol: str) -> Decimal | None:
        """Return the newest known price of `symbol` in USD."""
        return self.exchange.prices.last.get(symbol)

    @property
    def equity(self) -> Decimal:
        """Cash and holdings together, in USD; a holding whose price is unknown counts at cost."""
        return self.exchange.value.equity

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close in USD, in today's shares, of the day before the newest one with a bar."""
        newest = self.latest_bars.get(symbol)
        is_today = newest is None or (self.is_open and not is_pair(symbol))
        bar = closing_bar(self.prices, symbol, self.session.open if is_today or newest is None else newest.time)
        return self._in_todays_shares(bar) if bar else None

    # Inside

    def _exchange_of(self, account: SavedAccount) -> Exchange:
        return Exchange(
            instruments={**listing_of(account.holdings), **self.prices.instruments},
            books=Books(
                ledger=Ledger(Decimal(account.facts["cash"]), account.holdings),
                ids=Ids(account.facts["id_seed"], int(account.facts["id_count"])),
                orders=account.orders,
                fills=account.fills,
                activities=account.activities,
            ),
            standing=account.standing,
            participation=self._participation,
        )

    def _stamp(self) -> datetime:
        self._ticks += 1
        return self.time + self._ticks * _TICK

    def _commit(self) -> None:
        facts = {"time": self.time.isoformat(), "ticks": str(self._ticks), "last_equity": str(self.last_equity)}
        self._store.save(self.exchange, facts)

    def _check(self) -> None:
        if self._failure is not None:
            raise Recoverable(f"the simulator cannot go on, its account on disk is whole: {self._failure!r}")

    def _running_tape(self) -> Tape | None:
        """Return the tape that holds the next instant."""
        if self._tape is None or self._tape.after(self.time) is None:
            self._tape = self._tape_after(self.time)
        return self._tape

    def _tape_after(self, moment: datetime) -> Tape | None:
        stretch = self.prices.next_stretch(moment)
        return Tape(self.prices, stretch, moment) if stretch else None

    def _find_end(self, sessions: int | None) -> datetime | None:
        if sessions is None:
            return None
        closes = (day.close for day in days_ahead(self.prices, self.time) if day.close > self.time)
        return next(islice(closes, sessions - 1, None))

    def _in_todays_shares(self, bar: Bar) -> Decimal:
        return bar.close / self.splits.ratio(bar.symbol, self.time, after=bar.time)

    def _recall_prices(self) -> None:
        self.latest_bars.update((bar.symbol, bar) for bar in newest_bars(self.prices, self.time))
        self.exchange.prices.last.update(
            (symbol, self._in_todays_shares(bar)) for symbol, bar in self.latest_bars.items()
        )
        self._value_what_never_traded()
        self.exchange.see(bar for bar in self.latest_bars.values() if is_pair(bar.symbol))
        if self._tape is not None:
            stretch, bars = self._tape.stretch, self._tape.last_bars()
            self.exchange.see(bar for bar in bars if is_quoted(self.prices, bar, stretch, self.time))

    def _value_what_never_traded(self) -> None:
        """Value symbols without a past at the price that they will open at, or an order for them would cost nothing."""
        last = self.exchange.prices.last
        for stretch in islice(stretches_ahead(self.prices, self.time), _STRETCHES_TO_VALUE):
            for symbol in self.prices.instruments:
                bars = () if symbol in last else self.prices.bars(symbol, stretch)
                if bars:
                    last[symbol] = bars[0].open


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
