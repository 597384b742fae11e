"""The simulator as a running thing: one thread, one event loop, one socket that is bound before it starts."""

import asyncio
import contextlib
import threading

from loguru import logger
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from holdfast.domain.errors import Fatal
from holdfast.simulator.accounts import open_account
from holdfast.simulator.call import Call
from holdfast.simulator.control import ControlRoutes
from holdfast.simulator.credentials import Credentials
from holdfast.simulator.data_stream import serve_data_stream
from holdfast.simulator.door import Door, bind
from holdfast.simulator.faults.fates import Fates
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.trouble import Trouble
from holdfast.simulator.faults.under_way import UnderWay
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
        self._socket = bind(self._settings.host, self._settings.port)
        with contextlib.ExitStack() as undo:
            undo.callback(self._socket.close)
            self._open_market(undo)
            undo.pop_all()
        self._thread.start()
        if not self._ready.wait(_READY_S) or self.failure is not None:
            raise Fatal(f"the simulator did not start: {self.failure}")
        host, port = self._socket.getsockname()[:2]
        return endpoints_of(host, port)

    def _open_market(self, undo: contextlib.ExitStack) -> None:
        settings = self._settings
        store, account = open_account(
            settings.data_dir,
            self._prices,
            cash=settings.cash,
            multiplier=settings.multiplier,
            new_account=settings.new_account,
            splits=settings.splits,
        )
        undo.callback(store.close)
        self._under_way = UnderWay()
        self._hub = Hub(Faults(lambda: self._market.time), self._under_way)
        self._market = Market(
            prices=self._prices,
            store=store,
            account=account,
            audience=self._hub,
            sessions=settings.sessions,
            participation=settings.participation,
        )

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
            self._market.close()
            self._socket.close()
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._stop_requested:
            self._stopping.set()
        app = Starlette()
        door = Door(app)
        self._hub.cut = door.cut
        positions = PositionRoutes(self._market)
        trouble = Trouble(
            market=self._market,
            hub=self._hub,
            door=door,
            under_way=self._under_way,
            cash=self._settings.cash,
            positions=lambda: positions.list(Call("GET", "/v2/positions", {}, {}, {})).body,
        )
        self._order_bad_days(trouble)
        pacer = self._pacer(trouble)
        credentials = Credentials(self._settings.key, self._settings.secret)
        gate = Gate(credentials, trouble)
        control = ControlRoutes(settings=self._settings, market=self._market, pacer=pacer, trouble=trouble, gate=gate)
        app.router.routes.extend(control.routes())
        app.router.routes.extend(rest_routes(self._market, gate, self._hub.faults))
        app.router.routes.extend(stream_routes(self._hub, credentials))
        for status in (404, 405):
            app.add_exception_handler(status, gate.unknown)
        serving = asyncio.create_task(door.serve(sockets=[self._socket]))
        driving = asyncio.create_task(self._drive(door, pacer))
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({serving, driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        door.should_exit = True
        pacer.stop()
        self._under_way.stop()
        gate.close()
        self._hub.close()
        stopping.cancel()
        await asyncio.gather(serving, driving)

    def _pacer(self, trouble: Trouble) -> Pacer:
        settings = self._settings
        pacer = Pacer(
            self._market,
            speed=settings.speed,
            lockstep=settings.lockstep,
            under_way=self._under_way,
            moved=trouble.moved,
        )
        self._under_way.changed = pacer.nudge
        return pacer

    def _order_bad_days(self, trouble: Trouble) -> None:
        settings = self._settings
        if settings.bad_day is not None:
            symbols = list(settings.bad_day_symbols) or None
            trouble.order({"kind": "bad_day", "seed": settings.bad_day, "symbols": symbols})

    async def _drive(self, door: Door, pacer: Pacer) -> None:
        """Move the market from the moment the server answers; stay until the end."""
        await door.answering.wait()
        self._ready.set()
        await pacer.run()
        await self._stopping.wait()


def rest_routes(market: Market, gate: Gate, faults: Faults) -> list[Route]:
    """Return all REST routes of Alpaca's."""
    groups = (
        AccountRoutes(market),
        OrderRoutes(market, Fates(market, faults)),
        PositionRoutes(market),
        ReferenceRoutes(market),
        DataRoutes(market),
        CryptoRoutes(market),
    )
    routes = [route for group in groups for route in group.routes(gate)]
    gate.know(routes)
    return routes


def stream_routes(hub: Hub, credentials: Credentials) -> list[WebSocketRoute]:
    """Return the websocket routes."""

    async def trading(socket: WebSocket) -> None:
        await serve_trading_stream(socket, hub, credentials)

    async def data(socket: WebSocket) -> None:
        await serve_data_stream(socket, hub, credentials)

    return [WebSocketRoute("/stream", trading), *(WebSocketRoute(path, data) for path in DATA_ENDPOINTS)]
