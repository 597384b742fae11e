"""The start, in its order: the market's facts, the reconciler, admission, warm-up bars, then workers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from loguru import logger

from holdfast.domain.admission import admit, asset_trouble, retire
from holdfast.domain.broker_facts import Asset
from holdfast.domain.decide import Rules
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.order import Role
from holdfast.domain.position import ZERO
from holdfast.domain.session import Session
from holdfast.domain.state import SymbolState
from holdfast.domain.symbols import by_market, is_pair
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.findings import Occasion
from holdfast.engine.keeper import Tools
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.portfolio import Portfolio
from holdfast.engine.purse import Purse
from holdfast.engine.reconciler import Ready, Reconciler, Report
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.summary import findings_of
from holdfast.engine.window import BarWindow
from holdfast.engine.worker import SymbolWorker

CALENDAR_REACH = timedelta(days=40)
LOT_OF_FRACTIONS = Decimal("1e-9")
# Minutes without a trade have no bar: ask for a quarter more, and half an hour.
SPARE = 1.25
SILENCE = timedelta(minutes=30)


@dataclass(slots=True)
class Started:
    """Everything ready to run. `failed` names the symbols that could not start, and why."""

    report: Report
    portfolio: Portfolio
    workers: dict[str, SymbolWorker]
    failed: dict[str, str]


async def start(specs: Sequence[SymbolSpec], outside: Outside, identity: Identity) -> Started:
    """Reconcile every file, then build one worker per symbol; the same few broker calls for any number of symbols.

    Raises:
        Recoverable: the broker did not answer; no file was changed and no trading starts.
    """
    now = outside.clock.now()
    never_closes = any(is_pair(spec.symbol) for spec in specs)
    assets = {**await outside.broker.assets(), **(await outside.broker.pairs() if never_closes else {})}
    sessions = await outside.broker.sessions((now - CALENDAR_REACH).date(), (now + CALENDAR_REACH).date())
    specs = [_with_lot(spec, assets.get(spec.symbol)) for spec in specs]
    reconciler = Reconciler(outside, identity)
    by_symbol = {spec.symbol: spec for spec in specs}

    def admit_to_trade(symbol: str, state: SymbolState) -> SymbolState:
        spec = by_symbol.get(symbol)
        return (
            admit(state, spec.strategy_name, asset_trouble(symbol, assets.get(symbol), spec.rules))
            if spec
            else retire(state)
        )

    policies = {spec.symbol: spec.policy for spec in specs}
    report = await reconciler.run(policies, admit=admit_to_trade)
    await outside.chronicle.reconciled(findings_of(report, Occasion.START, outside))
    purse = Purse(report.account.spendable)
    portfolio = Portfolio(purse, sessions, outside.store.entries_stopped, never_closes=never_closes)
    portfolio.heard_of(report.account)
    stopped = outside.store.entries_stopped()
    if stopped:
        logger.warning(stopped)
    tools = Tools(outside.broker, outside.store, outside.chronicle, outside.clock, portfolio, identity.account_id)
    workers = {
        symbol: _worker(by_symbol.get(symbol, _retired_spec(symbol, identity.bot)), ready, tools)
        for symbol, ready in (*report.ready.items(), *report.unsaved.items())
    }
    started = Started(report, portfolio, workers, dict(report.failed))
    await _warm_up(started, outside, sessions)
    _claim_for_open_entries(started)
    return started


def _with_lot(spec: SymbolSpec, asset: Asset | None) -> SymbolSpec:
    if asset is None:
        return spec
    lot = asset.lot or (LOT_OF_FRACTIONS if asset.is_fractionable else spec.rules.lot)
    quantity_min, value_min = asset.quantity_min or lot, asset.value_min or ZERO
    return replace(spec, rules=replace(spec.rules, lot=lot, quantity_min=quantity_min, value_min=value_min))


def _retired_spec(symbol: str, bot: str) -> SymbolSpec:
    return SymbolSpec(symbol, Rules(bot, Decimal(0), TIMEFRAMES["1Min"]), None, "")


def _worker(spec: SymbolSpec, ready: Ready, tools: Tools) -> SymbolWorker:
    length = spec.strategy.warmup + 1 if spec.strategy else 1
    return SymbolWorker(spec, ready.state, BarWindow(length), tools, ready.holds)


async def _warm_up(started: Started, outside: Outside, sessions: Sequence[Session]) -> None:
    """Fill the windows in bulk; a history that cannot be had now means that strategies wait for live bars."""
    followed = {symbol: worker for symbol, worker in started.workers.items() if worker.is_followed}
    for market in by_market(followed):
        await _warm_up_market([followed[symbol] for symbol in market], outside, sessions)


async def _warm_up_market(workers: Sequence[SymbolWorker], outside: Outside, sessions: Sequence[Session]) -> None:
    """Read the history of all stocks, or of all pairs, in one request, pages apart."""
    now, timeframe = outside.clock.now(), workers[0].spec.rules.timeframe
    most = max(worker.window.length for worker in workers)
    lived = [Session(now - CALENDAR_REACH, now)] if is_pair(workers[0].symbol) else sessions
    begin = warm_up_start(lived, now, most, timeframe.length)
    try:
        found = await outside.market_data.bars([worker.symbol for worker in workers], timeframe, begin, now)
    except (Recoverable, Rejected) as error:
        logger.warning("warm-up bars could not be read ({}): strategies begin with what comes live", error)
        return
    for worker in workers:
        complete = [bar for bar in found.get(worker.symbol, ()) if bar.time <= now - timeframe.length]
        worker.warm_up(complete[-worker.window.length :])


def warm_up_start(sessions: Sequence[Session], now: datetime, bars: int, length: timedelta) -> datetime:
    """Return from when bars must be read so that `bars` of them lie before `now`, with some to spare."""
    missing = bars * SPARE * length + SILENCE
    past = sorted((session for session in sessions if session.open < now), key=lambda one: one.open, reverse=True)
    for session in past:
        end = min(session.close, now)
        if end - session.open >= missing:
            return end - missing
        missing -= end - session.open
    return past[-1].open if past else now - CALENDAR_REACH


def _claim_for_open_entries(started: Started) -> None:
    """The account's cash does not know of entries that may still fill."""
    for worker in started.workers.values():
        bar = worker.progress.last_bar
        for order in worker.state.unsettled:
            if order.role is Role.ENTRY and bar is not None:
                started.portfolio.purse.reserve(order.client_order_id, order.open_quantity * bar.close)
