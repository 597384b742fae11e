"""The life of an order as a table: which status may follow which. Source: Alpaca's order lifecycle, 2026."""

from collections.abc import Mapping

from holdfast.domain.order import OrderStatus as Status

_ENDS = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.REPLACED})
_AT_MARKET = frozenset(
    {Status.PARTIALLY_FILLED, Status.PENDING_CANCEL, Status.PENDING_REPLACE, Status.DONE_FOR_DAY, Status.SUSPENDED}
)
_UNDER_WAY = frozenset({Status.NEW, *_AT_MARKET, *_ENDS, Status.STOPPED, Status.CALCULATED})

NEXT: Mapping[Status, frozenset[Status]] = {
    Status.PENDING_NEW: _UNDER_WAY | {Status.ACCEPTED, Status.HELD},
    Status.ACCEPTED: _UNDER_WAY | {Status.PENDING_NEW, Status.ACCEPTED_FOR_BIDDING, Status.HELD},
    Status.HELD: frozenset({Status.NEW, Status.PENDING_REPLACE, Status.CANCELED, Status.EXPIRED, Status.REPLACED}),
    Status.NEW: _UNDER_WAY,
    Status.PARTIALLY_FILLED: _UNDER_WAY - {Status.REJECTED},
    Status.PENDING_CANCEL: _UNDER_WAY,
    Status.PENDING_REPLACE: _UNDER_WAY,
    Status.DONE_FOR_DAY: _UNDER_WAY,
    Status.SUSPENDED: _UNDER_WAY,
    Status.STOPPED: _UNDER_WAY,
    Status.CALCULATED: _UNDER_WAY,
    Status.ACCEPTED_FOR_BIDDING: _UNDER_WAY,
    Status.PENDING_REVIEW: _UNDER_WAY | {Status.ACCEPTED, Status.PENDING_NEW},
    **dict.fromkeys(_ENDS, frozenset[Status]()),
}


def may_follow(before: Status, after: Status) -> bool:
    """Whether an order in `before` may come to `after`; staying where it is is always allowed for a working one."""
    return after in NEXT[before] or (after is before and not before.is_terminal)
