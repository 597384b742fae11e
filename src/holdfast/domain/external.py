"""What other people's hands and the exchange did to a position: how much of it the bot manages from then on.

Managed shares are traded by the bot, unmanaged ones never. A split changes a count, not what is owned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from holdfast.domain import events
from holdfast.domain.broker_facts import Activity, BrokerPosition, FillActivity, HoldingMoved
from holdfast.domain.decimals import down_to_lot, plain
from holdfast.domain.position import ZERO, Position
from holdfast.domain.state import SymbolState

_SPLITS = frozenset({"SPLIT", "SSP", "SSO"})
_SMALLEST = Decimal("1e-9")
# Cash in lieu of fractions and rounded prices leave less than this between the cost before a split and after it.
_COST_TOLERANCE = Decimal("0.02")


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


def is_split(activity: Activity) -> bool:
    """Whether it changed a count and not what is owned."""
    return isinstance(activity, HoldingMoved) and activity.kind in _SPLITS


def after_activity(state: SymbolState, activity: Activity, policy: Policy, bought_since: Decimal = ZERO) -> SymbolState:
    """Return the state after one thing that somebody else did to the holding.

    `bought_since` is what our own orders, as far as they are booked already, have bought after it (negative: sold):
    the policy is asked about the position as it was then.
    """
    total = state.position.total_quantity + activity.change
    if is_split(activity):
        return after_split(state, total, bought_since)
    had = state.position.quantity - bought_since
    managed = managed_quantity(total - bought_since, had, policy) + bought_since
    return _moved(state, managed, total, activity if isinstance(activity, FillActivity) else None)


def after_move(state: SymbolState, total: Decimal, policy: Policy) -> SymbolState:
    """Return the state after the holding became `total` without a trade that is known."""
    return _moved(state, managed_quantity(total, state.position.quantity, policy), total, None)


def _moved(state: SymbolState, managed: Decimal, total: Decimal, fill: FillActivity | None) -> SymbolState:
    position = state.position
    shrank = abs(managed) < abs(position.quantity) or managed * position.quantity < 0
    price = fill.price if fill else position.average_entry_price
    after = position.after_fill(managed - position.quantity, price or ZERO)
    return state.apply(
        events.PositionCorrected(
            quantity=managed,
            average_entry_price=after.average_entry_price,
            unmanaged_quantity=total - managed,
            realized_pl=after.realized_pl - position.realized_pl,
            rearm=(1 if position.quantity > 0 else -1) if shrank else None,
        )
    )


def after_split(state: SymbolState, total: Decimal, bought_since: Decimal = ZERO) -> SymbolState:
    """Return the state after a split made the holding `total`: the same shares in another count.

    Shares `bought_since` the split are of the new count already. The target stays: it is compared with what config
    asks for, and nothing is bought or sold because of a split.
    """
    position = state.position
    before = position.total_quantity - bought_since
    if not before:
        return _moved(state, position.quantity, total, None)
    lot = _SMALLEST if total % 1 else Decimal(1)
    # Multiplied first: the quotient of two whole numbers may have no end. A rest below one lot counts as unmanaged.
    split = (position.quantity - bought_since) * (total - bought_since) / before
    managed = down_to_lot(split + bought_since, lot)
    average = position.average_entry_price
    return state.apply(
        events.PositionCorrected(
            quantity=managed,
            average_entry_price=average * position.quantity / (split + bought_since) if average and managed else None,
            unmanaged_quantity=total - managed,
            realized_pl=ZERO,
            rearm=None,
        )
    )


def is_like_a_split(position: Position, holding: BrokerPosition | None) -> bool:
    """Whether the broker shows another count at the same cost: nobody trades to that effect."""
    average = position.average_entry_price
    if holding is None or not average or position.unmanaged_quantity or holding.quantity * position.quantity <= 0:
        return False
    cost, cost_now = position.quantity * average, holding.quantity * holding.average_entry_price
    is_another_price = abs(holding.average_entry_price - average) > average * _COST_TOLERANCE
    return is_another_price and abs(cost_now - cost) <= abs(cost) * _COST_TOLERANCE


def with_brokers_average(before: SymbolState, after: SymbolState, holding: BrokerPosition | None) -> SymbolState:
    """Return the state with the broker's average entry price where the bot came to manage more of the holding."""
    position = after.position
    grew = abs(position.quantity) > abs(before.position.quantity) or before.position.quantity * position.quantity < 0
    if holding is None or not grew or not position.quantity:
        return after
    return replace(after, position=replace(position, average_entry_price=holding.average_entry_price))


def halt_reason(symbol: str, total: Decimal, policy: Policy) -> str | None:
    """Say why the symbol must stop after somebody else's change, or None."""
    if total < 0 and not policy.may_short and policy.quantity:
        return f"the account is short {plain(abs(total))} and config.yaml allows long only: holdfast resume {symbol}"
    if policy.on_external_change is ExternalChange.HALT:
        return f"the position was changed by somebody else: holdfast resume {symbol}"
    return None


def said_of(activities: Sequence[Activity]) -> str:
    """Say in words what others did."""
    kinds = {activity.kind for activity in activities if isinstance(activity, HoldingMoved)}
    if kinds and kinds <= _SPLITS:
        return "a split"
    moved = [
        f"{activity.kind} {plain(activity.change)}" for activity in activities if isinstance(activity, HoldingMoved)
    ]
    fills = ["fills in the account that are not ours"] if len(moved) < len(activities) else []
    return ", ".join([*fills, *moved])
