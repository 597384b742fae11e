"""What is done to a request and to its answer: one small function for each kind, found by the kind's name."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from holdfast.simulator.call import NO_CONTENT, Answer, Call
from holdfast.simulator.faults.fault import Fault
from holdfast.simulator.faults.under_way import UnderWay

_CODES = {401: 40110000, 403: 40310000, 404: 40410000, 422: 42210000, 429: 42910000}
_BODILESS = frozenset({204, 304})
_RATE_LIMIT, _RATE_WINDOW_S = 200, 60


class Lines(Protocol):
    """The server's open connections, by the scope of the request that came over them."""

    def cut(self, scope: Scope) -> None:
        """End a connection at once; what was not sent is lost."""
        ...

    def hang_up(self, scope: Scope) -> None:
        """End a connection once everything was sent."""
        ...


@dataclass(frozen=True, slots=True)
class Trip:
    """One request under way through a fault: `carry_out` does what it asks for, `silence` never answers it."""

    fault: Fault
    call: Call
    request: Request
    carry_out: Callable[[], Answer]
    silence: Callable[[], Awaitable[Response]]
    under_way: UnderWay
    lines: Lines
    now: datetime

    async def wait(self, option: str = "delay_s") -> bool:
        """Wait as long as the fault says; False if the simulator ends before."""
        return await self.under_way.wait(self.fault.options[option])


def response_of(answer: Answer) -> Response:
    """Write an answer as it goes over the wire when nothing is wrong."""
    if answer.status == NO_CONTENT:
        return Response(status_code=NO_CONTENT)
    return JSONResponse(answer.body, status_code=answer.status)


def status_response(status: int, message: str) -> Response:
    """Write an error as Alpaca does; the code is left out where it is not known."""
    if status in _BODILESS:
        return Response(status_code=status)
    body: dict[str, Any] = {"code": _CODES[status]} if status in _CODES else {}
    return JSONResponse({**body, "message": message}, status_code=status)


# Instead of carrying it out


async def _lose(trip: Trip) -> Response:
    return await trip.silence()


async def _arrive_late(trip: Trip) -> Response:
    if not await trip.wait():
        return status_response(503, "the simulator is ending")
    return response_of(trip.carry_out())


async def _status(trip: Trip) -> Response:
    status = trip.fault.options["status"]
    return status_response(status, f"injected status {status}")


async def _rate_limit(trip: Trip) -> Response:
    response = status_response(429, "rate limit exceeded")
    reset = int(trip.now.timestamp()) + _RATE_WINDOW_S
    for name, value in (("Limit", _RATE_LIMIT), ("Remaining", 0), ("Reset", reset)):
        response.headers[f"X-RateLimit-{name}"] = str(value)
    return response


async def _gateway_page(_trip: Trip) -> Response:
    page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return HTMLResponse(page, status_code=502)


async def _redirect(trip: Trip) -> Response:
    return RedirectResponse(f"/elsewhere{trip.call.path}", status_code=302)


async def _refuse_untruly(trip: Trip) -> Response:
    async def execute() -> None:
        if await trip.wait():
            trip.carry_out()

    response = status_response(403, "insufficient buying power")
    response.background = BackgroundTask(execute)
    return response


async def _blocked(_trip: Trip) -> Response:
    return status_response(403, "account is blocked from trading")


# Once it has been carried out


async def _no_answer(trip: Trip, _answer: Answer) -> Response:
    return await trip.silence()


async def _gateway_timeout(_trip: Trip, _answer: Answer) -> Response:
    return status_response(504, "gateway timeout")


async def _empty(_trip: Trip, _answer: Answer) -> Response:
    return Response(status_code=200, media_type="application/json")


async def _truncated(trip: Trip, answer: Answer) -> Response:
    return _Truncated(answer, trip)


async def _garbage(_trip: Trip, _answer: Answer) -> Response:
    return Response('{"id": <', status_code=200, media_type="application/json")


async def _drip(trip: Trip, answer: Answer) -> Response:
    return _Drip(answer, trip)


async def _cut(trip: Trip, answer: Answer) -> Response:
    trip.lines.cut(trip.request.scope)
    await trip.request.receive()
    return response_of(answer)


async def _hang_up(trip: Trip, answer: Answer) -> Response:
    response = response_of(answer)
    response.background = BackgroundTask(trip.lines.hang_up, trip.request.scope)
    return response


async def _answer_late(trip: Trip, answer: Answer) -> Response:
    await trip.wait()
    return response_of(answer)


BEFORE: Mapping[str, Callable[[Trip], Awaitable[Response]]] = {
    "lose_request": _lose,
    "request_late": _arrive_late,
    "answer_status": _status,
    "rate_limit": _rate_limit,
    "html_502": _gateway_page,
    "redirect": _redirect,
    "refuse_then_execute": _refuse_untruly,
    "account_blocked": _blocked,
}
AFTER: Mapping[str, Callable[[Trip, Answer], Awaitable[Response]]] = {
    "accept_no_answer": _no_answer,
    "accept_504": _gateway_timeout,
    "empty_200": _empty,
    "truncated_200": _truncated,
    "garbage_200": _garbage,
    "slow_drip": _drip,
    "drop_connection": _cut,
    "close_idle": _hang_up,
    "answer_late": _answer_late,
}


class _InPieces(Response):
    """An answer whose body is written by hand, after a head that promises all of it."""

    def __init__(self, answer: Answer, trip: Trip) -> None:
        content = b"" if answer.status == NO_CONTENT else json.dumps(answer.body).encode()
        super().__init__(content, status_code=200, media_type="application/json")
        self._trip = trip

    async def _head(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


class _Truncated(_InPieces):
    """The first part of the body, and then the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._head(send)
        share = int(len(self.body) * self._trip.fault.options["share"])
        await send({"type": "http.response.body", "body": self.body[:share], "more_body": True})
        self._trip.lines.hang_up(scope)
        await receive()


class _Drip(_InPieces):
    """A byte every `delay_s`, and the rest after `for_s`; a client that goes ends it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        await self._head(send)
        delay_s, left_s = (self._trip.fault.options[name] for name in ("delay_s", "for_s"))
        sent = 0
        while left_s > 0 and await self._trip.under_way.wait(min(delay_s or left_s, left_s)):
            left_s -= delay_s or left_s
            # The last byte is kept back: a short answer must not be whole too soon.
            piece = self.body[sent : min(sent + 1, len(self.body) - 1)]
            sent += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if await self._trip.request.is_disconnected():
                return
        await send({"type": "http.response.body", "body": self.body[sent:], "more_body": False})
