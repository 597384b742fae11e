"""Addresses, keys, and what opening and closing does."""

import threading
import time
from pathlib import Path

import pytest
import requests
from alpaca.trading.client import TradingClient
from pydantic import SecretStr

from adapters.alpaca.alpaca_servers import ASSUMPTIONS, KEY, SECRET, Reply, endpoints, in_a_loop, serving
from holdfast.adapters.alpaca.connect import open_alpaca
from holdfast.adapters.alpaca.endpoints import PAPER, AlpacaEndpoints
from holdfast.adapters.alpaca.transport import harden
from holdfast.domain.errors import CredentialsError, Fatal, UsageError


def test_server_addresses() -> None:
    """One base address becomes all five, without a trailing slash."""
    found = AlpacaEndpoints.of_server("http://127.0.0.1:8080/")
    assert (found.trading_url, found.data_url) == ("http://127.0.0.1:8080", "http://127.0.0.1:8080")
    assert (found.trading_stream, found.data_stream) == ("ws://127.0.0.1:8080/stream", "ws://127.0.0.1:8080/v2/iex")
    assert found.crypto_stream == "ws://127.0.0.1:8080/v1beta3/crypto/us"


def test_paper_addresses() -> None:
    """The defaults are the paper account, everything over TLS."""
    assert PAPER.trading_url == "https://paper-api.alpaca.markets"
    assert PAPER.data_stream == "wss://stream.data.alpaca.markets/v2/iex"
    assert PAPER.crypto_stream == "wss://stream.data.alpaca.markets/v1beta3/crypto/us"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "127.0.0.1:80",
        "ftp://x",
        "http://x/v2",
        "http://example.com",
        "http://127.0.0.1@example.com",
        "https://x?a=1",
    ],
)
def test_bad_base(base: str) -> None:
    """A base that is no base, or sends keys in the clear to another machine, is refused."""
    with pytest.raises(UsageError):
        AlpacaEndpoints.of_server(base)


@pytest.mark.parametrize("address", ["", "https://x/"])
def test_bad_address(address: str) -> None:
    """An empty address, which the SDK takes for the real host, and a trailing slash are refused."""
    with pytest.raises(UsageError):
        AlpacaEndpoints(address, "https://x", "wss://x/stream", "wss://x/v2/iex", "wss://x/v1beta3/crypto/us")


@pytest.mark.parametrize(
    ("key", "secret"), [("", "secret"), ("key", ""), ("key", "top\nsecret"), ("kéy", "secret"), ("a b", "c")]
)
def test_bad_keys(key: str, secret: str) -> None:
    """Keys that could not stand in a header are refused before a request, with a hint and without a key."""
    with pytest.raises(CredentialsError, match="APCA_API_KEY_ID") as caught:
        open_alpaca(PAPER, SecretStr(key), SecretStr(secret))
    assert "top" not in str(caught.value)


def test_changed_sdk() -> None:
    """An SDK without its private retry setting is not used."""
    client = TradingClient(KEY, SECRET)
    del client._retry  # noqa: SLF001 - what a later version may do
    with pytest.raises(Fatal, match="pip install"):
        harden(client, PAPER.trading_url)


def test_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real broker's requests obey the environment's proxy, but take no password from ~/.netrc."""
    (tmp_path / "netrc").write_text("machine paper-api.alpaca.markets login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client = TradingClient(KEY, SECRET)
    harden(client, PAPER.trading_url)
    session: requests.Session = client._session  # noqa: SLF001 - nothing else shows it
    assert session.trust_env
    request = session.prepare_request(requests.Request("GET", PAPER.trading_url))
    assert "Authorization" not in request.headers


@in_a_loop
async def test_open_and_close() -> None:
    """A connection reads the account, and leaves no thread behind when closed, twice if need be."""
    account = {"id": "u", "account_number": "PA1234", "status": "ACTIVE", "cash": "1", "equity": "1"}
    with serving(Reply(account)) as server:
        connection = open_alpaca(endpoints(server.url), SecretStr(KEY), SecretStr(SECRET), ASSUMPTIONS)
        assert (await connection.broker.account()).ending == "1234"
        assert connection.broker.assumptions is ASSUMPTIONS
        connection.bar_stream.start(["AAPL"], lambda _bar: None)
        connection.order_stream.start(lambda _update: None)
        began = time.monotonic()
        await connection.aclose()
        await connection.aclose()
        assert time.monotonic() - began < 3
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"bar-stream", "order-stream"}
