"""The store's work, written step by step: a generator that calls the disk and pauses (`yield`) after each call.

Whoever takes the steps decides what may happen in a pause: nothing, another task's turn, or a crash (`runners`).
"""

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]


def finish(steps: Steps[Result]) -> Result:
    """Take all steps, one right after the other, and return what they lead to."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result
