"""The supervisor: a failing symbol is restarted, then quarantined, and the others never notice (I9)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from builders import ACCOUNT, a_bar, a_state, an_id, an_order_view, some_rules
from fakes.broker import UNREACHABLE, Submit
from fakes.desk import BUY, FLAT, Desk, Scripted, a_spec
from fakes.memory import MemoryReports
from fakes.streams import FakeBarStream, FakeMarketData, FakeOrderStream
from holdfast.domain.errors import UsageError
from holdfast.domain.order import Side
from holdfast.domain.session import Session
from holdfast.domain.state import Status
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.findings import Occasion
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.start import Started, start
from holdfast.engine.supervisor import FAILURES_MAX, REST_S, Supervisor
from holdfast.strategies.bars import Bars

IDENTITY = Identity("main", ACCOUNT.id, is_simulated=True)
SPECS = tuple(a_spec(symbol) for symbol in ("AAPL", "MSFT", "GOOG"))


class Bot:
    """A whole bot over fakes: three symbols, one account."""

    def __init__(self, *specs: SymbolSpec, desk: Desk | None = None) -> None:
        self.desk = desk or Desk()
        self.specs = specs or SPECS
        self.bars, self.orders = FakeBarStream(), FakeOrderStream()
        self.data = FakeMarketData()
        self.reports = MemoryReports()
        self.outside = Outside(
            self.desk.broker, self.data, self.desk.store, self.desk.clock, Chronicle(self.desk.journal, self.reports)
        )

    async def start(self) -> Started:
        """Start as bootstrap does."""
        return await start(self.specs, self.outside, IDENTITY)

    async def begin(self) -> Supervisor:
        """Start and run."""
        self.supervisor = Supervisor(
            await self.start(), self.outside, IDENTITY, (self.bars, self.orders),
            is_paced=False, reconcile_every_s=300, random=Random(7),  # noqa: S311 - jitter
        )  # fmt: skip
        self.desk.broker.on_update = self.orders.send
        self.supervisor.begin()
        await turns()
        return self.supervisor

    async def minute(self, minute: int, *closes: int) -> None:
        """Let one minute pass with a bar for each symbol, and everything be dealt with."""
        self.desk.moves_to(minute)
        self.bars.send(*(a_bar(minute, close, spec.symbol) for spec, close in zip(self.specs, closes, strict=True)))
        await self.supervisor.settle()
        await turns()

    def decisions(self, symbol: str) -> list[str]:
        """Return the journal's decisions of a symbol."""
        lines = self.desk.journal.lines
        return [facts["id"] for name, kind, facts in lines if (name, kind) == (symbol, "decision")]


async def turns(count: int = 30) -> None:
    """Let every task have some turns."""
    for _ in range(count):
        await asyncio.sleep(0)


def day(work: Callable[[Bot], Awaitable[None]], bot: Bot | None = None) -> Bot:
    """Run a bot for one piece of work and stop it."""
    bot = bot or Bot()

    async def main() -> None:
        supervisor = await bot.begin()
        try:
            async with asyncio.timeout(20):
                await work(bot)
        finally:
            await supervisor.stop()

    asyncio.run(main())
    return bot


async def until_awake(bot: Bot) -> None:
    """Let back-offs pass."""
    await turns()
    bot.desk.clock.advance(3)
    await turns()


def test_each_symbol_trades_its_own_bars() -> None:
    """Bars are fanned out by symbol, orders settle, files are true."""

    async def work(bot: Bot) -> None:
        await bot.minute(2, BUY, FLAT, BUY)

    bot = day(work)
    assert [bot.desk.store.state(symbol).position.quantity for symbol in ("AAPL", "GOOG", "MSFT")] == [10, 10, 0]


def test_a_raising_worker_is_restarted_then_quarantined_alone() -> None:
    """The symbol that raises is quarantined with its reason; the others decide as if nothing had happened (I9)."""

    async def with_fault(bot: Bot) -> None:
        for minute in range(2, 8):
            await bot.minute(minute, 55, *((BUY, FLAT) if minute % 2 else (FLAT, BUY)))
            await until_awake(bot)

    async def without(bot: Bot) -> None:
        for minute in range(2, 8):
            await bot.minute(minute, FLAT, *((BUY, FLAT) if minute % 2 else (FLAT, BUY)))
            await until_awake(bot)

    sick, well = day(with_fault), day(without)
    state = sick.desk.store.state("AAPL")
    assert (state.status, f"{FAILURES_MAX} failures" in (state.status_reason or "")) == (Status.QUARANTINED, True)
    assert "holdfast resume AAPL" in (state.status_reason or "")
    for symbol in ("MSFT", "GOOG"):
        assert sick.decisions(symbol) == well.decisions(symbol) != []
        assert sick.desk.store.state(symbol).position == well.desk.store.state(symbol).position


