"""Blocking SDK calls, run in a small pool of threads that an asyncio caller can wait for with a bound.

Raw exceptions of the SDK hold the request's headers, so they are sorted inside the thread and never leave it.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from alpaca.common.rest import RESTClient

from holdfast.adapters.alpaca.credentials import Credentials
from holdfast.adapters.alpaca.failures import read_failure
from holdfast.adapters.alpaca.transport import DEADLINE_S, harden
from holdfast.domain.errors import HoldfastError

Answer = TypeVar("Answer")
Sort = Callable[[Exception, Credentials], HoldfastError]

# Beyond the transport's own deadline: a place in the queue, and a name resolution that nothing can cut.
_GRACE_S = 5.0
_CLOSE_S = 1.0


class RestCaller:
    """Owns the threads and the transport of one SDK client. `aclose` ends both within about a second."""

    def __init__(
        self,
        client: RESTClient,
        url: str,
        credentials: Credentials,
        *,
        name: str,
        threads: int = 6,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._credentials = credentials
        self._client = client
        self._transport = harden(client, url, deadline_s=deadline_s, connections=threads)
        self._wait_s = deadline_s + _GRACE_S
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._is_closed = False

    @property
    def calls(self) -> int:
        """How many HTTP requests went out so far."""
        return self._transport.requests_sent

    async def run(self, call: Callable[[], Answer], sort: Sort = read_failure) -> Answer:
        """Run `call` in a thread and return its answer; whatever it raises is sorted by `sort`.

        A call that is still queued when the wait ends is withdrawn and never sent.
        """
        if self._is_closed:
            raise sort(ConnectionError(), self._credentials)
        future = asyncio.get_running_loop().run_in_executor(
            self._pool, functools.partial(_guarded, call, sort, self._credentials)
        )
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        try:
            return await asyncio.wait_for(future, self._wait_s)
        except TimeoutError as error:
            late = error
        raise sort(late, self._credentials)

    async def aclose(self) -> None:
        """Cut what is on its way, withdraw what is queued, end the threads; safe to call twice."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._transport.cut_all()
        if self._waiting:
            await asyncio.wait(set(self._waiting), timeout=_CLOSE_S)
        with contextlib.suppress(Exception):
            self._client._session.close()  # noqa: SLF001 - the SDK offers no way to close a client


def _guarded(call: Callable[[], Answer], sort: Sort, credentials: Credentials) -> Answer:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the SDK may raise anything on a strange body
        failure = sort(error, credentials)
    # Raised outside the handler, so that the raw exception does not ride along as its context.
    raise failure
