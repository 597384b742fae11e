"""One durable save against the bare system calls that it is made of, on the same disk, in turns."""

import asyncio
import inspect
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

from bench_tools import Say, Table, median, micros, p99

from holdfast.adapters.disk import OS_DISK
from holdfast.adapters.durable_file import replace_durably
from holdfast.adapters.journal_lines import save_line
from holdfast.adapters.state_codec import decode, document_of, encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.steps import finish
from holdfast.domain.order import OrderRecord, OrderStatus, Role, Side
from holdfast.domain.position import Position
from holdfast.domain.state import LastDecision, SymbolState

ROUNDS = 600
SAY_EVERY = 200
BARE = "bare: open write fsync rename fsync"
Samples = dict[str, list[float]]
Steps = Mapping[str, Callable[[], object]]


def measure(folder: Path, say: Say) -> Table:
    """Save one state many times in each way."""
    samples = asyncio.run(_measure(folder, say))
    floor, tail = median(samples[BARE]), p99(samples[BARE])
    rows = [
        (name, f"{median(found) / floor:.2f}", f"{p99(found) / tail:.2f}", micros(median(found)), micros(p99(found)))
        for name, found in samples.items()
    ]
    columns = ("step", "median / bare", "p99 / bare", "median us", "p99 us")
    size = len(encode(_state("AAPL")))
    return Table(f"save: one durable save of {size:,} bytes, {ROUNDS} rounds in turns", columns, rows)


async def _measure(root: Path, say: Say) -> Samples:
    folder = StateFolder(root / "state").lock()
    store = StateFiles(folder, lambda: datetime.now(UTC))
    try:
        await store.save(_state("AAPL"))
        steps = _steps(root, folder, store)
        samples: Samples = {name: [] for name in steps}
        for number in range(ROUNDS):
            if number % SAY_EVERY == 0:
                say(f"round {number + 1} of {ROUNDS}")
            await _round(steps, number, samples)
        return samples
    finally:
        store.close()
        folder.unlock()


def _steps(root: Path, folder: StateFolder, store: StateFiles) -> Steps:
    """Return what is timed, by name, the bare calls first."""
    state = _state("AAPL")
    content = encode(state)
    # As in a day: each save follows the one before and changes the last decision.
    following = (replace(state, sequence=number, target=Decimal(number % 7)) for number in count(1))
    before, after = document_of(state), document_of(replace(state, sequence=state.sequence + 1, target=Decimal(1)))
    bare, path, backup = root / "bare.json", folder.state_file("MSFT"), folder.backup_file("MSFT")
    return {
        BARE: lambda: _bare_replace(bare, content),
        "replace_durably, no backup": lambda: finish(replace_durably(OS_DISK, path, content)),
        "replace_durably, backup linked": lambda: finish(replace_durably(OS_DISK, path, content, backup=backup)),
        "StateFiles.save (codec, thread, backup, journal)": lambda: store.save(next(following)),
        "  of it encode": lambda: encode(state),
        "  of it the journal's line": lambda: OS_DISK.append(folder.journal_file("MSFT"), save_line(after, before)),
        "  of it the way to a thread and back": lambda: asyncio.to_thread(int),
        "StateFiles.load (the send guard's read)": lambda: store.load("AAPL"),
        "  of it decode": lambda: decode(content, "AAPL"),
    }


async def _round(steps: Steps, number: int, samples: Samples) -> None:
    """Time every step once; each round begins with another one, so that none always follows the same."""
    names = list(steps)
    first = number % len(names)
    for name in names[first:] + names[:first]:
        begun = time.perf_counter()
        done = steps[name]()
        if inspect.isawaitable(done):
            await done
        samples[name].append(time.perf_counter() - begun)


def _bare_replace(path: Path, content: bytes) -> None:
    """The same promise with nothing but system calls."""
    temporary = f"{path}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(temporary, path)  # noqa: PTH104 - the bare call is what is measured
    descriptor = os.open(path.parent, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _state(symbol: str) -> SymbolState:
    """Return a state of a usual size: in a position, five settled orders."""
    now = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
    order = OrderRecord("", Role.ENTRY, Side.BUY, Decimal(10), OrderStatus.FILLED)
    orders = (
        replace(
            order,
            client_order_id=f"hf.main.{symbol}.1Min.20260105T150{number}00.b",
            filled_quantity=Decimal(10),
            filled_average_price=Decimal("25.43"),
            broker_order_id="00000000-0000-4000-8000-000000000000",
            submitted_at=now,
        )
        for number in range(5)
    )
    return SymbolState(
        symbol,
        position=Position(Decimal(10), Decimal("25.43")),
        target=Decimal(10),
        strategy="sma_cross",
        last_decision=LastDecision(now, now, Decimal(1), "hold", "already long 10"),
        orders=tuple(orders),
        reconciled_at=now,
        account_id="00000000-0000-4000-8000-000000000000",
    )
