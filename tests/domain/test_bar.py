"""Bars are values: exact, comparable, unchangeable."""

from dataclasses import FrozenInstanceError

import pytest

from builders import a_bar


def test_two_bars_with_the_same_numbers_are_one() -> None:
    """A bar is known by its content, so a duplicate can be told."""
    assert a_bar(1, "100.10") == a_bar(1, "100.1")
    assert len({a_bar(1), a_bar(1), a_bar(2)}) == 2


def test_a_bar_cannot_be_changed() -> None:
    """Nobody who was handed a bar can change it for the others."""
    one = a_bar()
    with pytest.raises(FrozenInstanceError):
        one.close = one.open  # type: ignore[misc]
