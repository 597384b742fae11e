"""When to ask the broker about unsettled orders, and when silence has proved that one never arrived."""

from holdfast.domain.doubt import unresolved
from holdfast.domain.order import OrderRecord, OrderStatus
from holdfast.domain.state import SymbolState
from holdfast.engine.ports import Assumptions

FIRST_S = 1.0
LONGEST_S = 60.0
SHORTEST_S = 0.05


class LookUpSchedule:
    """Look-ups at once, then at growing intervals; all in process seconds, so a restart begins the windows anew."""

    def __init__(self, assumptions: Assumptions, *, started: float) -> None:
        self._assumptions = assumptions
        self._started = started
        self._sent: dict[str, float] = {}
        self._missing: dict[str, float] = {}
        self._interval = FIRST_S
        self._next = started

    def sent(self, client_order_id: str, at: float) -> None:
        """Note that a request for this order may have left at `at`; watch it closely from now."""
        self._sent[client_order_id] = at
        self.watch(at)

    def watch(self, at: float) -> None:
        """Look closely from now: something is about to become of an order. No proof of absence begins anew."""
        self._interval = FIRST_S
        self._next = at + FIRST_S

    def looked_up(self, state: SymbolState, at: float) -> None:
        """Note that every unsettled order has been asked for; the next time is later."""
        self._next = at + self._interval
        self._interval = min(2 * self._interval, LONGEST_S)
        unsettled = {order.client_order_id for order in state.unsettled}
        self._sent = {name: sent for name, sent in self._sent.items() if name in unsettled}

    def wait_s(self, state: SymbolState, now: float) -> float | None:
        """Return how long to wait for a message before asking again; None while nothing is unsettled."""
        if not state.unsettled:
            return None
        due = self._next - now
        proof = self.seconds_left(state, now)
        # Once a proof is due, only the back-off counts: a broker that does not answer must not be asked in a loop.
        return max(SHORTEST_S, min(due, proof) if proof > 0 else due)

    def found(self, client_order_id: str) -> None:
        """Note that the broker knows the order."""
        self._missing.pop(client_order_id, None)

    def is_absence_proved(self, record: OrderRecord, now: float) -> bool:
        """Whether the id has been unknown for as long as any request of it could still arrive.

        For an order that the broker had accepted the time counts from the first look-up that did not find it.
        """
        if record.broker_order_id is not None:
            since = self._missing.setdefault(record.client_order_id, now)
        else:
            since = self._sent.get(record.client_order_id, self._started)
        return now - since >= self._window(record)

    def seconds_left(self, state: SymbolState, now: float) -> float:
        """Return how long the longest doubt about an order may still last; zero when there is none."""
        ends = (
            self._sent.get(record.client_order_id, self._started) + self._window(record) for record in unresolved(state)
        )
        return max(0.0, max(ends, default=now) - now)

    def _window(self, record: OrderRecord) -> float:
        # A refusal that this process has heard itself needs only the listing lag; one read from disk proves less.
        heard = record.status is OrderStatus.REFUSED and record.client_order_id in self._sent
        return self._assumptions.listing_lag_s if heard else self._assumptions.absence_proof_s
