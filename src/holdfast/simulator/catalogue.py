"""The stocks and the crypto pairs that the synthetic market lists besides the configured symbols."""

from collections.abc import Iterable, Mapping

from holdfast.domain.symbols import is_pair
from holdfast.exchange.instrument import Instrument, crypto_pair

_NASDAQ = {
    "AAPL": "Apple Inc.",
    "ADBE": "Adobe Inc.",
    "AMD": "Advanced Micro Devices, Inc.",
    "AMGN": "Amgen Inc.",
    "AMZN": "Amazon.com, Inc.",
    "AVGO": "Broadcom Inc.",
    "COST": "Costco Wholesale Corporation",
    "CSCO": "Cisco Systems, Inc.",
    "GOOG": "Alphabet Inc. Class C",
    "GOOGL": "Alphabet Inc. Class A",
    "INTC": "Intel Corporation",
    "META": "Meta Platforms, Inc.",
    "MSFT": "Microsoft Corporation",
    "NFLX": "Netflix, Inc.",
    "NVDA": "NVIDIA Corporation",
    "PEP": "PepsiCo, Inc.",
    "QCOM": "QUALCOMM Incorporated",
    "QQQ": "Invesco QQQ Trust",
    "SBUX": "Starbucks Corporation",
    "TSLA": "Tesla, Inc.",
}
_NYSE = {
    "BA": "The Boeing Company",
    "BAC": "Bank of America Corporation",
    "BRK.B": "Berkshire Hathaway Inc. Class B",
    "CAT": "Caterpillar Inc.",
    "CVX": "Chevron Corporation",
    "DIS": "The Walt Disney Company",
    "GE": "GE Aerospace",
    "GS": "The Goldman Sachs Group, Inc.",
    "HD": "The Home Depot, Inc.",
    "IBM": "International Business Machines Corporation",
    "JNJ": "Johnson & Johnson",
    "JPM": "JPMorgan Chase & Co.",
    "KO": "The Coca-Cola Company",
    "MCD": "McDonald's Corporation",
    "PG": "The Procter & Gamble Company",
    "T": "AT&T Inc.",
    "UNH": "UnitedHealth Group Incorporated",
    "V": "Visa Inc.",
    "WMT": "Walmart Inc.",
    "XOM": "Exxon Mobil Corporation",
}
_ARCA = {"IWM": "iShares Russell 2000 ETF", "SPY": "SPDR S&P 500 ETF Trust"}

STOCKS: Mapping[str, Instrument] = {
    symbol: Instrument(symbol, name, exchange)
    for exchange, names in (("NASDAQ", _NASDAQ), ("NYSE", _NYSE), ("ARCA", _ARCA))
    for symbol, name in names.items()
}

# The smallest order is worth about a dollar.
PAIRS: Mapping[str, Instrument] = {
    pair.symbol: pair
    for pair in (
        crypto_pair("AAVE/USD", "Aave / US Dollar", quantity_min="0.0058", price_step="0.01"),
        crypto_pair("AVAX/USD", "Avalanche / US Dollar", quantity_min="0.071", price_step="0.001"),
        crypto_pair("BCH/USD", "Bitcoin Cash / US Dollar", quantity_min="0.0017", price_step="0.01"),
        crypto_pair("BTC/USD", "Bitcoin / US Dollar", quantity_min="0.000011", price_step="0.01"),
        crypto_pair("DOGE/USD", "Dogecoin / US Dollar", quantity_min="7.1", price_step="0.00001"),
        crypto_pair("DOT/USD", "Polkadot / US Dollar", quantity_min="0.46", price_step="0.0001"),
        crypto_pair("ETH/USD", "Ethereum / US Dollar", quantity_min="0.00032", price_step="0.01"),
        crypto_pair("LINK/USD", "Chainlink / US Dollar", quantity_min="0.075", price_step="0.001"),
        crypto_pair("LTC/USD", "Litecoin / US Dollar", quantity_min="0.012", price_step="0.01"),
        crypto_pair("SOL/USD", "Solana / US Dollar", quantity_min="0.0074", price_step="0.001"),
        crypto_pair("UNI/USD", "Uniswap / US Dollar", quantity_min="0.16", price_step="0.0001"),
        crypto_pair("XRP/USD", "Ripple / US Dollar", quantity_min="0.48", price_step="0.0001"),
    )
}

CATALOGUE: Mapping[str, Instrument] = {**STOCKS, **PAIRS}


def listing_of(symbols: Iterable[str]) -> dict[str, Instrument]:
    """List `symbols`: as the catalogue names them, else under their own name; unknown pairs get the finest steps."""
    return {symbol: CATALOGUE.get(symbol) or _unknown(symbol) for symbol in symbols}


def _unknown(symbol: str) -> Instrument:
    if is_pair(symbol):
        return crypto_pair(symbol, symbol, quantity_min="0.000000001", price_step="0.000000001")
    return Instrument(symbol, symbol, "NYSE")
