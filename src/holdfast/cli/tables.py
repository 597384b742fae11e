"""Tables on a terminal. A pipe gets plain lines instead, so that grep and cut work; each command knows its own."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.engine.findings import Section

# Where text may be long: the only columns that give way on a narrow terminal.
_TEXT = frozenset(
    {"was", "is", "why", "value", "reason", "what changed", "last decision", "status", "the broker's word"}
)


def is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def draw(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Draw a table. Cells are shown as they are: what stands in a file or an answer is no markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name not in _TEXT)
    for row in rows:
        table.add_row(*map(Text, row))
    # A table's own title would be broken to the table's width.
    Console(highlight=False).print(Text(title, style="italic"), table)


def draw_sections(sections: "Iterable[Section]") -> None:
    """Draw a table for each section."""
    for section in sections:
        draw(section.title, section.columns, section.rows)
