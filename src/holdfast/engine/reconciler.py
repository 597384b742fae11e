"""The reconciler: before any worker starts, every state file is compared with the broker and corrected.

It fetches, calls the pure `domain.reconcile`, saves and reports. Each symbol ends corrected, in doubt or failed with
its reason; none is silently uncorrected.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from holdfast.domain import events
from holdfast.domain.broker_facts import Account, BrokerPosition, Snapshot
from holdfast.domain.decimals import plain, price_text
from holdfast.domain.doubt import lost_answer, with_doubt
from holdfast.domain.external import Policy
from holdfast.domain.facts import SortedSnapshot, sort_snapshot
from holdfast.domain.position import ZERO
from holdfast.domain.reconcile import Reconciliation, SymbolFacts, reconcile
from holdfast.domain.state import Correction, Status, SymbolState
from holdfast.domain.symbols import asset_key
from holdfast.engine.hold import NO_HOLDS, Holds, memory_lost, next_holds
from holdfast.engine.memory import Missing, Unreadable
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.snapshots import snapshot_start, take_snapshot

Loaded = SymbolState | Missing | Unreadable
NOT_CONFIGURED = Policy(ZERO)
Admission = Callable[[str, SymbolState], SymbolState]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _as_it_is(_symbol: str, state: SymbolState) -> SymbolState:
    return state


@dataclass(frozen=True, slots=True)
class Ready:
    """One symbol after the start's reconcile: its state as saved, and what it still waits for."""

    state: SymbolState
    corrections: tuple[Correction, ...] = ()
    holds: Holds = NO_HOLDS


@dataclass(slots=True)
class Report:
    """What a reconcile found. `failed` names the symbols whose files cannot be read or written, and why.

    `unsaved` holds those of them that are compared and could not be written; `seconds` is the time it took.
    """

    taken_at: datetime
    account: Account
    calls: int
    positions_calls: int = 1
    seconds: float = 0.0
    ready: dict[str, Ready] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    unsaved: dict[str, Ready] = field(default_factory=dict)
    unmanaged: tuple[BrokerPosition, ...] = ()

    @property
    def corrections(self) -> list[tuple[str, Correction]]:
        """Every correction with its symbol."""
        return [(symbol, one) for symbol, ready in self.ready.items() for one in ready.corrections]

    @property
    def summary(self) -> str:
        """One line for people: ``4 symbols, 1 positions call, 0 corrections (5 broker calls)``."""
        symbols = _count(len(self.ready) + len(self.failed), "symbol")
        corrections = _count(len(self.corrections), "correction")
        return f"{symbols}, {_count(self.positions_calls, 'positions call')}, {corrections} ({self.calls} broker calls)"

    @property
    def discrepancies(self) -> dict[str, str]:
        """Every symbol in doubt with the reason."""
        return {
            symbol: ready.state.status_reason or ""
            for symbol, ready in self.ready.items()
            if ready.state.status is Status.IN_DOUBT
        }


class Reconciler:
    """Compares all state files with one snapshot. With `is_dry` it writes nothing."""

    def __init__(self, outside: Outside, identity: Identity, *, is_dry: bool = False) -> None:
        self._broker = outside.broker
        self._store = outside.store
        self._clock = outside.clock
        self._chronicle = outside.chronicle
        self._identity = identity
        self._is_dry = is_dry

    async def run(
        self,
        policies: Mapping[str, Policy],
        holds: Mapping[str, Holds] | None = None,
        admit: Admission = _as_it_is,
    ) -> Report:
        """Reconcile config, files, positions and orders.

        `holds` are those of an earlier run: a position read that they confirm is believed. `admit` has the last word
        on each state before its one save.

        Raises:
            Recoverable: the broker did not answer everything; nothing was changed.
        """
        begun = self._clock.monotonic()
        account_id = self._identity.account_id
        loaded, failed = await self._load_all(policies, account_id)
        known = {symbol: state for symbol, state in loaded.items() if isinstance(state, SymbolState)}
        since = snapshot_start((known.get(symbol) for symbol in loaded), self._clock.now())
        taken = self._clock.monotonic()
        snapshot = await take_snapshot(self._broker, self._clock, account_id, since)
        sorted_ = sort_snapshot(snapshot, self._identity.bot, _broker_ids(known))
        report = Report(snapshot.taken_at, snapshot.account, snapshot.calls, failed=failed)
        keeping = []
        for symbol in sorted({*loaded, *sorted_.symbols_of_our_orders} - set(failed)):
            one = _One(symbol, loaded.get(symbol, Missing(None)), sorted_.of(symbol), snapshot, account_id)
            ready = self._compare(one, policies.get(symbol, NOT_CONFIGURED), (holds or {}).get(symbol), taken)
            keeping.append(self._keep(one, replace(ready, state=admit(symbol, ready.state)), report))
        await asyncio.gather(*keeping)
        report.ready = dict(sorted(report.ready.items()))
        report.unmanaged = unmanaged(sorted_, (*report.ready, *report.failed))
        report.seconds = self._clock.monotonic() - begun
        return report

    async def _load_all(
        self, policies: Mapping[str, Policy], account_id: str
    ) -> tuple[dict[str, Loaded], dict[str, str]]:
        loaded: dict[str, Loaded] = {}
        failed: dict[str, str] = {}

        async def load(symbol: str) -> None:
            try:
                loaded[symbol] = _of_account(await self._store.load(symbol), account_id)
            except OSError as error:
                failed[symbol] = f"its state file cannot be read: {error.strerror}: {error.filename}"

        await asyncio.gather(*(load(symbol) for symbol in sorted({*policies, *await self._store.symbols()})))
        return loaded, failed

    def _compare(self, one: "_One", policy: Policy, holds: Holds | None, taken: float) -> Ready:
        if holds is None:
            holds = memory_lost(taken, self._broker.assumptions) if one.may_have_sent else NO_HOLDS
        earlier = holds.earlier(taken)
        outcome = reconcile(one.base(), one.facts, policy, at=one.snapshot.taken_at, earlier=earlier)
        if holds.wire is None and _is_older(one.loaded, outcome.state):
            holds = memory_lost(taken, self._broker.assumptions)
        holds = next_holds(holds, outcome, one.facts, taken, self._broker.assumptions)
        state, corrections = outcome.state, (*one.file_correction(outcome), *outcome.corrections)
        if corrections:
            state = state.apply(corrections[-1].noted)
        if state.order_may_arrive != (holds.wire is not None):
            state = state.apply(events.OrderMayArrive(is_possible=holds.wire is not None))
        state = self._remembered(one, state)
        until = self._clock.wall() + timedelta(seconds=holds.ends - taken) if holds.ends else None
        return Ready(with_doubt(state, holds.reason or lost_answer(state), until), corrections, holds)

    def _remembered(self, one: "_One", state: SymbolState) -> SymbolState:
        """Halt a symbol whose memory of what it may do is gone for good, where real money may be at stake."""
        if (
            self._identity.is_simulated
            or isinstance(one.loaded, SymbolState)
            or one.loaded.backup
            or not one.is_rebuilt
        ):
            return state
        return state.apply(events.StatusSet(Status.HALTED, f"state lost; holdfast resume {one.symbol}"))

    async def _keep(self, one: "_One", ready: Ready, report: Report) -> None:
        """Save what changed, with an unreadable file set aside first; a symbol that cannot be saved fails alone."""
        if ready.state != one.loaded and not self._is_dry:
            try:
                if isinstance(one.loaded, Unreadable):
                    await self._store.set_aside(one.symbol)
                elif isinstance(one.loaded, SymbolState) and ready.holds.position:
                    # What nothing explains may be a forgery: its bytes are evidence.
                    await self._store.set_aside(one.symbol, is_copy=True)
                ready = replace(ready, state=await self._store.save(ready.state))
            except OSError as error:
                report.failed[one.symbol] = f"its state file cannot be written: {error.strerror}: {error.filename}"
                report.unsaved[one.symbol] = ready
                return
            for correction in ready.corrections:
                self._chronicle.corrected(one.symbol, correction)
            if not isinstance(one.loaded, SymbolState) or one.loaded.status is not ready.state.status:
                self._chronicle.admitted(ready.state)
        report.ready[one.symbol] = ready


