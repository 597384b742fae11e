"""The broker's rows: parsed one by one, so that a strange one costs one symbol."""

from builders import ACCOUNT, a_holding, a_snapshot
from holdfast.domain.broker_facts import BadRow, Rows


def test_good_rows_stand_beside_bad_ones() -> None:
    """A list with a bad row keeps its good ones."""
    rows = Rows((a_holding(10),), (BadRow("MSFT", "qty: no number"),))
    assert [row.symbol for row in rows.good] == ["AAPL"]
    assert Rows((a_holding(10),)).bad == ()


def test_a_snapshot_shows_only_the_end_of_the_account_number() -> None:
    """What may be shown of an account's number is a field of its own, not the id."""
    account = a_snapshot().account
    assert account == ACCOUNT
    assert account.ending not in ("", account.id)
