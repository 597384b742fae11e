"""The purse: cash less what unsettled entries have claimed."""

from decimal import Decimal

from holdfast.engine.purse import Purse


def test_a_claim_is_not_free_until_it_is_given_back() -> None:
    """Reserved cash cannot be counted on twice; giving it back twice frees it once."""
    purse = Purse(Decimal(1000))
    purse.reserve("a", Decimal(400))
    purse.reserve("b", Decimal(500))
    assert purse.free == 100
    purse.release("a")
    purse.release("a")
    purse.release("unknown")
    assert purse.free == 500


def test_the_same_order_claims_once() -> None:
    """A claim made again replaces the one before."""
    purse = Purse(Decimal(1000))
    purse.reserve("a", Decimal(400))
    purse.reserve("a", Decimal(300))
    assert purse.free == 700


def test_fills_move_the_cash() -> None:
    """A purchase costs, a sale pays, and the broker's word replaces the sum but no claim."""
    purse = Purse(Decimal(1000))
    purse.spend(Decimal(300))
    purse.spend(Decimal(-50))
    assert purse.free == 750
    purse.reserve("a", Decimal(100))
    purse.recount(Decimal(2000))
    assert purse.free == 1900
