"""What the bar stream and the order stream have in common: one SDK stream in a thread, its health, a bounded stop."""

from holdfast.adapters.alpaca.bounded_stream import StreamLimits
from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.stream_health import StreamHealth
from holdfast.adapters.alpaca.stream_thread import SdkStream, StreamThread


class ThreadedStream:
    """A stream that connects in the background. What is missed while it is not live is not made up for."""

    _name: str

    def __init__(self, address: str, credentials: Credentials, limits: StreamLimits | None = None) -> None:
        self._address = address
        self._credentials = credentials
        self._limits = limits or StreamLimits()
        self._health = StreamHealth(self._name)
        self._thread: StreamThread | None = None

    @property
    def is_live(self) -> bool:
        """Whether the whole subscription is in effect now."""
        return self._health.is_live

    @property
    def connections(self) -> int:
        """How often the subscription has come into effect since the last start."""
        return self._health.connections

    @property
    def unreadable(self) -> int:
        """How many messages could not be read since the last start."""
        return self._health.unreadable

    def _renew(self) -> None:
        """Begin a start.

        Raises:
            RuntimeError: if the stream is running.
        """
        if self._thread is not None:
            raise RuntimeError(f"the {self._name} is running: stop it first")
        self._health = StreamHealth(self._name)

    def _thread_of(self, stream: SdkStream) -> StreamThread:
        name = self._name.replace(" ", "-")
        self._thread = StreamThread(stream, self._health, name=name, restart_s=self._limits.retry_s[0])
        return self._thread

    async def stop(self) -> None:
        """End within two seconds, in every state; safe to call twice."""
        if self._thread is not None:
            await self._thread.stop()
            self._thread = None
