"""The stocks that the synthetic market lists besides the configured ones."""

from collections.abc import Iterable, Mapping

from holdfast.exchange.instrument import Instrument

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

CATALOGUE: Mapping[str, Instrument] = {
    symbol: Instrument(symbol, name, exchange)
    for exchange, names in (("NASDAQ", _NASDAQ), ("NYSE", _NYSE), ("ARCA", _ARCA))
    for symbol, name in names.items()
}


def listing_of(symbols: Iterable[str]) -> dict[str, Instrument]:
    """List `symbols`: as the catalogue names them, else under their own name."""
    return {symbol: CATALOGUE.get(symbol, Instrument(symbol, symbol, "NYSE")) for symbol in symbols}
