"""Renders what is wrong with config.yaml: place, path, sentence, the line itself and a caret; secrets masked."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.config.masking import mask_lines
from holdfast.config.tree import Fault
from holdfast.config.yaml_source import LINE_BREAK
from holdfast.domain.errors import UsageError

_WIDTH = 100
_LEAD = 40
_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, ready to print. `line` is 0 when it concerns the whole file.

    `quoted` is the masked line with a caret line under it, empty if there is no line to show.
    """

    file: str
    line: int
    column: int
    where: str
    message: str
    quoted: str

    def __str__(self) -> str:
        path = f"{self.where}: " if self.where else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        head = f"{place}: {path}{self.message}"
        return f"{head}\n{self.quoted}" if self.quoted else head


class ConfigError(UsageError):
    """config.yaml cannot be used; carries all problems at once, from the top of the file to its end."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = [str(problem) for problem in problems[:_SHOWN_MAX]]
        if len(problems) > _SHOWN_MAX:
            shown.append(f"... and {len(problems) - _SHOWN_MAX} more problems")
        super().__init__("\n".join(shown))
        self.problems = tuple(problems)


def config_error(file: str, text: str, faults: Sequence[Fault]) -> ConfigError:
    """Return the error that shows `faults` in the file's text."""
    lines = mask_lines(LINE_BREAK.split(text))
    return ConfigError([_problem(file, lines, fault) for fault in faults])


def _problem(file: str, lines: Sequence[str], fault: Fault) -> Problem:
    line, column = fault.mark.line, fault.mark.column
    quoted = _quote(lines[line - 1], column) if 0 < line <= len(lines) else ""
    return Problem(file, line, column, fault.where, fault.message, quoted)


def _quote(line: str, column: int) -> str:
    """Return the part of a line around the column, and a caret under it; nothing for a blank line."""
    start = max(0, column - 1 - _LEAD) if len(line) > _WIDTH else 0
    part = "".join(each if each.isprintable() else " " for each in line[start : start + _WIDTH])
    if not part.strip():
        return ""
    return f"  {part.rstrip()}\n  {' ' * (column - 1 - start)}^"
