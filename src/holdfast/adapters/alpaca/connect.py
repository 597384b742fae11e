"""Opening Alpaca: the four ports over one key pair, closed together."""

import asyncio
from dataclasses import dataclass

from alpaca.data.live.crypto import CryptoDataStream
from alpaca.data.live.stock import StockDataStream
from alpaca.trading.stream import TradingStream
from pydantic import SecretStr

from holdfast.adapters.alpaca.bar_stream import AlpacaBarStream
from holdfast.adapters.alpaca.broker import AlpacaBroker
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.endpoints import AlpacaEndpoints
from holdfast.adapters.alpaca.market_data import AlpacaMarketData
from holdfast.adapters.alpaca.order_stream import AlpacaOrderStream
from holdfast.adapters.alpaca.stream_health import silence_sdk
from holdfast.adapters.alpaca.transport import DEADLINE_S
from holdfast.domain.errors import Fatal
from holdfast.engine.ports import Assumptions

# FAULTS part 1: a lost request can still arrive for 150 s, an accepted order stay unlisted for 40 s, positions
# lag the orders by 10 s.
ALPACA_ASSUMPTIONS = Assumptions(request_lifetime_s=150, listing_lag_s=40, position_lag_s=10)

_STREAM_PARTS = ("_run_forever", "_start_ws", "_consume", "_dispatch", "close")


@dataclass(frozen=True, slots=True)
class AlpacaConnection:
    """The four ports. Nothing is connected before its first use."""

    broker: AlpacaBroker
    market_data: AlpacaMarketData
    bar_stream: AlpacaBarStream
    order_stream: AlpacaOrderStream

    async def aclose(self) -> None:
        """Stop the streams and end all calls, at once and within about two seconds; safe to call twice."""
        await asyncio.gather(
            self.bar_stream.stop(),
            self.order_stream.stop(),
            self.broker.aclose(),
            self.market_data.aclose(),
        )


def open_alpaca(
    endpoints: AlpacaEndpoints,
    key: SecretStr,
    secret: SecretStr,
    assumptions: Assumptions = ALPACA_ASSUMPTIONS,
    *,
    feed: str = "iex",
    deadline_s: float = DEADLINE_S,
) -> AlpacaConnection:
    """Build the four ports; no request is sent. `deadline_s` bounds each HTTP call, body and all.

    Raises:
        CredentialsError: if the keys are empty or could not stand in a header.
        Fatal: if the installed alpaca-py lacks a private part that this adapter rests on.
    """
    check_sdk()
    silence_sdk()
    credentials = Credentials(key, secret)
    return AlpacaConnection(
        broker=AlpacaBroker(endpoints.trading_url, credentials, assumptions, deadline_s=deadline_s),
        market_data=AlpacaMarketData(endpoints.data_url, credentials, feed=feed, deadline_s=deadline_s),
        bar_stream=AlpacaBarStream(endpoints.data_stream, endpoints.crypto_stream, credentials),
        order_stream=AlpacaOrderStream(endpoints.trading_stream, credentials),
    )


def check_sdk() -> None:
    """Look that the private parts of the SDK's streams, which the subclasses override, still exist.

    Raises:
        Fatal: if one does not.
    """
    for stream in (StockDataStream, CryptoDataStream, TradingStream):
        missing = [part for part in _STREAM_PARTS if not hasattr(stream, part)]
        if missing:
            raise Fatal(f"this alpaca-py has no {stream.__name__}.{missing[0]}: type `pip install alpaca-py==0.44.0`")
