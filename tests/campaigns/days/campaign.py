"""The campaign `days`: one seed is one day of the real engine in a simulated world."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from campaigns.days.bots import Parts
from campaigns.days.day import Day
from campaigns.days.reaper import POINTS
from campaigns.days.recovery import ROWS
from campaigns.days.settings import draw
from campaigns.frame import Manner, Outcome

LEAST = 100
# Classes of faults to leave out, by name: HOLDFAST_DAYS_OFF=split,shorts.
OFF = "HOLDFAST_DAYS_OFF"
# What a full run must have met: every row of the recovery table, every kind of fault, every crash point.
FAULTS = (
    "power_cut", "kill_time", "kill_step", "term", "freeze", "second", "refused_locked", "lock",
    "lost_read", "read_error", "read_throttled", "account", "slow", "outage",
    "lost_request", "lost_answer", "late", "gateway_accepted", "gateway_before", "throttled", "unreadable",
    "untrue_refusal", "positions_lag", "stale", "empty",
    "missing_positions", "missing_orders", "unparsable_positions", "unparsable_orders",
    "orders_dropped", "orders_doubled", "orders_delayed", "orders_reordered", "orders_away",
    "bars_dropped", "bars_doubled", "bars_delayed", "bars_reordered", "bars_away",
    "disk_EIO", "disk_ENOSPC", "disk_EROFS", "disk_full",
    "files_deleted", "files_empty", "files_cut", "files_damaged", "files_older", "files_foreign", "files_edited",
    "files_everything", "files_restored",
    "hand_trade", "hand_cancel", "hand_replace", "transfer", "split", "liquidate", "halt", "delist", "block", "clock",
    "config_quantity", "config_removed", "config_added",
    "partial", "frozen", "rejected", "stuck", "order_partial_fill", "order_expired", "order_rejected",
)  # fmt: skip


@dataclass(frozen=True)
class Days:
    """The deterministic simulation."""

    name: str = "days"
    what: str = "the real engine through days of faults, judged from outside after every event"
    unit: str = "days"
    manner: Manner = field(default_factory=lambda: Manner(count=1000, seed_limit_s=60.0))
    parts: Parts = field(default_factory=Parts)

    @property
    def obligations(self) -> Mapping[str, int]:
        """What a full run must have met, and how often."""
        return dict.fromkeys((*ROWS, *FAULTS, *(f"kill_{point}" for point in POINTS)), LEAST)

    def run_one(self, seed: int) -> Outcome:
        """Live through one day."""
        day = Day(draw(seed, off=switched_off()), self.parts)
        day.run()
        return Outcome(seed, tuple(day.violations[:1]), Counter(day.coverage), measures(day))

    def trace(self, seed: int) -> Iterator[str]:
        """Live through one day and tell everything."""
        day = Day(draw(seed, off=switched_off()), self.parts, is_traced=True)
        day.run()
        yield repr(day.settings)
        yield from day.log


def switched_off() -> frozenset[str]:
    """Return the classes of faults that the environment switches off."""
    return frozenset(filter(None, os.environ.get(OFF, "").split(",")))


def measures(day: Day) -> dict[str, float]:
    """Return a day's figures, of which the campaign prints the mean."""
    seen = day.coverage
    unknown = ("lost_request", "lost_answer", "late", "gateway_accepted", "gateway_before", "throttled", "unreadable")
    return {
        "bars": day.bars,
        "orders": seen["order_pending_new"] + seen["order_accepted"],
        "crashes": sum(count for name, count in seen.items() if name.startswith("kill_")),
        "unknown outcomes": sum(seen[name] for name in unknown),
        "wake-ups": day.loop.wakeups,
    }


CAMPAIGN = Days()
