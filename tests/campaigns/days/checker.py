"""The checker: it sees the broker's truth and the disk, never the bot's mind, and judges after every event.

The numbers are those of the design's invariants. The first violation ends the day.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaigns.days.disk import ROOT, MachineDisk
from campaigns.days.loop import Process
from campaigns.days.network import DEADLINE_S
from campaigns.days.ours import ZERO, Ours
from campaigns.days.settings import Settings
from campaigns.days.venue import ForeignChange, Venue, is_ours
from holdfast.domain.order import Intent, OrderView, Role, Side
from holdfast.domain.order_id import parse_order_id
from holdfast.domain.state import SymbolState
from holdfast.exchange.order import Order, OrderEvent

REQUESTS_A_MINUTE = 60
REQUESTS_A_MINUTE_AND_SYMBOL = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """One POST: when it left, up to when its process had been told of everything, whether the account covered it."""

    at: float = 0.0
    told: float = 0.0
    is_covered: bool = False


class Checker:
    """Holds the bot to I1, I2, I3, I4, I7 and I13. `violated` is called with what is wrong."""

    def __init__(
        self,
        settings: Settings,
        venue: Venue,
        disk: MachineDisk,
        note: Callable[[str], None],
        violated: Callable[[str], None],
        say: Callable[[str, str], None],
    ) -> None:
        self._venue = venue
        self._disk = disk
        self._note = note
        self._violated = violated
        self._say = say
        self._lag_s = settings.assumptions.position_lag_s
        self._race_s = self._lag_s + DEADLINE_S + 2
        self._requests_max = REQUESTS_A_MINUTE + REQUESTS_A_MINUTE_AND_SYMBOL * len(settings.symbols)
        self.ours = {one.name: Ours(one) for one in settings.symbols}
        self._sent: dict[str, Sent] = {}
        self._forgotten: set[str] = set()
        self._touched: set[str] = set()
        self._told: dict[tuple[str, str], float] = {}
        self._decided: dict[tuple[str, str, Side], str] = {}
        self._working: defaultdict[str, dict[str, Order]] = defaultdict(dict)
        self._known: set[str] = set()
        self._requests: Counter[tuple[str, int]] = Counter()
        venue.on_order.append(self._order)
        venue.on_foreign.append(self._foreign)

    # What the bot does

    def posting(self, process: Process, intent: Intent) -> None:
        """Judge an order's POST the moment it leaves the process (I1, I4, I13)."""
        name = intent.client_order_id
        parts = parse_order_id(name)
        if parts is None or not is_ours(name) or parts.symbol != intent.symbol or parts.side is not intent.side:
            self._violated(f"I13: an order that is not the bot's own is sent\n{name} by {process.name}")
            return
        if name in self._forgotten:
            self._note("sent_again_after_loss")
        elif name in self._sent:
            self._violated(f"I1: an order is sent a second time\n{name} by {process.name}")
        told = self._told.get((process.name, intent.symbol), 0.0)
        held = self._venue.quantity(intent.symbol)
        if intent.role is Role.ENTRY:
            is_covered = not self.ours[intent.symbol].symbol.may_short or held * intent.side.sign >= 0
        else:
            is_covered = -held * intent.side.sign >= intent.quantity
        self._sent[name] = Sent(self._venue.seconds, told, is_covered=is_covered)
        text = f'"client_order_id": "{name}"'.encode()
        for content in self._disk.survivors(ROOT / f"{intent.symbol}.json"):
            if content is None or text not in content:
                self._violated(f"I1: an order is sent before its intent is durable\n{name} by {process.name}")
                break
        decision = (intent.symbol, parts.decision, intent.side)
        if parts.side is intent.side and self._decided.setdefault(decision, name) != name and intent.role == "entry":
            self._violated(f"I4: two entries for one decision\n{name} after {self._decided[decision]}")

    def canceling(self, process: Process, order_id: str) -> None:
        """Judge a DELETE (I13)."""
        versions = self._venue.versions.get(order_id)
        if versions is None or not is_ours(versions[0][1].client_order_id):
            self._violated(f"I13: a cancel of an order that is not the bot's own\n{order_id} by {process.name}")

    def asked(self, process: Process, kind: str) -> None:
        """Count a read; too many in a minute are a loop."""
        del kind
        key = (process.name, int(self._venue.seconds // 60))
        self._requests[key] += 1
        if self._requests[key] == self._requests_max:
            self._violated(f"liveness: more than {self._requests_max} requests in a minute\n{process.name}")

    def answered(self, process: Process, when: float) -> None:
        """Note that a process has been told of all activities that were shown at `when`."""
        for symbol in self.ours:
            self.updated(process, symbol, when - self._lag_s)

    def updated(self, process: Process, symbol: str, when: float) -> None:
        """Note that a process has been told of everything that happened to a symbol until `when`."""
        if not process.is_stopped:
            # An exit may be on its way at this moment.
            self._venue.later(self._race_s, self._now_told, (process.name, symbol), when)

    def _now_told(self, key: tuple[str, str], when: float) -> None:
        self._told[key] = max(self._told.get(key, float("-inf")), when)

    def saved(self, state: SymbolState) -> None:
        """Judge a version of a file on its way to the disk (I7): nothing is booked that did not happen."""
        self._touched.discard(state.symbol)
        for order in state.orders:
            order_id = self._venue.by_client_id.get(order.client_order_id)
            filled = self._venue.order(order_id).filled_quantity if order_id else ZERO
            if order.filled_quantity > filled:
                self._violated(f"I7: more is booked than was filled\n{order} and the broker says {filled}")

    # What the broker's truth says

    def _order(self, event: OrderEvent, _view: OrderView) -> None:
        """Judge one event. The exchange may be further already: only the event says how things stood."""
        order = event.order
        if not is_ours(order.client_order_id):
            return
        ours, working = self.ours[order.symbol], self._working[order.symbol]
        is_new = order.id not in self._known
        self._known.add(order.id)
        if order.is_working:
            working[order.id] = order
        else:
            working.pop(order.id, None)
        if event.fill is not None:
            held = event.position_quantity or ZERO
            ours.filled(event.fill.quantity * event.fill.side.sign, held)
            self._tell(order.symbol)
            if held < 0 and not ours.symbol.may_short:
                self._oversold(order, ours, f"the account is short {-held}")
        if is_new:
            self._accepted(order, ours, list(working.values()))
        elif event.fill is not None:
            self._within(ours, list(working.values()), order)

    def _accepted(self, order: Order, ours: Ours, working: list[Order]) -> None:
        if order.intent.closes:
            closing = sum((one.open_quantity for one in working if one.intent.closes), ZERO)
            most = ours.high if order.side is Side.SELL else -ours.low
            if closing > most:
                self._oversold(order, ours, f"exits of {closing} work, at most {most} are the bot's")
            return
        if order.side is Side.SELL and not ours.symbol.may_short:
            self._oversold(order, ours, "a sale that opens a short is accepted")
            return
        opening = [one.client_order_id for one in working if not one.intent.closes]
        if len(opening) > 1:
            self._violated(f"I4: two entries of one symbol work at once\n{', '.join(opening)}")
        self._within(ours, working, order)

    def _within(self, ours: Ours, working: list[Order], order: Order) -> None:
        opening = [one for one in working if not one.intent.closes]
        exposure = ours.surely + sum((one.open_quantity for one in opening), ZERO)
        if exposure > ours.symbol.quantity and not order.intent.closes:
            self._violated(
                f"I2: more than the configured quantity\n{ours.symbol.name}: {ours.low} to {ours.high} held, "
                f"{[one.client_order_id for one in opening]} working, {ours.symbol.quantity} configured"
            )

    def _oversold(self, order: Order, ours: Ours, what: str) -> None:
        """An order sold too much: a race where the bot could not know of the loss when it was sent, else I3."""
        sent = self._sent.get(order.client_order_id, Sent())
        is_just_now = ours.lost_at > sent.at - self._race_s
        # Asked for the position, the account shows shares enough: nothing says that they are the owner's now.
        is_hidden = sent.is_covered and sent.told < ours.lost_at
        if is_just_now or is_hidden:
            self._note("race")
            ours.has_raced = True
            return
        self._violated(f"I3: the bot sells what is not its own\n{order.client_order_id}: {what}")

    def _foreign(self, change: ForeignChange) -> None:
        before = change.total - change.change
        self.ours[change.symbol].changed_by_others(before, change.total, change.ratio, self._venue.seconds)
        self._tell(change.symbol)

    def sent_since(self, symbol: str, when: float) -> list[str]:
        """Return the orders of a symbol that were sent after `when`."""
        names = ((name, parse_order_id(name)) for name, sent in self._sent.items() if sent.at > when)
        return [name for name, parts in names if parts is not None and parts.symbol == symbol]

    def memory_touched(self, symbol: str) -> None:
        """Note that a file was lost, damaged or replaced by another hand.

        Without the journal it may have been the only memory of an order: then the order's id is the net (A1).
        """
        if not self._disk.now(_journal_of(symbol)):
            self._forgotten |= {name for name in self._sent if parse_order_id(name).symbol == symbol}
        self._touched.add(symbol)
        self.ours[symbol].memory_touched(self._venue.quantity(symbol))
        self._tell(symbol)

    def power_cut(self) -> None:
        """Note what a power cut has taken besides: of a file that another hand had, the last lines of the journal."""
        for symbol in self._touched:
            left = [self._disk.now(path) or b"" for path in (_journal_of(symbol), _backup_of(symbol))]
            sent = [name for name in self._sent if parse_order_id(name).symbol == symbol]
            self._forgotten |= {name for name in sent if not any(name.encode() in content for content in left)}

    def _tell(self, symbol: str) -> None:
        ours = self.ours[symbol]
        self._say("truth", f"{symbol} {self._venue.quantity(symbol)} held, {ours.low} to {ours.high} the bot's")


def _journal_of(symbol: str) -> Path:
    return ROOT / ".holdfast" / "journal" / f"{symbol}.jsonl"


def _backup_of(symbol: str) -> Path:
    return ROOT / ".holdfast" / "backups" / f"{symbol}.json"
