"""(d) Stream frames, JSON and msgpack: whatever comes, the reader reads on and hears the next good message."""

import asyncio
import json
from random import Random
from typing import Any

import msgpack

from adapters.alpaca.alpaca_servers import CREDENTIALS, an_order
from adapters.alpaca.alpaca_stream_servers import a_bar_message
from campaigns.fuzz.mutators import changed_json, mangled
from campaigns.fuzz.targets import check_sound, must
from holdfast.adapters.alpaca.bar_stream import _StockBars as BarReader
from holdfast.adapters.alpaca.bounded_stream import StreamLimits
from holdfast.adapters.alpaca.order_stream import _Stream as OrderReader
from holdfast.adapters.alpaca.stream_health import StreamHealth

Frame = bytes | str
ADDRESS = "ws://127.0.0.1:1/stream"
FRAMES_MAX = 4


class Over(Exception):  # noqa: N818 - the end of the frames, not an error
    """There is nothing more to read."""


class Socket:
    """Hands out frames, then ends; being told to fail is an end, too."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = iter(frames)

    async def recv(self) -> Frame:
        """Return the next frame."""
        for frame in self._frames:
            return frame
        raise Over

    def fail_connection(self, _code: int) -> None:
        """Break the connection: the reader wants a new one."""


class StreamFrames:
    """Good messages, bad ones, and a good one at the end."""

    name = "stream frame"
    share = 3

    def __init__(self) -> None:
        self.tried: object = None
        self._loop = asyncio.new_event_loop()

    def attempt(self, dice: Random) -> str:
        """Give a reader a few broken frames and one good one."""
        is_bars = dice.randrange(2) == 0
        make = self._bar_frame if is_bars else self._order_frame
        frames = [make(dice) for _ in range(dice.randint(1, FRAMES_MAX))]
        good: Frame = msgpack.packb([a_bar_message(minute=7)]) if is_bars else _update(an_order(7))
        self.tried = frames
        health = StreamHealth("fuzzed stream")
        heard: list[Any] = []
        reader = (BarReader if is_bars else OrderReader)(ADDRESS, CREDENTIALS, health, StreamLimits())
        if isinstance(reader, BarReader):
            reader.listen(["AAPL", "MSFT"], heard.append)
        else:
            reader.listen(heard.append)
        reader._ws = Socket([*frames, good])  # noqa: SLF001 - where the SDK keeps its connection
        try:
            self._loop.run_until_complete(reader._consume())  # noqa: SLF001 - what the stream's thread runs
        except Over:
            pass
        else:
            must(None, "the reader ended by itself")
        must(heard, "a good message was not heard after bad ones")
        check_sound(heard)
        last = heard[-1]
        must(getattr(last, "client_order_id", None) or last.time.minute == 37, "the last message is another one")
        return "counted" if health.unreadable else "heard"

    @staticmethod
    def _bar_frame(dice: Random) -> Frame:
        whole = [
            a_bar_message(), a_bar_message("MSFT", 1), {"T": "subscription", "bars": ["AAPL"]}, {"T": "success"},
            {"T": "error", "code": 406, "msg": "connection limit exceeded"}, {"T": "t", "S": "AAPL", "p": 1},
        ]  # fmt: skip
        messages = dice.sample(whole, dice.randint(1, 4))
        kind = dice.randrange(3)
        packed: bytes = msgpack.packb(messages)
        if kind == 0:
            return mangled(packed, dice)
        if kind == 1:
            return dice.choice(
                [b"", b"\xc1", "text", packed.decode("latin-1"), msgpack.packb(msgpack.Timestamp(2**34, 0))]
            )
        return _repacked(messages, dice)

    @staticmethod
    def _order_frame(dice: Random) -> Frame:
        messages = [
            {"stream": "trade_updates", "data": {"event": "fill", "order": an_order(1), "qty": "1"}},
            {"stream": "listening", "data": {"streams": ["trade_updates"]}},
            {"stream": "authorization", "data": {"status": "authorized"}},
        ]
        message = dice.choice(messages)
        content = changed_json(message, dice) if dice.randrange(2) else mangled(json.dumps(message).encode(), dice)
        return content if dice.randrange(2) else content.decode("utf-8", errors="replace")

    def close(self) -> None:
        """Close the loop."""
        self._loop.close()


def _update(order: dict[str, Any]) -> str:
    return json.dumps({"stream": "trade_updates", "data": {"event": "new", "order": order}})


def _repacked(messages: list[dict[str, Any]], dice: Random) -> Frame:
    """Change the messages as JSON, then pack them: times become texts on the way, which is one more change."""
    try:
        changed = json.loads(changed_json(json.loads(json.dumps(messages, default=str)), dice))
        packed: bytes = msgpack.packb(changed)
    except (ValueError, OverflowError, RecursionError):
        return b"\x93\x01\x02"
    return packed