def test_one_failure_is_forgiven() -> None:
    """After a single failure the symbol goes on trading."""

    async def work(bot: Bot) -> None:
        await bot.minute(2, 55, FLAT, FLAT)
        await until_awake(bot)
        await bot.minute(3, BUY, FLAT, FLAT)

    bot = Bot(SymbolSpec("AAPL", some_rules(), RaisingOnce(), "raising"), *SPECS[1:])
    day(work, bot)
    state = bot.desk.store.state("AAPL")
    assert (state.status, state.position.quantity) == (Status.ACTIVE, 10)


class RaisingOnce(Scripted):
    """A strategy that raises on its first bar."""

    def __init__(self) -> None:
        super().__init__({55.0: 0.0, 101.0: 1.0, 100.0: 0.0})
        self._raised = False

    def signals(self, bars: Bars) -> object:  # type: ignore[override]
        """Raise, and then behave."""
        if not self._raised:
            self._raised = True
            raise ZeroDivisionError("once")
        return super().signals(bars)


def test_an_unwritable_file_stops_its_symbol_and_says_so() -> None:
    """A symbol whose file cannot be written sends nothing and is given up with its reason; the others trade (F2)."""

    async def work(bot: Bot) -> None:
        bot.desk.store.failing.add("AAPL")
        for minute in range(2, 7):
            await bot.minute(minute, *((BUY, BUY, FLAT) if minute % 2 else (FLAT, FLAT, BUY)))
            await until_awake(bot)
        assert "No space left" in bot.supervisor.failed["AAPL"]
        rows = {row.symbol: row.trouble for row in bot.supervisor.board.rows()}
        assert "No space left" in (rows["AAPL"] or "")

    bot = day(work)
    assert not [one for one in bot.desk.broker.received if one.symbol == "AAPL"]
    assert len([one for one in bot.desk.broker.received if one.symbol == "MSFT"]) == 4


def test_a_disk_that_works_again_lets_its_symbol_go_on() -> None:
    """A symbol that could not be saved rests and is not given up: with room on the disk it trades again (F2)."""

    async def work(bot: Bot) -> None:
        bot.desk.store.failing.add("AAPL")
        for minute in range(2, 7):
            await bot.minute(minute, BUY if minute % 2 else FLAT, FLAT, FLAT)
            await until_awake(bot)
        assert "AAPL" in bot.supervisor.failed
        bot.desk.store.failing.clear()
        bot.desk.clock.advance(REST_S + 1)
        await turns(60)
        assert bot.supervisor.failed == {}
        bot.desk.moves_to(7)
        await bot.minute(8, BUY, FLAT, FLAT)

    bot = day(work)
    assert [one.symbol for one in bot.desk.broker.received] == ["AAPL"]


def test_a_lost_answer_is_resolved_before_the_next_instant() -> None:
    """`settle` returns when the broker's word on every order is known."""

    async def work(bot: Bot) -> None:
        bot.desk.broker.plan.append(Submit.ACCEPT_AND_TIME_OUT)
        await bot.minute(2, BUY, FLAT, FLAT)
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 10

    day(work)


def test_a_reconcile_hands_every_worker_its_facts() -> None:
    """The owner's sale is met at the periodic reconcile, by the worker itself, and cash is counted anew."""

    async def work(bot: Bot) -> None:
        await bot.minute(2, BUY, FLAT, FLAT)
        bot.desk.broker.trade_by_hand(Side.SELL, 10)
        bot.desk.broker.trade_by_hand(Side.BUY, 2, "TSLA")
        bot.desk.clock.advance(301)
        await turns(60)
        await bot.supervisor.settle()
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 0

    bot = day(work)
    assert bot.desk.store.state("AAPL").rearm == 1


