"""The broker against a real local server: what each answer means, and how long a bad one may take."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.alpaca.alpaca_servers import (
    KEY,
    SECRET,
    Handler,
    Reply,
    Request,
    a_position,
    an_order,
    broker_at,
    drip_body,
    drip_head,
    in_a_loop,
    mute,
    refusal,
    serving,
)
from holdfast.domain.errors import (
    CredentialsError,
    DuplicateOrder,
    HoldfastError,
    OutcomeUnknown,
    Recoverable,
    Rejected,
)
from holdfast.domain.order import Intent, Role, Side
from holdfast.engine.approval import SavedIntent

ID = "hf.main.AAPL.1m20261120T2059.b0"
ORDER = "00000000-0000-4000-8000-000000000001"
HTML = b"<html><body>502 Bad Gateway</body></html>"
SINCE = datetime(2026, 11, 20, tzinfo=UTC)


def saved(symbol: str = "AAPL", quantity: str = "10") -> SavedIntent:
    """Build a saved intent."""
    return SavedIntent(Intent(ID, symbol, Side.BUY, Decimal(quantity), Role.ENTRY))


def hang_up(_request: Request, handler: Handler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


READS = [
    (Reply({"message": "slow down"}, 429), Recoverable),
    (Reply(HTML, 502), Recoverable),
    (Reply(HTML, 504), Recoverable),
    (refusal(500, 50010000, "internal"), Recoverable),
    (Reply(b"", 200), Recoverable),
    (Reply(HTML, 200), Recoverable),
    (Reply(b'[{"sym', 200, length=500), Recoverable),
    (Reply({"positions": []}, 200), Recoverable),
    (Reply(b"[]", 302, headers={"Location": "http://127.0.0.1:1/"}), Recoverable),
    (hang_up, Recoverable),
    (refusal(401, None, "unauthorized."), CredentialsError),
    (Reply(HTML, 401), CredentialsError),
    (refusal(403, None, "forbidden."), CredentialsError),
    (refusal(403, 40310000, "account is suspended"), Rejected),
    (refusal(422, 42210000, "no"), Rejected),
]

WRITES = [
    (Reply(HTML, 504), OutcomeUnknown),
    (Reply(HTML, 502), OutcomeUnknown),
    (refusal(500, 50010000, "internal"), OutcomeUnknown),
    (refusal(429, 42910000, "rate limit exceeded"), OutcomeUnknown),
    (refusal(408, None, "request timeout"), OutcomeUnknown),
    (Reply(HTML, 403), OutcomeUnknown),
    (Reply(HTML, 401), OutcomeUnknown),
    (Reply(b"", 200), OutcomeUnknown),
    (Reply(HTML, 200), OutcomeUnknown),
    (Reply([], 200), OutcomeUnknown),
    (Reply(an_order(client_order_id="somebody-else"), 200), OutcomeUnknown),
    (Reply(an_order(client_order_id=ID, status="on_the_moon"), 200), OutcomeUnknown),
    (Reply(b'{"id": "', 200, length=500), OutcomeUnknown),
    (Reply(an_order(client_order_id=ID), 307, headers={"Location": "/v2/orders"}), OutcomeUnknown),
    (hang_up, OutcomeUnknown),
    (refusal(422, 40010001, "client_order_id must be unique"), DuplicateOrder),
    (refusal(422, 40010001, "qty or notional is required"), Rejected),
    (refusal(403, 40310000, "insufficient buying power"), Rejected),
    (refusal(404, 40410000, "asset not found"), Rejected),
    (refusal(401, None, "unauthorized."), CredentialsError),
]


@pytest.mark.parametrize(("reply", "kind"), READS)
@in_a_loop
async def test_reads(reply: Reply, kind: type[HoldfastError]) -> None:
    """A read that fails is sorted by its status, after exactly one request."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(HoldfastError) as caught:
                await broker.positions()
            assert type(caught.value) is kind
            assert (len(server.requests), broker.calls) == (1, 1)


@pytest.mark.parametrize(("reply", "kind"), WRITES)
@in_a_loop
async def test_writes(reply: Reply, kind: type[HoldfastError]) -> None:
    """An order is sent exactly once, and only the broker's own words count as a refusal."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(HoldfastError) as caught:
                await broker.submit(saved())
            assert type(caught.value) is kind
            assert [request.method for request in server.requests] == ["POST"]


@in_a_loop
async def test_refusal_in_full() -> None:
    """A refused order carries the broker's reason, status and code."""
    with serving(refusal(403, 40310000, "insufficient buying power")) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(Rejected, match=r"^insufficient buying power$") as caught:
                await broker.submit(saved())
    assert (caught.value.status, caught.value.code) == (403, 40310000)


