"""The decision: a bar's signal, the symbol's memory and its permissions in; one action with its reason out.

Every bar ends in exactly one decision (I12). Nothing here sends anything: an intent still has to pass the risk gate.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from holdfast.domain.decimals import down_to_lot, plain
from holdfast.domain.fee import may_be_fee
from holdfast.domain.order import Intent, OrderRecord, OrderStatus, Role, Side
from holdfast.domain.order_id import bar_decision, decided_at, order_id
from holdfast.domain.position import ZERO
from holdfast.domain.state import Status, SymbolState
from holdfast.domain.timeframe import Timeframe

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rules:
    """What config says of the symbol, and the broker of its asset.

    `lot` is the step of quantities, `quantity_min` the smallest order in shares, `value_min` in USD.
    """

    bot: str
    quantity: Decimal
    timeframe: Timeframe
    may_short: bool = False
    lot: Decimal = Decimal(1)
    quantity_min: Decimal = ZERO
    value_min: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Moment:
    """When and on what the decision is taken: market time, the bar's open and close price in USD."""

    now: datetime
    bar_time: datetime
    close: Decimal
    is_session_open: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done and why. `target` is what is wanted held.

    `intent` is the order wanted, if one is; `cancel` a working entry that is not wanted any more.
    """

    action: str
    why: str
    signal: Decimal | None
    target: Decimal
    rearm: int | None
    intent: Intent | None = None
    cancel: OrderRecord | None = None


def decide(
    state: SymbolState,
    signal: Decimal | None,
    moment: Moment,
    rules: Rules,
    *,
    doubt: str | None = None,
    entry_doubt: str | None = None,
) -> Decision:
    """Decide on one bar.

    `signal` is the exposure wanted, -1 to +1, None for no opinion. `doubt` names what forbids every order for now,
    `entry_doubt` what forbids entries.
    """
    rearm = _rearm_after(state.rearm, signal)
    idle = Decision("hold", "", signal, state.target, rearm)
    waiting = _reason_to_wait(state, moment, doubt)
    if waiting:
        return replace(idle, action="wait", why=waiting)
    if state.unsettled:
        return _while_unsettled(state.unsettled[0], replace(idle, action="wait"))
    if signal is None:
        return replace(idle, action="wait", why="the strategy has no opinion")
    target = _target(signal, rules)
    enough = _is_held(state, target)
    if enough:
        return replace(idle, target=target, why=enough)
    blocked = entry_doubt or _entry_blocked(state, target, rearm)
    return _trade(state, replace(idle, target=target), moment, rules, blocked)


def _rearm_after(rearm: int | None, signal: Decimal | None) -> int | None:
    return None if rearm is not None and signal is not None and signal * rearm <= 0 else rearm


def _reason_to_wait(state: SymbolState, moment: Moment, doubt: str | None) -> str | None:
    if state.status.stands_aside:
        return f"{state.status.value}: {state.status_reason}"
    return doubt if moment.is_session_open else "the market is closed"


def _while_unsettled(order: OrderRecord, idle: Decision) -> Decision:
    """Wait for the order; an entry that works at the broker against the signal is canceled."""
    why = f"the {order.role.value} {order.client_order_id} is {order.status.value}"
    is_unwanted = order.role is Role.ENTRY and idle.signal is not None and idle.signal * order.side.sign <= 0
    if is_unwanted and order.broker_order_id is not None:
        return replace(idle, why=f"{why}, and is not wanted any more: canceling it", cancel=order)
    return replace(idle, why=why)


def _target(signal: Decimal, rules: Rules) -> Decimal:
    exposure = max(Decimal(-1), min(Decimal(1), signal))
    if exposure < 0 and not rules.may_short:
        return ZERO
    # Nobody lends a part of a share.
    lot = rules.lot if exposure > 0 else max(rules.lot, ONE)
    return down_to_lot(exposure * rules.quantity, lot)


def _is_held(state: SymbolState, target: Decimal) -> str | None:
    """Say why what is held is what is wanted, or None."""
    held = state.position.quantity
    if not target and not held:
        return "already flat"
    if target * held <= 0:
        return None
    already = f"already {'long' if held > 0 else 'short'} {plain(abs(held))}"
    if target == held:
        return already
    if target == state.target:
        # What a partial fill or a person left different is not traded again.
        return f"{already}; the target has not changed"
    return f"{already}; the rest went into the fee" if may_be_fee(state.symbol, target, target - held) else None


def _trade(state: SymbolState, idle: Decision, moment: Moment, rules: Rules, blocked: str | None) -> Decision:
    held, target = state.position.quantity, idle.target
    if held and (held * target <= 0 or abs(target) < abs(held)):
        return _reduce(state, idle, moment, rules)
    change = _tradable(target - held, moment, rules)
    if not change:
        return replace(idle, why=f"the {plain(abs(target - held))} missing are below the smallest order")
    if blocked:
        return replace(idle, action="wait", why=blocked, target=state.target)
    return _order(state, idle, change, Role.ENTRY, moment, rules)


def _reduce(state: SymbolState, idle: Decision, moment: Moment, rules: Rules) -> Decision:
    """Take an exit. A flip goes through zero: this bar closes, a later one opens the other side."""
    held, target = state.position.quantity, idle.target
    kept = target if held * target > 0 else ZERO
    change = _tradable(kept - held, moment, rules)
    if not change:
        return replace(idle, why=f"the {plain(abs(held - kept))} left are dust, below the smallest order", target=kept)
    pause = _pause_after_refusals(state, moment, rules)
    if pause:
        return replace(idle, action="wait", why=pause, target=state.target)
    return _order(state, replace(idle, target=kept), change, Role.EXIT, moment, rules)


def _tradable(change: Decimal, moment: Moment, rules: Rules) -> Decimal:
    """Return as much of a change as one order can be about."""
    tradable = down_to_lot(change, rules.lot)
    is_too_small = abs(tradable) < rules.quantity_min or abs(tradable) * moment.close < rules.value_min
    return ZERO if is_too_small else tradable


def _pause_after_refusals(state: SymbolState, moment: Moment, rules: Rules) -> str | None:
    """Say how long the next exit waits after refused ones: one bar, then two, four, eight."""
    refused = 0
    for order in reversed(state.orders):
        if order.status is not OrderStatus.REJECTED or order.role is not Role.EXIT:
            break
        refused += 1
    last = decided_at(state.orders[-1].client_order_id) if refused else None
    if last is None or moment.bar_time >= last + 2 ** (refused - 1) * rules.timeframe.length:
        return None
    why = state.orders[-1].reason or "without a reason"
    return f"the exit was refused {refused} times ({why}): the next one follows later"


def _entry_blocked(state: SymbolState, target: Decimal, rearm: int | None) -> str | None:
    if state.status is Status.IN_DOUBT:
        return f"in doubt: {state.status_reason}"
    if state.status is Status.DRAINING:
        return "draining: exits only"
    if rearm is not None and rearm * target > 0:
        return (
            "not re-armed: the last position or entry in this direction was ended by something else than the strategy; "
            f"waits for a signal of 0 or the other side, or holdfast resume {state.symbol}"
        )
    return None


def _order(state: SymbolState, idle: Decision, change: Decimal, role: Role, moment: Moment, rules: Rules) -> Decision:
    side = Side.BUY if change > 0 else Side.SELL
    name = order_id(rules.bot, state.symbol, bar_decision(rules.timeframe, moment.bar_time), side)
    if state.order(name) is not None:
        return replace(idle, why=f"the decision {name} has been taken already", target=state.target)
    intent = Intent(name, state.symbol, side, abs(change), role)
    why = f"signal {plain(idle.signal or ZERO)}: from {plain(state.position.quantity)} to {plain(idle.target)}"
    return replace(idle, action=side.value, why=why, intent=intent)