def test_a_reconcile_that_found_something_leaves_a_page() -> None:
    """The start leaves one; afterwards only what was corrected or is newly doubted does, a calm reconcile does not."""

    async def work(bot: Bot) -> None:
        await bot.minute(2, BUY, FLAT, FLAT)
        for sold in (0, 10, 0):
            if sold:
                bot.desk.broker.trade_by_hand(Side.SELL, sold)
            bot.desk.clock.advance(301)
            await turns(60)
            await bot.supervisor.settle()

    start_, running = day(work).reports.kept
    assert (start_.occasion, start_.corrections) == (Occasion.START, ())
    [(symbol, correction)] = running.corrections
    assert running.occasion is Occasion.RUNNING
    assert (symbol, correction.was, correction.now) == ("AAPL", "10", "0")


def test_a_strangers_fill_on_our_symbol_rings_for_a_reconcile() -> None:
    """Somebody else's trade in one of our symbols is met within a position lag, not after five minutes."""

    async def work(bot: Bot) -> None:
        await bot.minute(2, BUY, FLAT, FLAT)
        bot.desk.broker.trade_by_hand(Side.SELL, 10)
        bot.orders.send(an_order_view(name="by-hand", side=Side.SELL))
        await turns()
        bot.desk.clock.advance(10)
        await turns(60)
        await bot.supervisor.settle()
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 0

    day(work)


def test_a_reconcile_that_fails_runs_again() -> None:
    """A broker that does not answer changes nothing; the next turn does the work."""

    async def work(bot: Bot) -> None:
        bot.desk.clock.advance(1)
        bot.desk.broker.trade_by_hand(Side.BUY, 5)
        bot.desk.broker.reads_failing = UNREACHABLE
        bot.desk.clock.advance(301)
        await turns(60)
        bot.desk.broker.reads_failing = None
        bot.desk.clock.advance(301)
        await turns(60)
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 5

    day(work)


def test_a_doubt_is_looked_at_again_when_its_time_has_come() -> None:
    """A position that nothing explains waits three position lags for its second read, not for the next turn."""

    async def work(bot: Bot) -> None:
        bot.desk.broker.hand_over(5)
        bot.desk.clock.advance(301)
        await turns(60)
        assert bot.supervisor.workers["AAPL"].state.status is Status.IN_DOUBT
        bot.desk.clock.advance(3 * bot.desk.broker.assumptions.position_lag_s + 1)
        await turns(60)
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 5
        assert bot.supervisor.workers["AAPL"].state.status is Status.ACTIVE

    day(work)


def test_another_accounts_answer_is_fatal() -> None:
    """When the broker answers for another account, the bot is told to stop: no reconcile, no trade on it."""

    async def work(bot: Bot) -> None:
        bot.desk.broker.account_id = "account-2"
        bot.desk.clock.advance(301)
        async with asyncio.timeout(5):
            with pytest.raises(UsageError, match="account ending"):
                await bot.supervisor.fatal()

    day(work)


def test_news_goes_to_the_worker_whose_order_it_is() -> None:
    """An update of our order reaches its symbol; other bots' and unknown symbols' do not."""

    async def work(bot: Bot) -> None:
        bot.desk.broker.fills_at_once = False
        await bot.minute(2, BUY, FLAT, FLAT)
        bot.desk.broker.fill(an_id(2))
        bot.orders.send(an_order_view(name=an_id(2).replace("main", "other")), an_order_view(symbol="NOBODY"))
        await turns()
        assert bot.supervisor.workers["AAPL"].state.position.quantity == 10

    bot = day(work)
    assert set(bot.desk.store.disk) == {"AAPL", "MSFT", "GOOG"}


def test_a_stop_saves_what_memory_knows() -> None:
    """After the stop no decision is in memory only, the streams have ended, and nothing runs."""

    async def work(bot: Bot) -> None:
        for minute in (2, 3, 4):
            await bot.minute(minute, FLAT, FLAT, FLAT)

    bot = day(work)
    for symbol in ("AAPL", "MSFT", "GOOG"):
        decision = bot.desk.store.state(symbol).last_decision
        assert decision is not None
        assert decision.bar == a_bar(4).time
    assert bot.bars.stopped
    assert bot.orders.stopped


def test_a_stop_survives_a_disk_that_is_full() -> None:
    """The last save may fail: it is said, and the stop ends all the same."""

    async def work(bot: Bot) -> None:
        for minute in (2, 3, 4):
            await bot.minute(minute, FLAT, FLAT, FLAT)
        bot.desk.store.failing.update(("AAPL", "MSFT"))

    bot = day(work)
    assert bot.desk.store.state("GOOG").last_decision is not None


