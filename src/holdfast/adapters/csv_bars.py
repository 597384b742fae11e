"""Bars from a folder of CSV files, one per symbol: `time,open,high,low,close,volume`, times in UTC, exact."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from holdfast.domain.bar import Bar
from holdfast.domain.errors import UsageError
from holdfast.domain.symbols import parse_symbol, symbol_of_stem

HEADER = ["time", "open", "high", "low", "close", "volume"]


def read_folder(folder: Path) -> dict[str, list[Bar]]:
    """Read every `<SYMBOL>.csv` in `folder` (`BTC-USD.csv` is BTC/USD); return the bars by symbol, oldest first.

    Raises:
        UsageError: no folder, no files, or a bad one, with file, line and what is wrong.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: give one with a CSV file of bars for each symbol")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    if not files:
        raise UsageError(f"{folder} holds no CSV files: write one per symbol, e.g. AAPL.csv, with {','.join(HEADER)}")
    return {_symbol(path): read_file(path) for path in files}


def read_file(path: Path) -> list[Bar]:
    """Read the bars of one file; its name is the symbol.

    Raises:
        UsageError: with file, line and what is wrong.
    """
    symbol = _symbol(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            bars = list(_bars(path, symbol, csv.reader(lines)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read as a CSV file: {error}") from error
    if not bars:
        raise UsageError(f"{path}: there are no bars in it")
    return bars


def _symbol(path: Path) -> str:
    try:
        return parse_symbol(symbol_of_stem(path.stem))
    except ValueError as error:
        raise UsageError(f"{path}: the file's name is no symbol: {error}") from error


def _bars(path: Path, symbol: str, rows: Iterator[list[str]]) -> Iterator[Bar]:
    header = [name.strip().lower() for name in next(rows, [])]
    if header != HEADER:
        raise UsageError(f"{path}:1: the first line must be {','.join(HEADER)}, not {','.join(header)}")
    last: datetime | None = None
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        try:
            bar = _bar(symbol, row)
            _check(bar, last)
        except ValueError as error:
            raise UsageError(f"{path}:{number}: {error}: {','.join(row)}") from error
        last = bar.time
        yield bar


def _bar(symbol: str, row: list[str]) -> Bar:
    if len(row) != len(HEADER):
        raise ValueError(f"{len(HEADER)} values are expected, not {len(row)}")
    opened, high, low, close, volume = (_number(name, text) for name, text in zip(HEADER[1:], row[1:], strict=True))
    return Bar(symbol, _time(row[0].strip()), opened, high, low, close, volume)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time {text!r} is not a time such as 2026-01-05T14:30:00Z") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{name} {text!r} is not a number") from None
    if not number.is_finite() or number < 0 or (number == 0 and name != "volume"):
        raise ValueError(f"{name} {text!r} must be more than zero")
    return number


def _check(bar: Bar, last: datetime | None) -> None:
    if not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        raise ValueError("open and close must lie between low and high")
    if last is not None and bar.time <= last:
        raise ValueError(f"the time must be later than the one before, {last:%Y-%m-%dT%H:%M:%SZ}")