@pytest.mark.parametrize(("symbol", "quantity", "force"), [("AAPL", "1E+1", "day"), ("BTC/USD", "0.000000001", "gtc")])
@in_a_loop
async def test_order_on_the_wire(symbol: str, quantity: str, force: str) -> None:
    """An order travels with its quantity as exact text, and comes back as the broker's view of it."""
    with serving(Reply(an_order(client_order_id=ID))) as server:
        async with broker_at(server.url) as broker:
            view = await broker.submit(saved(symbol, quantity))
    assert view.client_order_id == ID
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v2/orders")
    assert request.body == {
        "symbol": symbol,
        "qty": format(Decimal(quantity), "f"),
        "side": "buy",
        "type": "market",
        "time_in_force": force,
        "client_order_id": ID,
    }


@pytest.mark.parametrize(
    ("symbol", "side", "role", "said"),
    [
        ("AAPL", Side.SELL, Role.EXIT, "sell_to_close"),
        ("AAPL", Side.BUY, Role.EXIT, "buy_to_close"),
        ("AAPL", Side.BUY, Role.ENTRY, None),
        ("BTC/USD", Side.SELL, Role.EXIT, None),
    ],
)
@in_a_loop
async def test_an_exit_says_that_it_closes(symbol: str, side: Side, role: Role, said: str | None) -> None:
    """An exit of shares names its intent, so that the broker refuses what would open the other side (I3)."""
    with serving(Reply(an_order(client_order_id=ID))) as server:
        async with broker_at(server.url) as broker:
            await broker.submit(SavedIntent(Intent(ID, symbol, side, Decimal(10), role)))
    assert server.requests[0].body.get("position_intent") == said


@pytest.mark.parametrize(("symbol", "quantity"), [("../orders", "1"), ("AAPL", "0"), ("AAPL", "NaN"), ("", "1")])
@in_a_loop
async def test_order_that_is_none(symbol: str, quantity: str) -> None:
    """An intent that could not be an order is refused without a request."""
    with serving(Reply()) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(Rejected, match="nothing was sent"):
                await broker.submit(saved(symbol, quantity))
            assert broker.calls == 0


@pytest.mark.parametrize("behaviour", [mute, drip_head, drip_body])
@in_a_loop
async def test_total_deadline(behaviour: Callable[..., None]) -> None:
    """A server that is mute or drips costs one deadline, and the thread is free again."""
    with serving(behaviour) as server:
        async with broker_at(server.url, deadline_s=0.5) as broker:
            began = time.monotonic()
            results = await asyncio.gather(
                *(broker.positions() for _ in range(6)), broker.submit(saved()), return_exceptions=True
            )
            assert time.monotonic() - began < 3
            assert {type(result) for result in results} == {Recoverable, OutcomeUnknown}
            server.script = lambda _request, _handler: Reply([])
            assert (await broker.positions()).good == ()


@in_a_loop
async def test_kept_alive_connection_gone_mute() -> None:
    """A connection that answered before and then drips is cut as well."""
    with serving(Reply([])) as server:
        async with broker_at(server.url, deadline_s=0.5) as broker:
            await broker.positions()
            server.script = drip_body
            began = time.monotonic()
            with pytest.raises(Recoverable, match=r"0\.5 s"):
                await broker.positions()
            assert time.monotonic() - began < 2


@in_a_loop
async def test_close_while_mute() -> None:
    """Closing does not wait for a mute server, and what waited gets an answer."""
    with serving(mute) as server:
        async with broker_at(server.url, deadline_s=20) as broker:
            waiting = asyncio.create_task(broker.submit(saved()))
            while not server.requests:  # noqa: ASYNC110 - the server is a thread
                await asyncio.sleep(0.005)
            began = time.monotonic()
            await broker.aclose()
            with pytest.raises(OutcomeUnknown):
                await waiting
            assert time.monotonic() - began < 2
            with pytest.raises(Recoverable):
                await broker.positions()


