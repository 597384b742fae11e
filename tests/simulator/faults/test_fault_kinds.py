"""The table of kinds: complete, shown in the documentation as it is, and each kind tried by a test."""

import re
from pathlib import Path

import pytest

from holdfast.simulator.faults.acts import ACTS
from holdfast.simulator.faults.answers import AFTER, BEFORE
from holdfast.simulator.faults.fates import FATES
from holdfast.simulator.faults.kinds import KINDS, REQUIRED, Place
from holdfast.simulator.faults.streams import BARS, UPDATES
from holdfast.simulator.faults.views import VIEWS

HERE = Path(__file__)
PAGE = HERE.parents[3] / "docs" / "simulator.md"
DONE_BY = {
    Place.REQUEST: BEFORE,
    Place.ANSWER: AFTER,
    Place.VIEW: VIEWS,
    Place.ORDER: FATES,
    Place.UPDATE: UPDATES,
    Place.BAR: BARS,
    Place.ACT: ACTS,
}


def rows() -> list[str]:
    """Return the table of kinds as the documentation should show it."""
    return [
        f"| `{name}` | {kind.row} | {kind.sentence} | {', '.join(map(option, kind.options.items())) or ' '} |"
        for name, kind in KINDS.items()
    ]


def option(item: tuple[str, object]) -> str:
    """Return an option with its default."""
    name, default = item
    return f"`{name}`" if default is REQUIRED or default is None else f"`{name}` ({str(default).lower()})"


def test_the_documentation_shows_the_table() -> None:
    """Every kind in order, with its row, its sentence and its options, and nothing else."""
    shown = [line for line in PAGE.read_text().splitlines() if re.match(r"\| `\w+` \| F\d", line)]
    assert shown == rows()


@pytest.mark.parametrize("place", DONE_BY)
def test_each_kind_is_done_where_it_strikes(place: Place) -> None:
    """A kind that strikes at a place has its function there, and no function is without its kind."""
    assert set(DONE_BY[place]) == {name for name, kind in KINDS.items() if place in kind.places}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_tried_from_the_clients_side(name: str) -> None:
    """Some test beside this one orders it."""
    others = [path.read_text() for path in HERE.parent.glob("test_*.py") if path != HERE]
    assert any(f'"{name}"' in text for text in others)
