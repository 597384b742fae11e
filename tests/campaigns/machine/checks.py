"""What must be true after every step, seen from the broker's side and from the bytes on the disk."""

from campaigns.machine.wild_broker import Flows
from campaigns.machine.world import QUANTITY, SYMBOLS, World
from holdfast.domain.order import Intent, OrderRecord, OrderStatus, Side
from holdfast.domain.state import Status, SymbolState


def must(holds: object, what: str, details: str = "") -> None:
    """Fail unless it holds; the first line of the message names the violation, the second tells more."""
    if not holds:
        raise AssertionError(f"{what}\n{details}" if details else what)


class Checker:
    """Watches one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids: set[str] = set()
        self._saves_seen = 0
        self._versions: dict[str, SymbolState] = {}
        world.broker.witness = self.on_post

    def on_post(self, intent: Intent) -> None:
        """At the moment of every POST: the intent is on disk, the id is new, and it is not one entry too many."""
        name, symbol = intent.client_order_id, intent.symbol
        on_disk = self._world.file(symbol)
        record = on_disk.order(name) if on_disk else None
        is_intent = record is not None and record.status is OrderStatus.INTENT
        must(is_intent, "I1: an order is sent whose intent is not on disk", f"{name}: {record}")
        must(name not in self._ids, "I1: an intent is sent twice", name)
        self._ids.add(name)
        if intent.side is Side.BUY:
            live = [one.client_order_id for one in self._world.broker.live(symbol) if one.side is Side.BUY]
            must(not live, "I4: an entry is sent while another may still fill", f"{name}, {live}")

    def after_step(self) -> None:
        """After every step."""
        written = self._world.store.written
        for state in written[self._saves_seen :]:
            self._saved(state)
        self._saves_seen = len(written)
        for symbol in SYMBOLS:
            self._quantities(symbol)
            state = self._world.file(symbol)
            for order in state.orders if state else ():
                self._order(order)

    def forget(self, symbol: str) -> None:
        """The file was changed by another hand: its next version follows from nothing."""
        self._versions.pop(symbol, None)

    def _saved(self, state: SymbolState) -> None:
        """A save books exactly what its orders say was filled, where nobody else moved the position (I7)."""
        before = self._versions.get(state.symbol)
        self._versions[state.symbol] = state
        if before is None or self._world.broker.flows.get(state.symbol, Flows()).is_foreign:
            return
        moved = state.position.total_quantity - before.position.total_quantity
        known = {order.client_order_id: order.filled_quantity for order in before.orders}
        filled = sum(
            (order.filled_quantity - known.get(order.client_order_id, 0)) * order.side.sign for order in state.orders
        )
        must(moved == filled, "I7: a save books something else than its orders' fills", f"{before}, then {state}")

    def _quantities(self, symbol: str) -> None:
        """Our orders never buy above the configured quantity (I2), nor sell what was not bought (I3)."""
        broker = self._world.broker
        flows = broker.flows.get(symbol, Flows())
        live = broker.live(symbol)
        buying = sum(broker.open_quantity(one) for one in live if one.side is Side.BUY)
        selling = sum(broker.open_quantity(one) for one in live if one.side is Side.SELL)
        details = f"{symbol}: {flows}, buying {buying}, selling {selling}"
        most = QUANTITY + flows.sold + flows.foreign_out
        must(flows.bought + buying <= most, "I2: more is bought than configured", details)
        must(flows.sold + selling <= flows.bought + flows.foreign_in, "I3: more is sold than was held", details)

    def _order(self, order: OrderRecord) -> None:
        """What a file concludes about an order is never ahead of the broker's truth (I7)."""
        broker, name = self._world.broker, order.client_order_id
        truth = broker.books.get(name)
        filled = truth.filled_quantity if truth else 0
        details = f"on disk {order}, at the broker {truth}"
        must(order.filled_quantity <= filled, "I7: more is booked than was filled", details)
        if not order.status.is_terminal:
            return
        if truth is not None:
            must(truth.status.is_terminal, "I7: a working order has an end on disk", details)
            return
        on_wire = any(one.client_order_id == name for _due, one in broker.late)
        must(not on_wire, "I7: an order on the wire has an end on disk", details)
        must(order.broker_order_id is None, "I7: an order that never arrived has a broker's id", details)

    def at_the_end(self) -> None:
        """Faults off, all waited out: every file is the broker's truth, and reconciling twice changes nothing (I8)."""
        world = self._world
        for symbol in SYMBOLS:
            state, held = world.file(symbol), world.broker.held(symbol)
            must(state is not None, "I8: a symbol has no readable file", symbol)
            assert state is not None
            details = f"{symbol}: held {held}, {state}"
            must(state.position.total_quantity == held, "I8: a file is not the broker's truth", details)
            must(not state.unsettled, "I8: an order is unsettled for ever", details)
            must(state.status is not Status.IN_DOUBT, "I8: a symbol is in doubt for ever", details)
        self._twice()

    def _twice(self) -> None:
        world = self._world
        world.reconcile_offline()
        before, written, posts = dict(world.store.disk), len(world.store.written), len(world.broker.received)
        report = world.reconcile_offline()
        must(not report.corrections, "I8: a second reconcile corrects", str(report.corrections))
        must(dict(world.store.disk) == before, "I8: a second reconcile changes a file")
        must(len(world.store.written) == written, "I8: a second reconcile writes")
        must(len(world.broker.received) == posts, "I8: a reconcile sends")
