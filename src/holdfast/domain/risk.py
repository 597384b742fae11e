"""The risk gate: the last pure judgement before an intent is saved. Exits always pass; entries must fit.

The answer is a type: only an `Approved` can be saved and sent.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from holdfast.domain.broker_facts import BrokerPosition
from holdfast.domain.decide import Moment, Rules
from holdfast.domain.decimals import plain, to_cents
from holdfast.domain.order import Intent, OrderRecord, Role
from holdfast.domain.position import ZERO
from holdfast.domain.state import SymbolState

BAR_AGE_MAX = 2  # timeframes


@dataclass(frozen=True, slots=True)
class Approved:
    """An intent that may be saved. `reserve` is the cash in USD that it claims until it is settled."""

    intent: Intent
    reserve: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    """An intent that must not be sent, and why."""

    intent: Intent
    why: str


@dataclass(frozen=True, slots=True)
class Means:
    """What the portfolio allows now: spendable cash in USD, and what stops every entry, if anything does."""

    cash: Decimal
    entries_stopped: str | None = None


def judge(intent: Intent, state: SymbolState, moment: Moment, rules: Rules, means: Means) -> Approved | Refused:
    """Approve or refuse one intent over the whole portfolio (I2: never above the configured quantity)."""
    if intent.role is Role.EXIT:
        return Approved(intent, Decimal(0))
    reserve = intent.quantity * moment.close
    reason = (
        means.entries_stopped
        or _over_quantity(intent, state, rules)
        or _against_unmanaged(intent, state)
        or _stale(moment.now, moment.bar_time, rules)
        or _over_cash(reserve, means.cash)
    )
    return Refused(intent, reason) if reason else Approved(intent, reserve)


def uncovered(intent: Intent, holding: BrokerPosition | None) -> str | None:
    """Say why an order does not fit the broker's own word on the position, or None (I3).

    The file may not know yet what others did: then an exit would open the other side, and an entry sell their shares
    (or buy back what they are short).
    """
    held = holding.quantity if holding else ZERO
    if intent.role is Role.ENTRY:
        is_against = held * intent.side.sign < 0
        return f"the broker shows {plain(held)}: reading the position before the entry" if is_against else None
    free = held if holding is None or holding.available is None else holding.available
    if held * intent.side.sign < 0 and abs(free) >= intent.quantity:
        return None
    return f"the broker shows {plain(held)}, {plain(free)} of it free: reading the position before the exit"


def overreaches(order: OrderRecord, state: SymbolState, quantity: Decimal) -> bool:
    """Whether a working order may fill more than is wanted: the position was moved, or config edited, meanwhile.

    An exit must not sell what the bot does not manage (I3), an entry not go beyond the configured `quantity` (I2).
    """
    left = order.open_quantity * order.side.sign
    if order.role is Role.EXIT:
        return (state.position.quantity + left) * order.side.sign > 0
    return abs(state.position.quantity + left) > quantity


def _over_quantity(intent: Intent, state: SymbolState, rules: Rules) -> str | None:
    working = sum((order.open_quantity * order.side.sign for order in state.unsettled), Decimal(0))
    after = state.position.quantity + working + intent.quantity * intent.side.sign
    if abs(after) <= rules.quantity:
        return None
    return f"{plain(abs(after))} would be above the configured quantity {plain(rules.quantity)}"


def _against_unmanaged(intent: Intent, state: SymbolState) -> str | None:
    """An account holds a symbol long or short, never both: such an entry would trade what is not the bot's (I3)."""
    extra = state.position.unmanaged_quantity
    if extra * intent.side.sign >= 0:
        return None
    return f"the account holds {plain(extra)} that the bot does not manage, and this order would trade them away"


def _stale(now: datetime, bar_time: datetime, rules: Rules) -> str | None:
    # A bar is complete one timeframe after its open; its age counts from there.
    age = now - (bar_time + rules.timeframe.length)
    if age <= BAR_AGE_MAX * rules.timeframe.length:
        return None
    return f"the bar is {age.total_seconds():.0f} s old, more than {BAR_AGE_MAX} timeframes"


def _over_cash(reserve: Decimal, cash: Decimal) -> str | None:
    if reserve <= cash:
        return None
    return f"it needs ${to_cents(reserve)} and ${to_cents(max(cash, Decimal(0)))} of cash is free"
