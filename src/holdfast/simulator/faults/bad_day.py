"""A whole bad day drawn from a seed: which faults, when, how often, to whom. Pure: the same arguments, the same day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from holdfast.simulator.calendar import NEW_YORK
from holdfast.simulator.faults.kinds import KINDS, REQUIRED, Kind, Place
from holdfast.simulator.settings import LISTING_LAG_S, POSITION_LAG_S, REQUEST_LIFETIME_S

Order = dict[str, Any]
_ON_IN_TEN = 6
_FAULTS_MAX = 6
_COUNT_MAX = 4
_SHORT_S, _LONG_S = 0.9, 30.0
# Below the declared delays: what is late must still arrive within them.
_WITHIN = 0.85
_DECLARED_S = {
    "request_lifetime_s": (REQUEST_LIFETIME_S, 120),
    "listing_lag_s": (LISTING_LAG_S, 40),
    "position_lag_s": (POSITION_LAG_S, 10),
}
_STATUSES = (404, 422, 500, 503, 504)


def bad_day(seed: int, symbols: Sequence[str], day: date, length_s: float, *, is_slow: bool = False) -> list[Order]:
    """Return the fault orders of one session, by time; `after_s` counts market seconds from its open.

    Each class of faults (a row of the fault table) is switched on or off, then faults of the classes that are on are
    drawn over the session's `length_s`. Nothing is under way for longer than the simulator declares, unless `is_slow`.
    """
    dice = Random(f"{seed}:{day}")  # noqa: S311 - a day must come again, not be a secret
    rows: dict[str, list[str]] = {}
    for name, kind in KINDS.items():
        if kind.in_a_day:
            rows.setdefault(kind.row, []).append(name)
    is_on = {row: dice.randrange(10) < _ON_IN_TEN for row in rows}
    names = [
        dice.choice(kinds) for row, kinds in rows.items() if is_on[row] for _ in range(1 + dice.randrange(_FAULTS_MAX))
    ]
    orders = [_order(name, KINDS[name], dice, symbols, length_s, is_slow=is_slow) for name in names]
    return sorted(orders, key=lambda order: float(order["after_s"]))


def table(orders: Sequence[Order], opened: datetime) -> str:
    """Return the plan for people to read: New York time, kind, row, symbol, what happens."""
    lines = [("time", "kind", "row", "symbol", "times", "what happens")]
    for order in orders:
        kind = KINDS[order["kind"]]
        moment = (opened + timedelta(seconds=order["after_s"])).astimezone(NEW_YORK)
        symbol = order.get("match", {}).get("symbol", "")
        lines.append((f"{moment:%H:%M}", order["kind"], kind.row, symbol, str(order["count"]), kind.sentence))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _order(name: str, kind: Kind, dice: Random, symbols: Sequence[str], length_s: float, *, is_slow: bool) -> Order:
    order: Order = {
        "kind": name,
        "after_s": round(dice.random() * length_s),
        "count": 1 if kind.is_act else 1 + dice.randrange(_COUNT_MAX),
        "seed": dice.randrange(1_000_000),
    }
    if not kind.is_act:
        order["one_in"] = 1 + dice.randrange(3)
    # A bar of just any symbol would mostly be one that nobody has asked for.
    needs_symbol = kind.needs_symbol or Place.BAR in kind.places
    if "symbol" in kind.matches and (needs_symbol or dice.randrange(2)):
        order["match"] = {"symbol": dice.choice(symbols)}
    for option, default in kind.options.items():
        if option == "delay_s":
            order[option] = _delay_s(kind, dice, is_slow=is_slow)
        elif option in _DRAWN:
            order[option] = _DRAWN[option](dice)
        elif default is REQUIRED:
            raise ValueError(f"{name}: nothing draws {option}")
    return order


def _delay_s(kind: Kind, dice: Random, *, is_slow: bool) -> float:
    short_s, long_s = _DECLARED_S.get(kind.raises or "", (_SHORT_S, _LONG_S))
    most = (long_s if is_slow else short_s) * _WITHIN
    # A drip of one byte must be shorter than the whole.
    return round((0.1 + 0.9 * dice.random()) * most / (10 if "for_s" in kind.options else 1), 3)


_DRAWN: Mapping[str, Callable[[Random], Any]] = {
    "for_s": lambda dice: round(0.1 + 0.8 * dice.random(), 3),
    "share": lambda dice: round(dice.random() * 0.9, 2),
    "status": lambda dice: dice.choice(_STATUSES),
    "side": lambda dice: dice.choice(("buy", "sell")),
    "shares": lambda dice: str(1 + dice.randrange(20)),
    "qty": lambda dice: str(1 + dice.randrange(20)),
    "resume_after_s": lambda dice: 60.0 * (1 + dice.randrange(30)),
}
