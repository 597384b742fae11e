"""The simulator as a running thing: one thread, one event loop, one socket that is bound before it starts."""

import asyncio
import contextlib
import socket
import threading

import uvicorn
from loguru import logger
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from holdfast.domain.errors import Fatal, UsageError
from holdfast.simulator.accounts import open_account
from holdfast.simulator.control import ControlRoutes
from holdfast.simulator.credentials import Credentials
from holdfast.simulator.data_stream import serve_data_stream
from holdfast.simulator.faults import Faults
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.pacing import Pacer
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.rest_account import AccountRoutes
from holdfast.simulator.rest_crypto import CryptoRoutes
from holdfast.simulator.rest_data import DataRoutes
from holdfast.simulator.rest_orders import OrderRoutes
from holdfast.simulator.rest_positions import PositionRoutes
from holdfast.simulator.rest_reference import ReferenceRoutes
from holdfast.simulator.settings import Endpoints, SimulatorSettings, endpoints_of
from holdfast.simulator.streams import Hub
from holdfast.simulator.trading_stream import serve_trading_stream

DATA_ENDPOINTS = ("/v2/iex", "/v2/sip", "/v1beta3/crypto/us")
_READY_S, _STOP_S = 30.0, 2.0


class SimulatorServer:
    """A simulated Alpaca on a loopback port. `start` and `stop` may be called from any thread.

    Raises (from `start`):
        UsageError: the address cannot be bound, or the prices would make the account's time go back.
    """

    def __init__(self, settings: SimulatorSettings, prices: PriceSource) -> None:
        self._settings = settings
        self._prices = prices
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._stopping = asyncio.Event()
        self._stop_requested = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.failure: BaseException | None = None
        """Why the server ended by itself; None while it runs and after `stop`."""

    def start(self) -> Endpoints:
        """Open the account, bind the port, serve in a thread; return once requests are answered."""
        self._socket = _bind(self._settings)
        try:
            self._store, account = open_account(
                self._settings.data_dir,
                self._prices,
                cash=self._settings.cash,
                new_account=self._settings.new_account,
                splits=self._settings.splits,
            )
        except BaseException:
            self._socket.close()
            raise
        self._hub = Hub()
        self._market = Market(
            prices=self._prices,
            store=self._store,
            account=account,
            audience=self._hub,
            sessions=self._settings.sessions,
        )
        self._thread.start()
        if not self._ready.wait(_READY_S) or self.failure is not None:
            raise Fatal(f"the simulator did not start: {self.failure}")
        host, port = self._socket.getsockname()[:2]
        return endpoints_of(host, port)

    def stop(self) -> None:
        """End the server and close the account; returns within about two seconds, whoever is connected."""
        self.request_stop()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S + 1)

    def request_stop(self) -> None:
        """Ask the server to end, without waiting for it: what a signal handler may do."""
        self._stop_requested = True
        if self._loop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop has closed in the meantime
                self._loop.call_soon_threadsafe(self._stopping.set)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server has ended, at most `seconds`; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - a thread has nobody to raise to
            self.failure = error
            logger.error(f"the simulator has ended: {error!r}")
        finally:
            self._store.close()
            self._socket.close()
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._stop_requested:
            self._stopping.set()
        faults = Faults(lambda: self._market.time)
        credentials = Credentials(self._settings.key, self._settings.secret)
        gate = Gate(credentials, faults)
        pacer = Pacer(self._market, speed=self._settings.speed, lockstep=self._settings.lockstep)
        control = ControlRoutes(settings=self._settings, market=self._market, pacer=pacer, faults=faults, gate=gate)
        app = build_app(self._market, gate=gate, faults=faults, control=control)
        app.router.routes.extend(stream_routes(self._hub, credentials, faults))
        server = _Server(_uvicorn_config(app))
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        driving = asyncio.create_task(self._drive(server, pacer))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({serving, driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        pacer.stop()
        gate.close()
        self._hub.close()
        stopping.cancel()
        await asyncio.gather(serving, driving)

    async def _drive(self, server: "_Server", pacer: Pacer) -> None:
        """Move the market from the moment the server answers; stay until the end."""
        await server.answering.wait()
        self._ready.set()
        await pacer.run()
        await self._stopping.wait()


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()


def build_app(market: Market, *, gate: Gate, faults: Faults, control: ControlRoutes) -> Starlette:
    """Put all REST routes together."""
    data = (DataRoutes(market), CryptoRoutes(market))
    groups = (AccountRoutes(market), PositionRoutes(market), ReferenceRoutes(market), *data)
    routes = [route for group in groups for route in group.routes(gate)]
    handlers = {404: gate.unknown, 405: gate.unknown}
    return Starlette(
        routes=[*control.routes(), *OrderRoutes(market, faults).routes(gate), *routes], exception_handlers=handlers
    )


def stream_routes(hub: Hub, credentials: Credentials, faults: Faults) -> list[WebSocketRoute]:
    """Return the websocket routes."""

    async def trading(socket: WebSocket) -> None:
        await serve_trading_stream(socket, hub, credentials)

    async def data(socket: WebSocket) -> None:
        await serve_data_stream(socket, hub, credentials, faults)

    return [WebSocketRoute("/stream", trading), *(WebSocketRoute(path, data) for path in DATA_ENDPOINTS)]


def _uvicorn_config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )


def _bind(settings: SimulatorSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Without the protocol asyncio does not switch Nagle off, and every answer takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise UsageError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}") from error
    return bound
