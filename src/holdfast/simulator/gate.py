"""The way in for every request: counting, credentials, faults, and refusals made into answers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from holdfast.domain.errors import Recoverable
from holdfast.exchange.refusal import Refusal
from holdfast.simulator.bodies import BadBodyError, read_object
from holdfast.simulator.call import Answer, Call, Handler
from holdfast.simulator.credentials import Credentials
from holdfast.simulator.faults.answers import AFTER, BEFORE, Trip, response_of
from holdfast.simulator.faults.fault import Fault
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.occasions import occasion_of
from holdfast.simulator.faults.trouble import Trouble

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
_UNKNOWN = "unknown"
_ERROR = 400


class Gate:
    """Wraps handlers into endpoints. `requests` counts what came in, by method and route."""

    def __init__(self, credentials: Credentials, trouble: Trouble) -> None:
        self.requests: Counter[str] = Counter()
        self._paths: dict[object, str] = {}
        self._credentials = credentials
        self._trouble = trouble
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Let go of every request that was never to be answered."""
        self._closed.set()

    def endpoint(self, handler: Handler, *, is_public: bool = False) -> Endpoint:
        """Make a handler an endpoint of Alpaca's; `is_public` needs no credentials."""

        async def answer(request: Request) -> Response:
            self.requests[f"{request.method} {self._paths[request.scope['endpoint']]}"] += 1
            if not (is_public or self._credentials.accept_headers(request.headers)):
                return JSONResponse({"message": "unauthorized."}, status_code=401)
            try:
                call = await _read(request)
            except BadBodyError as error:
                return JSONResponse({"code": 40010000, "message": str(error)}, status_code=error.status)
            return await self._answer(request, call, handler)

        return answer

    def know(self, routes: Iterable[Route]) -> None:
        """Learn by which routes the endpoints are reached: requests are counted by these."""
        self._paths.update((route.endpoint, route.path_format) for route in routes)

    async def unknown(self, request: Request, error: Exception) -> Response:
        """Answer a request for which there is no route."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        if not request.url.path.startswith("/_sim/"):
            # One row for all, or the count would grow without end.
            self.requests[_UNKNOWN] += 1
        return JSONResponse({"code": 40410000, "message": "endpoint not found."}, status_code=status)

    async def _answer(self, request: Request, call: Call, handler: Handler) -> Response:
        faults, views = self._trouble.faults, self._trouble.views

        def carry_out() -> Answer:
            return views.show(call, _carried_out(handler, call))

        def trip(fault: Fault) -> Trip:
            return self._trip(fault, request, call, carry_out)

        occasion = occasion_of(call, self._trouble.market.exchange)
        if fault := faults.take(Place.REQUEST, occasion):
            return await BEFORE[fault.kind](trip(fault))
        answer = carry_out()
        if answer.status < _ERROR and (fault := faults.take(Place.ANSWER, occasion)):
            return await AFTER[fault.kind](trip(fault), answer)
        return response_of(answer)

    def _trip(self, fault: Fault, request: Request, call: Call, carry_out: Callable[[], Answer]) -> Trip:
        return Trip(
            fault=fault,
            call=call,
            request=request,
            carry_out=carry_out,
            silence=lambda: self._silence(request),
            under_way=self._trouble.under_way,
            lines=self._trouble.door,
            now=self._trouble.market.time,
        )

    async def _silence(self, request: Request) -> Response:
        """Keep the client waiting until it gives up or the simulator ends."""
        closed = asyncio.ensure_future(self._closed.wait())
        gone = asyncio.ensure_future(_disconnected(request))
        await asyncio.wait({closed, gone}, return_when=asyncio.FIRST_COMPLETED)
        closed.cancel()
        gone.cancel()
        return Response(status_code=503)


def _carried_out(handler: Handler, call: Call) -> Answer:
    try:
        return handler(call)
    except Refusal as refusal:
        return Answer({"code": refusal.code, "message": refusal.message, **refusal.extra}, refusal.status)
    except Recoverable as error:
        return Answer({"message": str(error)}, 503)


async def _read(request: Request) -> Call:
    return Call(
        method=request.method,
        path=request.url.path,
        path_values=request.path_params,
        query=dict(request.query_params),
        body=await read_object(request),
    )


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