@in_a_loop
async def test_nobody_there() -> None:
    """A refused connection is recoverable for a read and an unknown outcome for an order."""
    with serving(Reply()) as server:
        url = server.url
    async with broker_at(url) as broker:
        with pytest.raises(Recoverable):
            await broker.account()
        with pytest.raises(OutcomeUnknown):
            await broker.submit(saved())


@in_a_loop
async def test_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not get the requests to this machine."""
    with serving(Reply([a_position()])) as server, serving(Reply([])) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        async with broker_at(server.url) as broker:
            assert len((await broker.positions()).good) == 1
        assert proxy.requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500, 200])
@in_a_loop
async def test_secrets(status: int) -> None:
    """A server that echoes the keys does not get them into an exception, its context or its traceback."""
    reply = refusal(status, None, f"bad header {KEY} {SECRET}")
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            calls = (broker.positions(), broker.submit(saved()), broker.cancel(ORDER), broker.account())
            errors = [await error_of(call) for call in calls]
    for error in errors:
        shown = "".join(traceback.format_exception(error)) + repr(error)
        assert KEY not in shown
        assert SECRET not in shown
        # The exceptions of the SDK and of requests hold the request and its headers.
        assert not hasattr(error.__context__, "request")


async def error_of(call: Awaitable[object]) -> HoldfastError:
    """Return the error that `call` ends in."""
    with pytest.raises(HoldfastError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(404, 40410000, "order not found"), Rejected),
        (refusal(422, 42210000, 'order is already in "filled" state'), Rejected),
        (Reply(HTML, 404), OutcomeUnknown),
        (Reply({"status": "canceled"}, 200), OutcomeUnknown),
        (Reply(b"", 302, headers={"Location": "/"}), OutcomeUnknown),
        (refusal(401, None, "unauthorized."), CredentialsError),
        (refusal(500, None, "x"), OutcomeUnknown),
        (refusal(429, None, "x"), OutcomeUnknown),
        (hang_up, OutcomeUnknown),
    ],
)
@in_a_loop
async def test_cancels(reply: Reply, kind: type[HoldfastError]) -> None:
    """A cancel is refused by 404 and 422 only; everything else leaves its outcome unknown."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(HoldfastError) as caught:
                await broker.cancel(ORDER)
    assert type(caught.value) is kind


@in_a_loop
async def test_cancel_on_the_wire() -> None:
    """A cancel is one DELETE of one order, and an id that is none sends nothing."""
    with serving(Reply(status=204)) as server:
        async with broker_at(server.url) as broker:
            await broker.cancel(ORDER)
            with pytest.raises(Rejected, match="nothing was sent"):
                await broker.cancel("../orders")
    assert [(request.method, request.path) for request in server.requests] == [("DELETE", f"/v2/orders/{ORDER}")]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal(404, 40410000, f"order not found for {ORDER}"), None),
        (Reply(HTML, 404), Recoverable),
        (Reply(an_order(2)), Recoverable),
        (Reply(an_order()), ORDER),
    ],
)
@in_a_loop
async def test_look_up_by_the_brokers_id(reply: Reply, expected: Any) -> None:  # noqa: ANN401 - a table's column
    """Anybody's order can be asked for by the broker's id; an id that is none sends nothing."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(Rejected, match="nothing was sent"):
                await broker.order("../account")
            if expected is Recoverable:
                with pytest.raises(Recoverable):
                    await broker.order(ORDER)
            else:
                view = await broker.order(ORDER)
                assert (view and view.broker_order_id) == expected
    assert {request.path for request in server.requests} == {f"/v2/orders/{ORDER}"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal(404, 40410000, f"order not found for {ID}"), None),
        (Reply(HTML, 404), Recoverable),
        (refusal(404, None, "Not Found"), Recoverable),
        (Reply(an_order(client_order_id="somebody-else")), Recoverable),
        (Reply(an_order(client_order_id=ID)), ID),
    ],
)
@in_a_loop
async def test_look_up(reply: Reply, expected: Any) -> None:  # noqa: ANN401 - a table's column
    """An order is unknown only in the broker's own words; a gateway's 404 proves nothing."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            if expected is Recoverable:
                with pytest.raises(Recoverable):
                    await broker.order_by_client_id(ID)
            else:
                view = await broker.order_by_client_id(ID)
                assert (view and view.client_order_id) == expected
    assert server.requests[0].query == {"client_order_id": ID}
