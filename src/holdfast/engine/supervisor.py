"""The supervisor: one supervised child per symbol, fanned-out streams, periodic reconciles, and a bounded stop.

A child that raises is restarted with back-off, then quarantined with its reason; the others never notice (I9).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, timedelta
from random import Random

from loguru import logger

from holdfast.domain.bar import Bar
from holdfast.domain.errors import Fatal, Recoverable, Rejected
from holdfast.domain.facts import is_ours, sort_snapshot
from holdfast.domain.order import OrderView
from holdfast.domain.session import Session, session_at
from holdfast.domain.state import Status
from holdfast.domain.symbols import asset_key
from holdfast.engine.board import Board
from holdfast.engine.feed import BarFeed
from holdfast.engine.findings import Occasion
from holdfast.engine.inbox import BarClosed, FactsRead, LookUp, OrderNews, StrangerTraded
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.ports import BarStream, OrderStream
from holdfast.engine.reconciler import Report, unmanaged
from holdfast.engine.snapshots import snapshot_start, take_snapshot
from holdfast.engine.start import CALENDAR_REACH, Started
from holdfast.engine.summary import findings_of
from holdfast.engine.worker import SymbolWorker

FAILURES_MAX = 3
FAILURE_WINDOW_S = 600.0
BACKOFF_FIRST_S = 0.25
REST_S = 30.0
RESOLVE_PATIENCE_S = 10.0
STOP_PATIENCE_S = 5.0
CALENDAR_AHEAD = timedelta(days=10)
CLOCKS_APART_S = 5.0


class Supervisor:
    """Runs the workers of one account until stopped."""

    def __init__(
        self,
        started: Started,
        outside: Outside,
        identity: Identity,
        streams: tuple[BarStream, OrderStream],
        *,
        is_paced: bool,
        reconcile_every_s: float,
        random: Random,
    ) -> None:
        self.workers = started.workers
        self.failed = started.failed
        self.board = Board(started.workers, started.failed, started.report.account.equity)
        self._portfolio = started.portfolio
        self._outside = outside
        self._identity = identity
        self._order_stream = streams[1]
        self._order_connections = 0
        self._calendar_asked: date | None = None
        self._reconciled_at = started.report.taken_at
        self._clocks_apart = outside.clock.wall().timestamp() - outside.clock.monotonic()
        self._reconcile_every_s = reconcile_every_s
        self._random = random
        self._children: list[asyncio.Task[None]] = []
        # Of two spellings of one pair, the one that is traded: the other is a file that config names no more.
        ranked = sorted(started.workers.values(), key=lambda worker: worker.is_followed)
        self._by_asset = {asset_key(worker.symbol): worker.symbol for worker in ranked}
        self._outlasted: set[str] = set()
        self._reconciling: asyncio.Task[None] | None = None
        self._fatal: asyncio.Future[Fatal] = asyncio.get_running_loop().create_future()
        followed = [worker for worker in started.workers.values() if worker.is_followed]
        self.feed = BarFeed(
            outside.market_data,
            streams[0],
            {worker.symbol: worker.newest_bar_time(outside.clock.now()) for worker in followed},
            self._on_bar,
            is_paced=is_paced,
        )

    @property
    def sessions(self) -> list[Session]:
        """The market's sessions around now."""
        return list(self._portfolio.sessions)

    @property
    def never_closes(self) -> bool:
        """Whether some market is always open for the bot."""
        return self._portfolio.never_closes

    def begin(self) -> None:
        """Start the children and the streams."""
        self._children = [
            asyncio.create_task(self._supervise(worker), name=worker.symbol) for worker in self.workers.values()
        ]
        self._reconciling = asyncio.create_task(self._reconcile_for_ever(), name="reconcile")
        self.feed.start()
        self._order_stream.start(self._on_order)

    def _on_bar(self, bar: Bar) -> None:
        self.workers[bar.symbol].put(BarClosed(bar))

    def _on_order(self, view: OrderView) -> None:
        """Ring the worker whose order it is; somebody else's hand on one of our symbols calls for a reconcile."""
        if is_ours(view, self._identity.bot):
            worker = self.workers.get(self._by_asset.get(asset_key(view.symbol), ""))
            if worker is not None:
                worker.put(OrderNews(view))
        elif asset_key(view.symbol) in self._by_asset and view.filled_quantity:
            self.workers[self._by_asset[asset_key(view.symbol)]].put(StrangerTraded())

    async def keep_up(self) -> None:
        """Look after what runs out, breaks or changes by itself: calendar, order stream, clocks, a new session."""
        if self._order_stream.connections != self._order_connections:
            if self._order_connections:
                self._portfolio.reconcile_wanted.set()
            self._order_connections = self._order_stream.connections
        await self._keep_calendar()
        has_slept = self._has_slept()
        if has_slept:
            self.feed.rewind(self._outside.clock.now())
        if has_slept or self._is_new_session():
            await self._reconcile_or_warn()

    def _is_new_session(self) -> bool:
        """Whether a session has begun since the last reconcile: splits and transfers come overnight."""
        session = session_at(self._portfolio.sessions, self._outside.clock.now())
        return session is not None and self._reconciled_at < session.open

    def _has_slept(self) -> bool:
        """Whether the wall clock ran away from the process's own: the machine slept, or somebody set the clock."""
        clock, before = self._outside.clock, self._clocks_apart
        self._clocks_apart = clock.wall().timestamp() - clock.monotonic()
        return abs(self._clocks_apart - before) > CLOCKS_APART_S

    async def _keep_calendar(self) -> None:
        """Read the sessions ahead before they run out; without them nothing would be traded any more."""
        now = self._outside.clock.now()
        sessions = self._portfolio.sessions
        if now.date() == self._calendar_asked or (sessions and now < sessions[-1].close - CALENDAR_AHEAD):
            return
        self._calendar_asked = now.date()
        start, end = (now - CALENDAR_REACH).date(), (now + CALENDAR_REACH).date()
        try:
            self._portfolio.sessions = await self._outside.broker.sessions(start, end)
        except (Recoverable, Rejected) as error:
            logger.warning("the market's calendar could not be read: {}; asking again tomorrow", error)

    async def settle(self) -> None:
        """Wait until every worker has dealt with what it was told and knows what became of its orders."""
        await self._all_idle()
        for worker in self.workers.values():
            if worker.state.unsettled:
                worker.put(LookUp())
        await self._all_idle()
        await self._all_resolved()

    async def _all_resolved(self) -> None:
        """Wait for the broker's word on what was sent; an order that outlasts the patience is not waited for again."""
        asking = [worker for symbol, worker in self.workers.items() if symbol not in self.failed]
        asking = [worker for worker in asking if worker.awaited - self._outlasted]
        try:
            async with asyncio.timeout(RESOLVE_PATIENCE_S):
                await asyncio.gather(*(worker.resolved() for worker in asking))
        except TimeoutError:
            self._outlasted |= {name for worker in asking for name in worker.awaited}
            logger.debug("going on although the broker's word on an order is still awaited")

    async def _all_idle(self) -> None:
        for worker in self.workers.values():
            if not worker.inbox.is_idle:
                await worker.inbox.idle()

    async def stop(self) -> None:
        """Take no new decisions, let writes finish, save, and end within a bound."""
        for worker in self.workers.values():
            worker.stop()
        if self._reconciling:
            self._reconciling.cancel()
        streams = asyncio.gather(self.feed.stop(), self._order_stream.stop(), return_exceptions=True)
        if self._children:
            await asyncio.wait(self._children, timeout=STOP_PATIENCE_S)
        # Not the set that `wait` returns: its order is that of addresses, and a replay must repeat itself.
        for child in [child for child in self._children if not child.done()]:
            logger.warning(
                "{}: stopped while it waited; its order is on file and is looked up at the next start", child
            )
            child.cancel()
        await streams
        await asyncio.gather(*(self._last_save(worker) for worker in self.workers.values()))

    async def _last_save(self, worker: SymbolWorker) -> None:
        if worker.symbol in self.failed or not worker.has_unsaved:
            return
        try:
            await worker.checkpoint()
        except (OSError, Fatal) as error:
            logger.error("{}: the last save failed: {}; the file is the version before", worker.symbol, error)

    async def _supervise(self, worker: SymbolWorker) -> None:
        """Keep one child running, whatever it raises; what the start could not write down is written first."""
        failures: list[float] = []
        await self._rest_until(worker, worker.checkpoint)
        while True:
            try:
                await worker.run()
            except Fatal as error:
                self.end_for(error)
                return
            except Exception as error:  # noqa: BLE001 - whatever one symbol raises stays with it (I9)
                reason = f"{type(error).__name__}: {error}"
                failures = self._counted(failures)
            else:
                return
            if len(failures) <= FAILURES_MAX:
                logger.warning("{}: {} (failure {} of {})", worker.symbol, reason, len(failures), FAILURES_MAX)
            await self._revive(worker, failures, reason)

    def end_for(self, error: Fatal) -> None:
        """Let `fatal` raise this: only a person can mend it."""
        if not self._fatal.done():
            self._fatal.set_result(error)

    async def fatal(self) -> None:
        """Wait for what only a person can mend, and raise it."""
        raise await asyncio.shield(self._fatal)

    def _counted(self, failures: list[float]) -> list[float]:
        now = self._outside.clock.monotonic()
        return [*(one for one in failures if now - one < FAILURE_WINDOW_S), now]

    async def _revive(self, worker: SymbolWorker, failures: list[float], reason: str) -> None:
        """Make a child ready to run again: after back-off, in quarantine, or once its state can be kept again."""
        try:
            await worker.recover()
            if len(failures) < FAILURES_MAX:
                backoff = BACKOFF_FIRST_S * 2 ** len(failures) * self._random.uniform(0.5, 1.5)
                await self._outside.clock.sleep(backoff)
            elif worker.state.status is not Status.QUARANTINED:
                text = f"{reason} ({len(failures)} failures): mend it, then holdfast resume {worker.symbol}"
                await worker.set_status(Status.QUARANTINED, text)
            else:
                await self._rest(worker)
        except Exception as error:  # noqa: BLE001 - a file that cannot be written must not harm the others (I9)
            if len(failures) >= FAILURES_MAX:
                self.failed[worker.symbol] = f"{reason}; and its state cannot be kept: {error}"
                logger.error("{}: stopped: {}", worker.symbol, self.failed[worker.symbol])
                await self._rest_until(worker, worker.recover)

    async def _rest_until(self, worker: SymbolWorker, is_kept: Callable[[], Awaitable[None]]) -> None:
        """Wait for the disk: a symbol whose state cannot be written down does nothing, and goes on when it can."""
        while worker.symbol in self.failed:
            await self._rest(worker)
            with suppress(Exception):
                await is_kept()
                del self.failed[worker.symbol]
                logger.info("{}: its state can be kept again", worker.symbol)
                # The world has gone on meanwhile.
                self._portfolio.reconcile_wanted.set()

    async def _rest(self, worker: SymbolWorker) -> None:
        """Let a quarantined child that still fails rest, with nobody waiting for it; the next look-up tells it all."""
        worker.inbox.close()
        await self._outside.clock.sleep(REST_S)
        worker.inbox.reopen()

    async def _reconcile_for_ever(self) -> None:
        while True:
            await self._until_next_reconcile()
            await self._reconcile_or_warn()

    async def _reconcile_or_warn(self) -> None:
        """Reconcile and keep what was found; a broker in trouble is asked again in its turn."""
        before = {symbol: worker.state.status for symbol, worker in self.workers.items()}
        try:
            report = await self.reconcile()
            await self._taken_in()
            if report.corrections or any(
                ready.state.status is not before[name] for name, ready in report.ready.items()
            ):
                findings = findings_of(report, Occasion.RUNNING, self._outside)
                await self._outside.chronicle.reconciled(findings)
        except Fatal as error:
            self.end_for(error)
        except (Recoverable, Rejected) as error:
            logger.warning("the reconcile could not finish: {}; nothing was changed, it runs again", error)

    async def _until_next_reconcile(self) -> None:
        """Wait for the next turn, or until somebody wants one and the positions must show what happened."""
        await self._taken_in()
        turn = asyncio.ensure_future(self._outside.clock.sleep(self._next_reconcile_s()))
        wanted = self._portfolio.reconcile_wanted
        ring = asyncio.ensure_future(wanted.wait())
        try:
            await asyncio.wait({turn, ring}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            turn.cancel()
            ring.cancel()
        if wanted.is_set():
            wanted.clear()
            await self._outside.clock.sleep(self._outside.broker.assumptions.position_lag_s)

    async def _taken_in(self) -> None:
        """Wait until the workers have taken in what the last snapshot said: a doubt of theirs sets the next turn."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RESOLVE_PATIENCE_S):
                await self._all_idle()

    def _next_reconcile_s(self) -> float:
        now = self._outside.clock.monotonic()
        ends = [worker.holds.ends for worker in self.workers.values() if worker.holds.ends is not None]
        # Never closer together than the positions lag: a snapshot sooner could not tell anything new.
        closest = self._outside.broker.assumptions.position_lag_s
        return max(closest, min([self._reconcile_every_s, *(end - now for end in ends)]))

    async def reconcile(self) -> Report:
        """Read a snapshot and hand every worker its part, with the sequence that it was read for.

        The report fills as the workers take their parts in.
        """
        sequences = self._sequences()
        was_trading = any(worker.state.unsettled for worker in self.workers.values())
        clock, taken = self._outside.clock, self._outside.clock.monotonic()
        since = snapshot_start((worker.state for worker in self.workers.values()), clock.now())
        snapshot = await take_snapshot(self._outside.broker, clock, self._identity.account_id, since)
        known = [order.broker_order_id for worker in self.workers.values() for order in worker.state.orders]
        sorted_ = sort_snapshot(snapshot, self._identity.bot, [name for name in known if name])
        if not was_trading and sequences == self._sequences():
            self._portfolio.purse.recount(snapshot.account.spendable)
        self._portfolio.heard_of(snapshot.account)
        self._reconciled_at = snapshot.taken_at
        report = Report(snapshot.taken_at, snapshot.account, snapshot.calls, seconds=clock.monotonic() - taken)
        report.unmanaged = unmanaged(sorted_, self.workers)
        for symbol, worker in self.workers.items():
            part = (sorted_.of(symbol), sequences[symbol], taken, snapshot.taken_at)
            worker.put(FactsRead(*part, report.ready.__setitem__))
        return report

    def _sequences(self) -> dict[str, int]:
        return {symbol: worker.state.sequence for symbol, worker in self.workers.items()}
