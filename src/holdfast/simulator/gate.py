"""The way in for every request: counting, credentials, faults, and refusals made into answers."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from holdfast.domain.errors import Recoverable
from holdfast.exchange.refusal import Refusal
from holdfast.simulator.call import NO_CONTENT, Answer, Call, Handler
from holdfast.simulator.credentials import Credentials
from holdfast.simulator.faults import Faults, Occasion

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]
_ORDER_ID = "order_id"


class Gate:
    """Wraps handlers into endpoints. `requests` counts what came in, by method and path."""

    def __init__(self, credentials: Credentials, faults: Faults) -> None:
        self.requests: Counter[str] = Counter()
        self._credentials = credentials
        self._faults = faults
        self._closed = asyncio.Event()

    def close(self) -> None:
        """Let go of every request that was never to be answered."""
        self._closed.set()

    def endpoint(self, handler: Handler, *, is_public: bool = False) -> Endpoint:
        """Make a handler an endpoint of Alpaca's; `is_public` needs no credentials."""

        async def answer(request: Request) -> Response:
            self._count(request)
            if not (is_public or self._credentials.accept_headers(request.headers)):
                return JSONResponse({"message": "unauthorized."}, status_code=401)
            call = await _read(request)
            if call is None:
                return JSONResponse({"code": 40010000, "message": "request body format is invalid"}, status_code=400)
            return await self._answer(request, call, handler)

        return answer

    async def unknown(self, request: Request, error: Exception) -> Response:
        """Answer a request for which there is no route."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        if not request.url.path.startswith("/_sim/"):
            self._count(request)
        return JSONResponse({"code": 40410000, "message": "endpoint not found."}, status_code=status)

    async def _answer(self, request: Request, call: Call, handler: Handler) -> Response:
        occasion = Occasion(call.method, call.path, call.symbols)
        if self._faults.take("lose_request", occasion):
            return await self._silence(request)
        if fault := self._faults.take("answer_status", occasion):
            return JSONResponse({"message": f"injected status {fault.status}"}, status_code=fault.status)
        try:
            answer = handler(call)
        except Refusal as refusal:
            body = {"code": refusal.code, "message": refusal.message, **refusal.extra}
            return JSONResponse(body, status_code=refusal.status)
        except Recoverable as error:
            return JSONResponse({"message": str(error)}, status_code=503)
        if self._faults.take("accept_no_answer", occasion):
            return await self._silence(request)
        return _response(answer)

    async def _silence(self, request: Request) -> Response:
        """Keep the client waiting until it gives up or the simulator ends."""
        closed = asyncio.ensure_future(self._closed.wait())
        gone = asyncio.ensure_future(_disconnected(request))
        await asyncio.wait({closed, gone}, return_when=asyncio.FIRST_COMPLETED)
        closed.cancel()
        gone.cancel()
        return Response(status_code=503)

    def _count(self, request: Request) -> None:
        path = request.url.path
        order_id = request.path_params.get(_ORDER_ID)
        if order_id is not None:
            # One row for all orders, or the count would grow without end.
            path = path.replace(order_id, "{id}")
        self.requests[f"{request.method} {path}"] += 1


async def _read(request: Request) -> Call | None:
    """Read a request; None if its body is not a JSON object."""
    raw = await request.body()
    try:
        body = json.loads(raw, parse_float=Decimal) if raw else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    return Call(
        method=request.method,
        path=request.url.path,
        path_values=request.path_params,
        query=dict(request.query_params),
        body=body,
    )


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _response(answer: Answer) -> Response:
    if answer.status == NO_CONTENT:
        return Response(status_code=NO_CONTENT)
    return JSONResponse(answer.body, status_code=answer.status)
