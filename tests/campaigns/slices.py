"""A slice of a campaign as an ordinary test: a few fresh seeds, in this process, named when one fails."""

import os
import sys
from collections.abc import Iterable

from campaigns.frame import Campaign
from campaigns.serving import measured
from campaigns.totals import Totals

SEED_BYTES = 4


def fresh_seed() -> int:
    """Return a seed that nobody has chosen; the environment's HOLDFAST_SEED overrides it."""
    chosen = os.environ.get("HOLDFAST_SEED")
    return int(chosen) if chosen else int.from_bytes(os.urandom(SEED_BYTES))


def assert_slice(campaign: Campaign, count: int, must_hit: Iterable[str] = ()) -> Totals:
    """Run `count` fresh seeds; fail on a violation, or when one of `must_hit` was never hit."""
    seed = fresh_seed()
    sys.stdout.write(f"{campaign.name}: {count} seeds from {seed}\n")
    totals = Totals()
    for one in range(seed, seed + count):
        totals.add_run(measured(campaign, one))
    found = [f"{text}\n  seeds {violation.seeds}\n{violation.details}" for text, violation in totals.violations.items()]
    assert not found, f"{campaign.name}, HOLDFAST_SEED={seed}: " + "\n".join(found)
    missed = [name for name in must_hit if not totals.coverage[name]]
    assert not missed, f"{campaign.name}, HOLDFAST_SEED={seed}: never hit: {missed}"
    return totals
