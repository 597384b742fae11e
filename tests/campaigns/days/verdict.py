"""The end of a day: faults are off, the bot has had its time, and its files must say what the broker says (I8)."""

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.days.bots import spec_of
from campaigns.days.disk import ROOT
from campaigns.days.loop import Process
from campaigns.days.market import FLAT, LONG, SILENT
from campaigns.days.settings import Symbol
from campaigns.days.venue import is_ours
from holdfast.adapters.state_codec import UnreadableStateError, decode
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.reconciler import Reconciler

if TYPE_CHECKING:
    from campaigns.days.day import Day

STOP_S = 60.0
RECONCILE_S = 120.0


class Verdict:
    """Lets the bot drain, asks it to trade once more, and compares its files with the truth."""

    def __init__(self, day: "Day") -> None:
        self._day = day

    async def reached(self) -> None:
        """Take the day to its end."""
        day = self._day
        windows = day.settings.assumptions
        drain_s = windows.absence_proof_s + 4 * windows.position_lag_s + day.settings.reconcile_every_s + 90
        was_full = day.coverage["disk_ENOSPC"] > 0
        if day.settings.seed % 3 or day.bots.is_memory_touched or was_full or day.coverage["lock"]:
            # What another hand did to the files is met at a start; so are symbols that a person has to resume, a disk
            # that was full stops entries until then, and who has lost the folder ends at its next save.
            day.is_resuming = True
            await self._stopped()
            day.bots.is_wanted = True
            day.bots.ensure()
        await day.wait(drain_s)
        await self._probed()
        day.wish(SILENT)
        # What was refused a moment ago is in doubt for as long as lists lag, and until the look-up after that.
        await day.wait(2 * windows.listing_lag_s + 10)
        await self._stopped()
        await self._reconciled("first")
        before = self._content()
        self._compare()
        await self._reconciled("second")
        if self._content() != before:
            day.violated("I8: a second reconcile changes a file\n" + self._difference(before))

    async def _probed(self) -> None:
        """Let every symbol go flat and long: a bot that has no reason to wait must trade."""
        day = self._day
        for wish, minutes in ((FLAT, 2), (LONG, 3)):
            day.wish(wish)
            for _minute in range(minutes):
                await day.wait(60.0)
                if all(self._is_followed(wish, one.name) for one in day.settings.symbols):
                    break

    def _is_followed(self, wish: int, symbol: str) -> bool:
        """Whether the bot is where it was asked to be: flat with nothing under way, or surely in."""
        ours = self._day.checker.ours[symbol]
        if wish == FLAT:
            return ours.low == ours.high == 0 and not any(
                is_ours(one.client_order_id) for one in self._day.venue.working(symbol)
            )
        return ours.low > 0

    async def _stopped(self) -> None:
        """Ask the bot to stop, and whoever took its place; each must within its bound."""
        bots = self._day.bots
        bots.is_wanted = False
        while (process := bots.running) is not None:
            bots.ask_to_stop()
            if not await self._ends(process, STOP_S):
                self._day.violated("liveness: the bot does not stop\nwithin 60 s of SIGTERM")
                return

    async def _reconciled(self, which: str) -> None:
        """Run `holdfast reconcile`."""
        day = self._day
        process = day.bots.begin(work=self._reconcile)
        if not await self._ends(process, RECONCILE_S):
            day.violated(f"liveness: the {which} reconcile does not end")

    async def _ends(self, process: Process, seconds: float) -> bool:
        """Wait until a process has ended; return whether it did in time."""
        for _second in range(int(seconds)):
            await self._day.wait(1.0)
            if process.is_dead:
                return True
        return False

    async def _reconcile(self, process: Process) -> None:
        """What `bootstrap.reconcile` does: a second look where a position must be read twice."""
        outside, identity, folder = await self._day.bots.opened(process)
        try:
            reconciler = Reconciler(outside, identity)
            policies = {one.name: spec_of(one).policy for one in self._day.settings.symbols}
            report = await reconciler.run(policies)
            holds = {symbol: ready.holds for symbol, ready in report.ready.items() if ready.holds.position}
            if holds:
                ends = max((held.ends or 0.0) for held in holds.values())
                await asyncio.sleep(max(0.0, ends - outside.clock.monotonic()))
                await reconciler.run(policies, holds)
        finally:
            folder.unlock()

    def _content(self) -> dict[str, bytes | None]:
        day = self._day
        return {one.name: day.disk.now(ROOT / f"{one.name}.json") for one in day.settings.symbols}

    def _difference(self, before: dict[str, bytes | None]) -> str:
        lines = []
        for symbol, content in self._content().items():
            old, new = (before[symbol] or b"").decode().splitlines(), (content or b"").decode().splitlines()
            lines += [f"{symbol}: {one.strip()}" for one in new if one not in old and "checksum" not in one]
        return "\n".join(lines)

    def _compare(self) -> None:
        for symbol in self._day.settings.symbols:
            content = self._day.disk.now(ROOT / f"{symbol.name}.json")
            if content is None:
                self._day.violated(f"I8: a symbol has no file\n{symbol.name}")
                continue
            try:
                state = decode(content, symbol.name)
            except UnreadableStateError as error:
                self._day.violated(f"I8: a file is unreadable after a reconcile\n{symbol.name}: {error}")
                continue
            self._judge(symbol, state)

    def _judge(self, symbol: Symbol, state: SymbolState) -> None:
        venue, violated = self._day.venue, self._day.violated
        total, name = venue.quantity(symbol.name), symbol.name
        position = state.position
        if position.total_quantity != total:
            violated(
                f"I8: the file's position is not the broker's\n{name}: {position.quantity} managed, "
                f"{position.unmanaged_quantity} unmanaged, the broker holds {total}; "
                f"{state.status}: {state.status_reason}"
            )
        ours = self._day.checker.ours[name]
        if not ours.has_raced and not ours.low <= position.quantity <= ours.high:
            violated(
                f"I8: the file manages what is not the bot's\n{name}: {position.quantity} managed, "
                f"{ours.low} to {ours.high} are its; {state.status} {state.status_reason}"
            )
        working = {one.client_order_id for one in venue.working(name) if is_ours(one.client_order_id)}
        unsettled = {one.client_order_id for one in state.unsettled}
        if working != unsettled:
            violated(f"I8: the unsettled orders are not the broker's\n{name}: file {unsettled}, broker {working}")
        self._judge_profit(symbol, state)
        self._judge_status(symbol, state)

    def _judge_profit(self, symbol: Symbol, state: SymbolState) -> None:
        """Where nobody else touched shares and memory, profit proves that every fill was booked once (I7)."""
        day = self._day
        ours = day.checker.ours[symbol.name]
        if ours.is_shared or ours.has_raced or symbol.may_short:
            return
        held = day.venue.exchange.books.ledger.holdings.get(symbol.name)
        profit = held.realized_pl if held else Decimal(0)
        if abs(profit - state.position.realized_pl) > Decimal("0.001"):
            day.violated(
                f"I7: the profit booked is not the broker's\n{symbol.name}: {state.position.realized_pl} on file, "
                f"{profit} at the broker"
            )

    def _judge_status(self, symbol: Symbol, state: SymbolState) -> None:
        day, reason = self._day, state.status_reason or ""
        ours = day.checker.ours[symbol.name]
        if state.status is Status.IN_DOUBT:
            day.violated(f"I8: a symbol stays in doubt\n{symbol.name}: {reason}")
        elif state.status is Status.HALTED and not self._may_be_halted(symbol, reason):
            day.violated(f"a symbol is halted without a cause\n{symbol.name}: {reason}")
        elif state.status is Status.QUARANTINED and not any(word in reason for word in _EXPECTED_FAILURES):
            day.violated(f"a symbol is quarantined without a cause\n{symbol.name}: {reason}")
        elif state.status is Status.ACTIVE and not ours.has_raced and self._could_trade(symbol):
            is_in = state.position.quantity > 0 or any(order.side.sign > 0 for order in state.unsettled)
            # To buy beside a short of somebody else's would trade that away.
            if not is_in and state.position.unmanaged_quantity >= 0:
                decision = state.last_decision
                day.violated(f"liveness: the bot does not trade after the faults\n{symbol.name}: {decision}")

    def _may_be_halted(self, symbol: Symbol, reason: str) -> bool:
        ours = self._day.checker.ours[symbol.name]
        if "changed by somebody else" in reason:
            return symbol.policy == "halt" and ours.is_shared
        if "the account is short" in reason:
            return ours.has_raced
        return "state lost" in reason and ours.is_shared

    def _could_trade(self, symbol: Symbol) -> bool:
        exchange = self._day.venue.exchange
        last = exchange.prices.last.get(symbol.name, Decimal(0))
        # Somebody else's short binds cash, too: its proceeds and as much again.
        free = exchange.value.cash + 2 * exchange.value.short_value
        is_affordable = free > 2 * last * symbol.quantity
        return exchange.instruments[symbol.name].is_tradable and is_affordable


_EXPECTED_FAILURES = ("the strategy has fallen over", "SignalError", "OSError", "PermissionError")
