"""The trailing window: always the newest bars, in order, whatever its buffer does."""

from hypothesis import given
from hypothesis import strategies as st

from builders import a_bar
from holdfast.engine.window import BarWindow


@given(st.integers(1, 12), st.integers(0, 60))
def test_the_window_holds_the_newest_bars(length: int, count: int) -> None:
    """After any number of bars the window holds the last `length` of them, oldest first."""
    window = BarWindow(length)
    for minute in range(count):
        window.append(a_bar(minute, 1000 + minute))
    closes = [float(close) for close in window.bars().close]
    assert closes == [1000 + minute for minute in range(count)][-length:]
    assert len(window.bars()) == min(length, count)


def test_a_window_handed_out_is_as_it_was() -> None:
    """Bars appended later do not change a window that somebody holds, until the buffer turns over."""
    window = BarWindow(4)
    for minute in range(4):
        window.append(a_bar(minute, 100 + minute))
    before = window.bars()
    window.append(a_bar(4, 104))
    assert [float(close) for close in before.close] == [100, 101, 102, 103]


def test_prices_cross_the_border_here() -> None:
    """Exact numbers become the nearest float64, times stay what they were."""
    window = BarWindow(2)
    window.append(a_bar(0, "187.12"))
    assert window.bars().close[0] == 187.12
    assert str(window.bars().time[0]) == "2026-11-20T15:00:00.000000"
