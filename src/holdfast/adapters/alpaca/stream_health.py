"""Whether a stream is in effect, and the one line per change that says so. The SDK's own logging is silenced.

At DEBUG the websockets library prints the authentication message, secret included; the SDK logs a traceback
per retry. Neither reaches a log.
"""

import logging

from loguru import logger

# Handed to every connection, so that no setting of the program's own can make it talk.
SILENT = logging.getLogger("holdfast.silent")


def silence_sdk() -> None:
    """Switch the loggers of alpaca-py and websockets off, whatever the program has configured."""
    for name in ("alpaca", "websockets", SILENT.name):
        quiet = logging.getLogger(name)
        quiet.setLevel(logging.CRITICAL + 1)
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())


class StreamHealth:
    """The state of one stream: unknown at first, then live or lost. Written by the stream's thread only."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_live: bool | None = None
        self._is_ended = False
        self.unreadable = 0
        self.connections = 0

    @property
    def is_live(self) -> bool:
        """Whether the subscription is in effect now; readable from any thread."""
        return self._is_live is True

    def up(self) -> None:
        """Note that the subscription is in effect."""
        if not self._is_ended and self._is_live is not True:
            self._is_live = True
            self.connections += 1
            logger.info("{} is live", self._name)

    def down(self, reason: str) -> None:
        """Note that it is not; only the first reason after a change is logged. `reason` holds no secret."""
        if not self._is_ended and self._is_live is not False:
            self._is_live = False
            logger.warning("{} lost: {}; polling until it is back", self._name, reason)

    def end(self) -> None:
        """Note that it is being stopped on purpose: nothing that follows is worth a line."""
        self._is_ended = True
        self._is_live = False

    def count_unreadable(self, why: str) -> None:
        """Count a message that could not be read; the first is logged, the others only at debug level."""
        self.unreadable += 1
        level = "WARNING" if self.unreadable == 1 else "DEBUG"
        logger.log(level, "{}: a message could not be read ({}); {} so far", self._name, why, self.unreadable)
