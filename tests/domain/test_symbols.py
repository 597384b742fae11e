"""Symbol names: what the grammar lets in, and that no name can leave the state folder or collide (F18)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.symbols import asset_key, by_market, file_stem, is_pair, parse_symbol, symbol_of_stem

GOOD = ["A", "AAPL", "BRK.B", "BTC/USD", "0700", "A1B2C3D4E5", "ABCDEFGHIJ.WXYZ/EURUS", "BF.B/USD"]
BAD = [
    "", " ", "aapl", "Aapl", "../../etc/passwd", "../orders", "..", ".", "a/b/c", "A/B/C", "A" * 11, "A" * 300,
    "AAPL/", "/USD", "AAPL.", ".B", "AAPL..B", "BTC/U", "BTC/USDUSD", "BTC-USD", "AAPL\n", "\nAAPL", "AAPL ", "AA PL",
    "AAPL\0", "📈", "ÄÖÜ", "\u0410APL", "A\u0660", "AAPL?x=1", "AAPL%2F", "AAPL;", "AAPL/../X", "~",
    "C:\\X", "AAPL.B.C",
]  # fmt: skip
grammar = st.from_regex(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,4})?(/[A-Z0-9]{2,5})?", fullmatch=True)


@pytest.mark.parametrize("name", GOOD)
def test_the_exchanges_names_pass(name: str) -> None:
    """A name as the exchange writes it is returned as it is."""
    assert parse_symbol(name) == name


@pytest.mark.parametrize("name", BAD)
def test_anything_else_is_refused_and_shown(name: str) -> None:
    """A name outside the grammar is refused, with the text in the message."""
    with pytest.raises(ValueError, match="is not a symbol") as refused:
        parse_symbol(name)
    assert repr(name) in str(refused.value)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_name_never_names_a_file(name: str) -> None:
    """No path is made from a name outside the grammar."""
    with pytest.raises(ValueError, match="is not a symbol"):
        file_stem(name)


@given(grammar)
def test_a_file_name_leads_back_to_its_symbol(symbol: str) -> None:
    """Symbol and file name are one to one."""
    assert symbol_of_stem(file_stem(symbol)) == symbol


@given(grammar)
def test_no_name_leaves_the_folder(symbol: str) -> None:
    """The file of any symbol lies in the state folder itself."""
    assert (Path("/state") / f"{file_stem(symbol)}.json").resolve().parent == Path("/state").resolve()


@given(grammar, grammar)
def test_two_symbols_never_share_a_file(one: str, other: str) -> None:
    """Different symbols have different files, on a file system that ignores case too."""
    assert (file_stem(one).lower() == file_stem(other).lower()) == (one == other)


@pytest.mark.parametrize("stem", ["aapl", "A-B-C", "-USD", "..", "AAPL-", "BTC/USD/X"])
def test_a_foreign_file_name_is_no_symbol(stem: str) -> None:
    """A file that no symbol could have made is told apart, as far as the grammar can."""
    with pytest.raises(ValueError, match="is not a symbol"):
        symbol_of_stem(stem)


def test_two_spellings_of_a_pair_are_one_asset() -> None:
    """Positions say BTCUSD for BTC/USD."""
    assert asset_key("BTC/USD") == asset_key("BTCUSD") == "BTCUSD"
    assert asset_key("BRK.B") == "BRK.B"


def test_stocks_and_pairs_are_two_markets() -> None:
    """Each is sorted, and one without symbols is left out."""
    assert by_market(["MSFT", "BTC/USD", "AAPL"]) == [["AAPL", "MSFT"], ["BTC/USD"]]
    assert by_market(["ETH/USD"]) == [["ETH/USD"]]
    assert by_market([]) == []
    assert (is_pair("BTC/USD"), is_pair("BTCUSD")) == (True, False)
