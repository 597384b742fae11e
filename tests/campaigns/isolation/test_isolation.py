"""A slice of the differential campaign, and planted bugs that carry a fault from one symbol to others."""

import pytest

from campaigns.isolation.campaign import CAMPAIGN, compared
from campaigns.isolation.parts import FairBroker, FairStore, OneDiskForAll, OneQueueForAll, OneRowSinksTheList
from campaigns.machine.world import Parts
from campaigns.slices import assert_slice

DAYS, SEEDS_MAX = 25, 30


def test_a_fault_in_one_symbol_changes_nothing_in_another() -> None:
    """Fresh days lived twice are the same days for every symbol that has no fault (I9)."""
    totals = assert_slice(CAMPAIGN, DAYS, ["orders of others"])
    assert totals.coverage["orders of others"] > DAYS


PLANTED = {
    "one disk for all": Parts(FairBroker, OneDiskForAll),
    "one queue for all": Parts(FairBroker, OneQueueForAll),
    "one row sinks the list": Parts(OneRowSinksTheList, FairStore),
}


@pytest.mark.parametrize("parts", PLANTED.values(), ids=PLANTED)
def test_a_shared_weakness_is_caught(parts: Parts) -> None:
    """With a bug planted that lets one symbol's trouble reach the others, some day differs."""
    assert any(compared(seed, parts).violations for seed in range(SEEDS_MAX))
