"""Bars from CSV files."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.adapters.csv_bars import read_folder
from holdfast.domain.errors import UsageError

HEADER = "time,open,high,low,close,volume\n"
ROW = "2026-01-05T14:30:00Z,10.10,10.2,10,10.15,300\n"


def test_a_folder_is_read_exactly(tmp_path: Path) -> None:
    """Each file is a symbol, prices keep their digits, a time without a zone is UTC."""
    (tmp_path / "BRK.B.csv").write_text(HEADER + ROW + "2026-01-05 14:31:00,1.1,1.1,1.1,1.1,0\n\n")
    (tmp_path / "BTC-USD.csv").write_text("\ufeff" + HEADER + ROW, encoding="utf-8")
    (tmp_path / "README.md").write_text("not bars")
    bars = read_folder(tmp_path)
    assert set(bars) == {"BRK.B", "BTC/USD"}
    first, second = bars["BRK.B"]
    assert (first.open, first.volume, first.symbol) == (Decimal("10.10"), Decimal(300), "BRK.B")
    assert second.time == datetime(2026, 1, 5, 14, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("AAPL.csv", "", "AAPL.csv:1: the first line must be time,open"),
        ("AAPL.csv", "date,open\n", "AAPL.csv:1: the first line must be time,open"),
        ("AAPL.csv", HEADER, "there are no bars in it"),
        ("AAPL.csv", HEADER + "2026-01-05T14:30:00Z,1,1,1,1\n", "AAPL.csv:2: 6 values are expected, not 5"),
        ("AAPL.csv", HEADER + "noon,1,1,1,1,1\n", "AAPL.csv:2: time 'noon' is not a time"),
        ("AAPL.csv", HEADER + ROW.replace("10.15", "x"), "AAPL.csv:2: close 'x' is not a number"),
        ("AAPL.csv", HEADER + ROW.replace("10.15", "nan"), "AAPL.csv:2: close 'nan' must be more than zero"),
        ("AAPL.csv", HEADER + ROW.replace("10.15", "0"), "AAPL.csv:2: close '0' must be more than zero"),
        ("AAPL.csv", HEADER + ROW.replace("10.2", "10.1"), "AAPL.csv:2: open and close must lie between"),
        ("AAPL.csv", HEADER + ROW + ROW, "AAPL.csv:3: the time must be later than the one before"),
        ("aapl.csv", HEADER + ROW, "the file's name is no symbol"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    """A bad row, header, file or name is an error that shows where."""
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_folder(tmp_path)
    assert words in str(caught.value)


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    """A missing and an empty folder are both said plainly."""
    with pytest.raises(UsageError, match="holds no CSV files"):
        read_folder(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        read_folder(tmp_path / "missing")
