"""One symbol's worker: bars, order news and snapshots in; decisions, orders and a true state file out.

It raises when something is wrong with its symbol; the supervisor restarts it. Its books are kept by `SymbolKeeper`.
"""

from collections.abc import Sequence
from datetime import datetime

from loguru import logger

from holdfast.domain import events
from holdfast.domain.bar import Bar
from holdfast.domain.decide import Decision, Moment, decide
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.order import Role
from holdfast.domain.risk import Approved, Refused, judge, uncovered
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.evaluation import evaluate
from holdfast.engine.hold import NO_HOLDS, Holds
from holdfast.engine.inbox import BarClosed, FactsRead, Inbox, LookUp, Message, OrderNews, StrangerTraded
from holdfast.engine.keeper import SymbolKeeper, Tools
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.submission import IdCollisionError, send
from holdfast.engine.window import BarWindow


class SymbolWorker(SymbolKeeper):
    """Runs one symbol until told to stop: its books, and the decisions on its bars.

    A decision that changes nothing is not worth an fsync each bar; the file is never older than `checkpoint_s`.
    """

    checkpoint_s = 60.0

    def __init__(
        self, spec: SymbolSpec, state: SymbolState, window: BarWindow, tools: Tools, holds: Holds = NO_HOLDS
    ) -> None:
        super().__init__(spec, state, tools, holds)
        self.window = window
        self.inbox = Inbox()

    @property
    def is_followed(self) -> bool:
        """Whether its bars are wanted: it is configured and the broker knows the asset."""
        return self.spec.strategy is not None and self.state.status is not Status.SUSPENDED

    def newest_bar_time(self, now: datetime) -> datetime:
        """Return the open time of the newest bar known; without one, that of the bar that closed at `now`."""
        bar = self.progress.last_bar
        return bar.time if bar else now - self.spec.rules.timeframe.length

    def warm_up(self, bars: Sequence[Bar]) -> None:
        """Take the history before the first live bar, oldest first; no decision is taken on it."""
        for bar in bars:
            self._take(bar)

    def _take(self, bar: Bar) -> bool:
        """Add a bar to the window unless it is not newer than the newest; return whether it is."""
        if self.progress.last_bar is not None and bar.time <= self.progress.last_bar.time:
            return False
        self.progress.last_bar = bar
        self.window.append(bar)
        return True

    def put(self, message: Message) -> None:
        """Tell the worker something."""
        self.inbox.put(message)

    def stop(self) -> None:
        """Take no new decisions; `run` ends after the message in hand."""
        self._stopping = True
        self.put(LookUp())

    async def run(self) -> None:
        """Deal with messages until stopped. Raises whatever goes wrong with the symbol."""
        while not self._stopping:
            message = await self.inbox.get(self._lookups.wait_s(self.state, self._tools.clock.monotonic()))
            try:
                await self._handle(message)
            finally:
                self._resolved.set()
                self.inbox.done()
        if self.state.unsettled:
            # What filled a moment ago shall stand in the file that a person reads next.
            await self._look_up()

    async def _handle(self, message: Message) -> None:
        match message:
            case BarClosed(bar):
                if not self._stopping:
                    await self._on_bar(bar)
            case OrderNews(view):
                await self._see(view)
            case LookUp():
                if not self._stopping:
                    await self._look_up()
            case StrangerTraded():
                await self._doubt_position("somebody else traded this symbol: reading the position")
            case FactsRead():
                await self._on_facts(message)

    async def _on_bar(self, bar: Bar) -> None:
        last = self.state.last_decision
        if not self._take(bar) or (last is not None and bar.time <= last.bar):
            # Decided in an earlier life: a clock that is behind brings it again, and its order has been sent.
            return
        await self._book_fee()
        now = self._tools.clock.now()
        moment = Moment(now, bar.time, bar.close, self._tools.portfolio.is_session_open(self.symbol, now))
        try:
            decision = self._decide(moment)
        except Exception as error:
            # Also this bar ends in a decision with its reason (I12); the supervisor does the rest.
            failed = Decision("error", f"{type(error).__name__}: {error}", None, self.state.target, self.state.rearm)
            self.state = self.state.apply(_taken(failed, moment))
            raise
        await self._act(decision, moment)

    def _decide(self, moment: Moment) -> Decision:
        strategy = None if self.state.status.stands_aside else self.spec.strategy
        signal = evaluate(strategy, self.window.bars()) if strategy else None
        position, wire = self.holds.position, self.holds.wire
        if wire and not position and self.state.position.unmanaged_quantity:
            # An exit may be on the wire, too: a second one would sell what is not the bot's, and is not refused.
            position = wire
        return decide(
            self.state,
            signal,
            moment,
            self.spec.rules,
            doubt=position.reason if position else None,
            entry_doubt=wire.reason if wire else None,
        )

    async def _act(self, decision: Decision, moment: Moment) -> None:
        if decision.intent is None:
            await self._note(decision, moment)
            await self._cancel(decision.cancel)
            return
        verdict = judge(decision.intent, self.state, moment, self.spec.rules, self._tools.portfolio.means())
        # Where nothing is ever sold short an entry can only buy, and takes nobody's shares.
        is_asked_for = decision.intent.role is Role.EXIT or self.spec.rules.may_short
        if isinstance(verdict, Approved) and is_asked_for:
            verdict = await self._covered(verdict)
        if isinstance(verdict, Approved):
            await self._trade(decision, verdict, moment)
        else:
            last = self.state.last_decision
            if last is None or (last.action, last.why) != ("refused", verdict.why):
                logger.warning(
                    "{}: {} {} refused: {}", self.symbol, decision.action, decision.intent.quantity, verdict.why
                )
            refused = Decision("refused", verdict.why, decision.signal, self.state.target, decision.rearm)
            await self._note(refused, moment)

    async def _covered(self, approved: Approved) -> Approved | Refused:
        """Ask the broker once more before an order; an answer that contradicts the file stops it.

        An exit is not kept back by a broker that does not answer, nor just after a fill of ours, when the answer may
        still be the old one and proves nothing (but where a fee is due, the file is known to say too much). An entry
        can wait.
        """
        tools, is_exit = self._tools, approved.intent.role is Role.EXIT
        is_fresh = tools.clock.monotonic() - self._filled_at < tools.broker.assumptions.position_lag_s
        if is_exit and is_fresh and not self._is_fee_due:
            return approved
        try:
            holding = await tools.broker.position(self.symbol)
        except (Recoverable, Rejected) as error:
            unread = f"the position could not be read before the order: {error}"
            logger.info("{}: {}", self.symbol, unread)
            return approved if is_exit else Refused(approved.intent, unread)
        why = uncovered(approved.intent, holding)
        if why is None:
            return approved
        await self._doubt_position(why)
        return Refused(approved.intent, why)

    async def _note(self, decision: Decision, moment: Moment) -> None:
        """Remember a decision without an order; durable at once only if it says something new."""
        event = _taken(decision, moment)
        before, self.state = self.state, self.state.apply(event)
        self._has_unsaved = True
        is_due = self._tools.clock.monotonic() - self._saved_at >= self.checkpoint_s
        if is_due or _says_more(before, self.state):
            await self.checkpoint()

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        intent = approved.intent
        self._tools.chronicle.decided(intent, decision.why)
        # Claimed before the first await, so that two workers never count on the same cash.
        self._tools.portfolio.purse.reserve(intent.client_order_id, approved.reserve)
        self._in_flight = intent.client_order_id
        try:
            await self._commit(_taken(decision, moment), events.IntentRecorded(intent))
        except BaseException:
            self._in_flight = None
            self._tools.portfolio.purse.release(intent.client_order_id)
            raise
        self._lookups.sent(intent.client_order_id, self._tools.clock.monotonic())
        try:
            answer: events.Event | None = await send(
                intent, self._tools.account_id, self._tools.store, self._tools.broker
            )
        except IdCollisionError as error:
            answer = events.StatusSet(Status.HALTED, f"{error}: holdfast resume {self.symbol}")
        finally:
            self._in_flight = None
        # The clock of a lost answer starts when the request is given up, not when it was begun.
        self._lookups.sent(intent.client_order_id, self._tools.clock.monotonic())
        await self._commit(*([answer] if answer else []))


def _taken(decision: Decision, moment: Moment) -> events.DecisionTaken:
    return events.DecisionTaken(
        moment.now, moment.bar_time, decision.signal, decision.action, decision.why, decision.target, decision.rearm
    )


def _says_more(before: SymbolState, after: SymbolState) -> bool:
    old, new = before.last_decision, after.last_decision
    if old is None or new is None or (before.target, before.rearm) != (after.target, after.rearm):
        return True
    return (old.action, old.signal) != (new.action, new.signal)
