"""What both streams add to the SDK's: a bounded handshake, a bounded wait for the acknowledgement, their health.

The SDK waits for hello and auth without a limit, and takes a subscription that was never acknowledged, or was
refused, for one in effect.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.stream_health import SILENT, StreamHealth

_POLICY_VIOLATION = 1008


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Seconds: for the handshake, for the acknowledgement, and between retries (first, longest)."""

    handshake_s: float = 10.0
    acknowledge_s: float = 10.0
    retry_s: tuple[float, float] = (1.0, 30.0)


def websocket_params(handshake_s: float) -> dict[str, Any]:
    """Return the connection's settings; they replace the SDK's defaults as a whole."""
    return {
        "ping_interval": 10,
        "ping_timeout": 30,
        "max_queue": 1024,
        "open_timeout": handshake_s,
        # Closing waits for the peer, up to five times this; a mute one would hold up the retry.
        "close_timeout": 0.5,
        # A full minute of all symbols in one message must not end the connection.
        "max_size": 16 * 1024 * 1024,
        "logger": SILENT,
    }


class BoundedStream:
    """Mixed in before an SDK stream class. The subclass calls `_acknowledged` and `_refused`."""

    _ws: Any
    _acknowledgement: asyncio.TimerHandle | None = None

    def __init__(self, address: str, credentials: Credentials, health: StreamHealth, limits: StreamLimits) -> None:
        super().__init__(  # type: ignore[call-arg]
            credentials.key.get_secret_value(),
            credentials.secret.get_secret_value(),
            raw_data=True,
            websocket_params=websocket_params(limits.handshake_s),
            url_override=address,
        )
        self._credentials = credentials
        self._health = health
        self._limits = limits
        self._reconnect_min_backoff, self._reconnect_max_backoff = limits.retry_s

    async def _start_ws(self) -> None:
        try:
            await asyncio.wait_for(super()._start_ws(), self._limits.handshake_s)  # type: ignore[misc]
        except Exception as error:
            self._health.down(self._reason(error))
            raise
        late = "the subscription was not acknowledged"
        loop = asyncio.get_running_loop()
        self._acknowledgement = loop.call_later(self._limits.acknowledge_s, self._refused, late)

    async def close(self) -> None:
        """Close the connection; it is not live from here on."""
        self._forget_timer()
        self._health.down("the connection is gone")
        await super().close()  # type: ignore[misc]

    def _acknowledged(self) -> None:
        self._forget_timer()
        self._health.up()

    def _refused(self, reason: str) -> None:
        """Note that nothing is subscribed and break the connection, so that the SDK tries again after its pause."""
        self._forget_timer()
        self._health.down(self._credentials.clean(reason))
        if self._ws is not None:
            self._ws.fail_connection(_POLICY_VIOLATION)

    def _forget_timer(self) -> None:
        if self._acknowledgement is not None:
            self._acknowledgement.cancel()
            self._acknowledgement = None

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return "no answer to the handshake"
        return self._credentials.clean(str(error)) or type(error).__name__
