"""The nodes of a YAML file with their positions. Scalars stay text: what they mean is decided by their key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the file, both counted from 1; `NOWHERE` is for what concerns the file as a whole."""

    line: int
    column: int


START = Mark(1, 1)
NOWHERE = Mark(0, 0)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it is written; `is_plain` means without quotes."""

    text: str
    is_plain: bool
    mark: Mark

    @property
    def is_empty(self) -> bool:
        """Whether nothing, or a plain null, stands behind the key."""
        return self.is_plain and self.text in {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    items: tuple["Node", ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: str
    key_mark: Mark
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A YAML mapping; of a duplicate key the first entry stands."""

    entries: dict[str, Entry]
    mark: Mark


Node = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place in the file; `where` is the path of keys, e.g. ``symbols[2].qty``."""

    mark: Mark
    message: str
    where: str = ""


@dataclass(slots=True)
class Faults:
    """Collects faults, one per place and path: the first that is found explains it best."""

    found: dict[tuple[Mark, str], Fault] = field(default_factory=dict)

    def add(self, mark: Mark, message: str, where: str = "") -> None:
        """Add a fault unless its place has one already."""
        self.found.setdefault((mark, where), Fault(mark, message, where))

    def in_order(self) -> list[Fault]:
        """Return the faults from the top of the file to its end."""
        return [self.found[place] for place in sorted(self.found)]


def child(node: Node | None, step: str | int) -> Node | None:
    """Return the value under a key or at an index, or None where the file has no such thing."""
    if isinstance(node, Mapping) and isinstance(step, str):
        entry = node.entries.get(step)
        return entry.value if entry else None
    if isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def items_of(node: Node | None) -> Sequence[Node]:
    """Return the items of a list; nothing for any other node."""
    return node.items if isinstance(node, Listing) else ()


def entries_below(node: Node, where: str = "") -> Iterator[tuple[str, Entry]]:
    """Yield every mapping entry of the tree with its path."""
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            path = join(where, entry.key)
            yield path, entry
            yield from entries_below(entry.value, path)
    for index, item in enumerate(items_of(node)):
        yield from entries_below(item, join(where, index))


def locate(root: Node, steps: Sequence[str | int], *, at_key: bool) -> Mark:
    """Return the place of a path: of its last key if `at_key`, else of its value; as deep as the file goes."""
    node, mark = root, root.mark
    for step in steps:
        below = child(node, step)
        if below is None:
            break
        mark = below.mark
        if at_key and isinstance(node, Mapping) and isinstance(step, str):
            mark = node.entries[step].key_mark
        node = below
    return mark


def join(where: str, step: str | int) -> str:
    """Return the path one step further: ``symbols`` and 2 is ``symbols[2]``."""
    if isinstance(step, int):
        return f"{where}[{step}]"
    key = step if step.isprintable() and step and len(step) <= 60 else repr(step[:60])  # noqa: PLR2004 - a line
    return f"{where}.{key}" if where else key


def path_of(steps: Sequence[str | int]) -> str:
    """Return a whole path as text."""
    where = ""
    for step in steps:
        where = join(where, step)
    return where
