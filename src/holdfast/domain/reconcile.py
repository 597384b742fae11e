"""Reconciliation of one symbol as a pure function: (state, the broker's facts, policy) -> state, corrections, doubt.

Two truths are compared: the ledger (fills of our orders, then other people's) says why a position is what it is; the
bulk position read says what it is, but may lag. Only where both agree, or a second read confirms, is a file moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from holdfast.domain import events
from holdfast.domain.broker_facts import BrokerPosition, FillActivity
from holdfast.domain.decimals import plain
from holdfast.domain.doubt import unresolved
from holdfast.domain.order import OrderView, Role, Side
from holdfast.domain.position import ZERO, Position
from holdfast.domain.state import RECONCILE_OVERLAP, Correction, Status, SymbolState

REFRESH_AFTER = timedelta(days=1)


class ExternalChange(StrEnum):
    """What happens to a position that our own orders do not explain."""

    ADOPT = "adopt"
    LEAVE = "leave"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class Policy:
    """What config says of the symbol; `quantity` is zero for one that is no longer configured."""

    quantity: Decimal
    may_short: bool = False
    on_external_change: ExternalChange = ExternalChange.ADOPT


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """The broker's truth about one symbol. `unreadable` says why a row of it could not be parsed, if one could not."""

    our_orders: tuple[OrderView, ...] = ()
    position: BrokerPosition | None = None
    foreign_fills: tuple[FillActivity, ...] = ()
    unreadable: str | None = None

    @property
    def total(self) -> Decimal:
        """The account's signed quantity of the symbol."""
        return self.position.quantity if self.position else ZERO


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome: the state to save, what changed in it, and why the symbol is in doubt (None: it is not)."""

    state: SymbolState
    corrections: tuple[Correction, ...] = ()
    doubt: str | None = None


def reconcile(
    state: SymbolState,
    facts: SymbolFacts,
    policy: Policy,
    *,
    at: datetime,
    confirmed_total: Decimal | None = None,
) -> Reconciliation:
    """Compare one symbol's state with the broker's truth and correct the state.

    `confirmed_total` is an earlier position read, old enough and with no fill since: a read that equals it is believed
    although no fill explains it. Applying the function to its own outcome changes nothing (I8).
    """
    if facts.unreadable:
        return Reconciliation(
            state, doubt=f"the broker's answer about {state.symbol} is unreadable: {facts.unreadable}"
        )
    booked, corrections = _book_our_orders(state, facts, at)
    if booked.position != state.position:
        # The earlier read confirms nothing when a fill came in between.
        confirmed_total = None
    outcome = Reconciliation(booked, corrections)
    if facts.total != booked.position.total_quantity:
        outcome = _settle_difference(outcome, facts, policy, at, confirmed_total)
    return _stamped(state, outcome, at)


def _book_our_orders(
    state: SymbolState, facts: SymbolFacts, at: datetime
) -> tuple[SymbolState, tuple[Correction, ...]]:
    corrections: list[Correction] = []
    on_file = state
    for view in sorted(facts.our_orders, key=lambda order: order.submitted_at):
        known = state.order(view.client_order_id)
        if known is None and not _is_news(view, on_file):
            continue
        role = known.role if known else role_of(state.position.quantity, view.side)
        after = state.apply(events.OrderSeen(view, role))
        corrections += _booking_corrections(state, after, view, at)
        state = after
    return state, tuple(corrections)


def _is_news(view: OrderView, state: SymbolState) -> bool:
    """Whether an order that the file does not list was never booked; an older one was booked and dropped.

    A symbol's orders follow one another and each is on file before it is sent: a file knows all up to its newest.
    """
    known = [order.submitted_at for order in state.orders if order.submitted_at]
    if known:
        return view.submitted_at > max(known)
    return state.reconciled_at is None or view.submitted_at >= state.reconciled_at - RECONCILE_OVERLAP


def role_of(quantity: Decimal, side: Side) -> Role:
    """Return what an order on `side` does to a position of `quantity`."""
    return Role.EXIT if quantity * side.sign < 0 else Role.ENTRY


def _booking_corrections(before: SymbolState, after: SymbolState, view: OrderView, at: datetime) -> list[Correction]:
    name = view.client_order_id
    if before.reconciled_at is None:
        # A file that is built from nothing is one correction, which the reconciler words.
        return []
    if before.position.quantity != after.position.quantity:
        why = f"our order {name} filled {plain(view.filled_quantity)} that the file had not booked"
        return [_quantity_correction(before.position, after.position, why, at)]
    if before.order(name) is None:
        return [
            Correction(
                at,
                "orders",
                "unknown",
                f"{name} {view.status.value}",
                "an order of ours that the file had lost",
            )
        ]
    return []


def _quantity_correction(before: Position, after: Position, why: str, at: datetime) -> Correction:
    return Correction(at, "position.quantity", plain(before.quantity), plain(after.quantity), why)


def _settle_difference(
    outcome: Reconciliation,
    facts: SymbolFacts,
    policy: Policy,
    at: datetime,
    confirmed_total: Decimal | None,
) -> Reconciliation:
    awaited = unresolved(outcome.state)
    if awaited:
        # The difference may be this very order, filled and not listed yet: booking it twice would follow.
        name = awaited[0].client_order_id
        return replace(outcome, doubt=f"the positions differ and the broker's word on {name} is awaited")
    position = outcome.state.position
    difference = facts.total - position.total_quantity
    fills = _since(facts.foreign_fills, outcome.state.reconciled_at)
    if sum((fill.quantity * fill.side.sign for fill in fills), ZERO) == difference:
        why = "fills in the account that are not ours"
    elif confirmed_total == facts.total:
        why = "two position reads agree and no fill explains it"
    else:
        doubt = (
            f"the broker holds {plain(facts.total)}, the file explains {plain(position.total_quantity)}: "
            "waiting for a second position read"
        )
        return replace(outcome, doubt=doubt)
    return _follow_policy(outcome, facts, policy, why, at)


def _since(fills: Sequence[FillActivity], reconciled_at: datetime | None) -> list[FillActivity]:
    return [fill for fill in fills if reconciled_at is None or fill.time > reconciled_at]


def _follow_policy(
    outcome: Reconciliation, facts: SymbolFacts, policy: Policy, why: str, at: datetime
) -> Reconciliation:
    state = outcome.state
    managed = managed_quantity(facts.total, state.position.quantity, policy)
    changed = _position_change(state, managed, facts)
    after = state.apply(changed)
    corrections = [*outcome.corrections]
    if after.position.quantity != state.position.quantity:
        corrections.append(_quantity_correction(state.position, after.position, why, at))
    if after.position.unmanaged_quantity != state.position.unmanaged_quantity:
        was, now = state.position.unmanaged_quantity, after.position.unmanaged_quantity
        corrections.append(Correction(at, "position.unmanaged_quantity", plain(was), plain(now), why))
    halt = _halt_reason(state.symbol, facts.total, policy)
    if halt:
        after = after.apply(events.StatusSet(Status.HALTED, halt))
    return Reconciliation(after, tuple(corrections))


def managed_quantity(total: Decimal, managed_before: Decimal, policy: Policy) -> Decimal:
    """Return how much of the account's `total` the bot manages; the rest is unmanaged and never traded.

    ``adopt`` takes up to the configured quantity; ``leave`` and ``halt`` keep to what the bot had, and a foreign sale
    consumes the unmanaged part first. A sign that config does not allow is never managed.
    """
    if total == 0 or (total < 0 and not policy.may_short):
        return ZERO
    had = abs(managed_before) if managed_before * total > 0 else ZERO
    limit = max(policy.quantity, had) if policy.on_external_change is ExternalChange.ADOPT else had
    return min(abs(total), limit) * (1 if total > 0 else -1)


def _position_change(state: SymbolState, managed: Decimal, facts: SymbolFacts) -> events.PositionCorrected:
    position, fills = state.position, _since(facts.foreign_fills, state.reconciled_at)
    shrank = abs(managed) < abs(position.quantity) or managed * position.quantity < 0
    broker_price = facts.position.average_entry_price if facts.position else None
    average = position.average_entry_price if shrank or managed == position.quantity else broker_price
    return events.PositionCorrected(
        quantity=managed,
        average_entry_price=average if managed else None,
        unmanaged_quantity=facts.total - managed,
        realized_pl=_foreign_profit(position, managed, fills) if shrank else ZERO,
        rearm=(1 if position.quantity > 0 else -1) if shrank else None,
    )


def _foreign_profit(position: Position, managed: Decimal, fills: Sequence[FillActivity]) -> Decimal:
    """Profit in USD on what other people's fills closed, at their average price; zero where none is known."""
    closing = [fill for fill in fills if fill.side.sign * position.quantity < 0]
    sold = sum((fill.quantity for fill in closing), ZERO)
    if not sold:
        return ZERO
    price = sum((fill.quantity * fill.price for fill in closing), ZERO) / sold
    return position.unrealized_pl(price) * (abs(position.quantity) - abs(managed)) / abs(position.quantity)


def _halt_reason(symbol: str, total: Decimal, policy: Policy) -> str | None:
    if total < 0 and not policy.may_short:
        return f"the account is short {plain(abs(total))} and config.yaml allows long only: holdfast resume {symbol}"
    if policy.on_external_change is ExternalChange.HALT:
        return f"the position was changed by somebody else: holdfast resume {symbol}"
    return None


def _stamped(before: SymbolState, outcome: Reconciliation, at: datetime) -> Reconciliation:
    """Note the corrections and move `reconciled_at`, but only when there is something to write (I8)."""
    state = outcome.state
    if outcome.corrections:
        last = outcome.corrections[-1]
        state = state.apply(events.CorrectionNoted(last.at, last.field, last.was, last.now, last.why))
    if outcome.doubt is None and (state != before or _is_due(state, at)):
        state = state.apply(events.Reconciled(at))
    return replace(outcome, state=state)


def _is_due(state: SymbolState, at: datetime) -> bool:
    return state.reconciled_at is None or at - state.reconciled_at > REFRESH_AFTER
