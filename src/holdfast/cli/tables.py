"""Sections of findings as tables on a terminal; a pipe gets plain lines instead, so that grep works."""

import sys
from collections.abc import Iterable

from holdfast.engine.findings import Section


def is_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def print_sections(sections: Iterable[Section]) -> None:
    """Print each section as a table under its title. Text is shown as it is: what looks like markup is none."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for section in sections:
        table = Table(title=section.title, title_justify="left", box=SIMPLE_HEAD)
        for name in section.columns:
            # Names and numbers are never cut or broken: the reasons give way.
            table.add_column(name, overflow="fold", no_wrap=name != section.columns[-1] and name not in _WORDS)
        for row in section.rows:
            table.add_row(*map(Text, row))
        console.print(table)


_WORDS = frozenset({"was", "is"})
