"""Symbol names: the grammar, the file name, and the key under which two spellings are one asset.

Every name passes `parse_symbol` at load, at naming a file and at building a URL; nothing else may do so.
"""

import re
from collections.abc import Iterable

_GRAMMAR = re.compile(r"[A-Z0-9]{1,10}(\.[A-Z0-9]{1,4})?(/[A-Z0-9]{2,5})?")


def parse_symbol(text: str) -> str:
    """Return `text` if it is a symbol of the grammar, e.g. ``AAPL``, ``BRK.B``, ``BTC/USD``.

    Raises:
        ValueError: for anything else; the message shows the text.
    """
    if not _GRAMMAR.fullmatch(text):
        raise ValueError(f"{text!r} is not a symbol: write it as the exchange does, e.g. AAPL, BRK.B or BTC/USD")
    return text


def file_stem(symbol: str) -> str:
    """Return the symbol as it is written in file names and order ids: ``BTC/USD`` is ``BTC-USD``."""
    return parse_symbol(symbol).replace("/", "-")


def symbol_of_stem(stem: str) -> str:
    """Return the symbol whose `file_stem` is `stem`.

    Raises:
        ValueError: if no symbol has it.
    """
    return parse_symbol(stem.replace("-", "/"))


def asset_key(symbol: str) -> str:
    """Return one key for all spellings of an asset: Alpaca's positions say ``BTCUSD`` for ``BTC/USD``."""
    return symbol.replace("/", "")


def is_pair(symbol: str) -> bool:
    """Whether the symbol is a crypto pair: ``BTC/USD``."""
    return "/" in symbol


def by_market(symbols: Iterable[str]) -> list[list[str]]:
    """Split symbols into stocks and pairs, each sorted: they have prices and hours of their own. None is left empty."""
    named = sorted(symbols)
    markets = [[symbol for symbol in named if is_pair(symbol) is pairs] for pairs in (False, True)]
    return [market for market in markets if market]
