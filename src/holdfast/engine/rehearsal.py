"""A rehearsal: the real start against a broker behind glass, and the broker's word on every order that is open.

What it writes, it writes into the store that it is handed: a copy. What it would send is noted and not sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.domain.errors import Recoverable, Rejected
from holdfast.domain.order import OrderRecord, OrderView
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.findings import Findings, Occasion
from holdfast.engine.memory import Missing, Unreadable
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.read_only import ReadOnlyBroker
from holdfast.engine.spec import SymbolSpec
from holdfast.engine.start import Started, start
from holdfast.engine.summary import findings_of, wait_s

Before = SymbolState | Missing | Unreadable
_NEEDS_A_PERSON = (Status.IN_DOUBT, Status.HALTED, Status.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Word:
    """What the broker says of one order that is open, on file or after the start: None if it does not know the id.

    `trouble` says why it gave no answer; `is_on_file` is False for one that the start would adopt.
    """

    order: OrderRecord
    is_on_file: bool
    view: OrderView | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One symbol before and after. `after` is None where it would not start; `wait_s` as in `engine.summary`.

    `is_out_of_date` says that a running bot has written the file while the rehearsal went on.
    """

    symbol: str
    before: Before
    after: SymbolState | None
    failed: str | None = None
    wait_s: float | None = None
    words: tuple[Word, ...] = ()
    is_out_of_date: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether the symbol would trade, or stand aside by somebody's wish."""
        return self.after is not None and self.after.status not in _NEEDS_A_PERSON


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a restart would do now. `withheld` are the requests that it would send, `calls` those that were sent.

    `is_archived` says that the memory is another account's: a restart would move it away and start fresh.
    """

    findings: Findings
    outcomes: tuple[Outcome, ...]
    withheld: tuple[str, ...]
    calls: int
    seconds: float
    is_archived: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether every symbol would start clean from its own memory; corrections alone are no blemish."""
        return not self.is_archived and all(one.is_clean for one in self.outcomes)


async def rehearse(
    specs: Sequence[SymbolSpec], outside: Outside, identity: Identity, before: Mapping[str, Before]
) -> Rehearsal:
    """Start on a copied memory, let each worker look its open orders up once, and say what came of it.

    `before` is what the files said.

    Raises:
        Recoverable: the broker did not answer; no trading would start.
    """
    clock, broker = outside.clock, ReadOnlyBroker(outside.broker)
    begun, calls = clock.monotonic(), broker.calls
    started = await start(specs, replace(outside, broker=broker), identity)
    for symbol in started.report.ready:
        worker = started.workers[symbol]
        # Told to stop before it has begun, a worker does the one thing that it does in any case.
        worker.stop()
        await worker.run()
        known = started.report.ready[symbol]
        started.report.ready[symbol] = replace(known, state=worker.state, holds=worker.holds)
    symbols = sorted({*started.report.ready, *started.failed})
    outcomes = [await _outcome(symbol, started, before, outside, broker) for symbol in symbols]
    return Rehearsal(
        findings_of(started.report, Occasion.START, outside),
        tuple(outcomes),
        tuple(broker.withheld),
        broker.calls - calls,
        clock.monotonic() - begun,
    )


async def _outcome(
    symbol: str, started: Started, before: Mapping[str, Before], outside: Outside, broker: ReadOnlyBroker
) -> Outcome:
    was = before.get(symbol, Missing(None))
    ready = started.report.ready.get(symbol)
    if ready is None:
        return Outcome(symbol, was, None, failed=started.failed[symbol])
    on_file = {order.client_order_id: order for order in was.unsettled} if isinstance(was, SymbolState) else {}
    asked = {
        order.client_order_id: order
        for order in ready.state.orders
        if order.is_unsettled or order.client_order_id in broker.looked_up
    } | on_file
    words = tuple([await _word(broker, order, is_on_file=name in on_file) for name, order in asked.items()])
    wait = wait_s(ready, outside.clock.monotonic(), broker.assumptions)
    return Outcome(symbol, was, ready.state, wait_s=wait, words=words)


async def _word(broker: ReadOnlyBroker, order: OrderRecord, *, is_on_file: bool) -> Word:
    try:
        if order.client_order_id not in broker.looked_up:
            await broker.order_by_client_id(order.client_order_id)
    except (Recoverable, Rejected) as error:
        return Word(order, is_on_file, trouble=str(error))
    return Word(order, is_on_file, broker.looked_up[order.client_order_id])
