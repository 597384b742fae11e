"""Steps: the store's work, taken in threads or in the loop itself, one piece of a key at a time."""

import asyncio

import pytest

from fakes.runner import InlineRunner
from holdfast.adapters.runners import Runner, Threads
from holdfast.adapters.steps import Steps, finish

RUNNERS: list[type[Threads | InlineRunner]] = [Threads, InlineRunner]


def work(told: list[str], name: str, steps: int = 3) -> Steps[str]:
    """Tell of each step, and of the end."""
    for number in range(steps):
        told.append(f"{name}{number}")
        yield
    return name


def broken() -> Steps[str]:
    """Fail at the second step."""
    yield
    raise OSError(28, "No space left on device")


def test_finish_takes_every_step() -> None:
    """Steps taken at once lead to their result."""
    told: list[str] = []
    assert finish(work(told, "a")) == "a"
    assert told == ["a0", "a1", "a2"]


@pytest.mark.parametrize("kind", RUNNERS)
def test_work_of_one_key_never_mixes(kind: type[Runner]) -> None:
    """What is asked for at the same time under one key is done one after the other, in turn."""
    told: list[str] = []

    async def at_once() -> list[str]:
        runner = kind()
        done = await asyncio.gather(*(runner.run("AAPL", work(told, name, 20)) for name in "abc"))
        runner.close()
        return done

    assert asyncio.run(at_once()) == ["a", "b", "c"]
    runs = [told[start : start + 20] for start in (0, 20, 40)]
    assert all(run == [f"{run[0][0]}{number}" for number in range(20)] for run in runs)


def test_work_of_other_keys_goes_on_in_the_pauses() -> None:
    """In the loop itself, two keys take turns step by step."""
    told: list[str] = []

    async def at_once() -> None:
        runner = InlineRunner()
        await asyncio.gather(runner.run("AAPL", work(told, "a")), runner.run("MSFT", work(told, "b")))

    asyncio.run(at_once())
    assert told == ["a0", "b0", "a1", "b1", "a2", "b2"]


@pytest.mark.parametrize("kind", RUNNERS)
def test_an_error_reaches_the_caller_and_frees_the_key(kind: type[Runner]) -> None:
    """A step that raises ends its work; the next of the key begins."""

    async def one_after_another() -> str:
        runner = kind()
        with pytest.raises(OSError, match="No space"):
            await runner.run("AAPL", broken())
        done = await runner.run("AAPL", work([], "a"))
        runner.close()
        return done

    assert asyncio.run(one_after_another()) == "a"


@pytest.mark.parametrize("kind", RUNNERS)
def test_a_cancelled_caller_leaves_the_work_to_end(kind: type[Runner]) -> None:
    """A save whose caller is gone is still made, before the next of its key begins."""
    told: list[str] = []

    async def cancelled() -> None:
        runner = kind()
        caller = asyncio.ensure_future(runner.run("AAPL", work(told, "a", 50)))
        while not told:  # noqa: ASYNC110 - it is told by a thread, which knows no event
            await asyncio.sleep(0)
        caller.cancel()
        await runner.run("AAPL", work(told, "b", 1))
        runner.close()

    asyncio.run(cancelled())
    assert told == [*(f"a{number}" for number in range(50)), "b0"]
