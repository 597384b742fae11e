"""`/_sim/*`: the simulator's own page, outside Alpaca's URLs. No credentials, and nothing here is counted."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from holdfast.simulator.bodies import BadBodyError, read_object
from holdfast.simulator.call import parse_moment
from holdfast.simulator.faults.kinds import described
from holdfast.simulator.faults.trouble import Trouble
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.pacing import Pacer
from holdfast.simulator.settings import SimulatorSettings
from holdfast.simulator.wire import Body, stamp, text

_WAIT_S_MAX = 20.0


class ControlRoutes:
    """Handlers for status, clock and faults."""

    def __init__(
        self, *, settings: SimulatorSettings, market: Market, pacer: Pacer, trouble: Trouble, gate: Gate
    ) -> None:
        self._settings = settings
        self._market = market
        self._pacer = pacer
        self._trouble = trouble
        self._gate = gate

    def routes(self) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/_sim/status", self.status, methods=["GET"]),
            Route("/_sim/clock", self.clock, methods=["GET"]),
            Route("/_sim/clock", self.set_clock, methods=["POST"]),
            Route("/_sim/faults", self.show_faults, methods=["GET"]),
            Route("/_sim/faults", self.order_fault, methods=["POST"]),
            Route("/_sim/faults", self.clear_faults, methods=["DELETE"]),
        ]

    async def status(self, _request: Request) -> Response:
        """Show where the market stands, what was asked of it, and the account's books."""
        market = self._market
        ledger = market.exchange.books.ledger
        symbols = {
            symbol: {
                "quantity": text(holding.quantity),
                "average_entry_price": text(holding.average_entry_price),
                "realized_pl": text(holding.realized_pl),
            }
            for symbol, holding in sorted(ledger.holdings.items())
        }
        newest = max((bar.time for bar in market.latest_bars.values()), default=None)
        return JSONResponse(
            {
                **self._where(),
                "speed": "max" if self._settings.speed is None else text(self._settings.speed),
                "account_id": market.account_id,
                "assumptions": dict(self._trouble.faults.assumptions),
                "requests": dict(self._gate.requests),
                "books": {"cash": text(ledger.cash), "symbols": symbols},
                "started": stamp(market.created_at),
                "last_bar": stamp(newest),
                "universe": sorted(market.exchange.instruments),
            }
        )

    async def clock(self, request: Request) -> Response:
        """Wait until the market's time is later than `after`, and tell it with the bars of that instant."""
        try:
            after = _moment(request.query_params.get("after"))
            wait_s = _wait_s(request.query_params.get("wait"))
        except ValueError as error:
            return _bad(str(error))
        await self._pacer.wait_after(after, wait_s)
        return JSONResponse({**self._where(), "symbols": [bar.symbol for bar in self._market.last_bars]})

    async def set_clock(self, request: Request) -> Response:
        """Hold the market, let it go, or say how far a client has worked through what it published."""
        try:
            body = await read_object(request, float)
        except BadBodyError as error:
            return _bad(str(error), error.status)
        if not body or set(body) - {"hold", "through"} or not isinstance(body.get("hold", False), bool):
            return _bad('send {"hold": true}, {"hold": false} or {"through": TIME}')
        try:
            through = _moment(body.get("through"))
        except (ValueError, TypeError) as error:
            return _bad(str(error))
        if "hold" in body:
            self._pacer.hold(is_held=body["hold"])
        if through is not None:
            self._pacer.worked_through(through)
        return JSONResponse(self._where())

    async def show_faults(self, _request: Request) -> Response:
        """List the kinds of faults, those that were ordered, and what they struck so far."""
        return JSONResponse(self._all_faults())

    async def order_fault(self, request: Request) -> Response:
        """Order a fault."""
        try:
            return JSONResponse(self._trouble.order(await read_object(request, float)).as_dict())
        except BadBodyError as error:
            return _bad(str(error), error.status)
        except ValueError as error:
            return _bad(str(error))

    async def clear_faults(self, _request: Request) -> Response:
        """End all faults: orders that were held back fill, what is under way arrives."""
        self._trouble.clear()
        return JSONResponse(self._all_faults())

    def _all_faults(self) -> Body:
        faults = self._trouble.faults
        waiting = [fault.as_dict() for fault in (*faults.used_up, *faults.waiting)]
        return {"kinds": described(), "waiting": waiting, "happened": faults.happened()}

    def _where(self) -> Body:
        market, pacer = self._market, self._pacer
        return {
            "time": stamp(market.time),
            "session": "open" if market.is_open else "closed",
            "session_open": stamp(market.session.open),
            "session_close": stamp(market.session.close),
            "hold": pacer.is_held,
            "through": stamp(pacer.through),
            "lockstep": pacer.lockstep,
            "finished": pacer.is_finished,
            "reason": market.end_reason,
        }


def _moment(given: object) -> datetime | None:
    if given is None or given == "":
        return None
    if not isinstance(given, str):
        raise TypeError(f"{given!r} is not a time such as 2026-01-05T14:30:00Z")
    return parse_moment(given)


def _wait_s(given: str | None) -> float:
    seconds = _WAIT_S_MAX if given is None else float(given)
    if not seconds >= 0:  # Nor is it so for what is no number.
        raise ValueError(f"wait must be seconds, at least 0, not {given}")
    return min(seconds, _WAIT_S_MAX)


def _bad(message: str, status: int = 400) -> Response:
    return JSONResponse({"message": message}, status_code=status)
