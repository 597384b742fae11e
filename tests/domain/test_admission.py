"""Admission at start: a symbol's status follows from config and the asset."""

import pytest

from builders import a_state, some_rules
from holdfast.domain.admission import admit, asset_trouble, retire
from holdfast.domain.broker_facts import Asset
from holdfast.domain.state import Status

KEPT = (Status.HALTED, Status.QUARANTINED)
TROUBLE = "the exchange does not trade AAPL now"


@pytest.mark.parametrize("status", Status)
def test_a_configured_symbol_without_trouble(status: Status) -> None:
    """A retired or suspended symbol is active again; every other status stands."""
    admitted = admit(a_state(10, status=status, status_reason="because"), "scripted", None)
    wanted = Status.ACTIVE if status in (Status.RETIRED, Status.SUSPENDED) else status
    assert admitted.status is wanted
    assert (admitted.status_reason is None) == (wanted is not status)


@pytest.mark.parametrize("status", Status)
def test_trouble_suspends(status: Status) -> None:
    """A symbol that cannot be traded is suspended with the reason, unless a person must look anyway."""
    admitted = admit(a_state(10, status=status, status_reason="because"), "scripted", TROUBLE)
    if status in KEPT:
        assert (admitted.status, admitted.status_reason) == (status, "because")
    else:
        assert (admitted.status, admitted.status_reason) == (Status.SUSPENDED, TROUBLE)


@pytest.mark.parametrize("status", Status)
def test_a_removed_symbol_retires_with_its_position(status: Status) -> None:
    """The position of a symbol that config does not name is kept; what a person must look at stays visible."""
    retired = retire(a_state(10, status=status, status_reason="because"))
    assert retired.position.quantity == 10
    assert retired.status is (status if status in KEPT else Status.RETIRED)


def test_admitting_twice_changes_nothing() -> None:
    """Admission, suspension and retirement of what is so already leave the state untouched."""
    active, suspended, retired = a_state(), admit(a_state(), "scripted", TROUBLE), retire(a_state())
    assert admit(active, "scripted", None) is active
    assert admit(suspended, "scripted", TROUBLE) is suspended
    assert retire(retired) is retired


def test_a_new_strategy_is_named() -> None:
    """The file names the strategy that config names now, whatever the status."""
    assert admit(a_state(strategy="old"), "new", None).strategy == "new"
    assert admit(a_state(strategy="old", status=Status.HALTED, status_reason="x"), "new", None).strategy == "new"


@pytest.mark.parametrize(
    ("asset", "quantity", "trouble"),
    [
        (None, 10, "the broker does not know AAPL"),
        (Asset("AAPL", is_tradable=False, is_fractionable=True), 10, TROUBLE),
        (Asset("AAPL", is_tradable=True, is_fractionable=False), "0.5", "whole shares only, config.yaml asks for 0.5"),
        (Asset("AAPL", is_tradable=True, is_fractionable=True), "0.5", None),
        (Asset("AAPL", is_tradable=True, is_fractionable=False), 10, None),
    ],
)
def test_an_asset_that_cannot_be_traded_as_configured(asset: Asset | None, quantity: str, trouble: str | None) -> None:
    """Unknown, halted and indivisible assets are told apart, in words."""
    found = asset_trouble("AAPL", asset, some_rules(quantity))
    assert found is None if trouble is None else trouble in (found or "")


@pytest.mark.parametrize(
    ("is_shortable", "quantity", "trouble"),
    [
        (True, "10", None),
        (False, "10", "AAPL cannot be sold short: write direction: long"),
        (True, "1.5", "AAPL is sold short in whole shares only: write a whole qty, or direction: long"),
    ],
)
def test_what_both_directions_need(is_shortable: bool, quantity: str, trouble: str | None) -> None:  # noqa: FBT001 - a table
    """Only what the broker lends, and whole shares of it, can be sold short."""
    asset = Asset("AAPL", is_tradable=True, is_fractionable=True, is_shortable=is_shortable)
    assert asset_trouble("AAPL", asset, some_rules(quantity, may_short=True)) == trouble
    assert asset_trouble("AAPL", asset, some_rules(quantity)) is None


def test_a_pair_without_its_slash_is_told_how_to_write_it() -> None:
    """BTCUSD is how positions say it, and no stock."""
    found = asset_trouble("BTCUSD", None, some_rules())
    assert found == (
        "the broker does not know BTCUSD: check the spelling in config.yaml, "
        "a crypto pair is written with its slash: BTC/USD"
    )