def test_a_removed_symbol_keeps_its_position_and_loses_its_entry() -> None:
    """A file without config is retired; its working entry is asked to be canceled, its position is not traded."""
    desk = Desk()
    desk.broker.fills_at_once = False

    async def buy(bot: Bot) -> None:
        await bot.minute(2, BUY, FLAT, FLAT)
        desk.broker.fill(an_id(2), 4)

    day(buy, Bot(desk=desk))

    async def idle(bot: Bot) -> None:
        assert bot.supervisor.workers["AAPL"].state.status is Status.RETIRED

    day(idle, Bot(*SPECS[1:], desk=desk))
    state = desk.store.state("AAPL")
    assert (state.status, state.position.quantity) == (Status.RETIRED, 4)
    assert desk.broker.canceled == [f"broker-{an_id(2)}"]


def test_an_unknown_asset_is_suspended_and_not_followed() -> None:
    """A symbol that the broker does not list waits with its reason; its bars are not even asked for."""
    desk = Desk(a_state(0))
    desk.broker.listed.remove("AAPL")

    async def idle(bot: Bot) -> None:
        assert bot.bars.symbols == ["GOOG", "MSFT"]

    bot = day(idle, Bot(desk=desk))
    assert bot.desk.store.state("AAPL").status is Status.SUSPENDED
    assert "does not know AAPL" in (bot.desk.store.state("AAPL").status_reason or "")


def test_history_warms_the_windows_and_is_not_decided_on() -> None:
    """One request for all symbols fills the windows at the start; no decision is taken on it."""
    bot = Bot()
    bot.data.history = [a_bar(0, FLAT, spec.symbol) for spec in SPECS]

    async def idle(bot: Bot) -> None:
        assert len(bot.data.requests) == 1
        assert all(worker.progress.last_bar for worker in bot.supervisor.workers.values())

    day(idle, bot)
    assert bot.desk.store.state("AAPL").last_decision is None


def reads(bot: Bot) -> int:
    """Return how often the account was read: once per reconcile."""
    return bot.desk.broker.account_reads


def test_a_session_begins_with_a_reconcile() -> None:
    """Splits and transfers come overnight: the files are compared before the first bar of a day is decided on (F11)."""

    async def work(bot: Bot) -> None:
        before = reads(bot)
        await bot.supervisor.keep_up()
        assert reads(bot) == before
        today = bot.desk.portfolio.sessions[0]
        tomorrow = Session(today.open + timedelta(days=1), today.close + timedelta(days=1))
        bot.supervisor.workers["AAPL"]._tools.portfolio.sessions = [today, tomorrow]  # noqa: SLF001 - the calendar
        bot.desk.clock.advance((tomorrow.open - bot.desk.clock.now()).total_seconds() + 1)
        await turns(60)
        bot.desk.broker.split(7)
        await bot.supervisor.keep_up()
        assert reads(bot) > before

    day(work)


def test_a_clock_that_ran_away_is_followed_by_a_reconcile() -> None:
    """After an hour of the laptop's sleep, or a clock set by hand, nothing is decided from old memory (F14)."""

    async def work(bot: Bot) -> None:
        before = reads(bot)
        bot.desk.clock.jump(3600)
        await bot.supervisor.keep_up()
        await bot.supervisor.keep_up()
        assert reads(bot) == before + 1

    day(work)


def test_a_leftover_file_of_a_pairs_other_spelling_claims_nothing() -> None:
    """BTCUSD.json, from a config that was wrong once, neither takes the orders of BTC/USD nor sees a second bot."""

    async def day() -> None:
        leftover = a_state(0, symbol="BTCUSD", status=Status.RETIRED, status_reason="not in config.yaml")
        desk = Desk(leftover)
        bot = Bot(a_spec("BTC/USD", rules=some_rules(1)), desk=desk)
        supervisor = await bot.begin()
        await bot.minute(1, BUY)
        await supervisor.reconcile()
        await supervisor.settle()
        assert supervisor.workers["BTC/USD"].state.position.quantity == Decimal("0.9975")
        assert supervisor.workers["BTCUSD"].state.orders == ()
        assert supervisor.workers["BTC/USD"].holds.reason is None
        await bot.minute(2, FLAT)
        await bot.minute(3, BUY)
        assert len(desk.broker.received) == 3
        await supervisor.stop()

    asyncio.run(day())
