"""Everything that can change a symbol's state, one small record each. `SymbolState.apply` knows what they do."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from holdfast.domain.order import Intent, OrderView, Role


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class DecisionTaken(Event):
    """A bar ended in a decision (I12). `rearm` is what still blocks entries after it, `target` what is wanted."""

    at: datetime
    bar: datetime
    signal: Decimal | None
    action: str
    why: str
    target: Decimal
    rearm: int | None


@dataclass(frozen=True, slots=True)
class IntentRecorded(Event):
    """An approved intent is about to be sent: from the save on it may have been (I1)."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class OrderSeen(Event):
    """The broker's view of one of our orders, from wherever it came. `role` serves an order not known yet."""

    view: OrderView
    role: Role


@dataclass(frozen=True, slots=True)
class OrderRefused(Event):
    """The broker said no. Believed only after the id has stayed unknown for LISTING_LAG."""

    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderProvedAbsent(Event):
    """The id stayed unknown for as long as a request can live: nothing was filled, nothing will be."""

    client_order_id: str


@dataclass(frozen=True, slots=True)
class StatusSet(Event):
    """The symbol's permission to trade changed; `waiting_until` (wall clock) bounds a doubt."""

    status: str
    reason: str | None
    waiting_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class PositionCorrected(Event):
    """The broker's word on the position replaces ours; `realized_pl` is what foreign fills realised, in USD."""

    quantity: Decimal
    average_entry_price: Decimal | None
    unmanaged_quantity: Decimal
    realized_pl: Decimal
    rearm: int | None


@dataclass(frozen=True, slots=True)
class ActivitiesBooked(Event):
    """Everything that others did to the holding until `through` is in the position."""

    through: datetime


@dataclass(frozen=True, slots=True)
class CorrectionNoted(Event):
    """What the reconciler changed, for people."""

    at: datetime
    field: str
    was: str
    now: str
    why: str


@dataclass(frozen=True, slots=True)
class Reconciled(Event):
    """The state agreed with the broker at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class OrderMayArrive(Event):
    """The memory was lost after orders may have been sent (or, with False, that time has been waited out)."""

    is_possible: bool


@dataclass(frozen=True, slots=True)
class StrategyNamed(Event):
    """The configured strategy's name changed."""

    strategy: str


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """A person said `holdfast resume`: the symbol is active and entries are re-armed."""


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """This version of the state is written at `at`."""

    at: datetime
