"""One account's market: the exchange, its prices and its disk, moved by commands and by instants.

Every change is one step: compute, commit, and only then publish. No threads, no network, no real time here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable
from holdfast.domain.session import Session
from holdfast.exchange.books import Books
from holdfast.exchange.exchange import Exchange
from holdfast.exchange.hours import Hours
from holdfast.exchange.ids import Ids
from holdfast.exchange.ledger import Ledger
from holdfast.exchange.order import Fate, OrderEvent, OrderRequest
from holdfast.simulator.calendar import PRE_OPEN, hours_at, session_ending_after
from holdfast.simulator.catalogue import listing_of
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.start_over import start_over
from holdfast.simulator.store import AccountStore, SavedAccount
from holdfast.simulator.tape import Tape

_LOOK_BACK = timedelta(days=15)
_TICK = timedelta(microseconds=1)
_MOMENT = timedelta(seconds=1)
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
        self._participation = participation
        self.exchange = self._exchange_of(account)
        self.latest_bars: dict[str, Bar] = {}
        self._tape = self._tape_after(self.time)
        self._end = self._find_end(sessions)
        self._recall_prices()

    # Where the market stands

    @property
    def session(self) -> Session:
        """The session that is open now, or else the next one."""
        return self.prices.next_session(self.time) or session_ending_after(self.time)

    @property
    def is_open(self) -> bool:
        """Whether the regular session is open now."""
        return self.session.open <= self.time < self.session.close

    @property
    def hours(self) -> Hours:
        """The trading day that runs or comes next, and the one after it."""
        return hours_at(self.time, self.prices.next_session)

    def next_instant(self) -> datetime | None:
        """Return the instant that follows; None when nothing will ever follow."""
        after = self._tape.after(self.time) if self._tape else None
        if after is None:
            session = self.prices.next_session(self.time)
            after = session.open - PRE_OPEN if session else None
        return None if after is None or (self._end and after > self._end) else after

    @property
    def end_reason(self) -> str | None:
        """Why nothing follows; None while something does."""
        if self.next_instant() is not None:
            return None
        return "session over" if self.prices.next_session(self.time) else "bars used up"

    def seconds_to(self, instant: datetime) -> float:
        """Return the market time in seconds until `instant`; closed hours are skipped and cost none."""
        if not self.is_open and instant < self.session.open:
            return 0.0
        return (instant - self.time).total_seconds()

    # Steps

    def advance(self, instant: datetime) -> None:
        """Move to `instant`: fill, expire, commit, and then publish its bars and its updates."""
        self._check()
        if self._tape is None or self._tape.after(self.time) is None:
            self._tape = self._tape_after(self.time)
        if self._tape is None:
            raise Recoverable("the bars are used up")
        bars = self._tape.advance(instant)
        self.time, self._ticks = instant, 0
        self.latest_bars.update((bar.symbol, bar) for bar in bars)
        hours = hours_at(instant - _MOMENT, self.prices.next_session)
        events = self.exchange.advance(bars, hours, self._stamp())
        if instant >= self._tape.session.close:
            self.last_equity = self.equity
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
        events = command(self._stamp())
        self._commit()
        self._audience.see_events(events)
        return events

    def reset(self, cash: Decimal) -> None:
        """Go on at the same instant with an empty account of `cash` USD; the old one's files are set aside."""
        self._check()
        self._store, account = start_over(self._store, cash=cash, time=self.time)
        self.account_id, self.created_at, self.last_equity = account.facts["account_id"], self.time, cash
        self.exchange = self._exchange_of(account)
        self._recall_prices()

    def close(self) -> None:
        """Close the account; what was saved stays."""
        self._store.close()

    # Worth

    def price(self, symbol: str) -> Decimal | None:
        """Return the newest known price of `symbol` in USD."""
        return self.exchange.prices.last.get(symbol)

    @property
    def equity(self) -> Decimal:
        """Cash and holdings together, in USD; a holding whose price is unknown counts at cost."""
        return self.exchange.value.equity

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the last price of the session before the newest one with a bar, in USD."""
        newest = self.latest_bars.get(symbol)
        before = self.session.open if newest is None or self.is_open else newest.time
        sessions = self.prices.history(before - _LOOK_BACK, before)
        closed = [session for session in sessions if session.close <= before]
        bars = self.prices.bars(symbol, closed[-1]) if closed else ()
        return bars[-1].close if bars else None

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
        try:
            self._store.save(self.exchange, facts)
        except Exception as error:
            # Memory is ahead of the disk now: nothing may be shown or decided on it any more.
            self._failure = error
            raise

    def _check(self) -> None:
        if self._failure is not None:
            raise Recoverable(f"the simulator cannot save its account any more: {self._failure}")

    def _tape_after(self, moment: datetime) -> Tape | None:
        session = self.prices.next_session(moment)
        return Tape(self.prices, session, moment) if session else None

    def _find_end(self, sessions: int | None) -> datetime | None:
        if sessions is None:
            return None
        end = self.time
        for _ in range(sessions):
            session = self.prices.next_session(end)
            end = session.close if session else end
        return end

    def _recall_prices(self) -> None:
        for session in reversed(self.prices.history(self.time - _LOOK_BACK, self.time)):
            if session.close <= self.time:
                missing = [symbol for symbol in self.prices.instruments if symbol not in self.latest_bars]
                last = (self.prices.bars(symbol, session)[-1:] for symbol in missing)
                self.latest_bars.update((bar.symbol, bar) for bars in last for bar in bars)
        today = self._tape.last_bars() if self._tape else []
        self.latest_bars.update((bar.symbol, bar) for bar in today)
        self.exchange.prices.last.update((symbol, bar.close) for symbol, bar in self.latest_bars.items())
        self.exchange.see(today)


def facts_of_new_account(prices: PriceSource, *, account_id: str, cash: Decimal) -> Mapping[str, str]:
    """Return what is written down when an account is opened: it starts before the first session's open."""
    start = (prices.first_session.open - PRE_OPEN).astimezone(UTC).isoformat()
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
