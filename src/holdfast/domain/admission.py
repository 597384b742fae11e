"""Admission at start: a symbol's status follows from config and the asset, before its worker takes a decision."""

from holdfast.domain import events
from holdfast.domain.broker_facts import Asset
from holdfast.domain.decide import Rules
from holdfast.domain.decimals import plain
from holdfast.domain.state import Status, SymbolState

_KEPT = (Status.HALTED, Status.QUARANTINED)


def admit(state: SymbolState, strategy: str, trouble: str | None) -> SymbolState:
    """Return the state of a configured symbol: back from retirement, suspended for `trouble`, or free of it again.

    What a person must look at (halted, quarantined) stays.
    """
    named = state.apply(events.StrategyNamed(strategy)) if state.strategy != strategy else state
    if named.status in _KEPT:
        return named
    if trouble:
        return _status(named, Status.SUSPENDED, trouble)
    return _status(named, Status.ACTIVE, None) if named.status in (Status.RETIRED, Status.SUSPENDED) else named


def retire(state: SymbolState) -> SymbolState:
    """Return the state of a symbol that config does not name any more: its position is kept and not traded."""
    if state.status in _KEPT:
        return state
    return _status(state, Status.RETIRED, "not in config.yaml; its position is kept and not traded")


def asset_trouble(symbol: str, asset: Asset | None, rules: Rules) -> str | None:
    """Say why this asset cannot be traded as configured, or None."""
    if asset is None:
        hint = ", a crypto pair is written with its slash: BTC/USD" if symbol.endswith("USD") else ""
        return f"the broker does not know {symbol}: check the spelling in config.yaml{hint}"
    if not asset.is_tradable:
        return f"the exchange does not trade {symbol} now"
    if rules.quantity % 1 and not asset.is_fractionable:
        return f"{symbol} is traded in whole shares only, config.yaml asks for {plain(rules.quantity)}"
    if rules.may_short:
        return _short_trouble(symbol, asset, rules)
    return None


def _short_trouble(symbol: str, asset: Asset, rules: Rules) -> str | None:
    if not asset.is_shortable:
        return f"{symbol} cannot be sold short: write direction: long"
    if rules.quantity % 1:
        return f"{symbol} is sold short in whole shares only: write a whole qty, or direction: long"
    return None


def _status(state: SymbolState, status: Status, reason: str | None) -> SymbolState:
    if (state.status, state.status_reason) == (status, reason):
        return state
    return state.apply(events.StatusSet(status, reason))