@dataclass(frozen=True, slots=True)
class _One:
    """One symbol under comparison: what was on disk, and the broker's facts."""

    symbol: str
    loaded: Loaded
    facts: SymbolFacts
    snapshot: Snapshot
    account_id: str

    @property
    def is_rebuilt(self) -> bool:
        """Whether there was a memory once and its file is gone or unreadable."""
        if isinstance(self.loaded, SymbolState):
            return False
        return isinstance(self.loaded, Unreadable) or self.loaded.backup is not None or bool(self.facts.our_orders)

    @property
    def may_have_sent(self) -> bool:
        """Whether an order that no memory knows may be on the wire: then every start waits its time out anew."""
        return self.loaded.order_may_arrive if isinstance(self.loaded, SymbolState) else self.is_rebuilt

    def base(self) -> SymbolState:
        """Return the state to start from: the file, the newest earlier version, or an empty one.

        An earlier version is true of its time, and its ledger says from when on the broker's history must be booked.
        """
        if isinstance(self.loaded, SymbolState):
            return self.loaded
        backup = self.loaded.backup
        if backup is None or backup.account_id != self.account_id:
            return SymbolState(self.symbol, account_id=self.account_id)
        return replace(backup, sequence=backup.sequence + 1)

    def file_correction(self, outcome: Reconciliation) -> tuple[Correction, ...]:
        if not self.is_rebuilt:
            return ()
        was = f"unreadable: {self.loaded.why}" if isinstance(self.loaded, Unreadable) else "missing"
        held = outcome.state.position
        price = f" at {price_text(held.average_entry_price)}" if held.average_entry_price else ""
        now = f"rebuilt: position {plain(held.quantity)}{price}"
        why = f"{_count(len(self.facts.our_orders), 'order')} of ours and the position at the broker"
        return (Correction(self.snapshot.taken_at, "file", was, now, why),)


def _of_account(loaded: Loaded, account_id: str) -> Loaded:
    """Another account's file tells nothing about this one."""
    if isinstance(loaded, SymbolState) and loaded.account_id != account_id:
        return Unreadable(f"it belongs to the account {loaded.account_id}", None)
    return loaded


def _is_older(loaded: Loaded, after: SymbolState) -> bool:
    """Whether a readable file did not know an order of ours: a version from before it, put back."""
    if not isinstance(loaded, SymbolState):
        return False
    return any(loaded.order(order.client_order_id) is None for order in after.orders)


def _broker_ids(states: Mapping[str, SymbolState]) -> list[str]:
    return [order.broker_order_id for state in states.values() for order in state.orders if order.broker_order_id]


def unmanaged(sorted_: SortedSnapshot, symbols: Iterable[str]) -> tuple[BrokerPosition, ...]:
    """Return the holdings of symbols that neither config nor a file names: reported, never touched."""
    known = {asset_key(symbol) for symbol in symbols}
    return tuple(position for key, position in sorted(sorted_.holdings.items()) if key not in known)
