"""The client of the simulator's control API against a real local server."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from holdfast.adapters.sim_control import SimulatorControl, is_loopback
from holdfast.domain.errors import Fatal, Recoverable

T1 = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
T2 = datetime(2026, 11, 20, 14, 31, tzinfo=UTC)


def a_clock(at: datetime, **changes: object) -> dict[str, Any]:
    """Build an answer of GET /_sim/clock."""
    clock = {"time": at.isoformat(), "symbols": ["AAPL"], "session": "open", "finished": False, "reason": None}
    return clock | changes


class Sim:
    """Answers each request with the next of its answers; None is no answer at all."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.asked = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        self.requests.append(head.split(" HTTP")[0] + (f" {body.decode()}" if body else ""))
        self.asked.set()
        answer = self.answers.pop(0)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer if isinstance(answer, bytes) else response(answer))
        writer.close()


def response(body: object, status: int = 200) -> bytes:
    """Build an answer with a JSON body."""
    raw = json.dumps(body).encode()
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


@contextlib.asynccontextmanager
async def control_of(sim: Sim) -> AsyncIterator[SimulatorControl]:
    """Serve `sim` and open its client."""
    async with await asyncio.start_server(sim, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield SimulatorControl(f"http://127.0.0.1:{port}/", timeout_s=0.5, poll_s=1)


def run(sim_answers: tuple[object, ...], scenario: Callable[[Sim, SimulatorControl], Any]) -> Any:  # noqa: ANN401
    """Run `scenario` against a simulator with these answers; returns what it returns."""

    async def main() -> object:
        sim = Sim(*sim_answers)
        async with control_of(sim) as control:
            return await scenario(sim, control)

    return asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost:80", True),
        ("http://[::1]:80", True),
        ("http://127.0.0.1@example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("https://paper-api.alpaca.markets", False),
        ("", False),
    ],
)
def test_loopback(url: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """Only this machine's own addresses are loopback, however the others dress up."""
    assert is_loopback(url) is expected


def test_status() -> None:
    """The status is the simulator's answer, and None where the server knows no such path."""
    answers = ({"assumptions": {"position_lag_s": 1}}, response({"message": "no"}, 404))

    async def scenario(_sim: Sim, control: SimulatorControl) -> object:
        return [await control.status(), await control.status()]

    assert run(answers, scenario) == [{"assumptions": {"position_lag_s": 1}}, None]


def test_strangers_are_not_asked() -> None:
    """A server beyond this machine is neither asked for its status nor driven."""
    control = SimulatorControl("https://paper-api.alpaca.markets")
    assert asyncio.run(control.status()) is None
    with pytest.raises(Fatal):
        asyncio.run(control.through(T1))


def test_next_instant() -> None:
    """The clock is asked again until it shows something newer."""
    answers = (a_clock(T1), a_clock(T1), a_clock(T2, symbols=[], session="closed"))

    async def scenario(sim: Sim, control: SimulatorControl) -> object:
        first = await control.next_instant(None)
        second = await control.next_instant(first.time)
        return first, second, sim.requests

    first, second, requests = run(answers, scenario)
    assert (first.time, first.symbols, first.session_open) == (T1, frozenset({"AAPL"}), True)
    assert (second.time, second.symbols, second.session_open) == (T2, frozenset(), False)
    assert requests[0] == "GET /_sim/clock?wait=1"
    assert requests[2] == "GET /_sim/clock?wait=1&after=2026-11-20T14%3A30%3A00%2B00%3A00"


def test_finished() -> None:
    """A finished simulator is not waited for, and says why."""
    answers = (a_clock(T1, finished=True, reason="no more bars"),)
    instant = run(answers, lambda _sim, control: control.next_instant(T1))
    assert (instant.finished, instant.reason) == (True, "no more bars")


def test_through() -> None:
    """The simulator is told how far the work has come."""

    async def scenario(sim: Sim, control: SimulatorControl) -> object:
        await control.through(T1)
        return sim.requests

    assert run(({"ok": True},), scenario) == ['POST /_sim/clock {"through": "2026-11-20T14:30:00+00:00"}']


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"rubbish\r\n\r\n", response([]), response({}, 500), None],
)
def test_no_answer(answer: bytes | None) -> None:
    """A simulator that is mute, or answers rubbish, is a recoverable failure within the limit."""

    async def scenario(_sim: Sim, control: SimulatorControl) -> float:
        began = time.monotonic()
        with pytest.raises(Recoverable):
            await control.next_instant(None)
        return time.monotonic() - began

    assert run((answer,), scenario) < 3


@pytest.mark.parametrize("change", [{"time": "soon"}, {"time": 5}, {"symbols": None}])
def test_unreadable_clock(change: dict[str, object]) -> None:
    """A clock that cannot be read is a recoverable failure."""

    async def scenario(_sim: Sim, control: SimulatorControl) -> None:
        with pytest.raises(Recoverable, match="clock"):
            await control.next_instant(None)

    run((a_clock(T1, **change),), scenario)


def test_cancelled_poll() -> None:
    """A long poll ends the moment its task is cancelled."""

    async def scenario(sim: Sim, control: SimulatorControl) -> float:
        poll = asyncio.create_task(control.next_instant(T1))
        await asyncio.wait_for(sim.asked.wait(), 5)
        began = time.monotonic()
        poll.cancel()
        with pytest.raises(asyncio.CancelledError):
            await poll
        return time.monotonic() - began

    assert run((None,), scenario) < 1
