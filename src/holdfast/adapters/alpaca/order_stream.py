"""The OrderStream port over alpaca-py's TradingStream: the order inside every trade update, raw."""

import json
from collections.abc import Callable
from typing import Any

from alpaca.trading.stream import TradingStream

from holdfast.adapters.alpaca import rows
from holdfast.adapters.alpaca.bounded_stream import BoundedStream
from holdfast.adapters.alpaca.threaded_stream import ThreadedStream
from holdfast.domain.order import OrderView

_UPDATES = "trade_updates"


class AlpacaOrderStream(ThreadedStream):
    """Live order updates of the account. Updates missed while not live are not made up for."""

    _name = "order stream"

    def start(self, on_update: Callable[[OrderView], None]) -> None:
        """Connect in the background; `on_update` is called in the running loop.

        Raises:
            RuntimeError: if it is running.
        """
        self._renew()
        stream = _Stream(self._address, self._credentials, self._health, self._limits)
        thread = self._thread_of(stream)
        stream.listen(lambda update: thread.deliver(on_update, update))
        thread.start()


class _Stream(BoundedStream, TradingStream):
    _on_update: Callable[[OrderView], None]

    def listen(self, on_update: Callable[[OrderView], None]) -> None:
        """Subscribe before the thread runs; `on_update` is called in the stream's thread."""
        self._on_update = on_update
        self.subscribe_trade_updates(self._take)

    async def _consume(self) -> None:
        """Read messages until the connection breaks; unlike the SDK's, a bad one raises nothing."""
        while True:
            frame = await self._ws.recv()
            try:
                message = json.loads(frame)
            except (ValueError, RecursionError) as error:
                self._health.count_unreadable(type(error).__name__)
                continue
            await self._dispatch(message)

    async def _dispatch(self, msg: Any) -> None:  # noqa: ANN401 - anything may have come
        if not isinstance(msg, dict):
            self._health.count_unreadable(type(msg).__name__)
        elif msg.get("stream") == "listening":
            self._check_listening(msg.get("data"))
        elif msg.get("stream") == _UPDATES:
            self._data_received = True
            await super()._dispatch(msg)

    def _check_listening(self, data: object) -> None:
        streams = data.get("streams") if isinstance(data, dict) else None
        if isinstance(streams, list) and _UPDATES in streams:
            self._acknowledged()
        else:
            self._refused("the server does not listen to order updates")

    async def _take(self, msg: Any) -> None:  # noqa: ANN401 - the SDK's handler type
        data = msg.get("data")
        order = data.get("order") if isinstance(data, dict) else None
        try:
            if not isinstance(order, dict):
                raise ValueError("no order in the update")  # noqa: TRY004, TRY301 - counted like any bad row
            update = rows.order_view(order)
        except (ValueError, OverflowError) as error:
            self._health.count_unreadable(str(error)[:100])
            return
        self._on_update(update)
