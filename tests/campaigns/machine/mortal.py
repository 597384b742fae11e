"""A process that can be killed between any two calls of the outside world: after that nothing of it has effects."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


class Gate:
    """Every call of broker and disk passes it twice, before and after its effect. `dies_in` counts down to the end."""

    def __init__(self) -> None:
        self.is_dead = False
        self.dies_in: int | None = None

    async def passed(self) -> None:
        """Go on, unless this is where the process ends: then wait for ever."""
        if self.dies_in is not None and not self.is_dead:
            self.dies_in -= 1
            self.is_dead = self.dies_in <= 0
        if self.is_dead:
            await asyncio.get_running_loop().create_future()


class Mortal:
    """Anything with coroutine methods, as one process reaches it."""

    def __init__(self, target: object, gate: Gate) -> None:
        self._target = target
        self._gate = gate

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the target has
        found = getattr(self._target, name)
        return self._gated(found) if inspect.iscoroutinefunction(found) else found

    def _gated(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def gated(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - forwards any call
            await self._gate.passed()
            try:
                return await method(*arguments, **options)
            finally:
                await self._gate.passed()

        return gated
