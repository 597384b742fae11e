"""Where Alpaca is: five addresses, the paper account's or a simulator's. Nothing is opened here."""

from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from holdfast.adapters.sim_control import is_loopback
from holdfast.domain.errors import UsageError

_CRYPTO = "/v1beta3/crypto/us"


@dataclass(frozen=True, slots=True)
class AlpacaEndpoints:
    """REST bases (scheme and host only) and full websocket addresses.

    Raises:
        UsageError: for an empty address, which the SDK would silently replace by the real host, and for a
            trailing slash, which it would double.
    """

    trading_url: str
    data_url: str
    trading_stream: str
    data_stream: str
    crypto_stream: str

    def __post_init__(self) -> None:
        for field in fields(self):
            address: str = getattr(self, field.name)
            if not urlsplit(address).hostname or address.endswith("/"):
                raise UsageError(f"{field.name}: {address!r} is not an address without a trailing slash")

    @classmethod
    def of_server(cls, base_url: str) -> "AlpacaEndpoints":
        """Build all five from one base, e.g. ``http://127.0.0.1:8080`` of a simulator.

        Raises:
            UsageError: for anything but scheme, host and port, and for plain http beyond this machine.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or parts.path not in {"", "/"} or parts.query or parts.username:
            raise UsageError(f"{base_url!r} is not a base URL: write it like http://127.0.0.1:8080")
        if parts.scheme == "http" and not is_loopback(base_url):
            raise UsageError(f"{base_url!r}: keys do not travel over plain http beyond this machine; use https")
        web_socket = "wss" if parts.scheme == "https" else "ws"
        return cls(
            trading_url=f"{parts.scheme}://{parts.netloc}",
            data_url=f"{parts.scheme}://{parts.netloc}",
            trading_stream=f"{web_socket}://{parts.netloc}/stream",
            data_stream=f"{web_socket}://{parts.netloc}/v2/iex",
            crypto_stream=f"{web_socket}://{parts.netloc}{_CRYPTO}",
        )


PAPER = AlpacaEndpoints(
    trading_url="https://paper-api.alpaca.markets",
    data_url="https://data.alpaca.markets",
    trading_stream="wss://paper-api.alpaca.markets/stream",
    data_stream="wss://stream.data.alpaca.markets/v2/iex",
    crypto_stream=f"wss://stream.data.alpaca.markets{_CRYPTO}",
)
