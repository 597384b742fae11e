"""Reads bytes into a tree of text nodes, through PyYAML's safe parser and no constructor at all.

Refused: tags, anchors, aliases, merge keys, duplicate keys, second documents, deep nesting, large files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from holdfast.config.tree import START, Entry, Faults, Listing, Mapping, Mark, Node, Scalar, join

SIZE_MAX = 256 * 1024
DEPTH_MAX = 12
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


class UnreadableError(ValueError):
    """The text is not YAML that Holdfast reads; carries the place."""

    def __init__(self, mark: Mark, message: str) -> None:
        super().__init__(message)
        self.mark = mark
        self.message = message


def decode(raw: bytes) -> str:
    """Return the file as text; a byte order mark is skipped.

    Raises:
        UnreadableError: when it is too large or not UTF-8.
    """
    if len(raw) > SIZE_MAX:
        raise UnreadableError(START, f"the file is larger than {SIZE_MAX // 1024} KB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8"
        raise UnreadableError(_mark_after(before), message) from None


def parse(text: str, faults: Faults) -> Node | None:
    """Return the tree of the one document, or None for an empty file; what can be read past goes to `faults`.

    Raises:
        UnreadableError: for a syntax error.
    """
    events = _Events(text)
    first = next((event for event in events if isinstance(event, DocumentStartEvent | NodeEvent)), None)
    if first is None:
        return None
    root = _Builder(events, faults).node(next(events), "", 0)
    for event in events:
        if isinstance(event, DocumentStartEvent):
            faults.add(_mark(event), "a second document starts here; Holdfast reads one")
            break
    return root


class _Events:
    """PyYAML's events, with every failure turned into `UnreadableError`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._loader: yaml.SafeLoader | None = None

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            if self._loader is None:
                self._loader = yaml.SafeLoader(self._text)
            event: Event | None = self._loader.get_event()  # type: ignore[no-untyped-call]
        except yaml.reader.ReaderError as error:
            mark = _mark_after(self._text[: error.position])
            raise UnreadableError(mark, f"the character {chr(error.character)!r} is not allowed in YAML") from None
        except yaml.MarkedYAMLError as error:
            raise _syntax_error(error) from None
        except (ValueError, OverflowError):
            # An escape such as "\UFFFFFFFF" makes the scanner itself fail.
            raise UnreadableError(self._here(), "an escape or a number here is out of range") from None
        if event is None:
            raise StopIteration
        return event

    def _here(self) -> Mark:
        place = self._loader.get_mark() if self._loader else None
        return Mark(place.line + 1, place.column + 1) if place else START


@dataclass(slots=True)
class _Builder:
    """Builds nodes from events, one method per kind."""

    events: _Events
    faults: Faults

    def node(self, event: Event, where: str, depth: int) -> Node:
        """Return the node that `event` starts."""
        mark = _mark(event)
        if depth > DEPTH_MAX:
            raise UnreadableError(mark, f"nested deeper than {DEPTH_MAX} levels")
        self._refuse_decoration(event, where)
        if isinstance(event, MappingStartEvent):
            return self._mapping(mark, where, depth)
        if isinstance(event, SequenceStartEvent):
            return self._listing(mark, where, depth)
        if isinstance(event, ScalarEvent):
            return Scalar(event.value, event.style is None, mark)
        return Scalar("", is_plain=True, mark=mark)

    def _refuse_decoration(self, event: Event, where: str) -> None:
        """Record a fault for an alias, an anchor or a tag."""
        if isinstance(event, AliasEvent):
            self.faults.add(_mark(event), "YAML aliases (*name) are not read here; write the value out", where)
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            self.faults.add(_mark(event), "YAML anchors (&name) are not read here; remove it", where)
        elif getattr(event, "tag", None) is not None:
            self.faults.add(_mark(event), "YAML tags (!name) are not read here; remove it", where)

    def _listing(self, mark: Mark, where: str, depth: int) -> Listing:
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            items.append(self.node(event, join(where, len(items)), depth + 1))
        return Listing(tuple(items), mark)

    def _mapping(self, mark: Mark, where: str, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self.node(event, where, depth + 1)
            name = key.text if isinstance(key, Scalar) else ""
            value = self.node(next(self.events), join(where, name), depth + 1)
            if not isinstance(key, Scalar):
                self.faults.add(key.mark, "a key must be a plain word", where)
            elif name == "<<" and key.is_plain:
                self.faults.add(key.mark, "YAML merge keys (<<) are not read here; write the keys out", where)
            elif name in entries:
                first = entries[name].key_mark.line
                self.faults.add(key.mark, f"duplicate key; it stands on line {first} already", join(where, name))
            else:
                entries[name] = Entry(name, key.mark, value)
        return Mapping(entries, mark)


def _syntax_error(error: yaml.MarkedYAMLError) -> UnreadableError:
    """Return PyYAML's complaint with its place, in words."""
    place = error.problem_mark or error.context_mark
    mark = Mark(place.line + 1, place.column + 1) if place else START
    problem = error.problem or "cannot be read"
    if "'\\t'" in problem:
        return UnreadableError(mark, "a tab; YAML indents with spaces")
    return UnreadableError(mark, f"not valid YAML: {problem}{_context(error)}")


def _context(error: yaml.MarkedYAMLError) -> str:
    """Return what was being read, and since which line."""
    started = error.context_mark
    if error.context is None or started is None:
        return ""
    return f" ({error.context} that starts on line {started.line + 1})"


def _mark(event: Event) -> Mark:
    place = event.start_mark
    return Mark(place.line + 1, place.column + 1) if place else START


def _mark_after(before: str) -> Mark:
    """Return the place that follows `before`, the beginning of the file."""
    lines = LINE_BREAK.split(before)
    return Mark(len(lines), len(lines[-1]) + 1)
